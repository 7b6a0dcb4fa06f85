"""One reader's sitting: its steps, the images before they are shown, answers, and time."""

from dataclasses import replace
from typing import Any

import pytest

from tests.study_fake import FakeSession, Shelf, fake, protocol, ready
from viewer.app.jobs import Jobs
from viewer.app.reading import Reading, Step
from viewer.core.errors import DiptychError
from viewer.reader.protocol import Design, DesignKind, EditPolicy
from viewer.reader.trials import SessionState
from viewer.reader.watch import PAUSED, READING, UNFOCUSED, total_s

S = 1_000_000_000


class Clock:
    """A monotonic clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += round(seconds * S)


class Later:
    """Runs jobs when the test says so, in the order of their submission."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def jobs(self) -> Jobs:
        return Jobs(self.waiting.append, is_inline=True)

    def run(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


def made(session: FakeSession, clock: Clock | None = None) -> tuple[Reading, Shelf]:
    shelf = Shelf()
    jobs = Jobs(lambda call: call(), is_inline=True)
    return (Reading(session, shelf.load, jobs, clock or Clock()), shelf)  # type: ignore[arg-type]


def opened(session: FakeSession, clock: Clock | None = None) -> tuple[Reading, Shelf]:
    reading, shelf = made(session, clock)
    reading.open(lambda: None, pytest.fail)
    reading.presented()
    return (reading, shelf)


def answer_all(reading: Reading) -> None:
    for key in ("4", "Enter", "3", "Enter", "2", "Enter", "5", "Enter", "1"):
        reading.press(key)


def test_the_steps_follow_each_other_from_consent_to_the_end() -> None:
    session = fake(protocol(cases=2))
    reading, _ = made(session)
    steps = [reading.step]
    session.consent("00")
    steps.append(reading.step)
    session.display_checked(())
    for _case in range(2):
        steps.append(reading.step)
        reading.open(lambda: None, pytest.fail)
        reading.presented()
        answer_all(reading)
        reading.finish()
    steps.append(reading.step)
    reading.open_guess(lambda: None, pytest.fail)
    reading.guess("B")
    steps.append(reading.step)
    session.sign("secret", "I did it")
    steps.append(reading.step)
    assert steps == list(Step)


def test_without_a_required_display_check_reading_begins_after_consent() -> None:
    made_protocol = protocol()
    check = replace(made_protocol.display_check, is_required=False)
    session = fake(replace(made_protocol, display_check=check), state=SessionState.CONSENTED)
    assert made(session)[0].step is Step.TRAINING


def test_an_open_label_study_asks_for_no_guess() -> None:
    session = ready(protocol(cases=1, is_blinded=False))
    session.finished.append("t0")
    assert made(session)[0].step is Step.SIGN


def test_both_images_are_there_before_the_trial_is_ready() -> None:
    later, session, shelf, seen = Later(), ready(), Shelf(), []
    reading = Reading(session, shelf.load, later.jobs(), Clock())  # type: ignore[arg-type]
    reading.open(
        lambda: seen.append(len(reading.shown.images) if reading.shown else 0), pytest.fail
    )
    assert seen == []
    later.run()
    assert seen == [2]


def test_the_next_trial_is_loaded_ahead_once_this_one_is_on_the_screen() -> None:
    session = ready()
    reading, shelf = made(session)
    reading.open(lambda: None, pytest.fail)
    assert shelf.taken == ["0-0", "0-1"]
    reading.presented()
    assert shelf.taken == ["0-0", "0-1", "1-0", "1-1"]
    answer_all(reading)
    reading.finish()
    reading.open(lambda: None, pytest.fail)
    assert shelf.taken == ["0-0", "0-1", "1-0", "1-1"]


def test_loading_ahead_is_no_event_of_the_record() -> None:
    session = ready()
    opened(session)
    assert session.named("loading") == ["t0"]


def test_images_are_loaded_in_the_order_of_the_positions_and_kept_for_no_other_trial() -> None:
    session = ready()
    again = replace(session.sitting.trials[1], shown=("0-1", "0-0"))
    session.sitting.trials = (session.sitting.trials[0], again)
    _, shelf = opened(session)
    assert shelf.taken == ["0-0", "0-1", "0-1", "0-0"]


def test_images_that_cannot_be_read_are_told_and_can_be_tried_again() -> None:
    session, told = ready(), []
    shelf = Shelf()

    def broken(token: str) -> Any:
        if len(shelf.taken) < 1:
            shelf.taken.append(token)
            raise DiptychError("The image is damaged.")
        return shelf.load(token)

    jobs = Jobs(lambda call: call(), is_inline=True)
    reading = Reading(session, broken, jobs, Clock())  # type: ignore[arg-type]
    reading.open(lambda: None, told.append)
    assert [message.what for message in told] == ["The image is damaged."]
    reading.open(lambda: None, pytest.fail)
    assert reading.shown is not None


def test_an_answer_is_saved_when_the_record_has_it_and_not_before() -> None:
    session = ready()
    reading, _ = opened(session)
    session.is_full = True
    reading.press("4")
    assert not reading.is_saved(("sharpness", "A"))
    assert "disk is full" in reading.refusal
    assert reading.form.answer(("sharpness", "A")) is not None
    session.is_full = False
    reading.retry()
    assert reading.is_saved(("sharpness", "A"))
    assert reading.refusal == ""


def test_a_trial_cannot_be_left_while_an_answer_is_unsaved() -> None:
    session = ready()
    reading, _ = opened(session)
    answer_all(reading)
    assert reading.can_leave
    session.is_full = True
    reading.press("2")
    assert not reading.can_leave


def test_time_of_an_answer_that_was_not_stored_goes_with_the_next_try() -> None:
    clock, session = Clock(), ready()
    reading, _ = opened(session, clock)
    clock.wait(5)
    session.is_full = True
    reading.press("4")
    session.is_full = False
    clock.wait(2)
    reading.retry()
    assert total_s(tuple(session.spans), READING) == 7


def test_an_answer_that_may_not_be_changed_goes_back_to_what_is_stored() -> None:
    session = ready(protocol(editing=EditPolicy.NEVER))
    reading, _ = opened(session)
    reading.press("4")
    effect = reading.press("2")
    assert "cannot be changed" in effect.notice
    answer = reading.form.answer(("sharpness", "A"))
    assert answer is not None
    assert answer.value == 4.0


def test_answers_of_an_interrupted_trial_are_in_the_form_again() -> None:
    session = ready()
    opened(session)[0].press("4")
    reading, _ = opened(session)
    assert reading.is_saved(("sharpness", "A"))
    assert reading.form.active == ("sharpness", "B")


def test_time_begins_with_the_first_frame_and_is_kept_apart_by_kind() -> None:
    clock, session = Clock(), ready()
    reading, _ = made(session, clock)
    reading.open(lambda: None, pytest.fail)
    clock.wait(100)
    reading.presented()
    clock.wait(4)
    reading.focus(is_here=False)
    clock.wait(30)
    reading.focus(is_here=True)
    clock.wait(3)
    reading.pause()
    clock.wait(600)
    reading.resume()
    clock.wait(1)
    answer_all(reading)
    reading.finish()
    spans = tuple(session.spans)
    assert [total_s(spans, kind) for kind in (READING, UNFOCUSED, PAUSED)] == [8, 30, 600]
    assert session.named("note") == ["focus lost", "focus back"]
    assert [name for name, _ in session.calls if name in ("pause", "resume")] == ["pause", "resume"]


def test_feedback_is_there_after_a_training_case_only() -> None:
    session = ready()
    reading, _ = opened(session)
    answer_all(reading)
    assert reading.finish() == "The vessels were blurred."
    reading.open(lambda: None, pytest.fail)
    reading.presented()
    answer_all(reading)
    assert reading.finish() == ""


def test_a_break_is_due_after_a_block_and_after_long_reading() -> None:
    clock = Clock()
    design = Design(DesignKind.PAIRED, break_minutes=45)
    session = ready(replace(protocol(cases=4), design=design))
    trials = session.sitting.trials
    session.sitting.trials = (*trials[:3], replace(trials[3], block=2))
    session.finished.append("t0")
    reading, _ = opened(session, clock)
    answer_all(reading)
    reading.finish()
    assert reading.break_words == ""
    reading.open(lambda: None, pytest.fail)
    reading.presented()
    answer_all(reading)
    reading.finish()
    assert "Block 1 is done" in reading.break_words


def test_long_reading_without_a_break_is_said() -> None:
    clock, session = Clock(), ready(protocol(cases=3))
    session.finished.append("t0")
    reading, _ = opened(session, clock)
    for _minute in range(46):
        clock.wait(59)
        reading.touch()
    clock.wait(59)
    answer_all(reading)
    reading.finish()
    assert "reading for 46 minutes" in reading.break_words
    reading.rested()
    assert reading.break_words == ""


def test_going_back_is_asked_of_the_record() -> None:
    session = ready(protocol(cases=3, editing=EditPolicy.UNTIL_SESSION_END))
    session.finished.append("t0")
    reading, _ = opened(session)
    answer_all(reading)
    reading.finish()
    reading.open(lambda: None, pytest.fail)
    reading.presented()
    assert reading.back(lambda: None, pytest.fail)
    reading.presented()
    assert reading.trial is not None
    assert reading.trial.id == "t1"
    assert reading.can_leave
    assert not made(ready())[0].session.previous(session.sitting.trials[0])


def test_labels_come_back_before_the_break_is_noted() -> None:
    session = ready()
    reading, _ = opened(session)
    order: list[str] = []
    reading.break_blinding("patient at risk", lambda: order.append(str(session.named("break"))))
    assert order == ["[]"]
    assert session.named("break") == [("t0", "patient at risk")]


def test_closing_in_the_middle_of_a_trial_is_noted() -> None:
    session = ready()
    reading, _ = opened(session)
    reading.close()
    assert session.named("note") == ["window closed"]


def test_guesses_go_over_every_trial_that_counts() -> None:
    session = ready(protocol(cases=4))
    session.finished += ["t0", "t1", "t2", "t3"]
    reading, shelf = made(session)
    reading.open_guess(lambda: None, pytest.fail)
    reading.presented_guess()
    assert shelf.taken == ["1-0", "1-1", "2-0", "2-1"]
    reading.guess("A")
    reading.guess_rest_unknown()
    assert session.guessed == {"t1": "A", "t2": "", "t3": ""}
    assert reading.step is Step.SIGN
