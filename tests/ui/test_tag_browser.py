"""The tree of DICOM attributes and its search."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QTreeWidget

from viewer.ui.tag_browser import TagBrowser

ROWS = (
    (0, "(0008,0005)", "CS", "Specific Character Set", "ISO_IR 100"),
    (0, "(0008,1140)", "SQ", "Referenced Image Sequence", "1 item"),
    (1, "item 1", "", "", ""),
    (2, "(0008,1150)", "UI", "Referenced SOP Class UID", "1.2.840.10008.5.1.4.1.1.2"),
    (0, "(0010,0010)", "PN", "Patient's Name", "MÜLLER^ANNA"),
    (0, "(0028,0010)", "US", "Rows", "512"),
)


@pytest.fixture
def browser(qtbot) -> TagBrowser:
    made = TagBrowser()
    qtbot.addWidget(made)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    made.set_tags("/data/ct/1.dcm", ROWS)
    made.show()
    return made


def tree(browser) -> QTreeWidget:
    return browser.findChild(QTreeWidget)


def search(browser, text):
    browser.findChild(QLineEdit).setText(text)


def test_rows_are_nested_by_their_depth(browser):
    shown = tree(browser)
    assert shown.topLevelItemCount() == 4
    sequence = shown.topLevelItem(1)
    assert sequence.child(0).child(0).text(1) == "Referenced SOP Class UID"


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("rows", ("(0028,0010)",)),
        ("00280010", ("(0028,0010)",)),
        ("0010,0010", ("(0010,0010)",)),
        ("müller", ("(0010,0010)",)),
        ("1150", ("(0008,1140)", "item 1", "(0008,1150)")),
        ("no such thing", ()),
        ("", tuple(row[1] for row in ROWS)),
    ],
)
def test_search_finds_tag_name_and_value_and_keeps_what_holds_them(browser, text, tags):
    search(browser, text)
    assert browser.shown() == tags


def test_the_number_found_is_said(browser):
    search(browser, "rows")
    assert any(x.text() == "1 of 6 tags" for x in browser.findChildren(QLabel))


def test_marked_rows_can_be_copied(browser, qtbot):
    tree(browser).topLevelItem(3).setSelected(True)
    qtbot.keyClick(browser, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "(0028,0010)\tRows\tUS\t512"


def test_long_values_stay_on_one_line(browser):
    browser.set_tags("x", [(0, "(0008,0005)", "LT", "Text", "line\nline " * 200)])
    shown = tree(browser).topLevelItem(0).text(3)
    assert "\n" not in shown
    assert len(shown) <= 301


def test_ten_thousand_tags_are_searched_to_the_last(browser):
    rows = [(i % 3, f"(0008,{i:04})", "LO", "Name", "value") for i in range(10_000)]
    browser.set_tags("x", rows)
    search(browser, "9999")
    assert browser.shown()[-1] == "(0008,9999)"
