"""From a request to labelled pixels: gates, strength, order, cache, cancel and provenance."""

import hashlib
from datetime import datetime, timedelta

import numpy as np
import pytest

from tests.enhancement.scenes import (
    SmoothingRunner,
    noisy_volume,
    study_of,
    tiny_model,
    volume_of,
)
from viewer.app.enhancing import EnhanceRequest, enhance, gates_for, prepare, run, survey
from viewer.core.errors import (
    Blocked,
    Cancelled,
    InvalidStrength,
    UnknownMethod,
    UntrustedWeights,
    WrongUsage,
)
from viewer.core.provenance import MethodKind, label_for
from viewer.core.volume import DerivedVolume
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import Engine

VOLUME, TRUTH = noisy_volume(6, 224)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tiny_model(folder)
    return folder


@pytest.fixture
def runners():
    return []


@pytest.fixture
def engine(models, runners):
    """An engine whose model smooths instead of running the network."""

    def open_model(card, device):
        runners.append(SmoothingRunner(device=f"a fake {device}"))
        return runners[-1]

    return Engine(read_catalogue(models), open_model=open_model)


def request(method_id="tiny", volume=VOLUME, strength=0.4, facts=None, **changes):
    study, series, part = study_of(**(facts or {}))
    return EnhanceRequest(study, series, part, volume, method_id, strength, **changes)


def test_an_enhanced_volume_has_the_grid_of_its_source_and_a_label(engine):
    enhanced = enhance(engine, request()).volume()
    assert isinstance(enhanced, DerivedVolume)
    assert enhanced.geometry is VOLUME.geometry
    assert enhanced.values.dtype == np.int16
    assert enhanced.is_complete
    label = label_for(enhanced.provenance)
    assert label.title == "AI-ENHANCED"
    assert label.detail == "Tiny 0.1 · noise −40 %"


def test_filters_are_labelled_filtered(engine):
    label = label_for(enhance(engine, request("gaussian")).provenance())
    assert (label.title, label.detail) == ("FILTERED", "Gaussian · noise −40 %")
    label = label_for(enhance(engine, request("unsharp")).provenance())
    assert (label.title, label.detail) == ("FILTERED", "Unsharp mask · blend 40 %")


@pytest.mark.parametrize(("method", "unit"), [("gaussian", "HU"), ("clahe", "a.u.")])
def test_values_that_a_method_makes_arbitrary_are_no_longer_called_hu(engine, method, unit):
    result = enhance(engine, request(method))
    assert result.volume().unit == unit
    assert result.residual_volume().unit == unit


def test_the_provenance_tells_the_whole_story(engine):
    provenance = enhance(engine, request(device="cuda")).provenance()
    card = engine.catalogue.card("tiny")
    assert provenance.kind is MethodKind.AI
    assert (provenance.method_id, provenance.version) == ("tiny", "0.1")
    assert provenance.weights_sha256 == card.tensors.sha256
    assert provenance.strength == 0.4
    assert 0.1 < provenance.blend < 1.0
    assert provenance.reached == pytest.approx(0.4)
    assert provenance.source_uids == VOLUME.sources
    assert provenance.device == "a fake cuda"
    assert provenance.input_range == (VOLUME.values.min(), VOLUME.values.max())
    assert "a test model" in provenance.cautions
    assert dict(provenance.parameters)["noise_sd"].endswith(" HU")
    assert datetime.fromisoformat(provenance.time).utcoffset() == timedelta(0)
    assert not provenance.is_synthetic_data


def test_warnings_of_the_gates_travel_with_the_pixels(engine):
    provenance = enhance(engine, request(facts={"kernel": "I70f"})).provenance()
    assert any("kernel I70f" in words for words in provenance.gates)
    assert not any("kernel I70f" in words for words in provenance.cautions)


def test_the_noise_in_flat_tissue_falls_by_the_strength(engine):
    enhancement = enhance(engine, request())
    row, column = np.mgrid[:224, :224]
    flat = ((row - 150) ** 2 + (column - 90) ** 2 < 40**2) & (TRUTH[0] == 50.0)
    before = np.mean([plane[flat].std() for plane in VOLUME.values])
    for strength in (0.2, 0.4):
        enhanced = enhancement.volume(strength)
        after = np.mean([plane[flat].std() for plane in enhanced.values])
        assert 1 - after / before == pytest.approx(strength, abs=0.03)
        assert enhanced.provenance.strength == strength


def test_strength_nought_is_the_original(engine):
    np.testing.assert_array_equal(enhance(engine, request()).volume(0.0).values, VOLUME.values)


