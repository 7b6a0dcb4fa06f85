"""The study browser: it fills without jumping, finds, opens, and drags."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QImage
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QTreeView

from tests.ui.samples import STUDIES
from viewer.ui import theme
from viewer.ui.browser import (
    EMPTY_TEXT,
    PART_MIME,
    BrowserPart,
    BrowserStudy,
    StudyBrowser,
    part_data,
    part_key,
)
from viewer.ui.browser_rows import BrowserModel, found


@pytest.fixture
def browser(qtbot) -> StudyBrowser:
    made = StudyBrowser()
    qtbot.addWidget(made)
    made.resize(270, 700)
    made.show()
    return made


@pytest.fixture
def filled(browser) -> StudyBrowser:
    browser.set_studies(STUDIES)
    return browser


def tree(browser) -> QTreeView:
    return browser.findChild(QTreeView)


def search(browser) -> QLineEdit:
    return browser.findChild(QLineEdit)


def rows(browser) -> list[str]:
    model = tree(browser).model()
    shown = []
    for i in range(model.rowCount()):
        study = model.index(i, 0)
        shown.append(study.data())
        shown += [model.index(j, 0, study).data() for j in range(model.rowCount(study))]
    return shown


def index_of(browser, key) -> QModelIndex:
    return tree(browser).model().index_of(key)


def test_an_empty_browser_says_what_to_do(browser):
    shown = [label.text() for label in browser.findChildren(QLabel) if label.isVisible()]
    assert EMPTY_TEXT in shown


def test_studies_and_series_are_described_in_words(filled):
    described = rows(filled)
    assert described[0] == "Müller, Anna Maria, 4711-22, 2024-03-02, CT Thorax nativ"
    assert "Series 4, CT, Thorax 1.0 Bl57f, 300 slices" in described
    assert "Series 104, CT, CT denoise S, 300 slices, AI-enhanced" in described
    assert "Series 900, SR, Structured report" in described


def test_the_model_keeps_the_rules_of_its_kind(qtbot):
    model = BrowserModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    first, second = STUDIES
    fewer = replace(first, parts=first.parts[1:])
    turned = replace(first, parts=tuple(reversed(first.parts)))
    for state in ((first,), (second, first), (first, second), (fewer,), (turned, second), ()):
        model.set_studies(state)
        shown = [model.study_at(model.index(i, 0)) for i in range(model.rowCount())]
        assert tuple(shown) == state


def test_filling_goes_on_without_losing_selection_or_place(filled):
    many = tuple(
        BrowserStudy((f"5.{i}", "x", "y"), f"Patient {i:03}", parts=(BrowserPart((f"6.{i}", 0)),))
        for i in range(40)
    )
    filled.set_studies(many)
    filled.select(("6.20", 0))
    view = tree(filled)
    bar = view.verticalScrollBar()
    before = view.visualRect(view.currentIndex()).top()
    offset = bar.value()
    assert offset > 0
    added = BrowserStudy(("7", "x", "y"), "Zoe", parts=(BrowserPart(("7.1", 0)),))
    changed = replace(many[3], description="new words")
    filled.set_studies((*many[:3], changed, *many[4:], added))
    assert view.model().part_at(view.currentIndex()).key == ("6.20", 0)
    assert bar.value() == offset
    assert view.visualRect(view.currentIndex()).top() == before


def test_a_folded_study_stays_folded_while_others_arrive(filled):
    view = tree(filled)
    view.collapse(view.model().index(0, 0))
    filled.set_studies((*STUDIES, replace(STUDIES[1], key=("0", "0", "0"))))
    assert not view.isExpanded(view.model().index(0, 0))
    assert view.isExpanded(view.model().index(2, 0))


@pytest.mark.parametrize(
    ("text", "patients", "series"),
    [
        ("müller", 1, 3),
        ("4711", 1, 3),
        ("2024-03-02", 1, 3),
        ("20240302", 1, 3),
        ("mr", 1, 1),
        ("thorax ct", 1, 2),
        ("structured", 1, 1),
        ("beta mprage", 1, 1),
        ("nobody", 0, 0),
        ("", 2, 4),
    ],
)
def test_search_finds_patient_id_date_modality_and_description(text, patients, series):
    studies = found(STUDIES, text)
    assert len(studies) == patients
    if text != "thorax ct":
        assert sum(len(study.parts) for study in studies) == series


def test_typing_filters_the_list_and_says_so(filled, qtbot):
    with qtbot.waitSignal(filled.search_changed) as signal:
        qtbot.keyClicks(search(filled), "m")
    assert signal.args == ["m"]
    search(filled).setText("mprage")
    assert [row for row in rows(filled) if "Series" in row] == [
        "Series 1, MR, t1_mprage, 176 slices, Gap"
    ]
    search(filled).setText("nobody at all")
    shown = [label.text() for label in filled.findChildren(QLabel) if label.isVisible()]
    assert "No study matches “nobody at all”." in shown


def test_escape_clears_the_search_and_down_enters_the_list(filled, qtbot):
    search(filled).setText("mprage")
    qtbot.keyClick(search(filled), Qt.Key.Key_Down)
    assert tree(filled).currentIndex().isValid()
    qtbot.keyClick(search(filled), Qt.Key.Key_Escape)
    assert search(filled).text() == ""


def test_double_click_and_enter_open_a_part(filled, qtbot):
    view = tree(filled)
    place = view.visualRect(index_of(filled, ("1.4", 0))).center()
    with qtbot.waitSignal(filled.part_activated) as signal:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
        qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert signal.args == [("1.4", 0)]
    filled.select(("9.1", 0))
    with qtbot.waitSignal(filled.part_activated) as signal:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert signal.args == [("9.1", 0)]


def test_arrows_walk_through_the_series(filled, qtbot):
    filled.select(("1.4", 0))
    with qtbot.waitSignal(filled.part_selected) as signal:
        qtbot.keyClick(tree(filled), Qt.Key.Key_Down)
    assert signal.args == [("1.5", 0)]


def test_a_click_folds_and_unfolds_a_study(filled, qtbot):
    view = tree(filled)
    study = view.model().index(0, 0)
    place = view.visualRect(study).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert not view.isExpanded(study)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert view.isExpanded(study)


def test_right_click_asks_for_the_menu_of_a_part(filled, qtbot):
    view = tree(filled)
    place = view.visualRect(index_of(filled, ("1.5", 0))).center()
    with qtbot.waitSignal(filled.part_menu_requested) as signal:
        view.customContextMenuRequested.emit(place)
    assert signal.args[0] == ("1.5", 0)


def test_a_dragged_part_arrives_with_its_key(filled):
    model = tree(filled).model()
    data = model.mimeData([index_of(filled, ("1.5", 0))])
    assert data.hasFormat(PART_MIME)
    assert part_key(data) == ("1.5", 0)
    assert part_key(part_data(("9.8.7", 3))) == ("9.8.7", 3)


def test_only_parts_can_be_dragged(filled):
    model = tree(filled).model()
    assert model.flags(index_of(filled, ("1.4", 0))) & Qt.ItemFlag.ItemIsDragEnabled
    assert not model.flags(model.index(0, 0)) & Qt.ItemFlag.ItemIsDragEnabled


def test_dropped_folders_are_handed_on(browser, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/data/ct"), QUrl("https://example.org/x")])
    modes = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton)
    event = QDropEvent(QPointF(5, 5), *modes, Qt.KeyboardModifier.NoModifier)
    event.setAccepted(False)
    browser.dragEnterEvent(event)
    assert event.isAccepted()
    with qtbot.waitSignal(browser.paths_dropped) as signal:
        browser.dropEvent(event)
    assert signal.args == [("/data/ct",)]


def test_thumbnails_are_wanted_for_what_is_on_the_screen(browser, qtbot):
    many = tuple(
        BrowserStudy((f"5.{i}", "x", "y"), f"P {i}", parts=(BrowserPart((f"6.{i}", 0)),))
        for i in range(40)
    )
    with qtbot.waitSignal(browser.thumbnails_wanted) as signal:
        browser.set_studies(many)
    (keys,) = signal.args
    assert ("6.0", 0) in keys
    assert 2 <= len(keys) < 12
    for key in keys:
        browser.set_thumbnail(key, QImage(56, 56, QImage.Format.Format_RGB32))
    with qtbot.waitSignal(browser.thumbnails_wanted) as signal:
        tree(browser).verticalScrollBar().setValue(600)
    assert not set(keys) & set(signal.args[0])


def picture_of(browser, key) -> np.ndarray:
    view = tree(browser)
    image = view.viewport().grab(view.visualRect(index_of(browser, key))).toImage()
    rgb = image.convertToFormat(QImage.Format.Format_RGBX8888)
    flat = np.frombuffer(rgb.constBits(), np.uint8)
    return flat.reshape(rgb.height(), rgb.width(), 4)[..., :3].copy()


def has_colour(values, colour) -> bool:
    return bool((values == np.array(QColor(colour).getRgb()[:3])).all(axis=2).any())


def test_enhanced_series_are_hatched_in_amber_and_others_are_not(filled):
    white = QImage(QSize(56, 56), QImage.Format.Format_RGB32)
    white.fill(QColor("white"))
    for key in (("1.4", 0), ("1.5", 0)):
        filled.set_thumbnail(key, white)
    assert has_colour(picture_of(filled, ("1.5", 0)), theme.SYNTHETIC)
    assert not has_colour(picture_of(filled, ("1.4", 0)), theme.SYNTHETIC)


def test_warnings_are_marked_with_a_triangle(filled):
    assert has_colour(picture_of(filled, ("9.1", 0)), theme.WARNING)
    assert not has_colour(picture_of(filled, ("1.4", 0)), theme.WARNING)


def test_recent_entries_open_what_they_name(browser, qtbot):
    browser.set_recents([f"/data/study_{i}" for i in range(9)])
    buttons = [b for b in browser.findChildren(QPushButton) if b.toolTip().startswith("/data")]
    assert [b.text() for b in buttons if b.isVisible()] == [f"study_{i}" for i in range(5)]
    with qtbot.waitSignal(browser.recent_activated) as signal:
        buttons[1].click()
    assert signal.args == ["/data/study_1"]


def test_a_new_list_of_recents_replaces_the_old_one(browser, qtbot):
    browser.set_recents(["/data/old"])
    browser.set_recents(["/data/new"])
    qtbot.wait(1)
    tips = [b.toolTip() for b in browser.findChildren(QPushButton) if b.isVisible()]
    assert "/data/new" in tips
    assert "/data/old" not in tips
