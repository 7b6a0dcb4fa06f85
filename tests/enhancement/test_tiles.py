"""Tiles leave no seam, and little memory makes the run slower instead of impossible."""

import numpy as np
import pytest

from tests.enhancement.scenes import SmoothingRunner
from viewer.core.errors import OutOfMemory
from viewer.enhancement import networks, tiles
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.inference import OnnxRunner
from viewer.enhancement.tiles import PatientRunner, run_padded, run_tiled, tile_spans
from viewer.enhancement.weights_file import trusted_weights


def maps(rows, columns, batch=1, seed=0):
    rng = np.random.default_rng(seed)
    slices = rng.normal(0, 20, (batch, 5, rows, columns)).astype(np.float32)
    shape = (batch, 1, rows, columns)
    return slices, np.full(shape, 20, np.float32), np.full(shape, 0.2, np.float32)


@pytest.mark.parametrize(("size", "tile"), [(512, 512), (1024, 512), (1100, 512), (700, 256)])
def test_the_weights_of_tiles_add_up_to_one_everywhere(size, tile):
    total = np.zeros(size)
    for span in tile_spans(size, tile):
        assert span.first % 8 == 0
        assert span.last - span.first <= tile + 2 * tiles.HALO
        total[span.first : span.last] += span.weights
    np.testing.assert_allclose(total, 1.0, atol=1e-6)


def test_tiles_give_what_the_whole_slice_gives():
    whole, parts = SmoothingRunner(), SmoothingRunner()
    answer = run_tiled(parts, *maps(600, 520), tile=256)
    assert len(parts.calls) == 9
    np.testing.assert_allclose(answer, run_padded(whole, *maps(600, 520)), atol=1e-4)


def test_large_slices_are_tiled_unasked():
    runner = SmoothingRunner()
    run_tiled(runner, *maps(64, 1024))
    assert len(runner.calls) == 2


def test_the_network_shows_no_seam_between_tiles(tiny_models):
    runner = OnnxRunner(trusted_weights(read_catalogue(tiny_models).card("tiny").onnx), 1)
    whole = run_padded(runner, *maps(400, 64))
    tiled = run_tiled(runner, *maps(400, 64), tile=256)
    error = np.abs(tiled - whole)[0, 0]
    at_seam = error[256 - 40 : 256 + 40].max()
    assert at_seam < 0.02 * np.abs(whole).max()


@pytest.mark.parametrize(("rows", "columns"), [(64, 64), (61, 50), (20, 33), (1, 40)])
def test_any_size_is_padded_to_what_the_network_takes_and_cropped_again(rows, columns):
    runner = SmoothingRunner()
    answer = run_padded(runner, *maps(rows, columns))
    assert answer.shape == (1, 1, rows, columns)
    seen = runner.calls[0][-2:]
    assert all(size % networks.STRIDE == 0 and size >= 32 for size in seen)


def test_the_batch_is_halved_until_it_fits():
    runner = SmoothingRunner(room=2 * 64 * 64, slab=8)
    patient = PatientRunner(runner)
    given = maps(64, 64, batch=8)
    np.testing.assert_allclose(patient.run(*given), SmoothingRunner().run(*given), atol=1e-6)
    assert [shape[0] for shape in runner.calls] == [8, 4, 2, 2, 2, 2]
    assert patient.slab == 2


def test_a_slice_that_does_not_fit_is_cut_into_tiles():
    runner = SmoothingRunner(room=400 * 400)
    answer = PatientRunner(runner).run(*maps(600, 600))
    np.testing.assert_allclose(answer, SmoothingRunner().run(*maps(600, 600)), atol=1e-4)


def test_at_the_end_the_device_is_changed_and_the_result_says_so():
    patient = PatientRunner(
        SmoothingRunner(room=10, device="a GPU"), lambda: SmoothingRunner(device="the CPU")
    )
    assert patient.device == "a GPU"
    assert patient.run(*maps(64, 64)).shape == (1, 1, 64, 64)
    assert patient.device == "the CPU"


def test_where_nothing_fits_the_error_is_kept():
    with pytest.raises(OutOfMemory, match="no room"):
        PatientRunner(SmoothingRunner(room=10)).run(*maps(64, 64))


def test_the_halo_is_the_networks_own():
    assert tiles.HALO == networks.HALO
