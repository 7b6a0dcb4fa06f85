"""The row of tools: one button an entry, states from outside, a menu for what does not fit."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QMenu, QToolButton

from viewer.ui import theme
from viewer.ui.tool_row import ToolEntry, ToolRow

ENTRIES = (
    ToolEntry("tool.window", "Window", "mdi6.contrast-circle", "W", "Tools", True, True),
    ToolEntry("tool.length", "Length", "mdi6.ruler", "L", "Tools", True),
    ToolEntry("view.reset", "Reset", "mdi6.undo", "R", "View"),
    ToolEntry("compare.swipe", "Swipe", "mdi6.swap-horizontal", "Y", "Compare", is_enabled=False),
)


@pytest.fixture
def row(qtbot) -> ToolRow:
    made = ToolRow()
    qtbot.addWidget(made)
    made.set_tools(ENTRIES)
    made.resize(600, 32)
    made.show()
    return made


def test_a_click_names_the_command(row, qtbot):
    with qtbot.waitSignal(row.command_triggered) as signal:
        row.button("view.reset").click()
    assert signal.args == ["view.reset"]


def test_the_state_shown_is_the_programs_and_not_the_clicks(row):
    row.button("tool.length").click()
    assert row.button("tool.window").isChecked()
    assert not row.button("tool.length").isChecked()


def test_tooltips_name_the_key_and_areas_are_large_enough(row):
    assert row.button("tool.length").toolTip() == "Length (L)"
    for entry in ENTRIES:
        made = row.button(entry.id)
        assert made.accessibleName() == entry.title
        assert min(made.width(), made.height()) >= theme.HIT


def test_disabled_entries_cannot_be_chosen(row):
    assert not row.button("compare.swipe").isEnabled()


def test_new_states_keep_the_buttons(row):
    before = row.button("tool.length")
    row.set_tools(tuple(replace(entry, is_enabled=True) for entry in ENTRIES))
    assert row.button("tool.length") is before
    assert row.button("compare.swipe").isEnabled()


def test_what_does_not_fit_is_in_a_menu(row, qtbot):
    row.resize(100, 32)
    shown = [e.id for e in ENTRIES if row.button(e.id).isVisible()]
    assert shown == ["tool.window", "tool.length"]
    menu = row.findChild(QMenu)
    menu.aboutToShow.emit()
    actions = menu.actions()
    assert [a.text() for a in actions] == ["Reset (R)", "Swipe (Y)"]
    assert not actions[1].isEnabled()
    with qtbot.waitSignal(row.command_triggered) as signal:
        actions[0].trigger()
    assert signal.args == ["view.reset"]
    row.layout().activate()
    inside = row.rect()
    visible = [b for b in row.findChildren(QToolButton) if b.isVisible()]
    assert all(inside.contains(b.geometry()) for b in visible)
