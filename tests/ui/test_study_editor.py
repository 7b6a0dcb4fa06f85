"""The editor of a study: what hands change stands in the file, faults beside it, and the lock."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from tests.journeys.noisy import write_noisy_ct
from viewer.app.drafting import Draft, arm_methods
from viewer.app.jobs import Jobs
from viewer.reader.record import open_study
from viewer.ui.study_editor import StudyEditor
from viewer.ui.study_editor_pages import ListPage, PartPage
from viewer.ui.study_locking import LockDialog

METHODS = (("gaussian", "Gaussian"), ("ct-denoise-s", "CT denoising"))


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """A draft of two cases with their images, saved."""
    made = Draft.from_template("likert")
    made.set(("arms", 1, "method"), "gaussian")
    made.set(("design", "gap_trials"), 0)
    for number in (1, 2):
        write_noisy_ct(tmp_path / f"c{number}", series=f"s{number}", seed=number)
        made.add(("cases",), {"id": f"C{number}", "path": f"c{number}"})
    made.save(tmp_path / "study.toml")
    return made


@pytest.fixture
def editor(qtbot: QtBot, draft: Draft) -> StudyEditor:
    return shown(qtbot, draft)


def shown(qtbot: QtBot, draft: Draft) -> StudyEditor:
    made = StudyEditor(draft, Jobs(lambda call: call(), is_inline=True), METHODS)
    qtbot.addWidget(made, before_close_func=kept)
    made.resize(1200, 800)
    made.show()
    return made


def kept(editor: StudyEditor) -> None:
    """Have nothing to ask about at the end of a test."""
    editor.draft._saved = editor.draft.text


def part(editor: StudyEditor, name: str) -> PartPage:
    page = editor.page(name)
    assert isinstance(page, PartPage)
    editor.turn_to(name)
    return page


def entries(editor: StudyEditor, name: str) -> ListPage:
    page = editor.page(name)
    assert isinstance(page, ListPage)
    editor.turn_to(name)
    return page


def typed(qtbot: QtBot, control: QLineEdit, text: str) -> None:
    control.clear()
    qtbot.keyClicks(control, text)


def test_what_is_typed_stands_in_the_file(qtbot: QtBot, editor: StudyEditor, draft: Draft):
    title = part(editor, "Study").form("study").row("title").control
    assert isinstance(title, QLineEdit)
    assert title.text() == "Image quality by five-point scales"
    typed(qtbot, title, "Another")
    assert draft.value(("study", "title")) == "Another"
    consent = part(editor, "Study").form("study").row("consent").control
    assert isinstance(consent, QPlainTextEdit)
    consent.setPlainText("I agree.\nGladly.")
    assert draft.value(("study", "consent")) == "I agree.\nGladly."
    days = part(editor, "Design").form("design").row("washout_days").control
    typed(qtbot, days, "7")
    assert draft.value(("design", "washout_days")) == 7
    typed(qtbot, days, "")
    days.clear()
    guess = part(editor, "Blinding").form("blinding").row("asks_guess").control
    assert isinstance(guess, QCheckBox)
    guess.setChecked(False)
    assert draft.value(("blinding", "asks_guess")) is False
    editor.check()
    assert editor.verdict.text().startswith("Valid: 2 cases")
    assert editor.windowTitle().endswith("study.toml* - Diptych")


def test_a_number_that_is_none_is_said_and_does_not_reach_the_file(
    qtbot: QtBot, editor: StudyEditor, draft: Draft
):
    row = part(editor, "Design").form("design").row("gap_trials")
    typed(qtbot, row.control, "many")
    assert row.problem.isVisible()
    assert "whole number" in row.problem.text()
    assert draft.value(("design", "gap_trials")) == 0


def test_choices_of_a_part_are_chosen_and_switch_what_is_shown(editor: StudyEditor, draft: Draft):
    page = entries(editor, "Questions")
    page.choose(1)
    kind = page.form.row("kind").control
    assert isinstance(kind, QComboBox)
    assert page.form.row("choices").control.isVisible()
    assert not page.form.row("ends").control.isVisible()
    kind.setCurrentIndex(kind.findData("number"))
    kind.activated.emit(kind.currentIndex())
    assert draft.value(("questions", 1, "kind")) == "number"
    assert page.form.row("least").control.isVisible()
    assert page.form.row("choices").control.isVisible()  # it still says something
    method = entries(editor, "Arms").form.row("method").control
    assert [method.itemData(place) for place in range(method.count())][:2] == ["", "gaussian"]


def test_a_fault_is_beside_its_field_at_its_entry_and_in_the_list_that_leads_there(
    editor: StudyEditor, draft: Draft
):
    draft.set(("questions", 2, "choices"), ["one", "two"])
    draft.set(("questions", 2, "kind"), "equivalence")
    editor.refresh()
    assert editor.faults.count() == 1
    assert not editor._lock.isEnabled()
    editor._go_to(editor.faults.item(0))
    page = editor.page("Questions")
    assert editor.stack.currentWidget() is page
    assert page.position == 2
    assert "centred on 0" in page.form.row("choices").problem.text()
    assert page.form.row("choices").problem.isVisible()
    assert not page.entries.item(2).icon().isNull()
    assert page.entries.item(1).icon().isNull()
    assert not editor.names.currentItem().icon().isNull()


def test_a_fault_of_an_endpoint_leads_to_it(editor: StudyEditor, draft: Draft):
    draft.set(("analysis", "endpoints", 3, "arm"), "nobody")
    editor.check()
    editor._go_to(editor.faults.item(0))
    assert editor.names.currentItem().text().startswith("Endpoints")
    assert editor.page("Endpoints").position == 3


def test_entries_come_go_and_change_places(editor: StudyEditor, draft: Draft):
    page = entries(editor, "Readers")
    page.add.click()
    assert page.position == 3
    assert draft.value(("readers", 3, "code")) == "R4"
    editor.check()
    assert editor.names.item(3).text() == "Readers  4"
    page._up.click()
    assert [one["code"] for one in draft.value(("readers",))] == ["R1", "R2", "R4", "R3"]
    assert page.position == 2
    page._remove.click()
    assert [one["code"] for one in draft.value(("readers",))] == ["R1", "R2", "R3"]
    page.choose(0)
    assert not page._up.isEnabled()


def test_every_series_of_a_folder_becomes_a_case(
    editor: StudyEditor, draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in (7, 8):
        write_noisy_ct(tmp_path / "more" / str(number), series=f"s{number}", seed=number)
    monkeypatch.setattr("viewer.ui.dialogs.ask_folder", lambda *_: str(tmp_path / "more"))
    editor.add_images()
    assert draft.count(("cases",)) == 4
    assert editor.page("Cases").position == 2
    assert editor.faults.count() == 0
    told: list[str] = []
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr("viewer.ui.dialogs.ask_folder", lambda *_: str(tmp_path / "empty"))
    monkeypatch.setattr("viewer.ui.dialogs.tell", lambda *words: told.append(words[2]))
    editor.add_images()
    assert told
    assert draft.count(("cases",)) == 4


def test_a_new_study_is_asked_for_its_name_and_saved(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    editor = shown(qtbot, Draft.from_template("preference"))
    monkeypatch.setattr("viewer.ui.dialogs.ask_save", lambda *_: "")
    assert not editor.save()
    monkeypatch.setattr("viewer.ui.dialogs.ask_save", lambda *_: str(tmp_path / "new.toml"))
    assert editor.save()
    assert (tmp_path / "new.toml").read_text() == editor.draft.text
    monkeypatch.setattr("viewer.ui.dialogs.ask_save", lambda *_: str(tmp_path / "new.txt"))
    other = shown(qtbot, Draft.from_template("preference"))
    told: list[str] = []
    monkeypatch.setattr("viewer.ui.dialogs.tell", lambda *words: told.append(words[2]))
    assert not other.save()
    assert ".toml or .json" in told[0]


@pytest.mark.parametrize("choice", [True, False, None])
def test_changes_are_asked_about_before_they_are_lost(
    editor: StudyEditor, draft: Draft, monkeypatch: pytest.MonkeyPatch, choice: bool | None
):
    monkeypatch.setattr("viewer.ui.dialogs.ask_keep", lambda *_: choice)
    draft.set(("study", "title"), "Changed")
    assert editor.close() == (choice is not None)
    assert ("Changed" in draft.path.read_text()) == (choice is True)


def test_a_draft_is_locked_from_its_editor(qtbot: QtBot, editor: StudyEditor, tmp_path: Path):
    editor.lock()
    dialog = editor.findChild(LockDialog)
    dialog.first.setText("a long passphrase")
    dialog.again.setText("another one")
    dialog.go.click()
    assert "differ" in dialog.said.text()
    dialog.again.setText("a long passphrase")
    dialog.log.setText(str(tmp_path / "log"))
    dialog.go.click()
    assert dialog.said.text().startswith("Locked: 12 trials, 4 images")
    with qtbot.waitSignal(editor.locked) as told:
        dialog.go.click()
    (path,) = told.args
    assert path == tmp_path / "study-locked" / "study.study"
    with open_study(path) as record:
        assert record.second_log.parent == tmp_path / "log"


def test_why_a_lock_fails_is_said_and_it_can_be_tried_again(
    editor: StudyEditor, draft: Draft, tmp_path: Path
):
    draft.set(("cases", 1, "path"), "nowhere")
    editor.lock()
    dialog = editor.findChild(LockDialog)
    dialog.first.setText("a long passphrase")
    dialog.again.setText("a long passphrase")
    dialog.go.click()
    assert "C2 are not there" in dialog.said.text()
    assert dialog.go.isEnabled()
    dialog.reject()
    assert not (tmp_path / "study-locked").exists()


def test_methods_for_arms_are_those_that_keep_the_slices():
    found = dict(arm_methods())
    assert "ct-denoise-s" in found
    assert not any(name.startswith("finer") for name in found)


def test_fields_can_be_reached_by_the_keyboard(editor: StudyEditor):
    page = part(editor, "Design")
    for row in (page.form("design").row("kind"), page.form("design").row("gap_trials")):
        assert row.control.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert row.control.accessibleName()
