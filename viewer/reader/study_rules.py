"""Rules of a study that hold between its parts; the schema holds those of each part."""

from collections import Counter
from collections.abc import Iterator, Sequence

from viewer.core.errors import InvalidProtocol
from viewer.reader.allocation import PAIRED, allocate
from viewer.reader.plan_rules import Broken, broken_plan
from viewer.reader.protocol import DesignKind, Protocol, Question, QuestionKind

SCALES = (
    QuestionKind.LIKERT,
    QuestionKind.EQUIVALENCE,
    QuestionKind.CHOICE,
    QuestionKind.CHOICES,
    QuestionKind.PREFERENCE,
    QuestionKind.FORCED_CHOICE,
    QuestionKind.MARKS,
)
WITH_VALUES = tuple(kind for kind in SCALES if kind is not QuestionKind.MARKS)
"""Kinds whose answers are among their choices."""

PAIR_ONLY = (QuestionKind.PREFERENCE, QuestionKind.FORCED_CHOICE)


def broken_rules(protocol: Protocol) -> tuple[Broken, ...]:
    """Return every rule between the parts of a study that is broken."""
    found = [
        *_doubles(protocol),
        *_design(protocol),
        *_questions(protocol),
        *_blinding(protocol),
        *broken_plan(protocol),
        *_version(protocol),
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
    yield from _arms_and_windows(protocol)
    kinds = {one.kind for one in protocol.questions}
    if kind is DesignKind.FORCED_CHOICE and QuestionKind.FORCED_CHOICE not in kinds:
        yield Broken(
            ("questions",),
            "A forced choice between two images has no question that asks for it.",
            'Add a question of kind "2afc".',
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


def _arms_and_windows(protocol: Protocol) -> Iterator[Broken]:
    first: dict[object, str] = {}
    for number, arm in enumerate(protocol.arms):
        made = (arm.method, arm.strength, arm.settings) if arm.method else ("",)
        if made in first:
            yield Broken(
                ("arms", number),
                f"{arm.code} shows the same images as {first[made]}.",
                "Give it another method, strength or settings, or take it away.",
            )
        first.setdefault(made, arm.code)
    for number, case in enumerate(protocol.cases):
        if case.window is not None and case.window[1] <= 0:
            yield Broken(
                ("cases", number, "window"),
                "A window has a width above 0.",
                "Write window = [centre, width].",
            )


def _version(protocol: Protocol) -> Iterator[Broken]:
    if protocol.version > 1 and not protocol.amendment.strip():
        yield Broken(
            ("version",),
            f"Version {protocol.version} does not say why it was made.",
            "Write amendment = the reason.",
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
            elif asked.kind in WITH_VALUES and (
                never := {*question.show_if.values} - {one.value for one in asked.choices}
            ):
                yield Broken(
                    (*place, "show_if"),
                    f"{asked.id} can never be {' or '.join(f'{one:g}' for one in sorted(never))}.",
                    f"Its values are: {', '.join(f'{one.value:g}' for one in asked.choices)}.",
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
    if kind is QuestionKind.ANALOGUE and not all(end.strip() for end in question.ends):
        yield Broken(
            (*place, "ends"),
            "A visual analogue scale has words at both ends.",
            'Write ends = ["worst", "best"] in words of your own.',
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
    if not protocol.study.consent.strip():
        yield Broken(
            ("study", "consent"),
            "A blinded study asks each reader's consent, and there is no text of it.",
            "Write consent = what readers agree to.",
        )
    for name, value in (("justification", rule.justification), ("reference", rule.reference)):
        if not value.strip():
            yield Broken(
                ("blinding", name),
                "A session that takes the label off the images needs a justification and a "
                "reference.",
                f'Write {name}, or ai_label = "on_image".',
            )
