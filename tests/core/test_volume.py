"""Volumes, frames and derived volumes; the even grid that reformats are made from."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grids import grid, smooth, volume
from viewer.core.errors import InvalidGeometry
from viewer.core.provenance import MethodKind, Provenance
from viewer.core.volume import DerivedVolume, Frames, derive, frames_geometry, regular

MADE = Provenance(
    kind=MethodKind.FILTER,
    method_id="gaussian",
    method_name="Gaussian",
    version="1",
    weights_sha256="",
    parameters=(),
    strength=0.4,
    blend=0.4,
    reached=None,
    input_range=(-1000.0, 1000.0),
    source_uids=("1",),
    device="cpu",
    software_version="0",
    time="2024-01-01T00:00:00+00:00",
)


def test_the_values_of_a_volume_cannot_be_changed() -> None:
    values = smooth((3, 4, 5))
    made = volume(values)
    with pytest.raises(ValueError, match="read-only"):
        made.values[0, 0, 0] = 1
    values[0, 0, 0] = 77
    assert made.values[0, 0, 0] == 77  # the buffer stays its owner's, nothing was copied


def test_values_must_fit_their_geometry() -> None:
    with pytest.raises(InvalidGeometry):
        volume(smooth((3, 4, 5)), grid((3, 4, 6)))
    source = volume(smooth((3, 4, 5)))
    with pytest.raises(InvalidGeometry):
        derive(source, smooth((2, 4, 5)), MADE)


def test_a_volume_is_complete_when_every_slice_is_loaded() -> None:
    assert volume(smooth((3, 4, 5))).is_complete
    assert not volume(smooth((3, 4, 5)), loaded=[True, False, True]).is_complete


def test_acquired_pixels_have_no_provenance_and_derived_ones_always_do() -> None:
    source = volume(smooth((3, 4, 5)))
    made = derive(source, source.values + 1, MADE)
    assert source.provenance is None
    assert isinstance(made, DerivedVolume)
    assert made.provenance is MADE
    assert made.geometry is source.geometry
    assert made.unit == "HU"


def test_an_even_volume_is_its_own_even_grid() -> None:
    made = volume(smooth((5, 4, 5)))
    assert regular(made) is made


def test_uneven_slices_are_interpolated_at_their_true_positions() -> None:
    positions = [0.0, 2.0, 4.0, 5.0, 8.0]
    geometry = grid((5, 6, 6), positions_mm=positions)
    heights = np.asarray(positions)
    values = np.rint(heights * 100).astype(np.int16)[:, None, None] * np.ones((1, 6, 6), np.int16)
    made = regular(volume(values, geometry))
    assert made.geometry.is_even
    found = np.asarray(made.geometry.slice_positions_mm) - geometry.slice_positions_mm[0]
    assert made.mask is not None
    assert made.mask.all()
    assert np.abs(made.values[:, 0, 0] - found * 100).max() <= 1
    assert np.allclose(made.geometry.to_mm((1, 0, 0))[2] - made.geometry.to_mm((0, 0, 0))[2], 2.0)


def test_rule_6_nothing_is_interpolated_across_a_gap() -> None:
    positions = [0.0, 2.0, 4.0, 10.0, 12.0]
    values = smooth((5, 6, 6))
    made = regular(volume(values, grid((5, 6, 6), positions_mm=positions)))
    assert made.mask is not None
    assert made.mask[:, 0, 0].tolist() == [True, True, True, False, False, True, True]
    assert (made.values[3:5] == values.min() - 1).all()


def test_a_step_of_one_and_a_half_is_uneven_and_no_gap() -> None:
    positions = [0.0, 1.1, 2.2, 3.3, 4.95, 6.6]
    made = regular(volume(smooth((6, 6, 6)), grid((6, 6, 6), positions_mm=positions)))
    assert made.mask is not None
    assert made.mask.all()


def test_slices_that_are_not_loaded_are_no_part_of_the_even_grid() -> None:
    positions = [0.0, 2.0, 4.0, 7.0]
    values = np.full((4, 6, 6), 50, dtype=np.int16)
    values[1] = 0
    made = regular(
        volume(values, grid((4, 6, 6), positions_mm=positions), loaded=[True, False, True, True])
    )
    assert made.mask is not None
    assert not made.mask[1].any()
    assert (made.values[made.mask] == 50).all()


def test_rule_15_padding_stays_padding_on_the_even_grid() -> None:
    mask = np.ones((4, 6, 6), dtype=np.bool_)
    mask[2, :, :3] = False
    made = regular(
        volume(smooth((4, 6, 6)), grid((4, 6, 6), positions_mm=[0.0, 2.0, 4.0, 7.0]), mask)
    )
    assert made.mask is not None
    assert not made.mask[2, :, :3].any()
    assert made.mask[2, :, 3:].all()
    assert not made.mask[3, :, :3].any()


def test_slices_absurdly_far_apart_do_not_fill_the_memory() -> None:
    positions = [0.0, 1.0, 2.0, 3.0, 1e9]
    with pytest.raises(InvalidGeometry, match="too far apart"):
        regular(volume(smooth((5, 6, 6)), grid((5, 6, 6), positions_mm=positions)))


@given(
    gaps=st.lists(st.floats(1.0, 3.0), min_size=3, max_size=12),
    tilt=st.sampled_from([0.0, 0.2]),
)
def test_a_linear_course_through_the_slices_is_kept(gaps: list[float], tilt: float) -> None:
    positions = [0.0, *np.cumsum(gaps)]
    geometry = grid((len(positions), 4, 4), positions_mm=positions, tilt_rad=tilt)
    heights = np.asarray(positions, dtype=np.float32)
    values = np.broadcast_to(heights[:, None, None], geometry.shape).copy()
    made = regular(volume(values, geometry))
    found = np.asarray(made.geometry.slice_positions_mm) - geometry.slice_positions_mm[0]
    real = np.ones(made.values.shape, np.bool_) if made.mask is None else made.mask
    course = np.broadcast_to(found[:, None, None], made.values.shape)
    inside = real & (course <= positions[-1])
    assert inside.any()
    assert np.abs(made.values - course)[inside].max() < 1e-3


def test_frames_without_spacing_are_measured_in_pixels() -> None:
    geometry = frames_geometry((2, 10, 20), None)
    assert geometry.unit == "px"
    assert not geometry.is_patient
    assert geometry.spacing_mm == (1.0, 1.0, 1.0)


def test_rule_7_pixel_aspect_ratio_is_vertical_over_horizontal_and_only_used_without_spacing() -> (
    None
):
    # PS3.3 C.7.6.3.1.7: vertical size \ horizontal size of a pixel.
    assert frames_geometry((1, 10, 20), None, aspect=(4, 3)).spacing_mm[1] == pytest.approx(4 / 3)
    assert frames_geometry((1, 10, 20), (0.2, 0.3), aspect=(4, 3)).spacing_mm == (1.0, 0.2, 0.3)


def test_colour_frames_know_that_they_are() -> None:
    geometry = frames_geometry((1, 4, 5), None)
    rgb = Frames(np.zeros((1, 4, 5, 3), np.uint8), geometry, "stored", ("1",), np.ones(1, np.bool_))
    grey = Frames(np.zeros((1, 4, 5), np.uint8), geometry, "stored", ("1",), np.ones(1, np.bool_))
    assert rgb.is_colour
    assert not grey.is_colour
    assert rgb.is_complete


def test_values_on_a_finer_grid_keep_the_ends_and_every_acquired_position() -> None:
    source = volume(smooth((5, 4, 6)))
    fine = source.geometry.finer(3)
    made = derive(source, smooth((13, 4, 6)), MADE, factor=3)
    assert made.is_complete
    assert made.sources == source.sources
    assert made.geometry.shape == fine.shape == (13, 4, 6)
    assert made.geometry.spacing_mm[0] == pytest.approx(source.geometry.spacing_mm[0] / 3)
    assert made.geometry.warnings == source.geometry.warnings
    for index in range(5):
        mine = made.geometry.slice_origin_mm(3 * index)
        assert np.allclose(mine, source.geometry.slice_origin_mm(index))


def test_values_that_do_not_fill_the_finer_grid_are_refused() -> None:
    source = volume(smooth((5, 4, 6)))
    with pytest.raises(InvalidGeometry, match="shape"):
        derive(source, smooth((12, 4, 6)), MADE, factor=3)


def test_there_is_no_finer_grid_of_uneven_or_missing_slices() -> None:
    source = volume(smooth((5, 4, 6)))
    uneven = replace(source, geometry=replace(source.geometry, is_even=False))
    missing = replace(source, loaded=np.array([True, True, False, True, True]))
    for bad in (uneven, missing):
        with pytest.raises(InvalidGeometry):
            derive(bad, smooth((13, 4, 6)), MADE, factor=3)
