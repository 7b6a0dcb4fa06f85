"""The values of planes and slabs, against an independent interpolation by SciPy."""

import gc
import threading
import weakref
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from tests.grids import AXIAL, grid, smooth, volume
from viewer.core.arrays import AnyArray, FloatArray
from viewer.core.geometry import VolumeGeometry, point
from viewer.core.view import (
    Interpolation,
    Plane,
    SlabMode,
    SliceRequest,
    ViewState,
    resolve,
)
from viewer.core.volume import Frames, Volume, frames_geometry
from viewer.core.windowing import Window
from viewer.render.planar import Reslicer, coarser, slab_offsets_mm

WINDOW = Window(40, 400)


def request_on(
    centre_mm: FloatArray,
    right: FloatArray,
    down: FloatArray,
    size: tuple[int, int] = (41, 37),
    step_mm: float = 0.8,
    **others: object,
) -> SliceRequest:
    """Return a request for a picture centred on a point, along two unit vectors."""
    origin = centre_mm - right * step_mm * (size[0] - 1) / 2 - down * step_mm * (size[1] - 1) / 2
    return replace(
        SliceRequest(
            point(origin),
            point(right * step_mm),
            point(down * step_mm),
            point(np.cross(right, down)),
            *size,
            WINDOW,
        ),
        **others,
    )


def pixels_mm(request: SliceRequest, offset_mm: float = 0.0) -> FloatArray:
    """Return where each output pixel lies, shape (height, width, 3)."""
    i, j = np.meshgrid(np.arange(request.width), np.arange(request.height))
    return (
        np.asarray(request.origin_mm)
        + i[..., None] * np.asarray(request.right_mm)
        + j[..., None] * np.asarray(request.down_mm)
        + offset_mm * np.asarray(request.normal)
    )


def expected(
    values: AnyArray, geometry: VolumeGeometry, request: SliceRequest, offset_mm: float = 0.0
) -> tuple[FloatArray, AnyArray]:
    """Return linearly interpolated values by SciPy, and which pixels are inside the volume."""
    index = geometry.to_index(pixels_mm(request, offset_mm))
    is_inside = np.all(
        (index >= -0.5 + 1e-6) & (index <= np.asarray(geometry.shape) - 0.5 - 1e-6), axis=-1
    )
    return (
        map_coordinates(
            values.astype(np.float64), np.moveaxis(index, -1, 0), order=1, mode="nearest"
        ),
        is_inside,
    )


def random_axes(seed: int) -> tuple[FloatArray, FloatArray]:
    """Return two perpendicular unit vectors in no special direction."""
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return turn[:, 0], turn[:, 1]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), tilt=st.sampled_from([0.0, 0.26]))
def test_oblique_planes_agree_with_an_independent_interpolation(seed: int, tilt: float) -> None:
    geometry = grid((18, 30, 26), (1.7, 0.9, 1.2), tilt_rad=tilt)
    values = smooth(geometry.shape, seed)
    request = request_on(np.asarray(geometry.centre_mm), *random_axes(seed))
    plane = Reslicer().plane(volume(values, geometry), request)
    wanted, is_inside = expected(values, geometry, request)
    assert plane.values.dtype == np.int16
    assert is_inside.any()
    assert np.abs(plane.values[is_inside] - wanted[is_inside]).max() <= 1
    assert np.array_equal(plane.mask & is_inside, is_inside)


@pytest.mark.parametrize("plane", [Plane.ACQUIRED, Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL])
@pytest.mark.parametrize("tilt", [0.0, 0.26])
def test_standard_planes_agree_with_an_independent_interpolation(plane: Plane, tilt: float) -> None:
    geometry = grid((18, 30, 26), (1.7, 0.9, 1.2), tilt_rad=tilt)
    values = smooth(geometry.shape)
    state = ViewState(plane=plane, focus_mm=geometry.centre_mm)
    request = resolve(state, geometry, (90, 70), WINDOW)
    found = Reslicer().plane(volume(values, geometry), request)
    wanted, is_inside = expected(values, geometry, request)
    assert np.abs(found.values[is_inside] - wanted[is_inside]).max() <= 1
    assert np.array_equal(found.mask & is_inside, is_inside)
    assert not found.mask.all()


def test_rule_31_a_voxel_value_sits_at_its_centre() -> None:
    geometry = grid((5, 6, 7), (2.0, 1.0, 1.5))
    values = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
    request = request_on(
        geometry.to_mm((2.0, 3.0, 4.0)), *(np.asarray(axis) for axis in AXIAL), size=(1, 1)
    )
    assert Reslicer().plane(volume(values, geometry), request).values == values[2, 3, 4]


