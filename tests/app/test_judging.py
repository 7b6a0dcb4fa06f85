"""Judging on simulation: methods at a matched cut, filters tuned, no stack sees another."""

import numpy as np
import pytest

from tests.enhancement.scenes import tiny_model
from viewer.app.contenders import answer_of, stacked_source
from viewer.app.grounds import CT, MR, PET, RADIOGRAPH
from viewer.app.judging import Extent, Table, judge
from viewer.app.report_html import rows_of
from viewer.app.scene_figures import (
    Judged,
    at_cut,
    factor_at_cut,
    figures,
    groups,
    water_figures,
)
from viewer.core.errors import Cancelled, UnknownMethod, WrongUsage
from viewer.enhancement.catalogue import Catalogue, read_catalogue
from viewer.enhancement.denoising import neighbours
from viewer.enhancement.engine import Engine
from viewer.enhancement.noise import NoiseEstimate
from viewer.simulation.scenes import MIDDLE, Inserted, InsertScene, Scene

SMALL = Extent(scenes=1, tuning=1, draws=6, pairs=40)
NOISE = NoiseEstimate(10.0, 0.3, 9, 0.9)


def peak(shape: tuple[int, int, int], method_id: str) -> float:
    return 100.0


@pytest.fixture(scope="module")
def table() -> Table:
    return judge(Engine(Catalogue()), ("gaussian", "nlm"), 0.4, SMALL, peak=peak)


def flat_scene(sd: float = 10.0) -> Scene:
    """Return water with white noise and one lesion."""
    rng = np.random.default_rng(3)
    truth = np.zeros((96, 96), np.float32)
    noisy = (truth + sd * rng.standard_normal((5, 96, 96))).astype(np.float32)
    response = np.zeros((20, 20), np.float32)
    response[6:14, 6:14] = -20.0
    window = (slice(40, 60), slice(40, 60))
    lesioned = noisy.copy()
    lesioned[(slice(None), *window)] += response
    return Scene(
        region="water",
        kernel="standard",
        noise_sd=sd,
        noisy=noisy,
        with_lesions=lesioned,
        truth=truth,
        body=np.ones((96, 96), np.bool_),
        flat=((0, 0), (16, 64), (64, 16)),
        lesions=(Inserted("square", window, response),),
        full_dose=truth,
        pixel_mm=0.8,
    )


def test_blending_reaches_the_cut_that_is_asked() -> None:
    scene = flat_scene()
    perfect = Judged(CT, scene, scene.truth, scene.truth)
    factor = perfect.factor_for(0.4)
    assert factor == pytest.approx(0.4, abs=1e-3)
    found = figures([perfect], [factor])
    assert found["cut"] == pytest.approx(0.4, abs=1e-3)
    assert found["gain_db"] == pytest.approx(-20.0 * np.log10(0.6), abs=0.05)


def test_contrast_kept_is_one_for_the_input_and_the_factor_for_a_dimmed_copy() -> None:
    scene = flat_scene()
    same = Judged(CT, scene, scene.noisy[2], scene.with_lesions[2])
    assert figures([same], [1.0])["kept square"] == pytest.approx(1.0, abs=1e-4)
    dimmed = Judged(CT, scene, 0.7 * scene.noisy[2], 0.7 * scene.with_lesions[2])
    assert figures([dimmed], [1.0])["kept square"] == pytest.approx(0.7, abs=1e-4)
    (region, kernel, noise) = groups([dimmed], [1.0])
    assert {name for name in region if name.startswith("psnr_gain_db")} == {
        f"psnr_gain_db {name}" for name in ("soft tissue", "lung", "liver")
    }
    assert {region["group"], kernel["group"], noise["group"]} == {
        "region water",
        "kernel standard",
        "noise 10.0",
    }


def test_a_dimmed_lesion_has_an_error_of_its_contrast_and_the_same_cnr() -> None:
    scene = flat_scene()
    same = figures([Judged(CT, scene, scene.noisy[2], scene.with_lesions[2])], [1.0])
    dimmed = Judged(CT, scene, 0.7 * scene.noisy[2], 0.7 * scene.with_lesions[2])
    found = figures([dimmed], [1.0])
    assert same["bias_hu square"] == pytest.approx(0.0, abs=1e-4)
    assert found["bias_hu square"] == pytest.approx(6.0, abs=1e-3)  # 0.3 of 20 HU
    assert same["cnr square"] == pytest.approx(2.0, abs=0.5)  # 20 HU in noise of 10 HU
    assert found["cnr square"] == pytest.approx(same["cnr square"], rel=1e-3)


