"""The reading window: what a reader meets from consent to signature, by keys and by mouse."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from tests.study_fake import (
    QUALITY,
    SEARCH,
    FakeSession,
    fake,
    protocol,
    ready,
)
from tests.ui.study_windows import keys, reading_window, settle
from viewer.reader.protocol import DesignKind, EditPolicy, Question, QuestionKind, Timing
from viewer.reader.trials import SessionState
from viewer.ui.study_display import DisplayPage
from viewer.ui.study_questions import AnalogueLine
from viewer.ui.study_steps import ConsentPage, DonePage, SignPage
from viewer.ui.study_window import BANNER, StudyWindow

PAIR = "4\n3\n2\n5\n1\n"
"""Answers to all questions of a pair, Enter after each."""


def page_of(window: StudyWindow, kind: type) -> object:
    page = window.stack.currentWidget()
    assert isinstance(page, kind), page
    return page


def after_training(made=None, **parts) -> FakeSession:
    session = ready(made, **parts)
    session.finished.append("t0")
    return session


def test_a_reader_goes_from_consent_to_signature_with_the_keyboard(
    qtbot: QtBot, tmp_path: Path
) -> None:
    session = fake(protocol(cases=2))
    window = reading_window(qtbot, tmp_path, session)
    consent = page_of(window, ConsentPage)
    consent.reading.verticalScrollBar().setValue(10**6)
    consent.box.setChecked(True)
    keys(qtbot, window, "\n")
    check = page_of(window, DisplayPage)
    for place, disc in enumerate(check.discs):
        check.choose(place, disc.corner)
    check.choose(4, check.blocks.kinds.index("plain"))
    check.luminance.setText("400 cd/m²")
    check.enter()
    keys(qtbot, window, PAIR)
    assert session.named("commit") == ["t0"]
    keys(qtbot, window, "\n" + PAIR)
    assert session.named("commit") == ["t0", "t1"]
    keys(qtbot, window, "2")
    assert session.guessed == {"t1": "B"}
    sign = page_of(window, SignPage)
    sign.passphrase.setText("secret")
    sign.enter()
    assert page_of(window, DonePage).hash.text().startswith("c0ffee")
    assert session.state is SessionState.SIGNED


def test_consent_cannot_be_given_before_the_text_was_read_to_its_end(
    qtbot: QtBot, tmp_path: Path
) -> None:
    session = fake()
    window = reading_window(qtbot, tmp_path, session)
    consent = page_of(window, ConsentPage)
    assert "processed by AI" in consent.words
    assert not consent.box.isEnabled()
    consent.enter()
    assert session.named("consent") == []
    consent.reading.verticalScrollBar().setValue(10**6)
    assert consent.box.isEnabled()


def test_a_display_on_which_a_disc_is_not_seen_does_not_pass(qtbot: QtBot, tmp_path: Path) -> None:
    session = fake(state=SessionState.CONSENTED)
    window = reading_window(qtbot, tmp_path, session)
    check = page_of(window, DisplayPage)
    for place, disc in enumerate(check.discs):
        check.choose(place, 4 if place == 0 else disc.corner)
    check.choose(4, check.blocks.kinds.index("plain"))
    check.luminance.setText("400 cd/m²")
    check.enter()
    assert session.named("display") == []
    assert "3 of 4 discs" in check.problem.text()


def test_the_banner_stands_on_every_page_and_cannot_be_closed(qtbot: QtBot, tmp_path: Path) -> None:
    window = reading_window(qtbot, tmp_path, ready(protocol(cases=1)))
    seen = [window.banner.isVisible()]
    keys(qtbot, window, PAIR)
    seen.append(window.banner.isVisible())
    window.pause()
    seen.append(window.banner.isVisible())
    assert seen == [True] * 3
    assert window.banner.text() == BANNER
    assert not window.banner.findChildren(QLabel)


def test_a_digit_answers_and_is_saved_and_enter_moves_on(qtbot: QtBot, tmp_path: Path) -> None:
    session = ready()
    window = reading_window(qtbot, tmp_path, session)
    keys(qtbot, window, "4")
    (answer,) = session.named("answer")
    assert (answer.question, answer.position, answer.value) == ("sharpness", "A", 4.0)
    assert window.page.form.block("sharpness").accessibleName().endswith("A 4 saved")
    assert "saved" not in window.page.form.block("noise").accessibleName()
    keys(qtbot, window, "\n3")
    assert window.page.form.block("sharpness").accessibleName().endswith("B 3 saved")
    assert dict(session.notes[0].facts)["A.window"] == "40/400"


def test_no_digit_changes_the_window_of_the_images(qtbot: QtBot, tmp_path: Path) -> None:
    window = reading_window(qtbot, tmp_path, ready())
    workspace = window.page._session.workspace
    before = dict(workspace.views)
    keys(qtbot, window, "1234567890")
    assert workspace.views == before
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert workspace.views[0].window != before[0].window
    assert workspace.views[0].window == workspace.views[1].window


def test_an_answer_that_cannot_be_saved_stays_visible_and_can_be_tried_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    session = after_training()
    window = reading_window(qtbot, tmp_path, session)
    keys(qtbot, window, "4\n3\n2\n5\n")
    session.is_full = True
    keys(qtbot, window, "1")
    block = window.page.form.block("preference")
    assert block.accessibleName().endswith("not saved")
    keys(qtbot, window, "\n")
    assert session.named("commit") == []
    session.is_full = False
    window.page.form._refusal.retry.click()
    assert block.accessibleName().endswith("1 saved")
    keys(qtbot, window, "\n")
    assert session.named("commit") == ["t1"]


def test_a_trial_cannot_be_left_while_something_is_missing(qtbot: QtBot, tmp_path: Path) -> None:
    session = after_training()
    window = reading_window(qtbot, tmp_path, session)
    assert not window.page.form._next.isEnabled()
    keys(qtbot, window, "4\n\n\n\n\n\n")
    assert session.named("commit") == []
    assert "needs an answer" in window.page.form._notice.text()


def test_feedback_follows_the_answers_of_a_training_case(qtbot: QtBot, tmp_path: Path) -> None:
    session = ready()
    window = reading_window(qtbot, tmp_path, session)
    keys(qtbot, window, PAIR)
    assert "vessels were blurred" in window.page.form._feedback.text()
    assert session.named("shown") == ["t0"]
    keys(qtbot, window, "1")
    assert len(session.named("answer")) == 5
    keys(qtbot, window, "\n")
    assert session.named("shown") == ["t0", "t1"]
    assert window.page.form._feedback.text() == ""


def test_the_progress_counts_cases(qtbot: QtBot, tmp_path: Path) -> None:
    session = after_training(protocol(cases=4))
    window = reading_window(qtbot, tmp_path, session)
    assert window.page._done.text() == "Case 1 of 3"
    keys(qtbot, window, PAIR)
    assert window.page._done.text() == "Case 2 of 3"


def test_backspace_goes_back_within_what_the_edit_policy_allows(
    qtbot: QtBot, tmp_path: Path
) -> None:
    session = after_training(protocol(cases=3, editing=EditPolicy.UNTIL_SESSION_END))
    session.finished.remove("t0")
    session.finished.append("t0")
    window = reading_window(qtbot, tmp_path, session)
    keys(qtbot, window, PAIR + "<")
    assert session.named("shown") == ["t1", "t2", "t1"]
    strict = after_training(protocol(cases=3))
    other = reading_window(qtbot, tmp_path, strict)
    keys(qtbot, other, PAIR + "<")
    assert strict.named("shown") == ["t1", "t2"]
    assert "does not allow" in other.page.form._notice.text()


def test_images_are_hidden_while_the_reader_pauses(qtbot: QtBot, tmp_path: Path) -> None:
    session = ready()
    window = reading_window(qtbot, tmp_path, session)
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert not window.page.grid.isVisible()
    keys(qtbot, window, "4")
    assert session.named("answer") == []
    keys(qtbot, window, "\n4")
    assert len(session.named("answer")) == 1


def test_a_case_that_cannot_be_read_is_left_with_a_reason(qtbot: QtBot, tmp_path: Path) -> None:
    session = after_training()
    window = reading_window(qtbot, tmp_path, session)
    window.page.ask_reason("skip")
    window.page.reason.enter()
    assert session.named("skip") == []
    window.page.reason.reason.setText("motion")
    window.page.reason.enter()
    settle(qtbot, window)
    assert session.named("skip") == [("t1", "motion")]
    assert session.named("shown") == ["t1", "t2"]


def search(**parts) -> FakeSession:
    return after_training(protocol(SEARCH, kind=DesignKind.SEARCH), shown=1, **parts)


def test_a_click_places_a_mark_and_a_digit_its_confidence(qtbot: QtBot, tmp_path: Path) -> None:
    session = search()
    window = reading_window(qtbot, tmp_path, session)
    (view,) = window.page.grid.shown
    place = view.rect().center() + QPoint(40, 20)
    expected = view.pointing.to_mm(place.toPointF())
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    assert session.named("answer") == []
    keys(qtbot, window, "3")
    (answer,) = session.named("answer")
    assert answer.marks[0].point_mm == pytest.approx(expected)
    assert answer.marks[0].confidence == 3.0
    assert [shape.lines for shape in view.picture().shapes] == [("1: 3",)]


def test_a_drag_windows_the_image_and_places_no_mark(qtbot: QtBot, tmp_path: Path) -> None:
    session = search()
    window = reading_window(qtbot, tmp_path, session)
    (view,) = window.page.grid.shown
    centre = view.rect().center()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=centre)
    QTest.mouseMove(view, centre + QPoint(60, 0))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=centre + QPoint(60, 0))
    assert window._reading.form.pending is None
    assert view.state.window != search().study.protocol.cases[0].window


def test_a_mark_is_erased_and_gone_to_from_the_list(qtbot: QtBot, tmp_path: Path) -> None:
    session = search()
    window = reading_window(qtbot, tmp_path, session)
    (view,) = window.page.grid.shown
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.rect().center())
    keys(qtbot, window, "4")
    mark = session.named("answer")[0].marks[0]
    QTest.keyClick(window, Qt.Key.Key_Home)
    assert view.state.focus_mm[2] == 0.0
    window.page.form.mark_wanted.emit(("lesions", ""), mark.id)
    assert view.state.focus_mm[2] == pytest.approx(mark.point_mm[2])
    window.page.form.mark_erased.emit(("lesions", ""), mark.id)
    assert session.named("answer")[-1].is_empty
    assert view.picture().shapes == ()


def test_no_lesion_is_said_with_one_key(qtbot: QtBot, tmp_path: Path) -> None:
    session = search()
    window = reading_window(qtbot, tmp_path, session)
    keys(qtbot, window, "x\n1\n")
    assert session.named("answer")[0].is_empty
    assert session.named("commit") == ["t1"]


def test_text_and_numbers_take_digits_for_themselves(qtbot: QtBot, tmp_path: Path) -> None:
    fields = (
        Question("mm", QuestionKind.NUMBER, "Size", unit="mm", is_per_arm=False),
        Question("why", QuestionKind.TEXT, "Why", is_per_arm=False),
    )
    session = after_training(protocol((*fields, QUALITY[2])))
    window = reading_window(qtbot, tmp_path, session)
    keys(qtbot, window, "1")
    keys(qtbot, window, "2\n3\n5\n")
    given = {a.question: (a.value, a.text) for a in session.named("answer")}
    assert given == {"mm": (12.0, ""), "why": (None, "3"), "preference": (2.0, "")}
    assert session.named("commit") == ["t1"]


def test_a_case_that_cannot_be_opened_yet_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    from viewer.core.errors import IllegalTransition

    session = after_training()

    def refused(_trial: object) -> None:
        raise IllegalTransition("Period 2 opens on 2026-12-24.")

    session.loading = refused  # type: ignore[method-assign, assignment]
    window = reading_window(qtbot, tmp_path, session)
    assert "Period 2 opens" in window.interlude.text.text()


def test_losing_the_keyboard_to_another_window_is_noted(qtbot: QtBot, tmp_path: Path) -> None:
    from PySide6.QtCore import QEvent

    session = ready()
    window = reading_window(qtbot, tmp_path, session)
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowDeactivate))
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    assert session.named("note") == ["focus lost", "focus back"]


def test_long_words_of_choices_are_shown_whole(qtbot: QtBot, tmp_path: Path) -> None:
    long = "Severe: the image cannot be used for the question that was asked of it at all"
    question = replace(
        QUALITY[0], choices=(*QUALITY[0].choices[:4], replace(QUALITY[0].choices[4], text=long))
    )
    window = reading_window(qtbot, tmp_path, after_training(protocol((question,))))
    labels = [one for one in window.page.form.findChildren(QLabel) if one.text() == long]
    assert labels[0].height() >= labels[0].heightForWidth(labels[0].width())


def test_images_go_away_when_the_time_of_a_case_is_over(qtbot: QtBot, tmp_path: Path) -> None:
    made = replace(protocol(), timing=Timing(limit_s=0.05))
    session = after_training(made)
    window = reading_window(qtbot, tmp_path, session)
    qtbot.waitUntil(lambda: not window.page.grid.isVisible())
    assert session.named("note") == ["time limit"]
    keys(qtbot, window, "4")
    assert len(session.named("answer")) == 1


def test_an_unsaved_answer_is_not_closed_away_without_a_word(qtbot: QtBot, tmp_path: Path) -> None:
    session = after_training()
    window = reading_window(qtbot, tmp_path, session)
    session.is_full = True
    keys(qtbot, window, "4")
    assert not window.close()
    assert "not saved" in window.page.form._notice.text()
    assert window.close()


def test_a_consent_text_that_fits_can_be_agreed_to_without_scrolling(qtbot: QtBot):
    page = ConsentPage("Study", "A short text.", is_blinded=True)
    qtbot.addWidget(page)
    page.resize(900, 700)
    page.show()
    qtbot.waitUntil(page.box.isEnabled)


def test_a_long_consent_text_must_be_scrolled_to_its_end(qtbot: QtBot):
    page = ConsentPage("Study", "A line.\n" * 200, is_blinded=True)
    qtbot.addWidget(page)
    page.resize(900, 700)
    page.show()
    qtbot.wait(50)
    assert not page.box.isEnabled()
    bar = page.reading.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert page.box.isEnabled()


def test_a_disc_is_found_by_a_click_in_its_corner_or_a_digit(qtbot: QtBot) -> None:
    from viewer.ui.study_pattern import FIELD

    check = DisplayPage(asks_luminance=False, seed=2)
    qtbot.addWidget(check)
    found: list[object] = []
    check.checked.connect(found.append)
    check.show()
    for disc in check.discs[:2]:
        x, y = disc.corner % 2 * FIELD // 2 + 20, disc.corner // 2 * FIELD // 2 + 20
        QTest.mouseClick(disc, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
    for disc in check.discs[2:]:
        QTest.keyClick(disc, str(disc.corner + 1))
    check.choose(4, check.blocks.kinds.index("plain"))
    check.enter()
    assert dict(found[0])["contrast"] == "4 of 4"


def test_lines_of_the_display_check_are_one_device_pixel_wide(qtbot: QtBot) -> None:
    from viewer.ui.study_pattern import LineBlocks

    blocks = LineBlocks(("upright", "level", "plain"))
    qtbot.addWidget(blocks)
    image = blocks.grab().toImage()
    greys = [image.pixelColor(x, 40).value() for x in range(20, 28)]
    assert greys in ([0, 255] * 4, [255, 0] * 4)


def test_a_drag_over_a_lesion_marks_an_ellipse_where_the_study_asks_for_one(
    qtbot: QtBot, tmp_path: Path
) -> None:
    area = replace(SEARCH[0], mark_shape="ellipse")
    session = after_training(protocol((area,), kind=DesignKind.SEARCH), shown=1)
    window = reading_window(qtbot, tmp_path, session)
    (view,) = window.page.grid.shown
    before = view.state
    start, end = view.rect().center(), view.rect().center() + QPoint(40, 20)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    keys(qtbot, window, "2")
    (mark,) = session.named("answer")[0].marks
    mm = view.request.mm_per_pixel
    assert mark.half_axes_mm == pytest.approx((20 * mm, 10 * mm))
    assert view.state == before
    assert [len(shape.points) for shape in view.picture().shapes] == [4]


def test_a_place_on_an_analogue_line_is_chosen_by_the_mouse(qtbot: QtBot, tmp_path: Path) -> None:
    line = Question("vas", QuestionKind.ANALOGUE, "Quality", ends=("worst", "best"))
    session = after_training(protocol((line,)), shown=1)
    window = reading_window(qtbot, tmp_path, session)
    (drawn,) = window.page.form.findChildren(AnalogueLine)
    middle = QPoint(10 + (drawn.width() - 20) // 4, 12)
    QTest.mouseClick(drawn, Qt.MouseButton.LeftButton, pos=middle)
    assert session.named("answer")[0].value == pytest.approx(25.0, abs=1.0)


def test_a_click_on_a_choice_answers_for_its_image(qtbot: QtBot, tmp_path: Path) -> None:
    session = after_training()
    window = reading_window(qtbot, tmp_path, session)
    block = window.page.form.block("sharpness")
    buttons = {one.accessibleName(): one for one in block.findChildren(QPushButton)}
    buttons["Sharpness of vessel edges of image B: Good"].click()
    (answer,) = session.named("answer")
    assert (answer.position, answer.value) == ("B", 4.0)
    assert window._reading.form.active == ("sharpness", "B")


def test_a_break_is_offered_between_blocks(qtbot: QtBot, tmp_path: Path) -> None:
    session = after_training(protocol(cases=3))
    trials = session.sitting.trials
    session.sitting.trials = (*trials[:2], replace(trials[2], block=2))
    window = reading_window(qtbot, tmp_path, session)
    keys(qtbot, window, PAIR)
    assert "Block 1 is done" in window.interlude.text.text()
    assert session.named("shown") == ["t1"]
    keys(qtbot, window, "\n")
    assert session.named("shown") == ["t1", "t2"]


def test_images_that_cannot_be_read_are_said_and_tried_again(qtbot: QtBot, tmp_path: Path) -> None:
    from tests.study_fake import Shelf
    from viewer.core.errors import DiptychError

    shelf = Shelf()
    load = shelf.load

    def broken(token: str) -> object:
        if not shelf.taken:
            shelf.taken.append(token)
            raise DiptychError("The image is damaged.")
        return load(token)

    shelf.load = broken  # type: ignore[method-assign, assignment]
    session = after_training()
    window = reading_window(qtbot, tmp_path, session, shelf)
    assert "The image is damaged" in window.interlude.text.text()
    keys(qtbot, window, "\n")
    assert session.named("shown") == ["t1"]


def test_a_full_disk_between_cases_is_said_and_can_be_tried_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    from viewer.core.errors import UnsavedAnswer

    session = after_training()
    kept = session.shown

    def full(_what: object, *_more: object) -> None:
        raise UnsavedAnswer("The disk is full.")

    session.shown = full  # type: ignore[method-assign, assignment]
    window = reading_window(qtbot, tmp_path, session)
    assert "disk is full" in window.interlude.text.text()
    session.shown = kept  # type: ignore[method-assign]
    keys(qtbot, window, "\n" + PAIR[:-1])
    session.note = full  # type: ignore[method-assign, assignment]
    session.commit, commit = full, session.commit  # type: ignore[method-assign, assignment]
    keys(qtbot, window, "\n")
    assert "disk is full" in window.page.form._notice.text()
    session.commit = commit  # type: ignore[method-assign]
    keys(qtbot, window, "\n")
    assert session.named("commit") == ["t1"]
    assert window.close()
