"""Volume rendering: a bright body appears where it lies in the patient."""

import gc
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.grids import CORONAL, SAGITTAL, grid, volume
from viewer.core.arrays import AnyArray
from viewer.core.camera import eye_direction
from viewer.core.errors import NoVolumeRendering
from viewer.core.geometry import VolumeGeometry
from viewer.core.view import Camera
from viewer.core.volume import Volume
from viewer.render.planar import Reslicer
from viewer.render.presets import Projection, VolumePreset
from viewer.render.volumes import VolumeRenderer, halved

SOLID = VolumePreset(
    id="solid",
    name="Solid",
    modalities=(),
    unit="HU",
    projection=Projection.COMPOSITE,
    opacity=((200, 0.0), (400, 1.0)),
    colour=((200, 1.0, 1.0, 1.0), (400, 1.0, 1.0, 1.0)),
)
SIZE = (96, 96)


@pytest.fixture(scope="module", params=["processor", "graphics"])
def renderer(request: pytest.FixtureRequest) -> Iterator[VolumeRenderer]:
    """Return a renderer with each of the two mappers, or skip where there is no OpenGL at all.

    The graphics processor's mapper is run whatever draws it, if need be Mesa's software.
    """
    made = VolumeRenderer(Reslicer())
    try:
        made.open()
    except NoVolumeRendering as error:
        pytest.skip(str(error))
    made._opened().on_hardware = request.param == "graphics"
    yield made
    made.close()


def box_at(mm: tuple[float, float, float], geometry: VolumeGeometry) -> Volume:
    """Return a volume of air with one bright box of about 8 mm around a point."""
    values = np.full(geometry.shape, -1000, dtype=np.int16)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in geometry.shape), indexing="ij"), axis=-1)
    values[(np.abs(geometry.to_mm(index) - np.asarray(mm)) <= 4).all(axis=-1)] = 1000
    return volume(values, geometry)


def bright_centre(picture: AnyArray) -> tuple[float, float]:
    """Return the (right, down) place of what is bright, each from -1 to 1."""
    rows, columns = np.nonzero(picture[..., 0] > 60)
    assert rows.size
    height, width = picture.shape[:2]
    return (
        float(2 * columns.mean() / (width - 1) - 1),
        float(2 * rows.mean() / (height - 1) - 1),
    )


def centred(directions: tuple[tuple[float, float, float], ...] = CORONAL) -> VolumeGeometry:
    geometry = grid((40, 40, 40), (1.0, 1.0, 1.0), (directions[0], directions[1]))
    affine = np.array(geometry.affine)
    affine[:3, 3] -= np.asarray(geometry.centre_mm)
    return replace(geometry, affine=affine, slice_positions_mm=())


@pytest.mark.parametrize("directions", [CORONAL, SAGITTAL, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))])
@pytest.mark.parametrize("is_coarse", [False, True])
def test_from_the_front_left_is_on_the_right_and_the_head_is_up(
    renderer: VolumeRenderer, directions: tuple[tuple[float, float, float], ...], is_coarse: bool
) -> None:
    body = box_at((12.0, 0.0, 8.0), centred(directions))
    right, down = bright_centre(renderer.render(body, Camera(), SIZE, SOLID, is_coarse=is_coarse))
    assert right == pytest.approx(12 / 21, abs=0.06)
    assert down == pytest.approx(-8 / 21, abs=0.06)


def test_from_the_patients_left_the_front_is_on_the_left(renderer: VolumeRenderer) -> None:
    body = box_at((0.0, -12.0, 0.0), centred())
    camera = Camera(azimuth_rad=np.pi / 2)
    right, down = bright_centre(renderer.render(body, camera, SIZE, SOLID))
    assert right == pytest.approx(-12 / 21, abs=0.06)
    assert down == pytest.approx(0, abs=0.06)


def test_from_above_the_front_is_at_the_bottom(renderer: VolumeRenderer) -> None:
    body = box_at((0.0, -12.0, 0.0), centred())
    camera = Camera(elevation_rad=np.pi / 2)
    right, down = bright_centre(renderer.render(body, camera, SIZE, SOLID))
    assert right == pytest.approx(0, abs=0.06)
    assert down == pytest.approx(12 / 21, abs=0.06)


def test_eye_and_up_are_perpendicular_everywhere() -> None:
    for azimuth in np.linspace(-4, 4, 9):
        for elevation in np.linspace(-2, 2, 9):
            eye, up = eye_direction(Camera(azimuth_rad=azimuth, elevation_rad=elevation))
            assert eye @ up == pytest.approx(0, abs=1e-12)
            assert np.linalg.norm(eye) == pytest.approx(1)
            assert np.linalg.norm(up) == pytest.approx(1)


