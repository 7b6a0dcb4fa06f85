"""Finding commands by a few letters."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit

from viewer.ui.command_palette import CommandPalette, match_score, ranked
from viewer.ui.shortcut_sheet import MOUSE, ShortcutSheet, sections


@dataclass(frozen=True)
class Row:
    id: str
    title: str
    keys: str = ""
    menu: str = "View"
    is_enabled: bool = True


COMMANDS = (
    Row("file.open", "Open folder…", "Ctrl+O", "File"),
    Row("view.reset", "Reset the view", "R"),
    Row("compare.residual", "Residual: enhanced minus original", "N", "Compare"),
    Row("enhance", "Enhance this series", "E", "Enhance"),
    Row("compare.swipe", "Swipe between original and enhanced", "Y", "Compare", False),
)


def ids(query, commands=COMMANDS):
    return [command.id for command in ranked(query, commands)]


def test_without_letters_every_command_is_listed_what_works_first():
    assert ids("") == ["file.open", "view.reset", "compare.residual", "enhance", "compare.swipe"]


def test_a_word_start_comes_before_a_word_middle():
    assert ids("enh")[0] == "enhance"


def test_initials_find_a_command():
    assert "view.reset" in ids("rtv")
    assert ids("of")[0] == "file.open"


def test_the_menu_helps_to_find():
    assert ids("file open") == ["file.open"]


def test_what_does_not_make_sense_now_comes_last():
    assert ids("original")[-1] == "compare.swipe"


def test_letters_that_do_not_occur_find_nothing():
    assert ids("zzq") == []


@given(text=st.text("abc de", min_size=1, max_size=20), data=st.data())
def test_letters_taken_in_order_always_match(text, data):
    letters = [c for c in text if c != " "]
    picked = [c for c in letters if data.draw(st.booleans())]
    assert match_score("".join(picked), text) is not None


@pytest.fixture
def palette(qtbot) -> CommandPalette:
    made = CommandPalette()
    qtbot.addWidget(made)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    made.set_commands(COMMANDS)
    made.show()
    return made


def field(widget) -> QLineEdit:
    return widget.findChild(QLineEdit)


def test_typing_and_enter_run_the_best_match(palette, qtbot):
    qtbot.keyClicks(field(palette), "resid")
    assert palette.shown()[0] == "compare.residual"
    with qtbot.waitSignal(palette.command_triggered) as signal:
        qtbot.keyClick(field(palette), Qt.Key.Key_Return)
    assert signal.args == ["compare.residual"]
    assert not palette.isVisible()


def test_arrows_move_the_mark_while_typing_goes_on(palette, qtbot):
    qtbot.keyClick(field(palette), Qt.Key.Key_Down)
    qtbot.keyClick(field(palette), Qt.Key.Key_Down)
    qtbot.keyClick(field(palette), Qt.Key.Key_Up)
    with qtbot.waitSignal(palette.command_triggered) as signal:
        qtbot.keyClick(field(palette), Qt.Key.Key_Return)
    assert signal.args == ["view.reset"]


def test_a_command_that_makes_no_sense_now_is_not_run(palette, qtbot):
    qtbot.keyClicks(field(palette), "swipe between")
    with qtbot.assertNotEmitted(palette.command_triggered):
        qtbot.keyClick(field(palette), Qt.Key.Key_Return)
    assert palette.isVisible()


def test_nothing_found_is_said_in_words(palette, qtbot):
    qtbot.keyClicks(field(palette), "zzzz")
    assert palette.shown() == (None,)
    with qtbot.assertNotEmitted(palette.command_triggered):
        qtbot.keyClick(field(palette), Qt.Key.Key_Return)


def test_the_sheet_lists_every_key_by_menu_and_the_mouse():
    shown = dict(sections(COMMANDS, MOUSE))
    assert shown["Mouse and held keys"] == MOUSE
    assert shown["Compare"] == (
        ("N", "Residual: enhanced minus original"),
        ("Y", "Swipe between original and enhanced"),
    )


def test_the_sheet_can_be_searched(qtbot):
    assert sections(COMMANDS, MOUSE, "residual") == (
        ("Compare", (("N", "Residual: enhanced minus original"),)),
    )
    sheet = ShortcutSheet()
    qtbot.addWidget(sheet)
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    sheet.set_commands(COMMANDS)
    sheet.show()
    field(sheet).setText("nothing like it")
    qtbot.wait(1)
    texts = [label.text() for label in sheet.findChildren(QLabel) if label.isVisible()]
    assert texts == ["No key fits “nothing like it”."]
