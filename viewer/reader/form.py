"""The form of a trial as a value: what shows, what is active, and what a key does to it."""

import math
from dataclasses import dataclass, replace

from viewer.reader.asked import Place, is_asked, places_of
from viewer.reader.protocol import Question, QuestionKind
from viewer.reader.trials import Answer, MarkPlaced

ONE_OF = frozenset(
    {
        QuestionKind.LIKERT,
        QuestionKind.EQUIVALENCE,
        QuestionKind.CHOICE,
        QuestionKind.PREFERENCE,
        QuestionKind.FORCED_CHOICE,
    }
)
"""Kinds that take one of their choices."""

NOT_SET = 50.0
"""Where a visual analogue scale starts when an arrow key reaches it first."""


@dataclass(frozen=True, slots=True)
class Row:
    """A question as it is asked once: of one image ("A", "B"), or of the pair or single image."""

    question: Question
    position: str = ""

    @property
    def place(self) -> Place:
        """What tells rows apart."""
        return (self.question.id, self.position)


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one trial: its questions, the answers so far and the row that keys go to.

    `pending` is a lesion mark that waits for its confidence, and `mark` the mark in hand.
    """

    questions: tuple[Question, ...]
    positions: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    active: Place = ("", "")
    pending: MarkPlaced | None = None
    mark: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that show now, in order."""
        current = {(answer.question, answer.position): answer for answer in self.answers}
        return tuple(
            Row(question, place[1])
            for question in self.questions
            for place in places_of(question, self.positions)
            if is_asked(self.questions, place, self.positions, current)
        )

    def row(self, place: Place) -> Row | None:
        """Return the row at a place, None where it does not show."""
        return next((row for row in self.rows if row.place == place), None)

    @property
    def active_row(self) -> Row | None:
        """The row that keys go to; the first one where the active one does not show."""
        return self.row(self.active) or next(iter(self.rows), None)

    def answer(self, place: Place) -> Answer | None:
        """Return the current answer at a place."""
        found = (a for a in self.answers if (a.question, a.position) == place)
        return next(found, None)

    @property
    def missing(self) -> tuple[Row, ...]:
        """Required rows without an answer, in order."""
        return tuple(row for row in self.rows if row.question.is_required and not self.has(row))

    def has(self, row: Row) -> bool:
        """Tell whether a row is answered: "no answer" counts where it may be said."""
        answer = self.answer(row.place)
        return answer is not None and (not answer.is_empty or can_be_empty(row.question))

    @property
    def is_complete(self) -> bool:
        """True when the trial may be left: nothing is missing and no mark waits."""
        return not self.missing and self.pending is None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a key did: the form after it, an answer to store, and a wish to leave the trial.

    `leaves` is "next", "back" or ""; `notice` says in words why nothing happened.
    """

    form: Form
    answer: Answer | None = None
    leaves: str = ""
    notice: str = ""


def can_be_empty(question: Question) -> bool:
    """Tell whether "no answer" may be said: of optional questions, and of marks ("no lesion")."""
    return not question.is_required or question.kind is QuestionKind.MARKS


def key_of(question: Question, place: int) -> str:
    """Return the digit of a choice, "" beyond the tenth.

    It is the value where all values are whole numbers from 0 to 9, else its place from 1.
    """
    values = [choice.value for choice in question.choices]
    if all(value in range(10) for value in values):
        return str(int(values[place]))
    return str(place + 1) if place < 9 else ""


def choice_at(question: Question, key: str) -> int | None:
    """Return which choice a digit stands for."""
    keys = [key_of(question, place) for place in range(len(question.choices))]
    return keys.index(key) if key in keys else None


def with_answer(form: Form, answer: Answer) -> Form:
    """Return the form with an answer in the place of the one before."""
    place = (answer.question, answer.position)
    kept = tuple(a for a in form.answers if (a.question, a.position) != place)
    return replace(form, answers=(*kept, answer))


def begun(form: Form) -> Form:
    """Return the form with its first open row active."""
    rows = form.rows
    opened = next((row for row in rows if not form.has(row)), rows[0] if rows else None)
    return replace(form, active=opened.place if opened else ("", ""), pending=None, mark="")


# ------------------------------------------------------------------------------ keys


def press(form: Form, key: str) -> Effect:
    """Return what a key does: "0" to "9", "Enter", "Back", "Delete", "Left" or "Right"."""
    row = form.active_row
    if key == "Enter":
        return _forward(form, row)
    if key == "Back":
        return _backward(form, row)
    if row is None:
        return Effect(form)
    if key == "Delete":
        return _emptied(form, row)
    if key.isdigit():
        return _digit(form, row, key)
    if row.question.kind is QuestionKind.ANALOGUE and key in ("Left", "Right"):
        return _nudged(form, row, 1.0 if key == "Right" else -1.0)
    return Effect(form)


def choose(form: Form, place: Place, value: float) -> Effect:
    """Return what choosing a value does: one of a scale, or one more or less of several."""
    row = form.row(place)
    if row is None:
        return Effect(form)
    form = replace(form, active=place)
    if row.question.kind is not QuestionKind.CHOICES:
        return _answered(form, Answer(*place, value=value))
    old = form.answer(place)
    values = set(old.values if old is not None else ()) ^ {value}
    return _answered(form, Answer(*place, values=tuple(sorted(values)), is_empty=not values))


def write(form: Form, place: Place, text: str) -> Effect:
    """Return what was typed as an answer: text, or a number within its bounds."""
    row, text = form.row(place), text.strip()
    if row is None:
        return Effect(form)
    old = form.answer(place)
    if not text:
        is_told = old is not None and not old.is_empty
        return _answered(form, Answer(*place, is_empty=True)) if is_told else Effect(form)
    if row.question.kind is QuestionKind.TEXT:
        answer = Answer(*place, text=text)
        return Effect(form) if answer == old else _answered(form, answer)
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return Effect(form, notice=f"{text!r} is not a number.")
    if not math.isfinite(value):
        return Effect(form, notice=f"{text!r} is not a number.")
    if words := bounds_broken(row.question, value):
        return Effect(form, notice=words)
    answer = Answer(*place, value=value)
    return Effect(form) if answer == old else _answered(form, answer)


def bounds_broken(question: Question, value: float) -> str:
    """Say which bound a number breaks, "" for none."""
    unit = f" {question.unit}" if question.unit else ""
    if question.least is not None and value < question.least:
        return f"At least {question.least:g}{unit}."
    if question.most is not None and value > question.most:
        return f"At most {question.most:g}{unit}."
    return ""


def _answered(form: Form, answer: Answer) -> Effect:
    return Effect(with_answer(form, answer), answer)


def _digit(form: Form, row: Row, key: str) -> Effect:
    question = row.question
    if question.kind is QuestionKind.MARKS:
        return _confidence(form, row, key)
    if question.kind is QuestionKind.ANALOGUE:
        return choose(form, row.place, 10.0 * int(key))
    if question.kind is QuestionKind.CHOICES or question.kind in ONE_OF:
        found = choice_at(question, key)
        if found is not None:
            return choose(form, row.place, question.choices[found].value)
    return Effect(form)


def _nudged(form: Form, row: Row, step: float) -> Effect:
    answer = form.answer(row.place)
    at = answer.value if answer is not None and answer.value is not None else NOT_SET
    return choose(form, row.place, min(max(at + step, 0.0), 100.0))


def _emptied(form: Form, row: Row) -> Effect:
    """Take the mark in hand away, or say "no answer" where that may be said."""
    if row.question.kind is QuestionKind.MARKS and (form.pending is not None or form.mark):
        return erase(form, row.place, form.mark)
    if not can_be_empty(row.question):
        return Effect(form, notice="This question needs an answer.")
    answer = form.answer(row.place)
    if answer is not None and answer.marks:
        return Effect(form, notice="Erase the marks first.")
    return _answered(form, Answer(*row.place, is_empty=True))


def _forward(form: Form, row: Row | None) -> Effect:
    """Go to the next row, to what is missing behind the last one, or out of the trial."""
    if form.pending is not None:
        return Effect(form, notice="Give the mark its confidence first, or erase it.")
    if row is not None and row in form.missing:
        return Effect(form, notice="This question needs an answer.")
    rows = form.rows
    after = rows[rows.index(row) + 1 :] if row is not None else ()
    if after:
        return Effect(replace(form, active=after[0].place, mark=""))
    if form.missing:
        return Effect(replace(form, active=form.missing[0].place, mark=""))
    return Effect(form, leaves="next")


def _backward(form: Form, row: Row | None) -> Effect:
    rows = form.rows
    at = rows.index(row) if row is not None else 0
    if at == 0:
        return Effect(form, leaves="back")
    return Effect(replace(form, active=rows[at - 1].place, pending=None, mark=""))


# ------------------------------------------------------------------------------ marks


def marks_at(form: Form, place: Place) -> tuple[MarkPlaced, ...]:
    """Return the stored marks of a row."""
    answer = form.answer(place)
    return answer.marks if answer is not None else ()


def place_mark(form: Form, mark: MarkPlaced, position: str = "") -> Effect:
    """Put a mark down on the image at a position; it is stored once it has its confidence.

    Only the active question takes marks; without choices of confidence one is 1 at once.
    """
    row = form.active_row
    if row is None or row.question.kind is not QuestionKind.MARKS:
        return Effect(form)
    if row.position and row.position != position:
        row = form.row((row.question.id, position)) or row
    question = row.question
    if question.most_marks and len(marks_at(form, row.place)) >= question.most_marks:
        many = "mark" if question.most_marks == 1 else "marks"
        return Effect(form, notice=f"At most {question.most_marks} {many}: erase one first.")
    form = replace(form, active=row.place, mark="")
    if question.choices:
        return Effect(replace(form, pending=mark))
    return _marked(form, row.place, replace(mark, confidence=1.0))


def _confidence(form: Form, row: Row, key: str) -> Effect:
    found = choice_at(row.question, key)
    marks = marks_at(form, row.place)
    mark = form.pending or next((m for m in marks if m.id == form.mark), None)
    if found is None:
        return Effect(form)
    if mark is None:
        return Effect(form, notice="Click in the image to place a mark first.")
    return _marked(form, row.place, replace(mark, confidence=row.question.choices[found].value))


def _marked(form: Form, place: Place, mark: MarkPlaced) -> Effect:
    marks = marks_at(form, place)
    if any(old.id == mark.id for old in marks):
        kept = tuple(mark if old.id == mark.id else old for old in marks)
    else:
        kept = (*marks, mark)
    answer = Answer(*place, marks=kept)
    return Effect(with_answer(replace(form, pending=None, mark=mark.id), answer), answer)


def erase(form: Form, place: Place, mark_id: str) -> Effect:
    """Take a mark away; the one without a confidence was never stored."""
    if form.pending is not None and mark_id in ("", form.pending.id):
        return Effect(replace(form, pending=None))
    kept = tuple(mark for mark in marks_at(form, place) if mark.id != mark_id)
    if len(kept) == len(marks_at(form, place)):
        return Effect(form)
    answer = Answer(*place, marks=kept, is_empty=not kept)
    return Effect(with_answer(replace(form, mark=""), answer), answer)
