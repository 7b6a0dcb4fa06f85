"""What the form of a trial looks like at present, as values that a window shows."""

from dataclasses import dataclass

from viewer.app.reading import Reading
from viewer.reader.asked import Place
from viewer.reader.form import (
    Form,
    Row,
    can_be_empty,
    key_of,
    marks_at,
)
from viewer.reader.protocol import Question, QuestionKind
from viewer.reader.trials import MarkPlaced


@dataclass(frozen=True, slots=True)
class ChoiceState:
    """One point of a scale: the digit that chooses it, its words, and its value."""

    key: str
    text: str
    value: float


@dataclass(frozen=True, slots=True)
class MarkState:
    """A lesion mark in words; one that waits for its confidence `is_pending`."""

    id: str
    number: int
    text: str
    is_active: bool
    is_pending: bool = False


@dataclass(frozen=True, slots=True)
class RowState:
    """A question as it is asked of one image: `letter` is "" for a single image or the pair."""

    place: Place
    letter: str
    values: tuple[float, ...] = ()
    text: str = ""
    is_empty: bool = False
    is_active: bool = False
    is_saved: bool = False
    is_answered: bool = False
    marks: tuple[MarkState, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockState:
    """A question with its rows; only the active one is open."""

    id: str
    kind: str
    text: str
    help: str
    choices: tuple[ChoiceState, ...]
    ends: tuple[str, str]
    unit: str
    is_required: bool
    can_be_empty: bool
    empty_words: str
    is_centred: bool
    mark_shape: str
    is_active: bool
    rows: tuple[RowState, ...]
    summary: str
    status: str


@dataclass(frozen=True, slots=True)
class FormState:
    """The whole form: `refusal` says why an answer is not stored, "" when all are."""

    blocks: tuple[BlockState, ...] = ()
    refusal: str = ""
    can_leave: bool = False


def form_state(reading: Reading) -> FormState:
    """Return what the form of a reading shows now."""
    form = reading.form
    blocks = tuple(
        _block(reading, question, rows)
        for question in form.questions
        if (rows := tuple(row for row in form.rows if row.question == question))
    )
    return FormState(blocks, reading.refusal, reading.can_leave)


def _block(reading: Reading, question: Question, rows: tuple[Row, ...]) -> BlockState:
    form = reading.form
    active = form.active_row
    states = tuple(_row(reading, row) for row in rows)
    choices = tuple(
        ChoiceState(key_of(question, place), choice.text, choice.value)
        for place, choice in enumerate(question.choices)
    )
    is_marks = question.kind is QuestionKind.MARKS
    return BlockState(
        id=question.id,
        kind=question.kind.value,
        text=question.text,
        help=question.help,
        choices=choices,
        ends=question.ends,
        unit=question.unit,
        is_required=question.is_required,
        can_be_empty=can_be_empty(question),
        empty_words="No lesion" if is_marks else "No answer",
        is_centred=question.kind in (QuestionKind.EQUIVALENCE, QuestionKind.PREFERENCE),
        mark_shape=question.mark_shape,
        is_active=active is not None and active.question == question,
        rows=states,
        summary=" · ".join(
            f"{state.letter} {words}".strip()
            for state, row in zip(states, rows, strict=True)
            if (words := _summary(form, row))
        ),
        status=_status(reading, rows),
    )


def _row(reading: Reading, row: Row) -> RowState:
    form = reading.form
    answer = form.answer(row.place)
    active = form.active_row
    is_active = active is not None and active.place == row.place
    values: tuple[float, ...] = ()
    if answer is not None:
        values = answer.values if answer.value is None else (answer.value,)
    return RowState(
        place=row.place,
        letter=row.position,
        values=values,
        text=_text(row, answer.text if answer is not None else "", values),
        is_empty=answer is not None and answer.is_empty,
        is_active=is_active,
        is_saved=reading.is_saved(row.place),
        is_answered=form.has(row),
        marks=_marks(form, row, is_active=is_active),
    )


def _text(row: Row, text: str, values: tuple[float, ...]) -> str:
    is_number = row.question.kind is QuestionKind.NUMBER
    return f"{values[0]:.10g}" if is_number and values else text


def _marks(form: Form, row: Row, *, is_active: bool) -> tuple[MarkState, ...]:
    stored = marks_at(form, row.place)
    found = [
        MarkState(mark.id, number, confidence_words(row.question, mark), mark.id == form.mark)
        for number, mark in enumerate(stored, 1)
    ]
    if form.pending is not None and is_active:
        words = "press a digit for its confidence"
        found.append(MarkState(form.pending.id, len(found) + 1, words, True, True))
    return tuple(found)


def confidence_words(question: Question, mark: MarkPlaced) -> str:
    """Return the confidence of a mark with its words."""
    for place, choice in enumerate(question.choices):
        if choice.value == mark.confidence:
            return f"{key_of(question, place)} {choice.text}"
    return f"{mark.confidence:g}" if question.choices else ""


def _summary(form: Form, row: Row) -> str:
    """Return the answer of a row in few words."""
    answer = form.answer(row.place)
    if answer is None:
        return ""
    if answer.is_empty:
        if not can_be_empty(row.question):
            return ""
        return "no lesion" if row.question.kind is QuestionKind.MARKS else "no answer"
    if answer.marks:
        return "1 mark" if len(answer.marks) == 1 else f"{len(answer.marks)} marks"
    if answer.text:
        return "text"
    keys = {choice.value: key_of(row.question, n) for n, choice in enumerate(row.question.choices)}
    values = answer.values if answer.value is None else (answer.value,)
    figures = [keys.get(value) or f"{value:g}" for value in values]
    return f"{', '.join(figures)} {row.question.unit}".strip()


def _status(reading: Reading, rows: tuple[Row, ...]) -> str:
    """Say whether the answers of a question are stored: "saved", "not saved", or nothing."""
    answered = [row for row in rows if reading.form.answer(row.place) is not None]
    if any(not reading.is_saved(row.place) for row in answered):
        return "not saved"
    return "saved" if any(reading.form.has(row) for row in rows) else ""


def mark_words(reading: Reading) -> tuple[tuple[str, MarkPlaced, str], ...]:
    """Return every mark of the trial as (position, mark, words beside it in the image)."""
    form, found = reading.form, []
    for row in form.rows:
        if row.question.kind is not QuestionKind.MARKS:
            continue
        for number, mark in enumerate(marks_at(form, row.place), 1):
            words = confidence_words(row.question, mark).partition(" ")[0]
            found.append((row.position, mark, f"{number}: {words}" if words else f"{number}"))
    active = form.active_row
    if form.pending is not None and active is not None:
        found.append((active.position, form.pending, "?"))
    return tuple(found)


def wants_marks(form: Form) -> str:
    """Return the shape of the marks that a click in an image places now, "" for none."""
    row = form.active_row
    is_marks = row is not None and row.question.kind is QuestionKind.MARKS
    return row.question.mark_shape if row is not None and is_marks else ""
