"""Questions that interrupt, and what they say."""

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QInputDialog,
    QLabel,
    QMessageBox,
    QTextBrowser,
)

from viewer.ui import dialogs


@pytest.fixture
def answer(qapp):
    """Return a function that acts on the next modal dialog once it is open."""
    seen = []

    def on_next(act):
        def look() -> None:
            dialog = QApplication.activeModalWidget()
            if dialog is None:
                QTimer.singleShot(5, look)
                return
            seen.append(dialog)
            act(dialog)

        QTimer.singleShot(0, look)
        return seen

    return on_next


def click(words):
    def act(box: QMessageBox) -> None:
        next(b for b in box.buttons() if b.text() == words).click()

    return act


def test_two_patients_need_a_clear_yes(answer):
    seen = answer(click("Show both patients"))
    assert dialogs.confirm_two_patients(None, "Müller, Anna (4711)", "Beta, Bo (77)")
    assert "Müller, Anna (4711)" in seen[0].text()
    assert "Beta, Bo (77)" in seen[0].text()


def test_the_safe_answer_is_the_default(answer):
    answer(lambda box: box.defaultButton().click())
    assert not dialogs.confirm_two_patients(None, "A", "B")
    answer(lambda box: box.reject())
    assert not dialogs.confirm_two_patients(None, "A", "B")


def test_a_confirmation_names_the_action(answer):
    answer(click("Delete 3 measurements"))
    assert dialogs.confirm(None, "Delete", "They cannot be brought back.", "Delete 3 measurements")
    answer(click("Cancel"))
    assert not dialogs.confirm(None, "Delete", "Sure?", "Delete")


def test_about_says_that_it_is_for_research(qtbot):
    about = dialogs.About("0.1.0", [("GPU", "none found")])
    qtbot.addWidget(about)
    about.show()
    texts = [label.text() for label in about.findChildren(QLabel)]
    assert "For research use only. Not for diagnosis." in texts
    assert "Diptych 0.1.0" in texts
    assert "GPU: none found" in texts


def test_changes_are_shown_as_text(qtbot):
    reading = dialogs.Reading("What is new", "# 0.1\n- Swipe between original and enhanced")
    qtbot.addWidget(reading)
    reading.show()
    shown = reading.findChild(QTextBrowser).toPlainText()
    assert shown.splitlines() == ["0.1", "Swipe between original and enhanced"]


def test_a_text_can_be_asked_for(answer):
    def act(dialog: QInputDialog) -> None:
        dialog.setTextValue("nodule")
        dialog.accept()

    answer(act)
    assert dialogs.ask_text(None, "Arrow", "Text beside the arrow") == "nodule"
    answer(lambda dialog: dialog.reject())
    assert dialogs.ask_text(None, "Arrow", "Text beside the arrow") is None


@pytest.mark.parametrize(
    ("ask", "nothing"),
    [
        (lambda start: dialogs.ask_folder(None, start), ""),
        (lambda start: dialogs.ask_files(None, start), ()),
        (lambda start: dialogs.ask_save(None, "Save", "view.png", "PNG (*.png)"), ""),
    ],
)
def test_choosing_files_is_dark_and_can_be_cancelled(answer, tmp_path, ask, nothing):
    seen = answer(lambda dialog: dialog.reject())
    assert ask(str(tmp_path)) == nothing
    assert isinstance(seen[0], QFileDialog)
    assert seen[0].testOption(QFileDialog.Option.DontUseNativeDialog)
