"""A study file while it is edited."""

from pathlib import Path

import pytest

from tests.journeys.noisy import write_noisy_ct
from viewer.app.drafting import Draft
from viewer.core.errors import UnreadableFile, WrongUsage
from viewer.reader.study_file import parsed


@pytest.fixture(params=[".toml", ".json"])
def draft(request: pytest.FixtureRequest, tmp_path: Path) -> Draft:
    """A saved draft from a template with two cases, in TOML and in JSON."""
    made = Draft.from_template("likert")
    for number in (1, 2):
        made.add(("cases",), {"id": f"C{number}", "path": f"c{number}"})
    made.save(tmp_path / f"study{request.param}")
    return made


def test_a_template_with_cases_is_right_and_reads_back(draft: Draft):
    assert draft.checked().faults == ()
    assert not draft.is_changed
    again = Draft.read(draft.path)
    assert again.text == draft.text
    assert again.value(("cases", 1, "path")) == "c2"


def test_values_are_set_taken_away_and_made_in_new_tables(draft: Draft):
    draft.set(("study", "title"), "Another")
    draft.set(("version",), 2)
    draft.set(("amendment",), "a reason")
    draft.set(("timing", "idle_s"), 30.0)
    draft.set(("design", "block_trials"), None)
    draft.set(("questions", 0, "choices"), ["low", "high"])
    draft.set(("cases", 0, "strata"), {"vendor": 'A "quoted" one'})
    draft.set(("questions", 1, "show_if"), {"question": "sharpness", "values": [1, 2]})
    draft.set(("study", "consent"), "Two\nlines")
    assert draft.is_changed
    checked = draft.checked()
    assert checked.faults == ()
    protocol = checked.protocol
    assert (protocol.study.title, protocol.version, protocol.timing.idle_s) == ("Another", 2, 30.0)
    assert protocol.design.block_trials == 0
    assert [choice.text for choice in protocol.questions[0].choices] == ["low", "high"]
    assert protocol.questions[1].show_if.values == (1, 2)
    assert protocol.cases[0].strata == (("vendor", 'A "quoted" one'),)
    assert protocol.study.consent == "Two\nlines"


def test_entries_are_added_moved_and_taken_away(draft: Draft):
    position = draft.add(("readers",), {"code": "R9", "name": "Ninth"})
    assert position == draft.count(("readers",)) - 1 == 3
    assert draft.move(("readers",), 3, -1) == 2
    assert draft.move(("readers",), 0, -1) == 0
    draft.remove(("readers",), 0)
    assert [one["code"] for one in draft.value(("readers",))] == ["R2", "R9", "R3"]
    endpoint = {"measure": "noise", "arm": "Q", "control": "P"}
    draft.set(("analysis",), None)
    draft.add(("analysis", "endpoints"), endpoint)
    assert draft.checked().protocol.analysis.endpoints[0].measure == "noise"


def test_comments_of_a_file_stay():
    draft = Draft.from_template("likert")
    draft.set(("design", "washout_days"), 7)
    draft.set(("study", "owner"), "Somebody")
    assert "# neutral codes: they stand in the data, never on the screen" in draft.text
    assert "washout_days = 7" in draft.text
    assert parsed(draft.text)[0] is None  # no cases yet


def test_faults_are_those_of_the_file(draft: Draft):
    draft.set(("questions", 0, "kind"), "likard")
    (fault,) = draft.checked().faults
    assert fault.place == "questions[1].kind"


def test_series_become_cases_with_ids_that_are_free(tmp_path: Path):
    for number in range(2):
        write_noisy_ct(tmp_path / "images" / str(number), series=f"s{number}")
    draft = Draft.from_template("likert")
    with pytest.raises(WrongUsage, match="Save it first"):
        draft.add_cases((tmp_path / "images",))
    draft.add(("cases",), {"id": "C001", "path": "somewhere"})
    draft.save(tmp_path / "study.toml")
    assert draft.add_cases((tmp_path / "images",)) == 2
    assert [case["id"] for case in draft.value(("cases",))] == ["C001", "C002", "C003"]
    assert draft.value(("cases", 1, "path")).startswith("images/")
    draft.set(("design", "gap_trials"), 0)
    assert draft.checked().faults == ()


def test_a_file_of_another_kind_keeps_what_it_says(draft: Draft, tmp_path: Path):
    before = draft.checked().protocol
    other = tmp_path / ("other.json" if not draft.is_json else "other.toml")
    draft.save(other)
    assert Draft.read(other).checked().protocol == before
    with pytest.raises(WrongUsage, match=r"\.toml or \.json"):
        draft.save(tmp_path / "study.txt")


@pytest.mark.parametrize(("name", "text"), [("a.toml", "[study\n"), ("a.json", "[1, 2]")])
def test_what_cannot_be_edited_is_said(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text)
    with pytest.raises(UnreadableFile):
        Draft.read(tmp_path / name)
