"""The audit in the inspector: index beside the red line, a warning above it, places in words."""

from viewer.ui.audit_list import AuditList
from viewer.ui.inspector_rows import audit_state

PLACE = {
    "kind": "only in the original",
    "slice": 34,
    "row": 211,
    "column": 300,
    "lps_mm": (-12.34, 40.0, -120.26),
    "size_sd": 6.24,
    "correlation": 0.0,
}


def facts(structure=0.12, p95=0.1, places=(PLACE,)):
    is_above = p95 is not None and structure > p95
    return {
        "structure": structure,
        "structure_p95": p95,
        "is_above": is_above,
        "places": list(places),
    }


def test_above_the_red_line_it_warns_in_words():
    state = audit_state(facts())
    assert state.index == "Structure index 0.120 · red line 0.100"
    assert "more structure in what was taken away than in 95 % of the validation set" in (
        state.warning
    )


def test_below_the_red_line_or_without_one_it_does_not_warn():
    assert audit_state(facts(structure=-0.3)).warning == ""
    assert audit_state(facts(structure=-0.3)).index == "Structure index −0.300 · red line 0.100"
    assert "no red line for this method" in audit_state(facts(p95=None)).index


def test_a_place_says_what_where_and_how_far():
    (row,) = audit_state(facts()).rows
    assert row.title == "Only in the original"
    assert row.place == "slice 34, row 211, column 300\nLPS −12.3, 40.0, −120.3 mm"
    assert row.figure == "6.2 SD"


def test_a_place_of_a_picture_without_a_patient_has_pixels_alone():
    (row,) = audit_state(facts(places=({**PLACE, "lps_mm": None},))).rows
    assert row.place == "frame 34, row 211, column 300"


def test_it_says_that_it_is_of_full_strength_and_when_nothing_was_found():
    assert "at full strength whatever the strength in use" in audit_state(facts()).note
    assert audit_state(facts(places=())).note == "No place stands out of the noise."
    assert audit_state({}).index == "The residual is being looked at…"


def test_marking_a_place_asks_for_nothing(qtbot):
    made = AuditList()
    qtbot.addWidget(made)
    made.set_state(audit_state(facts(places=(PLACE, {**PLACE, "slice": 2}))))
    chosen = []
    made.place_chosen.connect(chosen.append)
    made.mark(1)
    made.mark(None)
    assert chosen == []
