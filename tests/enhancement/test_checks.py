"""Gates: what a method must not run on, what it warns about, and in which words."""

from dataclasses import replace

import numpy as np
import pytest

from tests.enhancement.scenes import noisy_volume, study_of, volume_of
from viewer.core.provenance import MethodKind, Provenance
from viewer.core.volume import derive
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.checks import Candidate, Verdict, age_years, blocks, cautions, check
from viewer.enhancement.conditioning import NoiseProfile, metal_cm3
from viewer.enhancement.model_card import InputRange, Span

VOLUME, _ = noisy_volume(4)


@pytest.fixture(scope="module")
def wanted(tiny_models):
    return read_catalogue(tiny_models).card("tiny").input


def candidate(volume=VOLUME, sd=20.0, frequency=0.3, **facts):
    noise = NoiseProfile(np.full(len(volume.values), sd, np.float32), sd, frequency)
    return Candidate(*study_of(**facts), volume, noise)


def verdicts(gates):
    return {gate.name: gate.verdict for gate in gates if gate.verdict is not Verdict.OK}


def test_a_plain_adult_ct_passes_every_gate(wanted):
    gates = check(candidate(), wanted)
    assert verdicts(gates) == {}
    assert len({gate.name for gate in gates}) == len(gates) >= 12


def test_a_range_that_is_not_on_the_card_is_no_gate():
    gates = check(candidate(kvp=None), InputRange("CT", "HU", noise_sd=Span(4.0, 70.0)))
    names = {gate.name for gate in gates}
    assert "measured noise" in names
    assert not names & {"pixel size", "slice thickness", "noise frequency (grain)", "tube voltage"}
    assert verdicts(gates) == {}