def test_draws_are_blended_to_the_cut_where_it_is_asked() -> None:
    sources = np.random.default_rng(1).normal(0, 5, (8, 32, 32)).astype(np.float32)
    where = np.zeros((32, 32), np.bool_)
    where[:16] = True
    factor = factor_at_cut(sources, np.zeros_like(sources), where, 0.25)
    assert factor == pytest.approx(0.25, abs=1e-3)
    blended = at_cut(sources, np.zeros_like(sources), where, 0.25)
    assert blended[:, where].std() == pytest.approx(0.75 * sources[:, where].std(), rel=1e-3)


def test_no_stack_sees_the_slices_of_another() -> None:
    stacks = np.zeros((3, 5, 8, 8), np.float32)
    table = neighbours(stacked_source(stacks, NOISE, (1.5, 0.7)))
    assert table[7].tolist() == [5, 6, 7, 8, 9]
    assert table[5].tolist() == [5, 5, 5, 6, 7]
    assert table[4].tolist() == [2, 3, 4, 4, 4]


def test_a_filter_answers_for_the_middle_of_each_stack() -> None:
    engine = Engine(Catalogue())
    method = engine.catalogue.method("gaussian")
    stacks = np.random.default_rng(5).normal(0, 10, (40, 5, 16, 16)).astype(np.float32)
    answer = answer_of(engine, method, (("sigma_mm", 0.1),))
    found = answer(stacks, NOISE, (1.5, 0.7))
    assert found.shape == (40, 16, 16)
    assert np.abs(found - stacks[:, MIDDLE]).max() < 1e-3


def test_structures_that_a_method_invents_are_counted() -> None:
    rng = np.random.default_rng(6)
    noise = rng.normal(0, 10, (20, 5, 64, 64)).astype(np.float32)
    scene = InsertScene(3.0, 14.0, np.zeros((64, 64), np.float32), noise, 0.7)

    def invents(stacks: np.ndarray, _noise: object, _spacing: object) -> np.ndarray:
        image = 0.5 * stacks[:, MIDDLE]
        image[:, 20:26, 20:26] += 30.0
        image[:, 40:46, 40:46] -= 30.0
        return np.asarray(image, np.float32)

    found = water_figures(invents, (scene, NOISE), 0.4)
    per_image = float(str(found["false_structures"])) * 64 * 64 / 1e5
    assert per_image == pytest.approx(2.0, abs=0.5)
    assert float(str(found["false_structures_gaussian"])) < float(str(found["false_structures"]))


def test_every_method_is_judged_at_full_strength_and_at_the_cut(table: Table) -> None:
    names = [(row["method"], row["strength"]) for row in rows_of(table, "rows")]
    assert names == [
        ("input", "none"),
        ("gaussian", "full"),
        ("gaussian", "40% cut"),
        ("nlm", "full"),
        ("nlm", "40% cut"),
    ]
    nlm = rows_of(table, "rows")[4]
    assert nlm["cut"] == pytest.approx(0.4, abs=1e-3)
    assert 0 < float(str(nlm["kept 5 mm -20 HU"])) < 1
    assert float(str(nlm["gain_db"])) > 2
    assert float(str(nlm["ttf50 400 HU"])) > float(str(rows_of(table, "rows")[2]["ttf50 400 HU"]))


def test_the_observer_reports_every_insert_beside_the_input(table: Table) -> None:
    rows = rows_of(table, "inserts")
    assert [row["insert"] for row in rows[:4]] == [
        "3 mm 14 HU",
        "5 mm 7 HU",
        "7 mm 5 HU",
        "10 mm 3 HU",
    ]
    for row in rows:
        assert 0.6 < float(str(row["input_auc"])) <= 1
        assert row["d_ratio_low"] <= row["d_ratio"] <= row["d_ratio_high"]


