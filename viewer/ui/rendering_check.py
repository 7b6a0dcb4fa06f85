"""Can this machine render volumes: one small picture off screen."""

import numpy as np

from viewer.app.diagnosing import Finding
from viewer.core.errors import DiptychError
from viewer.core.geometry import FrameGeometry, volume_geometry
from viewer.core.places import data_folder
from viewer.core.view import Camera
from viewer.core.volume import Volume
from viewer.render.planar import Reslicer

_SIDE = 16


def volume_rendering_finding() -> Finding:
    """Render a small block and look whether anything is on the picture."""
    from viewer.render.presets import load_presets
    from viewer.render.volumes import VolumeRenderer

    renderer = VolumeRenderer(Reslicer())
    try:
        preset = load_presets(data_folder("resources") / "volume_presets.toml")[0]
        picture = renderer.render(_block(), Camera(), (64, 64), preset)
    except DiptychError as error:
        return Finding("Volume rendering", "problem", error.what, error.do)
    finally:
        renderer.close()
    if not picture[..., :3].any():
        return Finding("Volume rendering", "problem", "the test picture is empty")
    return Finding("Volume rendering", "ok", "a test picture was rendered off screen")


def _block() -> Volume:
    planes = tuple(
        FrameGeometry((0.0, 0.0, float(k)), (1, 0, 0), (0, 1, 0), (1.0, 1.0), (_SIDE, _SIDE))
        for k in range(_SIDE)
    )
    values = np.full((_SIDE, _SIDE, _SIDE), -1000, dtype=np.int16)
    values[4:12, 4:12, 4:12] = 1500
    return Volume(values, volume_geometry(planes), "HU", (), np.ones(_SIDE, dtype=np.bool_))