def test_rule_31_the_outermost_half_voxel_is_filled_and_nothing_beyond_it() -> None:
    geometry = grid((3, 4, 4), (2.0, 2.0, 2.0), origin_mm=(0.0, 0.0, 0.0))
    values = np.full((3, 4, 4), 500, dtype=np.int16)
    request = SliceRequest(
        (-1.5, 0.0, 2.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), 10, 1, WINDOW
    )
    found = Reslicer().plane(volume(values, geometry), request)
    assert found.mask[0].tolist() == [False, *[True] * 8, False]
    assert (found.values[0, 1:9] == 500).all()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.float32])
def test_every_value_type_is_kept(kind: type) -> None:
    values = np.abs(smooth((4, 20, 20))).clip(0, 255).astype(kind)
    made = volume(values)
    request = resolve(ViewState(focus_mm=made.geometry.centre_mm), made.geometry, (50, 50), WINDOW)
    found = Reslicer().plane(made, request)
    index = made.geometry.to_index(pixels_mm(request))
    index[..., 0] = request.slice_index
    wanted = map_coordinates(
        values.astype(np.float64), np.moveaxis(index, -1, 0), order=1, mode="nearest"
    )
    assert found.values.dtype == kind
    assert np.abs(found.values.astype(np.float64) - wanted)[found.mask].max() <= 1


def test_colours_are_interpolated_channel_by_channel() -> None:
    rng = np.random.default_rng(5)
    rgb = rng.integers(0, 256, (2, 12, 10, 3), dtype=np.uint8)
    frames = Frames(
        rgb, frames_geometry((2, 12, 10), (1.0, 1.0)), "stored", ("1", "2"), np.ones(2, bool)
    )
    request = resolve(ViewState(focus_mm=(0.0, 0.0, 1.0)), frames.geometry, (60, 60), WINDOW)
    found = Reslicer().plane(frames, request)
    index = np.moveaxis(frames.geometry.to_index(pixels_mm(request)), -1, 0)
    assert found.values.shape == (60, 60, 3)
    for channel in range(3):
        wanted = map_coordinates(rgb[..., channel].astype(float), index, order=1, mode="nearest")
        error = np.abs(found.values[..., channel] - wanted)[found.mask]
        assert error.max() <= 1


def test_a_round_body_stays_round_with_pixels_that_are_not_square() -> None:
    geometry = grid((3, 60, 120), (1.0, 2.0, 1.0), origin_mm=(0.0, 0.0, 0.0))
    y, x = np.mgrid[:60, :120]
    disc = ((x - 60) ** 2 + (2 * (y - 30)) ** 2 <= 40**2).astype(np.int16) * 1000
    made = volume(np.repeat(disc[None], 3, axis=0), geometry)
    request = resolve(ViewState(focus_mm=geometry.centre_mm), geometry, (240, 240), WINDOW)
    body = Reslicer().plane(made, request).values > 500
    height, width = np.ptp(np.nonzero(body.any(axis=1))), np.ptp(np.nonzero(body.any(axis=0)))
    assert height == pytest.approx(width, abs=3)
    assert body.sum() * request.mm_per_pixel**2 == pytest.approx(np.pi * 40**2, rel=0.02)


def test_an_acquired_slice_holds_nothing_of_its_neighbours() -> None:
    values = np.zeros((5, 10, 10), dtype=np.int16)
    values[2] = 700
    made = volume(values)
    focus = point(made.geometry.to_mm((2.4, 5.0, 5.0)))
    request = resolve(ViewState(focus_mm=focus), made.geometry, (20, 20), WINDOW)
    found = Reslicer().plane(made, request)
    assert (found.values[found.mask] == 700).all()


def test_rule_6_a_gap_is_black_in_a_reformat() -> None:
    positions = [0.0, 2.0, 4.0, 6.0, 12.0, 14.0, 16.0]
    geometry = grid((7, 20, 20), (2.0, 1.0, 1.0), positions_mm=positions)
    values = np.full((7, 20, 20), 300, dtype=np.int16)
    state = ViewState(plane=Plane.CORONAL, focus_mm=geometry.centre_mm)
    request = resolve(state, geometry, (100, 100), WINDOW)
    found = Reslicer().plane(volume(values, geometry), request)
    heights = pixels_mm(request)[:, 50, 2] - 100.0
    column = found.mask[:, 50]
    assert not column[(heights > 7.1) & (heights < 10.9)].any()
    assert column[(heights > 0) & (heights < 6.9)].all()
    assert column[(heights > 11.1) & (heights < 16)].all()
    assert (found.values[found.mask] == 300).all()


