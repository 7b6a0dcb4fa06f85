"""Finer slices: the slice profile, interpolation, and consistency with what was acquired."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.core.errors import Cancelled, InvalidGeometry
from viewer.enhancement.finer import unseen_detail
from viewer.enhancement.method import SourceSlices
from viewer.enhancement.through_plane import (
    Profile,
    SliceSampling,
    fine_mask,
    profile_weights,
    through_plane,
    without_gaps,
)

SAMPLINGS = st.builds(
    SliceSampling,
    count=st.integers(8, 20),
    step_mm=st.floats(2.0, 8.0),
    thickness_mm=st.floats(2.0, 8.0),
    factor=st.integers(2, 6),
    profile=st.sampled_from(Profile),
).filter(lambda sampling: sampling.thickness_mm < 1.3 * sampling.step_mm)


def anatomy(sampling, seed=0):
    """Return acquired slices [slice, row, column] without any smoothness along the slice axis."""
    return np.random.default_rng(seed).normal(0, 100, (sampling.count, 5, 7))


@settings(deadline=None)
@given(SAMPLINGS)
def test_what_is_projected_is_measured_as_the_acquired_slices(sampling):
    planes, slices = through_plane(sampling), anatomy(sampling)
    guess = np.random.default_rng(1).normal(0, 100, (sampling.fine_count, 5, 7))
    fine = planes.projected(guess.astype(np.float32), slices)
    assert planes.misfit(fine, slices)[1] < 0.01
    assert planes.misfit(planes.cubic(slices), slices)[1] < 0.01


@settings(deadline=None)
@given(SAMPLINGS)
def test_projecting_twice_changes_nothing_more(sampling):
    planes, slices = through_plane(sampling), anatomy(sampling)
    once = planes.projected(planes.interpolated(slices), slices)
    assert np.allclose(planes.projected(once, slices), once, atol=0.01)
    assert np.allclose(once, planes.cubic(slices), atol=0.01)


@settings(deadline=None)
@given(SAMPLINGS)
def test_the_operator_and_its_adjoint_agree(sampling):
    """<A y, x> = <y, A^T x>, measured with the operator as it is applied to volumes."""
    planes, x = through_plane(sampling), anatomy(sampling)
    y = np.random.default_rng(2).normal(0, 1, (sampling.fine_count, 5, 7))
    adjoint = np.einsum("kf,krc->frc", planes.operator, x)
    assert np.vdot(planes.measured(y), x) == pytest.approx(np.vdot(y, adjoint), rel=1e-3, abs=1)


@settings(deadline=None)
@given(SAMPLINGS)
def test_a_ramp_is_exact_from_the_first_slice_to_the_last(sampling):
    planes = through_plane(sampling)
    ramp = np.arange(sampling.count)[:, None, None] * np.full((1, 3, 3), 10.0) - 40
    fine = np.arange(sampling.fine_count)[:, None, None] * 10.0 / sampling.factor - 40
    assert np.allclose(planes.interpolated(ramp), fine, atol=1e-3)
    assert np.allclose(planes.cubic(ramp), fine, atol=1e-3)
    assert np.allclose(planes.measured(np.broadcast_to(fine, (len(fine), 3, 3))), ramp, atol=1e-3)


def test_the_end_slices_stay_as_they_were_acquired():
    sampling = SliceSampling(10, 4.0, 4.0, 4)
    slices = anatomy(sampling)
    fine = through_plane(sampling).cubic(slices)
    assert np.allclose(fine[[0, -1]], slices[[0, -1]], atol=1e-3)


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("factor", [2, 3, 4, 6])
def test_a_profile_is_as_wide_as_the_slice_is_thick(profile, factor):
    weights = profile_weights(SliceSampling(9, 4.0, 4.0, factor, profile))
    assert weights.sum() == pytest.approx(1)
    assert np.allclose(weights, weights[::-1])
    half, middle = weights.max() / 2, len(weights) // 2
    width = 2 * np.interp(-half, -np.append(weights[middle:], 0.0), np.arange(middle + 2.0))
    assert width == pytest.approx(factor, abs=1.01 if profile is Profile.BOX else 0.35)


def test_a_box_as_thick_as_the_step_is_the_mean_of_its_fine_slices():
    assert np.allclose(profile_weights(SliceSampling(9, 3.0, 3.0, 3, Profile.BOX)), 1 / 3)


def test_a_fine_slice_names_the_acquired_slices_that_see_it_nearest_first():
    planes = through_plane(SliceSampling(10, 4.0, 4.0, 4, Profile.BOX))
    assert planes.seen_by(0) == (0,)
    assert planes.seen_by(13) == (3, 4)
    assert planes.seen_by(36) == (9,)


@pytest.mark.parametrize(
    ("count", "thickness", "factor"), [(1, 4.0, 4), (9, 0.0, 4), (9, float("nan"), 4), (9, 4.0, 7)]
)
def test_what_makes_no_grid_is_refused(count, thickness, factor):
    with pytest.raises(InvalidGeometry):
        SliceSampling(count, 4.0, thickness, factor)


def test_padding_is_never_interpolated_across():
    mask = np.ones((4, 1, 2), dtype=np.bool_)
    mask[1, 0, 0] = False
    fine = fine_mask(mask, 2)
    assert fine[:, 0, 0].tolist() == [True, False, False, False, True, True, True]
    assert fine[:, 0, 1].all()


def test_padding_is_filled_from_the_nearest_real_slice():
    values = np.arange(10.0).reshape(5, 1, 2)
    mask = np.ones((5, 1, 2), dtype=np.bool_)
    mask[:2, 0, 0] = False
    filled = without_gaps(values, mask)
    assert filled[:, 0, 0].tolist() == [4, 4, 4, 6, 8]
    assert np.array_equal(filled[:, 0, 1], values[:, 0, 1])


# ------------------------------------------------------------------ networks


class FineRipple:
    """A network that calls noise whatever alternates between fine slices."""

    device, slab = "a test", 8

    def __init__(self):
        self.seen = []

    def run(self, slices, noise_sd, frequency):
        self.seen.append((slices.shape, float(noise_sd.mean()), float(frequency.mean())))
        ripple = np.where(np.arange(slices.shape[-2]) % 2, 5.0, -5.0)
        return np.broadcast_to(ripple[:, None], slices[:, :1].shape).astype(np.float32)


def source_of(slices):
    return SourceSlices(
        slices.astype(np.float32), (4.0, 1.0, 1.0), np.full(len(slices), 7.0, np.float32), 0.0
    )


def test_a_network_sees_planes_with_two_neighbours_and_its_share_of_nyquist():
    runner, sampling = FineRipple(), SliceSampling(10, 4.0, 4.0, 4)
    planes = through_plane(sampling)
    unseen_detail(runner, planes, source_of(anatomy(sampling)))
    assert sum(shape[0] for shape, _, _ in runner.seen) == 5 + 7
    assert {shape[1:] for shape, _, _ in runner.seen} == {(5, 37, 7), (5, 37, 5)}
    assert [noise for _, noise, _ in runner.seen] == pytest.approx([7.0] * len(runner.seen))
    assert {share for _, _, share in runner.seen} == {0.25}


def test_the_acquired_slices_see_nothing_of_what_a_network_adds():
    sampling = SliceSampling(10, 4.0, 4.0, 4)
    planes, slices = through_plane(sampling), anatomy(sampling)
    detail = unseen_detail(FineRipple(), planes, source_of(slices))
    assert np.abs(detail).max() > 3
    assert np.abs(planes.measured(detail)).max() < 1e-3
    for strength in (0.0, 0.4, 1.0):
        fine = planes.cubic(slices) + strength * detail
        assert planes.misfit(fine, slices)[1] < 0.01


def test_a_network_can_be_stopped_between_planes():
    sampling = SliceSampling(10, 4.0, 4.0, 4)
    with pytest.raises(Cancelled):
        unseen_detail(
            FineRipple(),
            through_plane(sampling),
            source_of(anatomy(sampling)),
            is_cancelled=lambda: True,
        )