def test_what_cannot_be_reached_is_told_with_what_was_reached(engine):
    provenance = enhance(engine, request(strength=1.0)).provenance()
    assert provenance.blend <= 1.0
    assert provenance.reached < 0.98
    assert "(asked −100 %)" in label_for(provenance).detail


@pytest.mark.parametrize("strength", [1.5, -0.1, 40])
def test_a_strength_that_is_no_fraction_is_refused_before_anything_runs(engine, runners, strength):
    with pytest.raises(InvalidStrength, match="not between 0 and 1"):
        prepare(engine, request(strength=strength))
    assert not runners


def test_an_unknown_method_or_parameter_is_refused(engine):
    with pytest.raises(UnknownMethod):
        prepare(engine, request("dream"))
    with pytest.raises(WrongUsage):
        prepare(engine, request("gaussian", settings=(("sigma_mm", 99.0),)))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"modality": "MR"}, "made for CT"),
        ({"is_ai": True}, "an AI has processed"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "localizer"),
    ],
)
def test_a_blocked_series_is_refused_in_words_and_the_model_stays_shut(
    engine, runners, facts, words
):
    with pytest.raises(Blocked, match=words) as refusal:
        prepare(engine, request(facts=facts))
    assert "Tiny was not run" in refusal.value.what
    assert not runners


def test_a_series_that_is_still_loading_is_refused(engine):
    partial = volume_of(VOLUME.values, loaded=np.arange(6) != 3)
    with pytest.raises(Blocked, match="1 of 6 slices are not loaded yet"):
        prepare(engine, request(volume=partial))
    gates = gates_for(engine, request(volume=partial))
    assert "complete" in {gate.name for gate in gates if gate.verdict.value == "block"}


def test_enhanced_pixels_are_not_enhanced_again(engine):
    enhanced = enhance(engine, request("gaussian")).volume()
    with pytest.raises(Blocked, match="enhanced already"):
        prepare(engine, request("gaussian", volume=enhanced))


@pytest.mark.parametrize(
    ("device", "file"), [("cuda", "weights.safetensors"), ("CPU (ONNX Runtime)", "weights.onnx")]
)
def test_the_provenance_names_the_file_that_ran(models, device, file):
    engine = Engine(read_catalogue(models), open_model=lambda *_: SmoothingRunner(device=device))
    told = dict(enhance(engine, request()).provenance().parameters)
    content = (models / "tiny" / file).read_bytes()
    assert told["weights_file"] == f"{file} {hashlib.sha256(content).hexdigest()}"
    assert "weights_file" not in dict(enhance(engine, request("gaussian")).provenance().parameters)


@pytest.mark.parametrize("file", ["weights.onnx", "weights.safetensors"])
def test_changed_weights_refuse_to_run(models, tmp_path, file):
    import shutil

    shutil.copytree(models, tmp_path / "models")
    weights = tmp_path / "models" / "tiny" / file
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    engine = Engine(read_catalogue(tmp_path / "models"))
    with pytest.raises(UntrustedWeights):
        prepare(engine, request(device="cpu"))


def test_the_visible_slice_comes_first_then_its_neighbours(engine):
    plan = prepare(engine, request(first_slice=3, direction=-1))
    seen = []
    run(
        engine,
        plan,
        on_batch=lambda e: seen.append(np.flatnonzero(e.residual.loaded).tolist()),
        every_s=0,
    )
    assert seen[0] == [3]
    assert seen[1] == [2, 3]
    assert seen[-1] == [0, 1, 2, 3, 4, 5]


def test_slices_not_computed_yet_are_marked_and_look_like_the_original(engine):
    plan = prepare(engine, request(first_slice=2))
    batches = []
    run(engine, plan, on_batch=lambda e: batches.append(e.residual_volume().loaded), every_s=0)
    assert batches[0].tolist() == [False, False, True, False, False, False]


def test_progress_reaches_one_and_names_the_method(engine):
    told = []
    run(engine, prepare(engine, request()), report=lambda *it: told.append(it), every_s=0)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert told[-1] == (1.0, "Tiny: 6 of 6 slices")


def test_a_cancelled_run_goes_on_where_it_was_and_comes_to_the_same(engine, runners):
    plan = prepare(engine, request())
    batches = []
    with pytest.raises(Cancelled):
        run(
            engine, plan, on_batch=batches.append, is_cancelled=lambda: len(batches) >= 2, every_s=0
        )
    there = batches[-1].residual.loaded.copy()
    assert 0 < there.sum() < len(there)
    told = []
    whole = run(engine, plan, on_batch=told.append, every_s=0)
    assert told[0].residual.loaded[there].all()
    assert len(told) < len(there)
    fresh = Engine(engine.catalogue, open_model=lambda *_: runners[0])
    assert np.array_equal(whole.residual.values, enhance(fresh, request()).residual.values)


