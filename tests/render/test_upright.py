"""Planes that follow the grid, mixed axis by axis: the same values as VTK's reslice gives."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.grids import grid, smooth, volume
from viewer.core.view import Interpolation, Plane, ViewState, resolve
from viewer.core.volume import Frames, frames_geometry
from viewer.core.windowing import Window
from viewer.render import sampling, upright
from viewer.render.grid import IndexPlane, flattened, follows_grid, index_plane, inside

WINDOW = Window(40, 400)
PLANES = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)


def differences(values: np.ndarray, plane: IndexPlane) -> np.ndarray:
    """Return how far the values are from VTK's, where the plane is inside."""
    assert follows_grid(plane)
    found = upright.sample(values, plane)
    wanted = sampling.sample(values, plane, Interpolation.LINEAR)
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    return np.abs(found.astype(float) - wanted)[inside(plane, values.shape[:3])]


@settings(max_examples=40, deadline=None)
@given(
    plane=st.sampled_from(PLANES),
    zoom=st.floats(0.3, 8),
    pan=st.floats(-20, 20),
    turns=st.integers(0, 3),
    flip=st.booleans(),
    off=st.floats(-4, 4),
    seed=st.integers(0, 50),
)
def test_planes_along_the_grid_are_those_of_vtk(
    plane: Plane, zoom: float, pan: float, turns: int, flip: bool, off: float, seed: int
) -> None:
    geometry = grid((7, 25, 31), (2.0, 1.1, 0.7))
    x, y, z = geometry.centre_mm
    state = ViewState(
        plane=plane,
        focus_mm=(x + off, y - off, z + off),
        zoom=zoom,
        pan_mm=(pan, -pan),
        rotation_rad=turns * np.pi / 2,
        flip_horizontal=flip,
    )
    wanted = index_plane(geometry, resolve(state, geometry, (64, 48), WINDOW))
    assert differences(smooth(geometry.shape, seed), wanted).max(initial=0) <= 1


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.float32])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_every_type_and_colour_is_kept(kind: type, channels: tuple[int, ...]) -> None:
    values = np.random.default_rng(2).integers(0, 256, (2, 14, 11, *channels)).astype(kind)
    geometry = frames_geometry((2, 14, 11), (0.9, 0.7))
    request = resolve(ViewState(focus_mm=(0.0, 0.0, 1.0)), geometry, (80, 60), WINDOW)
    plane = flattened(index_plane(geometry, request), 0)
    # VTK rounds the fraction between two voxels to 2^-17.
    most = 1 if np.dtype(kind).kind in "iu" else 255 * 2**-15
    assert differences(values[1:], plane).max() <= most


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (1, 9, 1), (3, 1, 1)])
def test_a_single_row_or_column_is_continued_outwards(shape: tuple[int, int, int]) -> None:
    values = np.arange(np.prod(shape), dtype=np.int16).reshape(shape) + 7
    plane = IndexPlane(
        np.array([0.0, -2.0, -2.0]), np.array([0, 0, 0.5]), np.array([0, 0.5, 0]), 30, 30
    )
    found = upright.sample(values, plane)
    assert found[0, 0] == values[0, 0, 0]
    assert found[-1, -1] == values[0, -1, -1]


def test_halves_are_rounded_up_and_negative_values_too() -> None:
    values = np.array([[[-3, -2, 4, 5]]], dtype=np.int16)
    plane = IndexPlane(np.zeros(3), np.array([0, 0, 0.5]), np.array([0, 1.0, 0]), 7, 1)
    assert upright.sample(values, plane).tolist() == [[-3, -2, -2, 1, 4, 5, 5]]


def test_more_rows_than_are_mixed_at_once_join_without_a_seam() -> None:
    values = smooth((1, 40, 40), 3)
    rows = 3 * upright.ROWS_AT_ONCE + 5
    plane = IndexPlane(
        np.array([0.0, 0.0, 0.0]), np.array([0, 0, 0.8]), np.array([0, 39 / rows, 0]), 50, rows
    )
    assert differences(values, plane).max() <= 1


def test_turned_and_oblique_planes_do_not_follow_the_grid() -> None:
    geometry = grid((7, 25, 31), (2.0, 1.1, 0.7))
    state = ViewState(focus_mm=geometry.centre_mm, rotation_rad=0.3)
    assert not follows_grid(index_plane(geometry, resolve(state, geometry, (64, 48), WINDOW)))


def test_an_upright_slice_needs_no_vtk() -> None:
    code = (
        "import sys, numpy as np\n"
        "from tests.grids import volume\n"
        "from viewer.core.view import ViewState, resolve\n"
        "from viewer.core.windowing import Window\n"
        "from viewer.render.planar import Reslicer, has_vtk\n"
        "made = volume(np.zeros((3, 9, 9), np.int16))\n"
        "state = ViewState(focus_mm=made.geometry.centre_mm)\n"
        "Reslicer().plane(made, resolve(state, made.geometry, (40, 30), Window(40, 400)))\n"
        "assert not has_vtk() and not any(name.startswith('vtk') for name in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_colour_frames_keep_their_channels_apart() -> None:
    values = np.zeros((1, 6, 6, 3), np.uint8)
    values[..., 1] = 200
    frames = Frames(values, frames_geometry((1, 6, 6), None), "stored", ("1",), np.ones(1, bool))
    plane = flattened(
        index_plane(frames.geometry, resolve(ViewState(), frames.geometry, (30, 30), WINDOW)), 0
    )
    found = upright.sample(values, plane)
    assert (found[..., 1] == 200).all()
    assert not found[..., ::2].any()


def test_a_volume_on_the_grid_is_sampled_between_its_slices() -> None:
    values = np.zeros((2, 4, 4), np.int16)
    values[1] = 100
    made = volume(values)
    plane = IndexPlane(np.array([0.25, 0, 0]), np.array([0, 0, 1.0]), np.array([0, 1.0, 0]), 4, 4)
    assert (upright.sample(made.values, plane) == 25).all()
