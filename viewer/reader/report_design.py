"""What a report says of the study itself: what was planned, who read, what was amended."""

from collections.abc import Sequence

from viewer.reader.chain import Event
from viewer.reader.progress import ReaderProgress
from viewer.reader.protocol import Protocol
from viewer.reader.report import Section, Table


def design_section(protocol: Protocol) -> Section:
    """Return what was planned."""
    facts = (
        ("owner", protocol.study.owner),
        ("reference", protocol.study.reference),
        ("design", protocol.design.kind.value),
        ("cases", str(len(protocol.trial_cases))),
        ("readers", str(len(protocol.readers))),
        (
            "randomisation",
            f"{protocol.randomisation.algorithm}, seed {protocol.randomisation.seed}",
        ),
        ("label of AI-processed images", protocol.blinding.ai_label.value),
        ("version of the protocol", str(protocol.version)),
    )
    arms = tuple(
        (
            arm.code,
            arm.name,
            arm.method or "none (original)",
            f"{arm.strength:g}" if arm.method else "",
            arm.version,
            arm.weights_sha256[:16],
        )
        for arm in protocol.arms
    )
    head = ("arm", "name", "method", "strength", "version", "weights (SHA-256)")
    return Section(
        "Design",
        (
            Table("design", "The study", ("fact", "value"), facts),
            Table("arms", "Arms", head, arms),
        ),
    )


def flow_section(readers: Sequence[ReaderProgress], amendments: Sequence[Event] = ()) -> Section:
    """Return who read what, what was passed over, and what was amended after the lock."""
    rows = tuple(
        (
            one.reader,
            one.state.value,
            str(one.total),
            str(one.done),
            str(len(one.missing)),
            str(len(one.flagged)),
            str(one.interruptions),
        )
        for one in readers
    )
    head = ("reader", "state", "planned", "done", "skipped or void", "flagged", "interruptions")
    parts: list[Table] = [Table("flow", "Readers and their trials", head, rows)]
    if amendments:
        parts.append(_amendments(amendments))
    return Section("Participants and deviations", tuple(parts))


def _amendments(amendments: Sequence[Event]) -> Table:
    rows = tuple(
        (
            str(one.data["protocol"]["version"]),
            one.utc[:16].replace("T", " "),
            one.actor,
            str(one.data["trials_read"]),
            "; ".join(one.data["changes"]),
            one.data["why"],
        )
        for one in amendments
    )
    head = ("version", "time (UTC)", "by", "trials read before", "what changed", "reason")
    return Table("amendments", "Amendments after the lock", head, rows)
