"""A later version of a locked protocol: what it may change, and what stays for good.

What readers saw and were asked is fixed once a study is locked, so that every answer means the
same. Readers may come in; facts of the study, time limits, the plan of analysis and what is known
of the cases may be put right, each time with a reason that is kept beside both versions.
"""

from collections.abc import Iterator
from dataclasses import replace

from viewer.core.errors import InvalidProtocol
from viewer.reader.allocation import allocate
from viewer.reader.protocol import Arm, Case, Protocol
from viewer.reader.sealing import Plan
from viewer.reader.trials import Allocation

FIXED = ("arms", "cases", "design", "randomisation", "blinding", "questions", "schema_version")
"""Parts that stay as they were, but for what `_freed` leaves open in them."""


def amended_plan(plan: Plan, wanted: Protocol) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan under a later version of its protocol, and what changed, in words.

    The words name parts and readers only: they stand where readers may see them.

    Raises
    ------
    InvalidProtocol : the version is not the next one, has no reason, changes what is fixed, or
        changes nothing.
    """
    old = plan.protocol
    new = _as_locked(old, wanted)
    if new.version != old.version + 1 or not new.amendment.strip():
        raise InvalidProtocol(
            f"This is version {new.version}, and the study has version {old.version}.",
            "An amendment is the next version, with the reason for it.",
            f"Write version = {old.version + 1} and amendment = the reason.",
        )
    if broken := tuple(_broken(old, new)):
        raise InvalidProtocol(
            f"An amendment cannot change: {', '.join(broken)}.",
            "Answers before and after it would not mean the same.",
            "Put that back, or lock a new study.",
        )
    changed = tuple(_changes(old, new))
    if not changed:
        raise InvalidProtocol(
            "This version changes nothing.", "", "Change what was meant to change, or leave it."
        )
    return replace(plan, protocol=new, allocation=_longer(plan, new)), changed


def _as_locked(old: Protocol, wanted: Protocol) -> Protocol:
    """Return the wanted protocol with what the lock had filled in."""
    arms = {arm.code: arm for arm in old.arms}
    cases = {case.id: case for case in old.cases}
    return replace(
        wanted,
        arms=tuple(_arm_as_locked(arms.get(arm.code, arm), arm) for arm in wanted.arms),
        cases=tuple(_case_as_locked(cases.get(case.id, case), case) for case in wanted.cases),
    )


def _case_as_locked(old: Case, wanted: Case) -> Case:
    return replace(
        wanted,
        window=wanted.window or old.window,
        is_inverted=wanted.is_inverted or old.is_inverted,
    )


def _arm_as_locked(old: Arm, wanted: Arm) -> Arm:
    return replace(
        wanted,
        version=wanted.version or old.version,
        weights_sha256=wanted.weights_sha256 or old.weights_sha256,
    )


def _broken(old: Protocol, new: Protocol) -> Iterator[str]:
    before, after = _freed(old), _freed(new)
    yield from (name for name in FIXED if getattr(before, name) != getattr(after, name))
    if old.study.consent != new.study.consent:
        yield "the text of the consent"
    names = [(reader.code, reader.name) for reader in new.readers]
    for reader in old.readers:
        if (reader.code, reader.name) not in names:
            yield f"reader {reader.code}"


def _freed(protocol: Protocol) -> Protocol:
    """Return a protocol without what an amendment may change in its fixed parts."""
    return replace(
        protocol,
        cases=tuple(_freed_case(case) for case in protocol.cases),
        questions=tuple(replace(question, help="") for question in protocol.questions),
    )


def _freed_case(case: Case) -> Case:
    return replace(case, truth="", lesions=(), strata=(), feedback="")


def _changes(old: Protocol, new: Protocol) -> Iterator[str]:
    known = {reader.code for reader in old.readers}
    come = [reader.code for reader in new.readers if reader.code not in known]
    if come:
        yield f"readers come in: {', '.join(come)}"
    if [one for one in new.readers if one.code in known] != list(old.readers):
        yield "facts of readers"
    names = {
        "study": "facts of the study",
        "editing": "how long answers may be changed",
        "timing": "limits of time",
        "display_check": "display check",
        "analysis": "plan of analysis",
    }
    yield from (words for name, words in names.items() if getattr(old, name) != getattr(new, name))
    cases = sum(one != other for one, other in zip(old.cases, new.cases, strict=True))
    if cases:
        yield f"what is known of {cases} case{'' if cases == 1 else 's'}"
    if old.questions != new.questions:
        yield "help beside questions"


def _longer(plan: Plan, new: Protocol) -> Allocation:
    """Return the list of trials with those of new readers; what was there stays as it was."""
    found = allocate(new)
    for reader in plan.protocol.readers:
        if found.of_reader(reader.code) != plan.allocation.of_reader(reader.code):
            raise InvalidProtocol(
                f"The list of trials of {reader.code} cannot be made again as it was.",
                "It was made by another version of the program.",
                "Amend it with that version, or lock a new study.",
            )
    return found
