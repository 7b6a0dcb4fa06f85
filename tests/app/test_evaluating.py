"""Methods are judged against a known truth, the input and the filters beside the model."""

import json

import numpy as np
import pytest

from tests.enhancement.scenes import (
    SmoothingRunner,
    body,
    ct_noise,
    study_of,
    tiny_model,
    volume_of,
)
from viewer.app import demonstrating
from viewer.app.demonstrating import demo_study, read_demo
from viewer.app.evaluating import KnownCase, KnownLesion, evaluate, known_case, table_lines
from viewer.core.errors import Cancelled
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import Engine
from viewer.enhancement.metrics import sphere_template
from viewer.simulation.demo import DemoStudy, Nodule
from viewer.simulation.kernels import STANDARD

SIZE, SLICES = 224, 8
SPACING_MM = (1.0, 0.7, 0.7)
LESION = KnownLesion("liver 1", "liver", (4.0, 150.0, 90.0), 8.0)


def case():
    truth = body(SLICES, SIZE)
    truth += 60.0 * sphere_template(truth.shape, SPACING_MM, LESION.centre, LESION.diameter_mm)
    noisy = np.rint(truth + ct_noise(truth.shape, 20.0)).astype(np.int16)
    study, series, part = study_of()
    return KnownCase(study, series, part, volume_of(noisy), truth, (LESION,))


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tiny_model(folder)
    return Engine(read_catalogue(folder), open_model=lambda card, device: SmoothingRunner())


@pytest.fixture(scope="module")
def table(engine):
    return evaluate(engine, case(), ("tiny", "gaussian", "nlm"))


def row_of(table, method, strength):
    return next(
        row for row in table["rows"] if (row["method"], row["strength"]) == (method, strength)
    )


def test_the_input_and_each_method_at_two_strengths_have_a_row(table):
    found = [(row["method"], row["strength"]) for row in table["rows"]]
    assert found == [
        ("input", 0.0),
        *((name, strength) for name in ("tiny", "gaussian", "nlm") for strength in (0.4, 1.0)),
    ]


def test_the_input_has_the_noise_that_was_put_in(table):
    row = row_of(table, "input", 0.0)
    assert row["noise_sd_hu"] == pytest.approx(20.0, rel=0.05)
    assert row["rmse_hu"] == pytest.approx(20.0, rel=0.05)
    assert row["noise_cut"] == 0.0
    assert row["contrast_kept liver"] == pytest.approx(1.0, abs=0.05)


def test_the_noise_cut_is_what_was_asked(table):
    for method in ("tiny", "gaussian", "nlm"):
        assert row_of(table, method, 0.4)["noise_cut"] == pytest.approx(0.4, abs=0.05)


def test_smoothing_gains_in_psnr_and_loses_contrast_of_the_lesion(table):
    before, after = row_of(table, "input", 0.0), row_of(table, "nlm", 0.4)
    assert after["psnr_db soft tissue"] > before["psnr_db soft tissue"] + 2.0
    assert after["ssim soft tissue"] > before["ssim soft tissue"]
    strong = row_of(table, "gaussian", 1.0)
    assert strong["contrast_kept liver"] < 0.97 * before["contrast_kept liver"]


def test_the_table_is_ready_for_json_and_for_a_terminal(table):
    assert json.loads(json.dumps(table))["lesions"] == ["liver 1"]
    lines = table_lines(table)
    heads, *rows, notes = lines
    assert len(rows) == len(table["rows"])
    assert heads.split("  ")[-2:] == ["kept liver", "CNR liver"]
    assert {len(line) for line in rows} == {len(heads)}
    assert rows[0].startswith("input")
    assert float(rows[0].split()[-1]) == pytest.approx(table["rows"][0]["cnr liver"], abs=1e-3)
    assert "true contrast" in notes


def test_a_method_that_is_refused_says_why(engine):
    one = case()
    study, series, part = study_of(modality="MR")
    refused = KnownCase(study, series, part, one.volume, one.truth, one.lesions)
    table = evaluate(engine, refused, ("tiny",))
    assert "made for CT" in table["rows"][1]["refused"]
    assert "made for CT" in table_lines(table)[2]


def test_it_can_be_stopped_between_methods(engine):
    with pytest.raises(Cancelled):
        evaluate(engine, case(), ("gaussian",), is_cancelled=lambda: True)


def quick_study(seed, slices, size, progress=None):
    """The demo's form with known values, in no time."""
    values = np.random.default_rng(seed).integers(-1000, 1000, (slices, size, size), np.int16)
    return DemoStudy(
        full_dose=values,
        quarter_dose=np.asarray(values // 2, dtype=np.int16),
        truth=values.astype(np.float32),
        first_voxel_mm=(-20.0, -22.0, 100.0),
        spacing_mm=(2.5, 0.8, 0.8),
        thickness_mm=2.5,
        nodules=(Nodule("lung 1", "solid", (-12.0, -14.0, 105.0), 6.0, 800.0),),
        kernel=STANDARD,
        photons=1e5,
        kvp=120.0,
        seed=seed,
    )


def test_the_demo_study_becomes_a_case_with_its_nodules_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr(demonstrating, "demo_chest", quick_study)
    files = demo_study(tmp_path, slices=9, size=32)
    demo = read_demo(files)
    found = known_case(files)
    np.testing.assert_array_equal(found.volume.values, demo.quarter_dose)
    np.testing.assert_array_equal(found.truth, demo.truth)
    assert found.series.modality == "CT"
    (lesion,) = found.lesions
    assert lesion.centre == pytest.approx((2.0, 10.0, 10.0))
    place = found.volume.geometry.to_mm(lesion.centre)
    assert place == pytest.approx((-12.0, -14.0, 105.0), abs=0.02)
