"""The network sees true neighbours only, and changes nothing outside the patient."""

import numpy as np
import pytest

from tests.enhancement.scenes import (
    NOISE_HU,
    SmoothingRunner,
    body,
    noisy_volume,
    source_of,
    volume_of,
)
from viewer.enhancement.denoising import DenoisingProcessor, body_mask, neighbours
from viewer.enhancement.method import SourceSlices


def table(positions_mm=None, step_mm=1.0, slices=6):
    spacing = (step_mm, 0.7, 0.7)
    values = np.zeros((slices, 8, 8), dtype=np.int16)
    volume = volume_of(values, positions_mm=positions_mm, spacing_mm=spacing)
    return neighbours(source_of(volume)).tolist()


def test_two_neighbours_on_each_side_where_slices_are_close():
    assert table()[2] == [0, 1, 2, 3, 4]


def test_neighbours_that_do_not_exist_are_the_slice_itself():
    found = table()
    assert found[0] == [0, 0, 0, 1, 2]
    assert found[5] == [3, 4, 5, 5, 5]


@pytest.mark.parametrize(
    ("step_mm", "expected"), [(2.5, [0, 1, 2, 3, 4]), (3.0, [2, 1, 2, 3, 2]), (5.0, [2] * 5)]
)
def test_neighbours_far_away_are_left_out(step_mm, expected):
    assert table(step_mm=step_mm)[2] == expected


def test_nothing_is_taken_from_beyond_a_gap():
    found = table(positions_mm=[0, 1, 2, 5, 6, 7])
    assert found[1] == [1, 0, 1, 2, 1]
    assert found[2] == [0, 1, 2, 2, 2]
    assert found[3] == [3, 3, 3, 4, 5]


def test_each_of_uneven_slices_is_enhanced_by_itself():
    found = table(positions_mm=[0, 1, 2.5, 3, 5, 5.7])
    alone = [index for index, row in enumerate(found) if set(row) == {index}]
    assert alone == [2, 3, 4, 5]


def test_slices_that_run_downwards_are_neighbours_too():
    assert table(positions_mm=[5, 4, 3, 2, 1, 0])[2] == [0, 1, 2, 3, 4]


def test_the_body_holds_the_lung_and_not_the_air_around():
    truth = body(1)[0]
    inside = body_mask(truth)
    assert inside[truth > -500].all()
    assert inside[80, 115]
    assert not inside[:4].any()
    assert not inside[:, :2].any()


def test_the_table_is_not_part_of_the_body_and_both_arms_are():
    image = np.full((256, 256), -1000, dtype=np.float32)
    image[40:160, 70:190] = 40
    image[80:120, 10:50] = image[80:120, 206:246] = 40
    image[200:206, :] = 300
    image[220:236, 100:116] = 0
    inside = body_mask(image)
    assert inside[100, 30]
    assert inside[100, 230]
    assert inside[100, 100]
    assert not inside[196:].any()


def test_a_slice_of_tissue_alone_is_all_body():
    assert body_mask(np.full((60, 70), 40, dtype=np.float32)).all()


def test_a_slice_of_air_alone_is_no_body():
    assert not body_mask(np.full((64, 64), -1000, dtype=np.float32)).any()


def test_the_residual_is_minus_the_networks_noise_inside_and_nought_outside():
    volume, truth = noisy_volume(4)
    runner = SmoothingRunner()
    answer = DenoisingProcessor(runner, source_of(volume)).residuals((1, 2))
    assert answer.shape == (2, 160, 160)
    flat = np.s_[90:130, 40:80]
    image = volume.values[1].astype(np.float32)
    assert (image + answer[0])[flat].std() < 0.7 * image[flat].std()
    assert not answer[:, :3].any()
    assert np.abs(answer).max() <= 3 * NOISE_HU + 1e-3
    assert not answer[0][(truth[0] < -990) & ~body_mask(truth[0])].any()


def test_only_the_part_that_holds_the_body_is_computed():
    values = np.full((1, 400, 400), -1000, dtype=np.int16)
    values[0, 100:180, 200:300] = 40
    runner = SmoothingRunner()
    DenoisingProcessor(runner, source_of(volume_of(values))).residuals((0,))
    _, _, rows, columns = runner.calls[0]
    assert rows < 200
    assert columns < 220
    assert rows % 8 == columns % 8 == 0


def test_a_slice_without_a_body_never_reaches_the_network():
    runner = SmoothingRunner()
    volume = volume_of(np.full((1, 64, 64), -1000, dtype=np.int16))
    assert not DenoisingProcessor(runner, source_of(volume)).residuals((0,)).any()
    assert not runner.calls


def test_padding_is_not_changed_and_its_value_does_not_matter():
    volume, _ = noisy_volume(1)
    mask = np.ones(volume.values.shape, dtype=np.bool_)
    mask[:, :, 100:] = False
    answers = []
    for padding in (-2000, 20000):
        values = volume.values.copy()
        values[~mask] = padding
        source = source_of(volume_of(values, mask=mask))
        answers.append(DenoisingProcessor(SmoothingRunner(), source).residuals((0,))[0])
    assert not answers[0][~mask[0]].any()
    np.testing.assert_array_equal(answers[0], answers[1])


def test_a_region_is_that_part_of_the_whole():
    volume, _ = noisy_volume(3)
    processor = DenoisingProcessor(SmoothingRunner(), source_of(volume))
    part = processor.residuals((1,), (40, 104, 48, 120))
    np.testing.assert_allclose(part, processor.residuals((1,))[:, 40:104, 48:120], atol=1e-3)


def test_the_network_is_told_the_noise_of_each_slice_and_its_frequency_per_pixel():
    volume, _ = noisy_volume(2)
    source = source_of(volume, frequency=0.3)
    source.noise_sd[:] = (10.0, 30.0)
    told = []

    class Listening(SmoothingRunner):
        def run(self, slices, noise_sd, frequency):
            told.append((noise_sd[:, 0, 0, 0].tolist(), float(frequency.max())))
            return super().run(slices, noise_sd, frequency)

    DenoisingProcessor(Listening(), source).residuals((0, 1))
    assert told[0][0] == [10.0, 30.0]
    assert told[0][1] == pytest.approx(0.3 * 0.7)


class NoteTaker:
    """Answers nothing and keeps the noise maps that it was told."""

    slab, device = 1, "a test"

    def __init__(self):
        self.maps = []

    def run(self, slices, noise_sd, frequency):
        self.maps.append(noise_sd)
        return np.zeros_like(noise_sd)


def test_counted_noise_is_told_to_follow_the_signal():
    rng = np.random.default_rng(2)
    values = np.full((1, 96, 96), 100.0, np.float32)
    values[:, :, 48:] = 400.0
    values += rng.normal(0, 4.0, values.shape).astype(np.float32)
    source = SourceSlices(
        values, (3.0, 2.0, 2.0), np.full(1, 5.0, np.float32), 0.1, unit="BQML", typical_signal=100.0
    )
    even, following = NoteTaker(), NoteTaker()
    DenoisingProcessor(even, source).residuals((0,))
    DenoisingProcessor(following, source, "counts").residuals((0,))
    assert np.ptp(even.maps[0]) == 0
    assert following.maps[0][0, 0, 48, 20] == pytest.approx(5.0, rel=0.03)
    assert following.maps[0][0, 0, 48, 76] == pytest.approx(10.0, rel=0.03)
