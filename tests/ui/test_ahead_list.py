"""The queue of what is enhanced ahead, as the reader sees it."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QListWidget, QPushButton

from tests.ui.windows import new_window
from viewer.app.ahead import Ahead, Waiting
from viewer.app.ahead_rules import Rule
from viewer.ui.ahead_list import AheadList, show_queue

ENTRY = Waiting(("1.2@a", 0), ("1", "", ""), "3 Thorax", Rule("nlm", 0.3))
ENTRIES = (
    replace(ENTRY, state=Ahead.READY, fraction=1.0),
    replace(ENTRY, name="4 Head", state=Ahead.RUNNING, fraction=0.25),
    replace(ENTRY, name="5 Scout", state=Ahead.REFUSED, words="This is a localizer."),
)


@pytest.fixture
def listed(qtbot) -> AheadList:
    made = AheadList()
    qtbot.addWidget(made)
    made.show()
    return made


def rows(listed: AheadList) -> list[str]:
    found = listed.findChild(QListWidget)
    return [found.item(place).text() for place in range(found.count())]


def pressable(listed: AheadList, title: str) -> QPushButton:
    return next(one for one in listed.findChildren(QPushButton) if one.text() == title)


def test_every_series_says_what_is_made_of_it_and_where_it_stands(listed):
    listed.set_entries(ENTRIES, is_paused=False)
    assert rows(listed) == [
        "3 Thorax · nlm, strength 30 %: ready",
        "4 Head · nlm, strength 30 %: running, 25 % done",
        "5 Scout · nlm, strength 30 %: refused. This is a localizer.",
    ]


def test_a_method_that_is_applied_as_a_whole_has_no_strength_in_the_list(listed):
    entry = replace(ENTRY, rule=Rule("finer-cubic"))
    listed.set_entries((entry, ENTRY), is_paused=False, has_strength=lambda name: name == "nlm")
    assert rows(listed) == [
        "3 Thorax · finer-cubic: waiting",
        "3 Thorax · nlm, strength 30 %: waiting",
    ]


def test_the_buttons_ask_for_pause_and_clear(listed, qtbot):
    listed.set_entries(ENTRIES, is_paused=False)
    with qtbot.waitSignal(listed.pause_toggled):
        pressable(listed, "Pause").click()
    listed.set_entries(ENTRIES, is_paused=True)
    assert pressable(listed, "Go on").isEnabled()
    with qtbot.waitSignal(listed.clear_asked):
        pressable(listed, "Clear").click()


def test_an_empty_list_says_what_it_is_for(listed):
    listed.set_entries((), is_paused=False)
    assert "Rules in the preferences" in rows(listed)[0]
    assert not pressable(listed, "Clear").isEnabled()


def test_the_status_line_tells_of_the_queue_and_opens_it(qtbot, tmp_path):
    window, _ = new_window(qtbot, tmp_path)
    queue, workspace = window.session.ahead, window.session.workspace
    word = window.status._ahead
    assert word.isHidden()
    queue._entries = {(one.part, one.name): one for one in ENTRIES}
    workspace.ahead_changed.emit()
    assert word.text() == "1 of 3 ready ahead, 1 refused"
    show_queue(window)
    (listed,) = window.findChildren(AheadList)
    assert len(rows(listed)) == 3
    pressable(listed, "Clear").click()
    assert "Rules in the preferences" in rows(listed)[0]
    assert word.isHidden()
    listed.close()