@pytest.mark.parametrize(
    ("facts", "gate", "words"),
    [
        ({"modality": "MR"}, "modality", "made for CT, this series is MR"),
        ({"is_ai": True}, "AI mark", "an AI has processed"),
        (
            {"is_ai": True, "image_type": ("DERIVED", "SECONDARY", "AXIAL", "FILTERED")},
            "AI mark",
            "a filter of Diptych",
        ),
        ({"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "kind", "localizer"),
        ({"image_type": ("DERIVED", "SECONDARY", "MIP")}, "kind", "projection"),
        ({"image_type": ("DERIVED", "SECONDARY", "AXIAL", "MINIP")}, "kind", "projection"),
        ({"image_type": ("DERIVED", "PRIMARY", "PERFUSION")}, "kind", "computed map"),
        ({"image_type": ("DERIVED", "SECONDARY", "SCREEN SAVE")}, "kind", "screen capture"),
        ({"sop_class_uid": "1.2.840.10008.5.1.4.1.1.7.2"}, "kind", "screen capture"),
    ],
)
def test_a_model_is_not_run_on_what_it_was_not_made_for(wanted, facts, gate, words):
    gates = check(candidate(**facts), wanted)
    assert verdicts(gates)[gate] is Verdict.BLOCK
    assert any(words in reason for reason in blocks(gates))


@pytest.mark.parametrize(
    ("facts", "gate", "words"),
    [
        ({"image_type": ("DERIVED", "SECONDARY", "AXIAL")}, "derived", "derived"),
        ({"lossy": "01 (ratio 12)"}, "compression", "lossy compression"),
        ({"age": "012Y"}, "age", "12 years old"),
        ({"age": "007M"}, "age", "1 years old"),
        ({"kvp": 160.0}, "tube voltage", "160 kV"),
        ({"kvp": None}, "tube voltage", "not stated"),
        ({"kernel": "I70f"}, "reconstruction", "kernel I70f"),
        ({"kernel": r"Br38f\3"}, "reconstruction", "iterative"),
        ({"description": "Abdomen AiCE Body"}, "reconstruction", "AiCE"),
        ({"acquisition": (("reconstruction", "ASiR-V 40%"),)}, "reconstruction", "ASiR"),
    ],
)
def test_a_doubt_warns_and_does_not_block(wanted, facts, gate, words):
    gates = check(candidate(**facts), wanted)
    assert verdicts(gates) == {gate: Verdict.WARN}
    assert any(words in caution for caution in cautions(gates))
    assert blocks(gates) == ()


@pytest.mark.parametrize("kernel", ["B30f", "STANDARD", "D", "FC80", "I", "Br38f"])
def test_ordinary_kernels_are_no_hint_of_iterative_reconstruction(wanted, kernel):
    assert verdicts(check(candidate(kernel=kernel), wanted)) == {}


@pytest.mark.parametrize(
    ("sd", "frequency", "expected"),
    [
        (3.6, 0.3, {"measured noise": Verdict.WARN}),
        (2.0, 0.3, {"measured noise": Verdict.BLOCK}),
        (78.0, 0.3, {"measured noise": Verdict.WARN}),
        (200.0, 0.3, {"measured noise": Verdict.BLOCK}),
        (20.0, 0.85, {"noise frequency (grain)": Verdict.WARN}),
        (20.0, 1.5, {"noise frequency (grain)": Verdict.BLOCK}),
        (0.0, 0.0, {"noise": Verdict.BLOCK}),
    ],
)
def test_noise_just_outside_the_trained_range_warns_and_far_outside_blocks(
    wanted, sd, frequency, expected
):
    assert verdicts(check(candidate(sd=sd, frequency=frequency), wanted)) == expected


def test_pixels_of_another_size_than_trained_block(wanted):
    coarse = volume_of(VOLUME.values, spacing_mm=(1.0, 2.0, 2.0))
    gates = check(candidate(coarse), wanted)
    assert verdicts(gates) == {"pixel size": Verdict.BLOCK}
    assert "pixel size 2 mm; the model was trained on 0.3 to 1 mm" in blocks(gates)


def test_thick_slices_warn_and_are_enhanced_one_by_one(wanted):
    thick = volume_of(VOLUME.values, spacing_mm=(7.0, 0.7, 0.7))
    gates = check(candidate(thick, slice_thickness_mm=7.0), wanted)
    assert Verdict.BLOCK not in verdicts(gates).values()
    assert any("each slice is enhanced by itself" in gate.words for gate in gates)


def test_another_unit_blocks(wanted):
    stored = volume_of(VOLUME.values, unit="stored")
    assert verdicts(check(candidate(stored), wanted)) == {"unit": Verdict.BLOCK}


def test_uneven_slices_warn_that_each_is_enhanced_by_itself(wanted):
    uneven = volume_of(VOLUME.values, positions_mm=[0, 1, 2.4, 3.0])
    gates = check(candidate(uneven), wanted)
    assert verdicts(gates) == {"slice steps": Verdict.WARN}
    assert "unevenly spaced: each slice is enhanced by itself" in cautions(gates)[0]


def test_missing_slices_warn_about_the_gap(wanted):
    gap = volume_of(VOLUME.values, positions_mm=[0, 1, 4, 5])
    gates = check(candidate(gap), wanted)
    assert verdicts(gates) == {"slice steps": Verdict.WARN}
    assert "slices are missing" in cautions(gates)[0]


def test_a_volume_that_is_still_loading_blocks_for_models_and_filters(wanted):
    loaded = np.array([True, True, False, True])
    partial = volume_of(VOLUME.values, loaded=loaded)
    for card in (wanted, None):
        gates = check(candidate(partial), card)
        assert blocks(gates) == ("1 of 4 slices are not loaded yet",)


def test_enhanced_pixels_are_not_enhanced_again(wanted):
    provenance = Provenance(
        MethodKind.FILTER, "nlm", "NLM", "1", "", (), 0.4, 0.4, 0.4, (0, 1), (), "CPU", "1", ""
    )
    enhanced = derive(VOLUME, VOLUME.values, provenance)
    for card in (wanted, None):
        assert any(
            "enhanced already" in words for words in blocks(check(candidate(enhanced), card))
        )


def test_filters_run_on_any_acquired_volume_but_not_on_what_an_ai_made():
    mr = candidate(volume_of(VOLUME.values, unit="stored"), modality="MR", kvp=None)
    assert blocks(check(mr, None)) == ()
    assert verdicts(check(candidate(is_ai=True), None)) == {"AI mark": Verdict.BLOCK}


@pytest.mark.parametrize("word", ["LOCALIZER", "MIP", "MINIP"])
def test_filters_warn_of_localizers_and_projections(word):
    gates = check(candidate(image_type=("DERIVED", "SECONDARY", "AXIAL", word)), None)
    assert blocks(gates) == ()
    (words,) = cautions(gates)
    assert "localizer" in words or "projection" in words


@pytest.mark.parametrize(
    ("age", "birth", "date", "years"),
    [
        ("045Y", "", "", 45),
        ("018M", "", "", 1.5),
        ("026W", "", "", 0.5),
        ("000Y", "", "", None),
        ("000Y", "19700101", "20200101", 50.0),
        ("003D", "", "", 0.0),
        ("", "19700601", "20200531", 49.9),
        ("", "19700601", "", None),
        ("unknown", "", "20200101", None),
        ("", "20210101", "20200101", None),
    ],
)
def test_age_comes_from_the_age_or_from_two_dates(age, birth, date, years):
    study, _, _ = study_of(age=age)
    from dataclasses import replace

    found = age_years(replace(study, birth_date=birth, date=date))
    assert found == (None if years is None else pytest.approx(years, abs=0.1))


MR_INPUT = InputRange(
    modality="MR",
    snr=Span(4.0, 70.0),
    spacing_mm=Span(0.3, 1.4),
    noise_frequency_per_pixel=Span(0.09, 0.3),
)


def mr_candidate(signal=400.0, sd=20.0, per_pixel=0.2):
    volume = replace(VOLUME, unit="stored")
    pixel_mm = volume.geometry.spacing_mm[2]
    noise = NoiseProfile(
        np.full(len(volume.values), sd, np.float32), sd, per_pixel / pixel_mm, signal
    )
    return Candidate(*study_of(modality="MR", kvp=None), volume, noise)


def test_mr_of_any_unit_is_judged_by_its_signal_to_noise():
    assert verdicts(check(mr_candidate(), MR_INPUT)) == {}
    gates = check(mr_candidate(signal=40.0), MR_INPUT)
    assert verdicts(gates) == {"measured signal to noise": Verdict.BLOCK}
    assert blocks(gates) == ("measured signal to noise 2; the model was trained on 4 to 70",)


def test_mr_whose_noise_is_too_coarse_is_blocked():
    gates = check(mr_candidate(per_pixel=0.05), MR_INPUT)
    assert verdicts(gates) == {"noise frequency (grain)": Verdict.BLOCK}
    assert "0.05 per pixel" in blocks(gates)[0]


def test_what_a_card_does_not_limit_is_not_asked_for():
    names = {gate.name for gate in check(mr_candidate(), MR_INPUT)}
    assert not names & {"tube voltage", "measured noise", "slice thickness"}


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("CHEST", Verdict.OK),
        ("Abdomen/Pelvis", Verdict.OK),
        ("KNEE", Verdict.WARN),
        ("", None),
        ("WHOLEBODY", None),
    ],
)
def test_a_region_that_was_not_trained_on_warns_where_the_header_names_one(wanted, said, verdict):
    known = replace(wanted, regions=("chest", "abdomen", "head"))
    plain = candidate()
    gates = check(replace(plain, series=replace(plain.series, body_part=said)), known)
    assert {gate.verdict for gate in gates if gate.name == "region"} == ({verdict} - {None})
    if verdict is Verdict.WARN:
        assert any("body part knee; the model was trained on" in one for one in cautions(gates))


def test_metal_warns_with_its_volume(wanted):
    gates = check(replace(candidate(), metal_cm3=4.2), wanted)
    assert verdicts(gates) == {"metal": Verdict.WARN}
    assert any("4.2 cm³ above 3000 HU" in one for one in cautions(gates))


def test_metal_is_what_is_denser_than_a_tooth():
    values = VOLUME.values.copy()
    values[1, 10:20, 10:20] = 3050
    volume = volume_of(values)
    voxel_cm3 = float(np.prod(volume.geometry.spacing_mm)) / 1000
    assert metal_cm3(volume) == pytest.approx(100 * voxel_cm3)
    assert metal_cm3(replace(volume, unit="stored")) == 0.0


def test_values_that_are_no_numbers_are_blocked_for_filters_too(wanted):
    spoilt = replace(candidate(), is_finite=False)
    for known in (wanted, None):
        assert any("no numbers (NaN or infinite)" in one for one in blocks(check(spoilt, known)))
