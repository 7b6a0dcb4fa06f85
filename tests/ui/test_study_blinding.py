"""While blinded nothing but the pixels of the images differs between the arms."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from tests.study_fake import Shelf, protocol, ready
from tests.ui.study_windows import keys, reading_window, settle
from viewer.core.arrays import UInt8Array
from viewer.reader.protocol import DesignKind
from viewer.ui.study_window import StudyWindow

ARM_WORDS = (
    "denois",
    "enhanced",
    "filtered",
    "original",
    "test-",
    "noise −",
    "synthetic",
    "derived",
)
"""What would give an arm away: names of methods and of what they do, and words of the label."""


def pixels(image: QImage) -> UInt8Array:
    """Return an image as [row, column, 4]."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    values = np.frombuffer(plain.constBits(), dtype=np.uint8)
    return values.reshape(plain.height(), plain.width(), 4).copy()


def picture(window: StudyWindow) -> UInt8Array:
    return pixels(window.grab().toImage())


def without_images(window: StudyWindow, values: UInt8Array) -> UInt8Array:
    """Return the picture of a window with the areas of its views black."""
    made = values.copy()
    for view in window.page.grid.shown:
        place = QRect(view.mapTo(window, view.rect().topLeft()), view.size())
        made[place.top() : place.bottom() + 1, place.left() : place.right() + 1] = 0
    return made


def furniture(window: StudyWindow) -> UInt8Array:
    """Return what is drawn in the views over black pixels: all that is not the image itself."""
    drawn = []
    for view in window.page.grid.shown:
        view._drawn = None
        view.update()
        drawn.append(pixels(view.grab().toImage()))
    return np.concatenate(drawn, axis=1)


def two_windows(qtbot: QtBot, home: Path, shown: int) -> list[StudyWindow]:
    """Return windows on one case that differ only in which image is the enhanced one."""
    made = protocol(kind=DesignKind.PAIRED if shown == 2 else DesignKind.SINGLE)
    derived = [("0-0",), ("0-1",)] if shown == 2 else [("0-0",), ("none",)]
    return [
        reading_window(qtbot, home, ready(made, shown), Shelf(derived=which)) for which in derived
    ]


@pytest.mark.parametrize("shown", [1, 2])
def test_everything_outside_the_images_is_the_same_to_the_byte(
    qtbot: QtBot, tmp_path: Path, shown: int
) -> None:
    first, second = two_windows(qtbot, tmp_path, shown)
    pictures = [picture(window) for window in (first, second)]
    assert not np.array_equal(*pictures)
    a, b = (without_images(w, p) for w, p in zip((first, second), pictures, strict=True))
    assert np.array_equal(a, b)


@pytest.mark.parametrize("shown", [1, 2])
def test_what_is_drawn_over_the_images_is_the_same_to_the_byte(
    qtbot: QtBot, tmp_path: Path, shown: int
) -> None:
    first, second = two_windows(qtbot, tmp_path, shown)
    for window in (first, second):
        view = window.page.grid.shown[0]
        QTest.mouseMove(view, view.rect().center())
    corners = [
        [view.picture().corners for view in window.page.grid.shown] for window in (first, second)
    ]
    assert corners[0] == corners[1]
    labels = [
        [view.picture().pixels.label for view in window.page.grid.shown]
        for window in (first, second)
    ]
    assert labels[0] == labels[1]
    assert np.array_equal(furniture(first), furniture(second))


def words_of(window: StudyWindow) -> list[str]:
    """Return every text that a widget of the window, or its menu, holds."""
    menu = QMenu(window)
    window.page.tools.fill_menu(menu)
    found = []
    for widget in (window, *window.findChildren(QWidget)):
        found += [widget.windowTitle(), widget.toolTip(), widget.statusTip(), widget.whatsThis()]
        found += [widget.accessibleName(), widget.accessibleDescription(), widget.objectName()]
        for name in ("text", "title", "placeholderText", "toPlainText"):
            if callable(read := getattr(widget, name, None)):
                found.append(str(read()))
        found += [action.text() + action.toolTip() for action in widget.actions()]
    return [words for words in found if words]


