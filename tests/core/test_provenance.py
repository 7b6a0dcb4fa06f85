"""The words on derived pixels."""

from dataclasses import replace

import pytest

from viewer.core.provenance import (
    RESEARCH_CAUTION,
    Blinding,
    MethodKind,
    Provenance,
    label_for,
    strength_words,
)

MODEL = Provenance(
    kind=MethodKind.AI,
    method_id="ct-denoise-s",
    method_name="CT denoise S",
    version="1.0",
    weights_sha256="ab" * 32,
    parameters=(("noise", "20"),),
    strength=0.4,
    blend=0.62,
    reached=0.41,
    input_range=(-1024.0, 3071.0),
    source_uids=("1.2.3",),
    device="cpu",
    software_version="0.1.0",
    time="2024-05-06T07:08:09+00:00",
)
FILTER = replace(
    MODEL, kind=MethodKind.FILTER, method_id="tv", method_name="Total variation", reached=None
)


def test_a_model_is_labelled_ai_enhanced_with_name_version_and_strength() -> None:
    label = label_for(MODEL)
    assert label is not None
    assert label.title == "AI-ENHANCED"
    assert "CT denoise S 1.0" in label.detail
    assert "noise −41 %" in label.detail
    assert "not the original" in label.advice


def test_what_a_comparator_made_says_on_the_picture_that_it_is_not_for_reading() -> None:
    label = label_for(replace(MODEL, cautions=("measure on the original", RESEARCH_CAUTION)))
    assert label is not None
    assert label.title == "AI-ENHANCED"
    assert label.advice == "research model: not for reading"


def test_a_filter_is_labelled_filtered_and_never_ai() -> None:
    label = label_for(FILTER)
    assert label is not None
    assert label.title == "FILTERED"
    assert "AI" not in label.title + label.detail
    assert "Total variation" in label.detail


def test_acquired_pixels_have_no_label() -> None:
    assert label_for(None) is None


@pytest.mark.parametrize("provenance", [None, MODEL, FILTER])
def test_a_blinded_session_shows_its_badge_on_both_arms_and_nothing_else(
    provenance: Provenance | None,
) -> None:
    label = label_for(provenance, Blinding("A"))
    assert label is not None
    assert (label.title, label.detail, label.advice) == ("A", "", "")


@pytest.mark.parametrize(
    ("strength", "reached", "words"),
    [
        (0.4, 0.4, "noise −40 %"),
        (0.4, 0.415, "noise −42 %"),
        (0.8, 0.55, "noise −55 % (asked −80 %)"),
        (0.4, None, "blend 40 %"),
        (1.0, None, "blend 100 %"),
    ],
)
def test_the_strength_is_said_as_it_was_reached(
    strength: float, reached: float | None, words: str
) -> None:
    assert strength_words(replace(MODEL, strength=strength, reached=reached)) == words
