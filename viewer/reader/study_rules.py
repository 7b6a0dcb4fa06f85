"""Rules of a study that hold between its parts; the schema holds those of each part."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from viewer.core.errors import InvalidProtocol
from viewer.reader.allocation import PAIRED, allocate
from viewer.reader.protocol import DesignKind, Protocol, Question, QuestionKind

ROC = ("auc", "sensitivity", "specificity")
FROC = ("afroc", "wafroc")
SCALES = (
    QuestionKind.LIKERT,
    QuestionKind.EQUIVALENCE,
    QuestionKind.CHOICE,
    QuestionKind.CHOICES,
    QuestionKind.PREFERENCE,
    QuestionKind.MARKS,
)
PAIR_ONLY = (QuestionKind.PREFERENCE, QuestionKind.FORCED_CHOICE)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that is broken, where, and the remedy."""

    place: tuple[str | int, ...]
    rule: str
    remedy: str


def broken_rules(protocol: Protocol) -> tuple[Broken, ...]:
    """Return every rule between the parts of a study that is broken."""
    found = [
        *_doubles(protocol),
        *_design(protocol),
        *_questions(protocol),
        *_blinding(protocol),
        *_truth(protocol),
        *_endpoints(protocol),
    ]
    if not found:
        try:
            allocate(protocol)
        except InvalidProtocol as error:
            found.append(Broken(("randomisation",), f"{error.what} {error.means}", error.do))
    return tuple(found)


def _doubles(protocol: Protocol) -> Iterator[Broken]:
    named = {
        "arms": ("code", [arm.code for arm in protocol.arms]),
        "cases": ("id", [case.id for case in protocol.cases]),
        "readers": ("code", [reader.code for reader in protocol.readers]),
        "questions": ("id", [question.id for question in protocol.questions]),
    }
    for part, (key, names) in named.items():
        yield from _twice((part,), key, names)
    for place, case in enumerate(protocol.cases):
        lesions = [lesion.id for lesion in case.lesions]
        yield from _twice(("cases", place, "lesions"), "id", lesions)


def _twice(place: tuple[str | int, ...], key: str, names: Sequence[str]) -> Iterator[Broken]:
    for name, count in Counter(names).items():
        if count > 1:
            last = len(names) - 1 - names[::-1].index(name)
            yield Broken(
                (*place, last, key), f"{name!r} stands here {count} times.", "Give each its own."
            )


def _design(protocol: Protocol) -> Iterator[Broken]:
    kind, arms = protocol.design.kind, len(protocol.arms)
    if arms < 2 and kind in (*PAIRED, DesignKind.CROSSOVER):
        yield Broken(("arms",), f"A {kind.value} design compares arms.", "Add a second arm.")
    if not protocol.trial_cases:
        yield Broken(("cases",), "Every case is a training case.", "Add cases to be read.")
    if protocol.randomisation.repeats > len(protocol.trial_cases):
        yield Broken(
            ("randomisation", "repeats"),
            "More cases come again than there are.",
            f"Write {len(protocol.trial_cases)} at most.",
        )
    has_marks = any(one.kind is QuestionKind.MARKS for one in protocol.questions)
    if kind is DesignKind.SEARCH and not has_marks:
        yield Broken(("questions",), "A search asks for marks.", 'Add a question of kind "marks".')
    if has_marks and kind in PAIRED:
        yield Broken(
            ("design", "kind"),
            "Marks are placed in one image at a time.",
            'Write kind = "froc", or take the question away.',
        )


def _questions(protocol: Protocol) -> Iterator[Broken]:
    before: dict[str, Question] = {}
    for number, question in enumerate(protocol.questions):
        place = ("questions", number)
        yield from _question(protocol, question, place)
        if question.show_if is not None:
            asked = before.get(question.show_if.question)
            if asked is None:
                yield Broken(
                    (*place, "show_if"),
                    f"No earlier question is called {question.show_if.question!r}.",
                    "Name one that stands before this one.",
                )
            elif asked.is_per_arm != question.is_per_arm:
                yield Broken(
                    (*place, "show_if"),
                    f"{asked.id} is asked of "
                    f"{'each image' if asked.is_per_arm else 'the pair'}, this one is not.",
                    "Give both the same is_per_arm.",
                )
        before[question.id] = question


def _question(
    protocol: Protocol, question: Question, place: tuple[str | int, ...]
) -> Iterator[Broken]:
    kind, values = question.kind, [choice.value for choice in question.choices]
    is_pair = protocol.design.kind in PAIRED
    if kind in SCALES and not values:
        yield Broken((*place, "choices"), f"A {kind.value} question has choices.", "Add them.")
    if kind is not QuestionKind.CHOICES and len(values) > 9:
        yield Broken(
            (*place, "choices"),
            "Ten points and more have no key of their own.",
            "Use nine at most.",
        )
    if values != sorted(set(values)):
        yield Broken((*place, "choices"), "Values do not ascend.", "Order them, each value once.")
    if kind is QuestionKind.EQUIVALENCE and 0.0 not in values:
        yield Broken(
            (*place, "choices"), "An equivalence scale is centred on 0, the same.", "Add value 0."
        )
    if kind is QuestionKind.PREFERENCE and sorted(values) != sorted(-value for value in values):
        yield Broken(
            (*place, "choices"), "A preference scale is alike for both sides.", "Use -2 to 2."
        )
    if kind in PAIR_ONLY and not is_pair:
        yield Broken(
            (*place, "kind"),
            f"A {kind.value} question compares two images.",
            "Use a paired design.",
        )
    if kind in PAIR_ONLY and question.is_per_arm:
        yield Broken(
            (*place, "is_per_arm"), "It is asked of the pair.", "Write is_per_arm = false."
        )
    if question.least is not None and question.most is not None and question.least >= question.most:
        yield Broken((*place, "most"), "most is not above least.", "Correct one of them.")


def _blinding(protocol: Protocol) -> Iterator[Broken]:
    rule = protocol.blinding
    if not protocol.is_blinded:
        return
    if not protocol.study.owner.strip():
        yield Broken(
            ("study", "owner"), "A blinded study needs a named owner.", "Write the owner's name."
        )
    for name, value in (("justification", rule.justification), ("reference", rule.reference)):
        if not value.strip():
            yield Broken(
                ("blinding", name),
                "A session that takes the label off the images needs a justification and a "
                "reference.",
                f'Write {name}, or ai_label = "on_image".',
            )


def _truth(protocol: Protocol) -> Iterator[Broken]:
    measures = {one.measure for one in protocol.analysis.endpoints}
    needs_truth = measures & {*ROC, *FROC}
    for number, case in enumerate(protocol.cases):
        if case.is_training:
            continue
        if needs_truth and not case.truth:
            yield Broken(
                ("cases", number),
                f"The endpoint {min(needs_truth)} needs the truth of each case.",
                'Write truth = "normal" or "abnormal".',
            )
        if case.lesions and case.truth == "normal":
            yield Broken(
                ("cases", number, "truth"), "A normal case has no lesions.", "Correct one of them."
            )


def _endpoints(protocol: Protocol) -> Iterator[Broken]:
    codes = {arm.code for arm in protocol.arms}
    known = {question.id for question in protocol.questions} | {*ROC, *FROC}
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
        if one.kind != "superiority" and not one.margin:
            yield Broken((*place, "margin"), f"{one.kind} needs a margin.", "Write margin = ...")