def test_no_widget_names_an_arm_or_a_method(qtbot: QtBot, tmp_path: Path) -> None:
    for window in two_windows(qtbot, tmp_path, 2):
        keys(qtbot, window, "4\n3")
        told = words_of(window)
        assert len(told) > 50
        assert not [words for words in told for arm in ARM_WORDS if arm in words.lower()]


def test_both_windows_hold_the_same_words(qtbot: QtBot, tmp_path: Path) -> None:
    first, second = two_windows(qtbot, tmp_path, 2)
    assert words_of(first) == words_of(second)


def test_images_are_loaded_in_one_order_whichever_is_enhanced(qtbot: QtBot, tmp_path: Path) -> None:
    shelves = [Shelf(derived=("0-0",)), Shelf(derived=("0-1",))]
    for shelf in shelves:
        window = reading_window(qtbot, tmp_path, ready(), shelf)
        keys(qtbot, window, "4\n3\n2\n5\n1\n\n")
    assert shelves[0].taken == shelves[1].taken == ["0-0", "0-1", "1-0", "1-1", "2-0", "2-1"]


def test_no_key_copies_saves_or_prints_an_image(qtbot: QtBot, tmp_path: Path) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.clear()
    window = reading_window(qtbot, tmp_path, ready())
    control = Qt.KeyboardModifier.ControlModifier
    for key in (Qt.Key.Key_C, Qt.Key.Key_X, Qt.Key.Key_S, Qt.Key.Key_T, Qt.Key.Key_A):
        QTest.keyClick(window, key, control)
        QTest.keyClick(window.page.grid.active, key, control)
    assert clipboard.image().isNull()
    assert clipboard.text() == ""
    titles = " ".join(action.text() for action in window.page.actions()).lower()
    assert not [w for w in ("copy", "export", "tags", "save", "print", "report") if w in titles]


def test_no_value_under_the_pointer_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    window = reading_window(qtbot, tmp_path, ready())
    view = window.page.grid.shown[0]
    QTest.mouseMove(view, view.rect().center())
    assert view.picture().corners.bottom_right == ("W 400  L 40",)


def test_nothing_can_be_dropped_on_the_images(qtbot: QtBot, tmp_path: Path) -> None:
    window = reading_window(qtbot, tmp_path, ready())
    assert [view.acceptDrops() for view in window.page.grid.shown] == [False, False]


def test_an_emergency_break_brings_the_labels_back_before_it_is_noted(
    qtbot: QtBot, tmp_path: Path
) -> None:
    session = ready()
    session.finished.append("t0")
    window = reading_window(qtbot, tmp_path, session)
    seen: list[bool] = []

    def noted(trial: object, reason: str) -> None:
        labels = [view.picture().pixels.label for view in window.page.grid.shown]
        seen.append(any(label is not None and not label.is_badge for label in labels))

    session.break_blinding = noted  # type: ignore[method-assign]
    QTest.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    window.page.reason.enter()
    assert seen == []
    window.page.reason.reason.setText("patient at risk")
    window.page.reason.enter()
    assert seen == [True]


def test_the_next_case_is_blinded_again_after_a_break(qtbot: QtBot, tmp_path: Path) -> None:
    session = ready(protocol(cases=3))
    session.finished.append("t0")
    window = reading_window(qtbot, tmp_path, session)
    window.page.ask_reason("break")
    window.page.reason.reason.setText("patient at risk")
    window.page.reason.enter()
    keys(qtbot, window, "4\n3\n2\n5\n1\n")
    settle(qtbot, window)
    titles = [view.picture().pixels.label.title for view in window.page.grid.shown]
    assert titles == ["Study image A", "Study image B"]


def test_an_open_label_study_keeps_the_usual_label(qtbot: QtBot, tmp_path: Path) -> None:
    window = reading_window(qtbot, tmp_path, ready(protocol(is_blinded=False)))
    labels = [view.picture().pixels.label for view in window.page.grid.shown]
    assert labels[0] is None
    assert labels[1] is not None
    assert labels[1].title.startswith("AI")