def test_cropping_takes_away_what_is_outside_the_box(renderer: VolumeRenderer) -> None:
    geometry = centred(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    left, right = box_at((12.0, 0.0, 0.0), geometry), box_at((-12.0, 0.0, 0.0), geometry)
    both = volume(np.maximum(left.values, right.values), geometry)
    whole = renderer.render(both, Camera(), SIZE, SOLID)
    half = renderer.render(both, Camera(crop=((0.0, 1.0), (0.0, 1.0), (0.5, 1.0))), SIZE, SOLID)
    assert (whole[:, :48, 0] > 60).any()
    assert not (half[:, :48, 0] > 60).any()
    kept, before = (picture[:, 48:, 0] > 60 for picture in (half, whole))
    assert (kept != before).sum() <= 0.05 * before.sum()


def test_zoom_makes_it_larger_by_that_factor(renderer: VolumeRenderer) -> None:
    body = box_at((0.0, 0.0, 0.0), centred())
    once = (renderer.render(body, Camera(), SIZE, SOLID)[..., 0] > 60).sum()
    twice = (renderer.render(body, Camera(zoom=2.0), SIZE, SOLID)[..., 0] > 60).sum()
    assert twice / once == pytest.approx(4, rel=0.12)


def test_a_tilted_volume_stands_upright(renderer: VolumeRenderer) -> None:
    geometry = grid((40, 60, 40), (1.0, 1.0, 1.0), tilt_rad=0.35)
    centre = np.asarray(geometry.centre_mm)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in geometry.shape), indexing="ij"), axis=-1)
    away = geometry.to_mm(index) - centre
    column = (np.abs(away[..., 0]) < 3) & (np.abs(away[..., 1]) < 3)
    values = np.where(column, 1000, -1000).astype(np.int16)
    camera = Camera(azimuth_rad=np.pi / 2)
    picture = renderer.render(volume(values, geometry), camera, SIZE, SOLID)
    rows, columns = np.nonzero(picture[..., 0] > 60)
    assert np.ptp(rows) > 30
    top, bottom = columns[rows < 40].mean(), columns[rows > 56].mean()
    assert top == pytest.approx(bottom, abs=1.5)


def test_a_gap_stays_empty(renderer: VolumeRenderer) -> None:
    positions = [*np.arange(0.0, 12.0), *np.arange(24.0, 36.0)]
    geometry = grid((24, 30, 30), (1.0, 1.0, 1.0), positions_mm=positions)
    values = np.full(geometry.shape, -1000, dtype=np.int16)
    values[:, 5:25, 5:25] = 1000
    body = volume(values, geometry)
    lit = renderer.render(body, Camera(), SIZE, SOLID)[..., 0].max(axis=1) > 60
    assert lit.any()
    middle = np.flatnonzero(lit)
    inside = lit[middle[0] : middle[-1] + 1]
    assert (~inside).mean() == pytest.approx(12 / 36, abs=0.08)


def test_a_projection_of_maxima_shows_the_brightest_value(renderer: VolumeRenderer) -> None:
    values = np.zeros((30, 30, 30), dtype=np.int16)
    values[:, :, 20:] = 1000
    mip = replace(
        SOLID,
        projection=Projection.MIP,
        opacity=((0, 1.0), (2000, 1.0)),
        colour=((0, 0.0, 0.0, 0.0), (2000, 1.0, 1.0, 1.0)),
    )
    picture = renderer.render(volume(values, grid((30, 30, 30), (1, 1, 1))), Camera(), SIZE, mip)
    assert int(picture[48, 75, 0]) == pytest.approx(127, abs=4)
    assert int(picture[48, 30, 0]) == pytest.approx(0, abs=4)


def test_light_makes_surfaces_that_turn_away_darker(renderer: VolumeRenderer) -> None:
    index = np.stack(np.meshgrid(*[np.arange(48) - 23.5] * 3, indexing="ij"), axis=-1)
    ball = (900 - 60 * np.linalg.norm(index, axis=-1)).clip(-1000, 1000).astype(np.int16)
    geometry = grid((48, 48, 48), (1.0, 1.0, 1.0))
    lit = replace(SOLID, is_shaded=True)
    picture = renderer.render(volume(ball, geometry), Camera(), SIZE, lit)[..., 0].astype(int)
    row = picture[48]
    edge = np.flatnonzero(row > 20)
    assert row[46:50].mean() > 1.5 * row[edge[1]]


def test_halving_averages_neighbours_along_the_long_axes_only() -> None:
    values = np.arange(2 * 202 * 401, dtype=np.int32).reshape(2, 202, 401).astype(np.float32)
    small, steps = halved(values)
    assert steps == (1, 2, 2)
    assert small.shape == (2, 101, 200)
    assert small[1, 3, 5] == pytest.approx(values[1, 6:8, 10:12].mean())


def test_a_renderer_lives_and_ends_in_its_own_thread() -> None:
    found: list[AnyArray | Exception] = []

    def work() -> None:
        made = VolumeRenderer(Reslicer())
        try:
            body = box_at((0.0, 0.0, 0.0), centred())
            found.extend(
                made.render(body, Camera(azimuth_rad=turn), SIZE, SOLID, is_coarse=True)
                for turn in (0.0, 0.5)
            )
        except NoVolumeRendering as error:
            found.append(error)
        finally:
            made.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if isinstance(found[0], Exception):
        pytest.skip(str(found[0]))
    assert len(found) == 2
    assert not np.array_equal(found[0], found[1])


def test_a_volume_that_is_closed_is_given_back(renderer: VolumeRenderer) -> None:
    made = box_at((0.0, 0.0, 0.0), centred())
    values = weakref.ref(made.values)
    renderer.render(made, Camera(), SIZE, SOLID)
    del made
    gc.collect()
    assert values() is None
    before = len(renderer._ready)
    renderer.drop_dead()
    assert len(renderer._ready) == before - 1
