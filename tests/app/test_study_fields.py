"""Fields of a study file: all that the schema knows, written as people write it and read back."""

import json

import pytest

from viewer.app.study_fields import KINDS, FieldKind, fields_of, idle_fields
from viewer.core.places import data_folder

SCHEMA = json.loads((data_folder("resources") / "study.schema.json").read_text(encoding="utf-8"))
PARTS_OF_THEIR_OWN = {"endpoints", "schema_version"}


def named(part: str, name: str):
    return next(one for one in fields_of(part) if one.name == name)


@pytest.mark.parametrize("part", [part for part in KINDS if part not in ("", "endpoints")])
def test_everything_that_the_schema_knows_can_be_filled_in(part: str):
    rule = SCHEMA["properties"][part]
    known = set(rule.get("items", rule)["properties"]) - PARTS_OF_THEIR_OWN
    if part == "arms":
        known -= {"version", "weights_sha256"}
    assert {one.name for one in fields_of(part)} == known
    assert all(one.help for one in fields_of(part) if one.kind is FieldKind.LINES)


def test_the_file_itself_has_its_own_few():
    assert [one.name for one in fields_of("")] == ["version", "amendment", "editing"]


def test_defaults_are_told():
    assert named("design", "washout_days").default == "28"
    assert named("questions", "is_required").default == "yes"
    assert named("", "editing").default == "until_next"
    assert named("readers", "name").is_needed


@pytest.mark.parametrize(
    ("part", "name", "value", "text"),
    [
        ("questions", "choices", ["bad", "good"], "bad\ngood"),
        (
            "questions",
            "choices",
            [{"value": -1.0, "text": "A"}, {"value": 1.0, "text": "B"}],
            "-1: A\n1: B",
        ),
        ("cases", "strata", {"vendor": "A", "age": "60-69"}, "vendor = A\nage = 60-69"),
        ("arms", "settings", {"size": 2.0}, "size = 2"),
        (
            "cases",
            "lesions",
            [{"id": "L", "centre_mm": [1.0, 2.5, -3.0], "radius_mm": 4.0, "weight": 2.0}],
            "L 1.0 2.5 -3.0 4.0 2.0",
        ),
        ("cases", "window", [40.0, 400.0], "40 400"),
        ("questions", "ends", ["worst", "best"], "worst\nbest"),
        ("questions", "show_if", {"question": "quality", "values": [1.0, 2.0]}, "quality: 1 2"),
        ("analysis", "subgroups", ["vendor", "age"], "vendor\nage"),
        ("analysis", "alpha", 0.05, "0.05"),
        ("design", "gap_trials", 3, "3"),
    ],
)
def test_values_are_written_in_lines_and_read_back(part: str, name: str, value, text: str):
    field = named(part, name)
    assert field.told(value) == text
    assert field.read(text) == value


@pytest.mark.parametrize(
    ("part", "name", "text"),
    [
        ("cases", "lesions", "L 1 2 3"),
        ("cases", "strata", "vendor"),
        ("questions", "show_if", "quality 1"),
        ("design", "gap_trials", "3.5"),
        ("analysis", "alpha", "small"),
    ],
)
def test_what_is_written_wrongly_is_said(part: str, name: str, text: str):
    with pytest.raises(ValueError, match="Write"):
        named(part, name).read(text)


def test_fields_that_mean_nothing_for_a_kind_of_question_are_idle_unless_they_say_something():
    assert "ends" in idle_fields("questions", {"kind": "likert"})
    assert "choices" not in idle_fields("questions", {"kind": "likert"})
    assert "ends" not in idle_fields("questions", {"kind": "likert", "ends": ["a", "b"]})
    assert idle_fields("questions", {"kind": "number"}) >= {"choices", "ends", "mark_shape"}
    assert idle_fields("arms", {}) == {"strength", "settings"}
    assert idle_fields("cases", {"is_training": True}) == frozenset()
    assert idle_fields("design", {}) == frozenset()