def test_every_method_has_its_aims_its_floor_and_its_memory(table: Table) -> None:
    found = rows_of(table, "aims")
    assert {row["method"] for row in found} == {"gaussian", "nlm"}
    assert {row["verdict"] for row in found} <= {"met", "missed", "not measured"}
    blurred = {row["aim"]: row["verdict"] for row in found if row["method"] == "gaussian"}
    assert blurred["resolution (TTF50) at 100 HU"] == "missed"
    assert blurred["change of a noiseless image, HU"] == "missed"
    assert blurred["change when mirrored, noise SDs"] == "met"
    assert "cores" in str(table["machine"])
    floor = {row["method"]: row for row in rows_of(table, "floors")}
    assert floor["gaussian"]["is_below"] == (float(str(floor["gaussian"]["lowest_gain_db"])) < 0)
    assert str(floor["nlm"]["words"]).startswith("nlm is ")
    assert [row["peak_memory_mib"] for row in rows_of(table, "memory")] == [100.0, 100.0]


def test_the_settings_that_filters_were_tuned_to_are_stated(table: Table) -> None:
    settings = table["settings"]
    assert isinstance(settings, dict)
    assert "sigma_mm" in settings["gaussian"]
    assert "cutoff_sd" in settings["nlm"]


def test_a_filter_moves_with_the_image_and_leaves_nothing_as_it_is(table: Table) -> None:
    gaussian = rows_of(table, "checks")[0]
    assert float(str(gaussian["shift_1_sd"])) < 1e-3
    assert float(str(gaussian["flip_sd"])) < 1e-3
    assert float(str(gaussian["identity_hu"])) > 1  # it blurs a noiseless image all the same


def test_what_does_not_cut_noise_is_not_judged_so() -> None:
    with pytest.raises(WrongUsage, match="does not lower noise"):
        judge(Engine(Catalogue()), ("unsharp",), 0.4, SMALL)
    with pytest.raises(UnknownMethod):
        judge(Engine(Catalogue()), ("nobody",), 0.4, SMALL)


def test_judging_can_be_stopped() -> None:
    with pytest.raises(Cancelled):
        judge(
            Engine(Catalogue()),
            ("gaussian",),
            0.4,
            Extent(scenes=1, tuning=1, draws=2, pairs=20),
            is_cancelled=lambda: True,
        )


def test_filters_are_judged_on_mr_in_percent_of_typical_tissue() -> None:
    table = judge(Engine(Catalogue()), ("nlm",), 0.4, SMALL, MR, peak=peak)
    assert table["modality"] == "MR"
    full, cut = rows_of(table, "rows")[1:]
    assert float(str(full["rmse_percent"])) > 0
    assert cut["cut"] == pytest.approx(0.4, abs=0.02)
    assert 0.5 < float(str(cut["ttf50 100 %"])) < 1.05
    assert {row["insert"] for row in rows_of(table, "inserts")} >= {"3 mm 3.5 %"}


def test_a_model_of_another_modality_is_refused(tiny_engine: Engine) -> None:
    with pytest.raises(WrongUsage, match="not made for MR"):
        judge(tiny_engine, ("tiny",), 0.4, SMALL, MR)


@pytest.fixture(scope="module")
def tiny_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("models")
    tiny_model(folder)
    return Engine(read_catalogue(folder))


def test_filters_are_judged_on_pet_too() -> None:
    table = judge(Engine(Catalogue()), ("gaussian",), 0.4, SMALL, PET)
    cut = rows_of(table, "rows")[-1]
    assert cut["cut"] == pytest.approx(0.4, abs=0.02)
    assert 0.6 < float(str(cut["ttf50 200 %"])) < 1.02
    assert {row["insert"] for row in rows_of(table, "inserts")} >= {"8 mm 20 %"}


def test_lesions_are_told_on_anatomy_too(table: Table) -> None:
    found = {str(row["insert"]): row for row in rows_of(table, "inserts")}
    lesion = found["5 mm -20 HU, abdomen"]
    assert 0.5 < float(str(lesion["auc"])) <= 1.0
    assert 0.5 < float(str(lesion["kept"])) < 1.1


def test_filters_are_judged_on_radiographs_in_percent_of_exposure() -> None:
    table = judge(Engine(Catalogue()), ("tv",), 0.4, SMALL, RADIOGRAPH, peak=peak)
    assert table["modality"] == "DX"
    cut = rows_of(table, "rows")[2]
    assert cut["cut"] == pytest.approx(0.4, abs=0.05)
    assert 0.4 < float(str(cut["ttf50 50 %"])) < 1.2
    assert {row["insert"] for row in rows_of(table, "inserts")} >= {"1 mm 2 %"}
    grain = "grain (NPS mean frequency)"
    assert [row["aim"] for row in rows_of(table, "aims")].count(grain) == 1
