"""What a study's owner and coordinator do with its open record; nothing here shows an answer."""

from dataclasses import dataclass
from pathlib import Path

from viewer.core.errors import SealedStudy
from viewer.reader.packages import write_package
from viewer.reader.record import StudyRecord
from viewer.reader.sealing import Plan, unseal_plan
from viewer.reader.standing import OWNER
from viewer.reader.states import STUDY_MOVES, Kind, moved
from viewer.reader.trials import SessionState, StudyState

DONE, FAILED, WARNED = 0, 1, 3

_BEFORE_UNBLINDING = (StudyState.LOCKED, StudyState.OPEN, StudyState.CLOSED)
ALLOWED = {
    "passphrase": (StudyState.LOCKED, StudyState.OPEN),
    "open": (StudyState.LOCKED,),
    "close": (StudyState.OPEN,),
    "amend": _BEFORE_UNBLINDING,
    "package": tuple(StudyState),
    "merge": _BEFORE_UNBLINDING,
    "unblind": (StudyState.CLOSED,),
    "analyse": (StudyState.UNBLINDED, StudyState.ARCHIVED),
    "export": (StudyState.UNBLINDED, StudyState.ARCHIVED),
    "archive": (StudyState.UNBLINDED,),
}
"""In which states of a study each deed makes sense."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a deed: facts for machines, lines for people, exit code."""

    facts: object
    lines: tuple[str, ...]
    code: int = DONE


def allowed_deeds(study: StudyRecord) -> frozenset[str]:
    """Return which of `ALLOWED` can be done now."""
    return frozenset(deed for deed, states in ALLOWED.items() if study.state in states)


def open_for_reading(study: StudyRecord, who: str) -> Told:
    """Let readers begin."""
    study.open_for_reading(who)
    silent = [one.reader for one in study.progress() if not one.has_passphrase]
    lines = [f"{study.path.name} is open for reading."]
    if silent:
        lines.append(f"Without a passphrase yet: {', '.join(silent)} (diptych study reader).")
    return Told({"state": "open", "without_passphrase": silent}, tuple(lines))


def close_reading(study: StudyRecord, who: str, why: str) -> Told:
    """End reading for good, and say who has not signed."""
    study.close_reading(why, who)
    unsigned = [one.reader for one in study.progress() if one.state is not SessionState.SIGNED]
    lines = [f"{study.path.name} is closed; nothing more can be read in it."]
    if unsigned:
        lines.append(f"Not signed: {', '.join(unsigned)}.")
    facts = {"state": "closed", "unsigned": unsigned}
    return Told(facts, tuple(lines), WARNED if unsigned else DONE)


def set_passphrase(study: StudyRecord, reader: str, passphrase: str, who: str) -> Told:
    """Give a reader a passphrase."""
    study.set_passphrase(reader, passphrase, who)
    return Told({"reader": reader}, (f"Reader {reader} has a passphrase now.",))


def opened_plan(study: StudyRecord, passphrase: str, who: str, deed: str) -> Plan:
    """Return the sealed plan; an attempt with a wrong passphrase is noted, as SealedStudy says."""
    try:
        return unseal_plan(study.sealed, passphrase)
    except SealedStudy:
        study.append(who or OWNER, Kind.REFUSED, {"what": deed})
        raise


def unblind(study: StudyRecord, passphrase: str, who: str, why: str) -> Told:
    """Open the sealed allocation of a closed study, and write down who did it, when and why.

    An attempt with a wrong passphrase is noted, too.
    """
    moved(STUDY_MOVES[Kind.UNBLINDED], study.state, "The study", "unblinded")
    plan = opened_plan(study, passphrase, who, "unblinding")
    owner = who or plan.protocol.study.owner
    study.unblind(plan.allocation, why, owner, protocol=plan.protocol)
    line = f"{study.path.name} is unblinded by {owner}: {why}"
    return Told({"state": "unblinded", "who": owner, "why": why}, (line,))


def archive(study: StudyRecord, who: str) -> Told:
    """End an unblinded study."""
    study.archive(who)
    return Told({"state": "archived"}, (f"{study.path.name} is archived.",))


def pack(study: StudyRecord, out: Path, who: str) -> Told:
    """Write a package with everything for a site, or back from one."""
    names = write_package(study, out, who)
    return Told({"package": str(out), "files": list(names)}, (f"{len(names)} files in {out}",))


@dataclass(frozen=True, slots=True)
class Reported:
    """A report that was written: its page, and the decisions on the endpoints in words."""

    page: Path
    lines: tuple[str, ...]


def report_of(path: Path, folder: Path) -> Reported:
    """Analyse an unblinded study and write its report into a new folder.

    Raises
    ------
    WrongUsage, NotSaved, NoAnalysis, SealedStudy : see their words.
    """
    from viewer.app.analysing import Asked, analyse, finding_lines, standing_of_study
    from viewer.app.study_reporting import write_study_report

    found = analyse(path, Asked())
    files = write_study_report(found, folder, standing_of_study(path))
    refusals = (f"Not analysed: {words}" for words in found.refusals)
    return Reported(files[0], (*finding_lines(found.findings), *refusals))
