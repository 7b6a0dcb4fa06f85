"""Which questions a trial asks, given the answers so far, and what is still missing."""

from viewer.core.errors import IllegalTransition
from viewer.reader.protocol import EditPolicy, Question, QuestionKind
from viewer.reader.trials import Answer

Place = tuple[str, str]
"""A question's id, and the position on the screen that it is about ("" for all of it)."""

_OF_CHOICES = frozenset(
    {
        QuestionKind.LIKERT,
        QuestionKind.EQUIVALENCE,
        QuestionKind.CHOICE,
        QuestionKind.CHOICES,
        QuestionKind.PREFERENCE,
        QuestionKind.FORCED_CHOICE,
    }
)
_GROWING = frozenset({QuestionKind.MARKS, QuestionKind.CHOICES})
"""Kinds whose answer is given bit by bit."""


def places_of(question: Question, positions: tuple[str, ...]) -> tuple[Place, ...]:
    """Return where a question is asked: once for each image of a pair, or once for all."""
    is_each = question.is_per_arm and len(positions) > 1
    return tuple((question.id, position) for position in (positions if is_each else ("",)))


def missing(
    questions: tuple[Question, ...], positions: tuple[str, ...], answers: tuple[Answer, ...]
) -> tuple[Place, ...]:
    """Return the places of required questions that show and have no answer, in order."""
    current = {(answer.question, answer.position): answer for answer in answers}
    return tuple(
        place
        for question in questions
        if question.is_required
        for place in places_of(question, positions)
        if is_asked(questions, place, positions, current)
        and not _is_answered(question, current, place)
    )


def _is_answered(question: Question, current: dict[Place, Answer], place: Place) -> bool:
    """Tell whether a place has an answer; "none" is one where marks are asked for."""
    answer = current.get(place)
    return answer is not None and (not answer.is_empty or question.kind is QuestionKind.MARKS)


def is_asked(
    questions: tuple[Question, ...],
    place: Place,
    positions: tuple[str, ...],
    current: dict[Place, Answer],
) -> bool:
    """Tell whether a question shows; one that hangs on a hidden question is hidden too."""
    by_id = {question.id: question for question in questions}
    condition = by_id[place[0]].show_if
    if condition is None:
        return True
    if condition.question not in by_id or condition.question == place[0]:
        return False
    return any(
        is_asked(questions, other, positions, current)
        and (answer := current.get(other)) is not None
        and not answer.is_empty
        and bool({answer.value, *answer.values} & set(condition.values))
        for other in places_of(by_id[condition.question], positions)
        if not place[1] or other[1] in (place[1], "")
    )


def check_answer(
    questions: tuple[Question, ...], positions: tuple[str, ...], answer: Answer
) -> None:
    """Refuse an answer to a question that is not asked there, or with a value off its scale.

    Raises
    ------
    IllegalTransition : with what is wrong.
    """
    question = next((q for q in questions if q.id == answer.question), None)
    if question is None:
        raise IllegalTransition(f"The protocol has no question {answer.question!r}.")
    if (answer.question, answer.position) not in places_of(question, positions):
        raise IllegalTransition(
            f"The question {question.id!r} is not asked of position {answer.position!r}."
        )
    if words := _off_scale(question, answer):
        raise IllegalTransition(f"The answer to {question.id!r} {words}.", "It was not stored.")


def _off_scale(question: Question, answer: Answer) -> str:
    if answer.is_empty:
        return ""
    numbers = [*answer.values, *(mark.confidence for mark in answer.marks)]
    if answer.value is not None:
        numbers.append(answer.value)
    points = {choice.value for choice in question.choices}
    is_on_points = question.kind in _OF_CHOICES or (
        question.kind is QuestionKind.MARKS and bool(points)
    )
    if is_on_points and not set(numbers) <= points:
        return "is not a point of its scale"
    least, most = question.least, question.most
    if question.kind is QuestionKind.ANALOGUE:
        least, most = 0.0, 100.0
    if question.kind in (QuestionKind.NUMBER, QuestionKind.ANALOGUE) and any(
        (least is not None and number < least) or (most is not None and number > most)
        for number in numbers
    ):
        return "is out of bounds"
    if question.most_marks and len(answer.marks) > question.most_marks:
        return f"has more than {question.most_marks} marks"
    return ""


def check_change(question: Question, policy: EditPolicy, old: Answer | None, new: Answer) -> None:
    """Refuse to change an answer where the edit policy is `never`; marks may be added.

    Raises
    ------
    IllegalTransition : the answer stands.
    """
    if policy is not EditPolicy.NEVER or old is None:
        return
    is_more = question.kind in _GROWING and (
        set(old.marks) <= set(new.marks) and set(old.values) <= set(new.values)
    )
    if not is_more:
        raise IllegalTransition(
            f"The answer to {question.id!r} was given and cannot be changed.",
            "The protocol's edit policy is never; the first answer stands.",
        )
