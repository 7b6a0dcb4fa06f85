"""A strength is a fraction, and for denoisers the cut of the noise that is really reached."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.enhancement.scenes import SmoothingRunner, ct_noise, noisy_volume, source_of, volume_of
from viewer.core.errors import InvalidStrength
from viewer.enhancement.denoising import DenoisingProcessor
from viewer.enhancement.filters import FilterProcessor, filter_methods
from viewer.enhancement.strength import FlatNoise, checked_strength, flat_noise, flat_patches

METHODS = {method.id: method for method in filter_methods()}


@pytest.mark.parametrize("wrong", [-0.01, 1.01, 40.0, float("nan"), float("inf")])
def test_a_strength_outside_nought_to_one_is_an_error_in_words(wrong):
    with pytest.raises(InvalidStrength, match=r"0\.4 means 40 %"):
        checked_strength(wrong)


def test_both_ends_are_allowed():
    assert checked_strength(0) == 0.0
    assert checked_strength(1) == 1.0


@given(st.floats(0, 1), st.floats(1, 1e4), st.floats(-0.99, -0.05), st.floats(0.05, 2.0))
def test_the_factor_gives_the_cut_that_was_asked_or_the_largest_there_is(asked, power, rho, size):
    noise = FlatNoise(power, rho * size * power, size * size * power, 99)
    blend = noise.blend(asked)
    assert 0.0 <= blend.factor <= 1.0
    assert blend.reached == pytest.approx(noise.reached(blend.factor))
    assert blend.reached <= asked + 1e-6
    best = max(noise.reached(factor) for factor in np.linspace(0, 1, 201))
    assert blend.reached >= min(asked, best) - 1e-3


def test_nothing_is_done_at_strength_nought():
    assert FlatNoise(100.0, -80.0, 90.0, 99).blend(0.0).factor == 0.0


def test_a_method_that_only_adds_noise_is_not_blended_in():
    blend = FlatNoise(100.0, 10.0, 5.0, 99).blend(0.4)
    assert (blend.factor, blend.reached) == (0.0, 0.0)


def scale_of(volume, processor):
    source = source_of(volume)
    return flat_noise(source, processor, flat_patches(source))


def reader_rois(truth):
    """Squares of 12 mm in plain tissue, away from everything else."""
    for top in range(0, 208, 17):
        for left in range(0, 208, 17):
            around = truth[max(0, top - 8) : top + 25, max(0, left - 8) : left + 25]
            if around.min() == around.max() == 50.0:
                yield np.s_[top : top + 17, left : left + 17]


@pytest.mark.parametrize("asked", [0.2, 0.4])
@pytest.mark.parametrize("name", ["gaussian", "bilateral", "nlm", "tv", "wavelet", "network"])
def test_the_noise_in_flat_tissue_falls_by_what_was_asked(name, asked):
    volume, truth = noisy_volume(6, 224)
    source = source_of(volume)
    if name == "network":
        processor = DenoisingProcessor(SmoothingRunner(), source)
    else:
        processor = FilterProcessor(METHODS[name], source, METHODS[name].settings())
    found = scale_of(volume, processor)
    assert found is not None
    blend = found.blend(asked)
    cuts = []
    for index, image in enumerate(volume.values.astype(np.float64)):
        enhanced = image + blend.factor * processor.residuals((index,))[0]
        rois = reader_rois(truth[index])
        cuts += [1 - enhanced[roi].std() / image[roi].std() for roi in rois]
    assert len(cuts) > 60
    reached = np.mean(cuts)
    # Total variation flattens some places wholly and leaves steps in others.
    assert reached == pytest.approx(blend.reached, abs=0.05 if name == "tv" else 0.03)
    if blend.factor < 1.0:
        assert blend.reached == pytest.approx(asked, abs=1e-6)


def test_flat_patches_lie_in_tissue_and_not_on_edges():
    volume, truth = noisy_volume(6, 224)
    patches = flat_patches(source_of(volume))
    assert len(patches) >= 4
    for patch in patches:
        top, _, left, _ = patch.region
        for row, column in patch.blocks:
            block = truth[patch.index, top + row :, left + column :]
            block = block[: patch.size, : patch.size]
            assert block.min() == block.max() >= 50.0


def test_padding_is_no_flat_region():
    volume, _ = noisy_volume(4, 224)
    mask = np.ones(volume.values.shape, dtype=np.bool_)
    mask[:, :, 112:] = False
    values = volume.values.copy()
    values[~mask] = 40
    for patch in flat_patches(source_of(volume_of(values, mask=mask))):
        for _, column in patch.blocks:
            assert patch.region[2] + column + patch.size <= 112


def test_there_is_no_scale_without_tissue_or_without_noise():
    air = volume_of(np.full((3, 96, 96), -1000, dtype=np.int16))
    assert flat_patches(source_of(air)) == ()
    assert scale_of(air, FilterProcessor(METHODS["gaussian"], source_of(air), ())) is None


def test_other_units_are_measured_where_there_is_signal():
    values = np.rint(200 + ct_noise((4, 96, 96), 10.0))
    values[:, :, :48] = np.rint(2 + np.abs(ct_noise((4, 96, 48), 1.0, seed=1)))
    patches = flat_patches(source_of(volume_of(values.astype(np.int16), unit="stored")))
    columns = [patch.region[2] + column for patch in patches for _, column in patch.blocks]
    assert len(columns) >= 12
    assert min(columns) >= 48


def test_a_single_slice_has_a_scale_too():
    volume, _ = noisy_volume(1, 224)
    found = scale_of(volume, DenoisingProcessor(SmoothingRunner(), source_of(volume)))
    assert found is not None
    assert found.blend(0.4).reached == pytest.approx(0.4)


def test_regions_full_of_structure_are_not_taken_for_noise():
    rng = np.random.default_rng(3)
    values = rng.integers(0, 200, (4, 96, 96)).astype(np.int16)
    volume = volume_of(values, unit="stored")
    source = source_of(volume, noise_sd=2.0)
    assert flat_patches(source) == ()


def test_a_slice_on_which_the_method_does_little_does_not_set_the_strength():
    class Halving:
        """Takes half of the noise away, but nearly nothing on one slice."""

        def __init__(self, source, weak):
            self.source, self.weak = source, weak

        def residuals(self, indices, region=None):
            top, bottom, left, right = region
            values = self.source.values[list(indices), top:bottom, left:right].astype(np.float32)
            share = 0.05 if indices[0] in self.weak else 0.5
            return -share * (values - 50.0)

    rng = np.random.default_rng(8)
    values = np.rint(50 + rng.normal(0, 20, (8, 96, 96))).astype(np.int16)
    source = source_of(volume_of(values), 20.0)
    patches = flat_patches(source)
    assert len(patches) >= 4
    even = flat_noise(source, Halving(source, ()), patches).blend(0.4)
    uneven = flat_noise(source, Halving(source, (patches[1].index,)), patches).blend(0.4)
    assert even.factor == pytest.approx(0.8, abs=0.02)
    assert uneven.factor == pytest.approx(even.factor, abs=0.02)
