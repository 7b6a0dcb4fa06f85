"""Can this machine render volumes: one small picture off screen."""

from viewer.app.diagnosing import Finding, block_volume
from viewer.core.errors import DiptychError
from viewer.core.places import data_folder
from viewer.core.view import Camera
from viewer.core.volume import Frames
from viewer.render.planar import Reslicer


def volume_rendering_finding() -> Finding:
    """Render a small block and look whether anything is on the picture."""
    from viewer.render.presets import load_presets
    from viewer.render.volumes import VolumeRenderer

    renderer = VolumeRenderer(Reslicer())
    try:
        block = block_volume()
        if isinstance(block, Frames):
            return Finding("Volume rendering", "problem", "the test series is no volume")
        preset = load_presets(data_folder("resources") / "volume_presets.toml")[0]
        picture = renderer.render(block, Camera(), (64, 64), preset)
    except DiptychError as error:
        return Finding("Volume rendering", "problem", error.what, error.do)
    finally:
        renderer.close()
    if not picture[..., :3].any():
        return Finding("Volume rendering", "problem", "the test picture is empty")
    return Finding("Volume rendering", "ok", "a test picture was rendered off screen")