def test_slices_that_are_not_loaded_are_black_and_mix_with_nothing() -> None:
    values = np.full((9, 20, 20), 300, dtype=np.int16)
    values[4:] = 0
    made = volume(values, loaded=[True] * 4 + [False] * 5)
    state = ViewState(plane=Plane.CORONAL, focus_mm=made.geometry.centre_mm)
    request = resolve(state, made.geometry, (100, 100), WINDOW)
    found = Reslicer().plane(made, request)
    assert (found.values[found.mask] == 300).all()
    assert 0.2 < found.mask.mean() < 0.5
    acquired = resolve(
        ViewState(focus_mm=point(made.geometry.to_mm((6.0, 0.0, 0.0)))),
        made.geometry,
        (50, 50),
        WINDOW,
    )
    assert not Reslicer().plane(made, acquired).mask.any()


@pytest.mark.parametrize("interpolation", list(Interpolation))
@pytest.mark.parametrize("plane", [Plane.ACQUIRED, Plane.CORONAL, Plane.OBLIQUE])
def test_rule_15_values_beside_padding_are_not_mixed_with_it(
    plane: Plane, interpolation: Interpolation
) -> None:
    values = np.full((12, 24, 24), 100, dtype=np.int16)
    y, x = np.mgrid[:24, :24]
    mask = np.repeat((((x - 12) ** 2 + (y - 12) ** 2) < 90)[None], 12, axis=0)
    values[~mask] = -2000
    made = volume(values, mask=mask)
    state = ViewState(
        plane=plane,
        focus_mm=made.geometry.centre_mm,
        axes=((0.8, 0.0, 0.6), (0.0, 1.0, 0.0)),
        interpolation=interpolation,
    )
    request = resolve(state, made.geometry, (120, 120), WINDOW)
    found = Reslicer().plane(made, request)
    assert found.mask.any()
    assert (found.values[found.mask] == 100).all()
    index = np.rint(made.geometry.to_index(pixels_mm(request))).astype(int)
    is_inside = np.all((index >= 0) & (index < made.geometry.shape), axis=-1)
    nearest = mask[tuple(np.moveaxis(index.clip(0, np.asarray(mask.shape) - 1), -1, 0))]
    share_alike = (found.mask == (nearest & is_inside)).mean()
    assert share_alike > 0.98


PROJECT = {SlabMode.MIP: np.nanmax, SlabMode.MINIP: np.nanmin, SlabMode.MEAN: np.nanmean}


@pytest.mark.filterwarnings("ignore:(Mean of empty|All-NaN):RuntimeWarning")
@pytest.mark.parametrize("mode", list(SlabMode))
@pytest.mark.parametrize("seed", [3, 4, None])
@pytest.mark.parametrize("is_coarse", [False, True])
@pytest.mark.parametrize("has_mask", [False, True])
def test_slabs_are_the_projection_of_their_planes(
    mode: SlabMode, seed: int | None, is_coarse: bool, has_mask: bool
) -> None:
    geometry = grid((24, 30, 26), (1.7, 0.9, 1.2))
    values = smooth(geometry.shape, 5)
    mask = np.ones(values.shape, np.bool_) if has_mask else None
    axes = random_axes(seed) if seed else (np.asarray(AXIAL[0]), np.asarray(AXIAL[1]))
    request = request_on(np.asarray(geometry.centre_mm) + 3.1, *axes, slab_mm=17.0, slab_mode=mode)
    found = Reslicer().plane(volume(values, geometry, mask), request, is_coarse=is_coarse)
    offsets = slab_offsets_mm(geometry, request, is_coarse=is_coarse)
    shown = coarser(request) if is_coarse else request
    planes = [expected(values, geometry, shown, offset) for offset in offsets]
    stack = np.stack([np.where(is_in, wanted, np.nan) for wanted, is_in in planes])
    is_in = np.any([is_in for _, is_in in planes], axis=0)
    assert len(offsets) >= 5
    assert is_in.sum() > 100
    error = np.abs(found.values - PROJECT[mode](stack, axis=0))[is_in]
    assert np.percentile(error, 99) <= 1  # a rounding decides whether a plane's edge counts
    assert np.array_equal(found.mask & is_in, is_in)


def test_a_slab_has_planes_on_the_slices_it_holds() -> None:
    geometry = grid((30, 20, 20), (2.5, 0.7, 0.7))
    state = ViewState(plane=Plane.AXIAL, focus_mm=geometry.centre_mm, slab_mm=10.0)
    request = resolve(state, geometry, (20, 20), WINDOW)
    assert slab_offsets_mm(geometry, request) == pytest.approx((-5.0, -2.5, 0.0, 2.5, 5.0))
    assert slab_offsets_mm(geometry, request, is_coarse=True) == pytest.approx((-5.0, 0.0, 5.0))


def test_a_slab_thinner_than_two_steps_is_its_centre_plane() -> None:
    geometry = grid((30, 20, 20), (2.5, 0.7, 0.7))
    state = ViewState(plane=Plane.AXIAL, focus_mm=geometry.centre_mm, slab_mm=2.0)
    assert slab_offsets_mm(geometry, resolve(state, geometry, (20, 20), WINDOW)) == (0.0,)


