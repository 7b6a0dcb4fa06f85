"""Rules of a study's analysis plan: what the endpoints need of questions, truth and lesions."""

from collections.abc import Iterator
from dataclasses import dataclass

from viewer.reader.protocol import AnalysisPlan, Protocol, Question, QuestionKind

ROC = ("auc", "sensitivity", "specificity")
LROC = ("alroc", "pcl")
FROC = ("afroc", "wafroc", *LROC)
LEAST_CASES = 2
"""Normal and abnormal cases that a figure of merit needs at least."""

GRADED = (
    QuestionKind.LIKERT,
    QuestionKind.EQUIVALENCE,
    QuestionKind.CHOICE,
    QuestionKind.NUMBER,
    QuestionKind.ANALOGUE,
)
"""Kinds of question that give an image one number."""

_ABOUT_PAIRS = (QuestionKind.PREFERENCE, QuestionKind.FORCED_CHOICE)
_COMPARED = (*GRADED, *_ABOUT_PAIRS)

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that is broken, where, and the remedy."""

    place: Place
    rule: str
    remedy: str


def broken_plan(protocol: Protocol) -> Iterator[Broken]:
    """Yield what is broken in the analysis plan and in the truth that it needs."""
    yield from _truth(protocol)
    yield from _endpoints(protocol)
    yield from _figures(protocol)
    yield from _subgroups(protocol)


def _truth(protocol: Protocol) -> Iterator[Broken]:
    measures = _measures(protocol.analysis)
    for number, case in enumerate(protocol.cases):
        if case.lesions and case.truth == "normal":
            yield Broken(
                ("cases", number, "truth"), "A normal case has no lesions.", "Correct one of them."
            )
        if measures and not case.truth and not case.is_training:
            yield Broken(
                ("cases", number),
                f"The endpoint {min(measures)} needs the truth of each case.",
                'Write truth = "normal" or "abnormal".',
            )
        if measures & {*FROC} and case.truth == "abnormal" and not case.lesions:
            yield Broken(
                ("cases", number),
                "An abnormal case whose marks are judged needs its lesions.",
                "Write lesions = [{ id = ..., centre_mm = [...], radius_mm = ... }].",
            )
        if measures & {*LROC} and len(case.lesions) > 1:
            yield Broken(
                ("cases", number, "lesions"),
                f"{min(measures & {*LROC})} is of one lesion in each abnormal case.",
                "Take wafroc, which is of any number.",
            )
    truths = [case.truth for case in protocol.trial_cases]
    for kind in ("normal", "abnormal"):
        if measures and all(truths) and truths.count(kind) < LEAST_CASES:
            yield Broken(
                ("cases",),
                f"{min(measures)} is judged between normal and abnormal cases; "
                f"{truths.count(kind)} to be read {'is' if truths.count(kind) == 1 else 'are'} "
                f"{kind}.",
                f"Add {kind} cases; two of each are the least.",
            )


def _measures(plan: AnalysisPlan) -> set[str]:
    return {one.measure for one in plan.endpoints} & {*ROC, *FROC}


def _endpoints(protocol: Protocol) -> Iterator[Broken]:
    codes = {arm.code for arm in protocol.arms}
    questions = {question.id: question for question in protocol.questions}
    known = {*questions, *ROC, *FROC}
    for number, one in enumerate(protocol.analysis.endpoints):
        place = ("analysis", "endpoints", number)
        for name in ("arm", "control"):
            if getattr(one, name) not in codes:
                yield Broken(
                    (*place, name),
                    f"There is no arm {getattr(one, name)!r}.",
                    f"Known are: {', '.join(sorted(codes))}.",
                )
        if one.arm == one.control:
            yield Broken((*place, "control"), "An arm is compared with itself.", "Name another.")
        if one.measure not in known:
            yield Broken(
                (*place, "measure"),
                f"{one.measure!r} is no question and no figure of merit.",
                f"Known are: {', '.join(sorted(known))}.",
            )
        if one.measure in questions and questions[one.measure].kind not in _COMPARED:
            yield Broken(
                (*place, "measure"),
                f"A question of kind {questions[one.measure].kind.value} gives no number that "
                "arms can be compared by.",
                "Name a question with a scale, or a figure of merit.",
            )
        kind = questions[one.measure].kind if one.measure in questions else None
        if kind in _ABOUT_PAIRS and (one.kind != "superiority" or one.margin):
            yield Broken(
                (*place, "kind"),
                "A preference shows superiority or nothing: a margin is of ratings of each image.",
                'Write kind = "superiority" without a margin, or ask about each image.',
            )
        elif one.kind != "superiority" and not one.margin:
            yield Broken((*place, "margin"), f"{one.kind} needs a margin.", "Write margin = ...")


def _figures(protocol: Protocol) -> Iterator[Broken]:
    """Yield what figures of merit need of the form."""
    plan, measures = protocol.analysis, _measures(protocol.analysis)
    place = ("analysis", "endpoints")
    has_marks = any(one.kind is QuestionKind.MARKS for one in protocol.questions)
    if measures & {*FROC} and not has_marks:
        yield Broken(
            place,
            f"{min(measures & {*FROC})} is computed from marks, and no question asks for them.",
            'Add a question of kind "marks", or take the endpoint away.',
        )
    scores = scores_of(protocol)
    if plan.score and plan.score not in {one.id for one in scores}:
        yield Broken(
            ("analysis", "score"),
            f"{plan.score!r} is no question that gives each image a number.",
            f"Known are: {', '.join(one.id for one in scores) or 'none'}.",
        )
    elif measures & {*ROC} and not plan.score and len(scores) != 1:
        yield Broken(
            place,
            f"{min(measures & {*ROC})} needs one score of each image, and {len(scores)} questions "
            "could be it.",
            "Write score = the id of one question in [analysis].",
        )
    cut = measures & {"sensitivity", "specificity"}
    score = next((one for one in scores if one.id == plan.score or len(scores) == 1), None)
    if cut and plan.threshold is None and score is not None and len(score.choices) != 2:
        yield Broken(
            place,
            f"{min(cut)} needs the least answer that counts as positive.",
            "Write threshold = ... in [analysis].",
        )


def scores_of(protocol: Protocol) -> tuple[Question, ...]:
    """Return the questions by which an image may be called abnormal."""
    return tuple(one for one in protocol.questions if one.kind in GRADED and one.is_per_arm)


def _subgroups(protocol: Protocol) -> Iterator[Broken]:
    known = sorted({name for case in protocol.trial_cases for name, _ in case.strata})
    for number, name in enumerate(protocol.analysis.subgroups):
        if name not in known:
            yield Broken(
                ("analysis", "subgroups", number),
                f"No case says its {name}.",
                f"Known are: {', '.join(known)}." if known else "Write strata of the cases.",
            )