def test_a_cancelled_run_stops_and_is_not_taken_for_finished(engine):
    plan = prepare(engine, request())
    batches = []
    with pytest.raises(Cancelled):
        run(
            engine, plan, on_batch=batches.append, is_cancelled=lambda: len(batches) >= 2, every_s=0
        )
    assert len(batches) == 2
    assert engine.residuals.find(plan.key) is None


def test_the_second_time_nothing_is_computed(engine, runners):
    first = enhance(engine, request())
    calls = len(runners[0].calls)
    batches = []
    again = run(engine, prepare(engine, request(strength=0.2)), on_batch=batches.append)
    assert len(runners[0].calls) == calls
    assert again.residual is first.residual
    assert batches[0].residual.is_complete


def test_other_pixels_methods_and_parameters_are_computed_anew(engine):
    keys = {
        prepare(engine, request("gaussian")).key,
        prepare(engine, request("gaussian", settings=(("sigma_mm", 2.0),))).key,
        prepare(engine, request("nlm")).key,
        prepare(engine, request("gaussian", volume=noisy_volume(6, 224, seed=5)[0])).key,
    }
    assert len(keys) == 4


def test_the_factor_is_one_for_the_series_and_the_same_on_every_path(engine):
    enhancement = enhance(engine, request())
    blend = enhancement.provenance().blend
    residual = enhancement.residual_volume()
    step = enhancement.residual.step
    assert residual.provenance.blend == blend
    plane = VOLUME.values[4] + np.float32(blend * step) * residual.values[4]
    np.testing.assert_array_equal(enhancement.volume().values[4], np.rint(plane))


def test_a_survey_is_made_once_for_all_methods(engine):
    first = survey(engine, VOLUME)
    assert survey(engine, VOLUME) is first
    assert prepare(engine, request("nlm")).noise is first.noise


def test_without_flat_regions_strength_is_the_blend_fraction_and_says_so(engine):
    rng = np.random.default_rng(2)
    small = volume_of(rng.integers(90, 110, (2, 20, 20)).astype(np.int16), unit="stored")
    provenance = enhance(engine, request("gaussian", volume=small)).provenance()
    assert provenance.reached is None
    assert provenance.blend == 0.4
    assert any("no flat region" in caution for caution in provenance.cautions)


def test_float_values_stay_float_and_keep_their_fractions(engine):
    values = (TRUTH + 1000.0).astype(np.float32) / 7.0
    volume = volume_of(values, unit="SUVbw")
    enhanced = enhance(engine, request("unsharp", volume=volume)).volume()
    assert enhanced.values.dtype == np.float32
    assert enhanced.unit == "SUVbw"
    assert 0.0 < np.abs(enhanced.values - values).max() < np.ptp(values)


def test_memory_running_short_on_the_device_ends_on_another(models):
    from viewer.enhancement.tiles import PatientRunner

    def open_model(card, device):
        small = SmoothingRunner(room=100, slab=8, device="a small GPU")
        return PatientRunner(small, lambda: SmoothingRunner(device="the CPU"))

    engine = Engine(read_catalogue(models), open_model=open_model)
    enhancement = enhance(engine, request())
    assert enhancement.residual.is_complete
    assert enhancement.provenance().device == "the CPU"


def test_quick_methods_tell_the_first_and_the_last_slab_and_few_between(engine):
    plan = prepare(engine, request("gaussian"))
    batches = []
    run(engine, plan, on_batch=batches.append, every_s=3600)
    assert [int(batch.residual.loaded.sum()) for batch in batches] == [1, 6]


def test_padding_does_not_count_as_input_and_stays_as_it_is(engine):
    mask = np.ones(VOLUME.values.shape, dtype=np.bool_)
    mask[:, :20] = False
    values = VOLUME.values.copy()
    values[~mask] = -3000
    enhanced = enhance(engine, request(volume=volume_of(values, mask=mask))).volume()
    assert enhanced.provenance.input_range[0] > -1200
    np.testing.assert_array_equal(enhanced.values[~mask], values[~mask])


def test_the_audit_of_a_smoothing_filter_finds_more_structure_than_noise_has(engine):
    found = enhance(engine, request("gaussian")).audit()
    assert found.structure > 0.2
    assert found.sd > 5.0


def test_values_that_are_no_numbers_are_refused_before_anything_runs(engine, runners):
    values = VOLUME.values.astype(np.float32)
    values[2, 100, 100] = np.nan
    with pytest.raises(Blocked, match="no numbers"):
        enhance(engine, request(volume=volume_of(values)))
    assert runners == []
