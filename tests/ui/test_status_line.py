"""Messages with their history, and jobs with cancel."""

import pytest
from PySide6.QtWidgets import QDialog, QLabel, QListWidget, QProgressBar, QToolButton

from viewer.app.messages import Message, Severity, info, warning
from viewer.ui.status_line import HISTORY_KEPT, StatusLine


@pytest.fixture
def line(qtbot) -> StatusLine:
    made = StatusLine()
    qtbot.addWidget(made)
    made.resize(900, 36)
    made.show()
    return made


def named(line, name) -> QLabel:
    return next(label for label in line.findChildren(QLabel) if label.accessibleName() == name)


def test_a_message_is_shown_with_words_for_its_severity(line):
    line.show_message(warning("3 files could not be read.", "", "Open the list."))
    assert named(line, "Last message").text() == "3 files could not be read. Open the list."
    assert named(line, "Warning").pixmap().width() > 0
    line.show_message(Message(Severity.ERROR, "The disk is full."))
    assert named(line, "Last message").property("severity") == "error"
    assert named(line, "Error").pixmap().width() > 0


def test_a_long_message_is_shortened_and_whole_in_the_tooltip(line):
    words = "The folder could not be read because it is not there any more. " * 5
    line.show_message(Message(Severity.ERROR, words))
    shown = named(line, "Last message")
    assert shown.text().endswith("…")
    assert shown.fontMetrics().horizontalAdvance(shown.text()) <= shown.width()
    assert words in shown.toolTip()


def test_the_history_keeps_messages_the_latest_first(line, qtbot):
    for i in range(HISTORY_KEPT + 5):
        line.show_message(info(f"Message {i}."))
    assert len(line.messages) == HISTORY_KEPT
    with qtbot.waitSignal(line.history_opened):
        line.show_history()
    history = line.findChild(QDialog)
    rows = history.findChild(QListWidget)
    assert rows.count() == HISTORY_KEPT
    assert f"Message {HISTORY_KEPT + 4}." in rows.item(0).text()
    history.close()


def test_jobs_show_progress_and_can_be_cancelled(line, qtbot):
    line.set_jobs((("7", "Enhancing", 0.25, "75 of 300 slices"), ("8", "Indexing", 0.0, "")))
    bar = line.findChild(QProgressBar)
    assert bar.isVisible()
    assert bar.value() == 250
    texts = [label.text() for label in line.findChildren(QLabel)]
    assert "+ 1 waiting" in texts
    assert any("75 of 300 slices" in label.toolTip() for label in line.findChildren(QLabel))
    cancel = next(
        b for b in line.findChildren(QToolButton) if b.accessibleName() == "Cancel Enhancing"
    )
    with qtbot.waitSignal(line.cancel_requested) as signal:
        cancel.click()
    assert signal.args == ["7"]
    line.set_jobs(())
    assert not bar.isVisible()