@pytest.mark.parametrize("mode", list(SlabMode))
def test_padding_and_the_outside_take_no_part_in_a_slab(mode: SlabMode) -> None:
    values = np.full((10, 16, 16), 50, dtype=np.int16)
    mask = np.ones(values.shape, dtype=np.bool_)
    mask[5:] = False
    values[~mask] = -2000
    made = volume(values, mask=mask)
    state = ViewState(
        plane=Plane.AXIAL,
        focus_mm=point(made.geometry.to_mm((5.0, 8.0, 8.0))),
        slab_mm=40.0,
        slab_mode=mode,
    )
    found = Reslicer().plane(made, resolve(state, made.geometry, (16, 16), WINDOW))
    assert found.mask.all()
    assert (found.values == 50).all()


def test_a_blend_is_projected_after_blending() -> None:
    geometry = grid((9, 12, 12), (1.0, 1.0, 1.0))
    values = smooth(geometry.shape, 7)
    residual = smooth(geometry.shape, 8)
    original, change = volume(values, geometry), volume(residual, geometry)
    state = ViewState(
        plane=Plane.AXIAL, focus_mm=geometry.centre_mm, slab_mm=8.0, slab_mode=SlabMode.MIP
    )
    request = resolve(state, geometry, (12, 12), WINDOW)
    found = Reslicer().blended(original, change, 0.4, request)
    wanted = (values + 0.4 * residual.astype(float)).max(axis=0)
    assert found.mask.all()
    assert np.abs(found.values - wanted).max() <= 1


def test_blending_with_nothing_gives_the_original_back() -> None:
    made, change = volume(smooth((4, 9, 9))), volume(smooth((4, 9, 9), 9))
    request = resolve(ViewState(focus_mm=made.geometry.centre_mm), made.geometry, (30, 30), WINDOW)
    reslicer = Reslicer()
    found = reslicer.blended(made, change, 0.0, request)
    assert np.array_equal(found.values, reslicer.plane(made, request).values)


def test_the_coarse_picture_shows_the_same_place_at_half_the_size() -> None:
    geometry = grid((18, 30, 26), (1.7, 0.9, 1.2))
    made = volume(smooth(geometry.shape), geometry)
    request = request_on(np.asarray(geometry.centre_mm), *random_axes(2), size=(40, 30))
    coarse = Reslicer().plane(made, request, is_coarse=True)
    assert coarse.values.shape == (15, 20)
    assert coarser(request).to_mm(9.5, 7.0) == pytest.approx(request.to_mm(19.5, 14.5))


def test_the_even_copy_is_made_once_and_dropped_with_its_volume() -> None:
    geometry = grid((4, 6, 6), positions_mm=[0.0, 2.0, 4.0, 7.0])
    made = volume(smooth((4, 6, 6)), geometry)
    reslicer = Reslicer()
    copy = reslicer.even(made)
    assert reslicer.even(made) is copy
    memory = weakref.ref(copy.values)
    del made, copy
    gc.collect()
    assert memory() is None


def test_the_even_copy_follows_what_is_loaded_and_serves_every_view_of_one_memory() -> None:
    geometry = grid((4, 6, 6), positions_mm=[0.0, 2.0, 4.0, 7.0])
    values = smooth((4, 6, 6))
    made = volume(values, geometry)
    reslicer = Reslicer()
    copy = reslicer.even(made)
    assert reslicer.even(volume(values, geometry)) is copy
    half = replace(made, loaded=np.array([True, True, False, False]))
    assert not reslicer.even(half).mask[-1].any()
    assert reslicer.even(made).mask[-1].any()


def test_several_threads_reslice_one_volume_at_once() -> None:
    geometry = grid((20, 40, 40), (1.5, 1.0, 1.0))
    made = volume(smooth(geometry.shape), geometry)
    reslicer = Reslicer()
    requests = [request_on(np.asarray(geometry.centre_mm), *random_axes(seed)) for seed in range(8)]
    wanted = [reslicer.plane(made, request).values for request in requests]
    found: dict[int, list[AnyArray]] = {}

    def work(which: int) -> None:
        found[which] = [reslicer.plane(made, requests[which]).values for _ in range(20)]

    threads = [threading.Thread(target=work, args=(which,)) for which in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(values, wanted[which]) for which in found for values in found[which])
    assert len(found) == 8


def test_the_volume_is_never_written_to() -> None:
    values = smooth((6, 12, 12))
    values.flags.writeable = False
    made: Volume = volume(values)
    before = values.copy()
    state = ViewState(plane=Plane.CORONAL, focus_mm=made.geometry.centre_mm, slab_mm=6.0)
    found = Reslicer().plane(made, resolve(state, made.geometry, (30, 30), WINDOW))
    assert np.array_equal(values, before)
    assert not np.shares_memory(found.values, values)
