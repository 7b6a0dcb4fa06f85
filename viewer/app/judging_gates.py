"""Judging the gates on real series: what they say beside what they should say.

Nothing is enhanced. A table of expectations is a CSV file with the columns `path` (a file or
folder, relative to what is judged), `expected` (run, warn or refuse) and, if wished, `why`; where a
gate is known to say something else, `known` is what it says and `remark` who is right.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from viewer.app.enhancing import gates_for
from viewer.app.found_series import FoundSeries, found_series
from viewer.app.scene_figures import Row
from viewer.core.errors import DiptychError, UnreadableFile, WrongUsage
from viewer.core.provenance import MethodKind
from viewer.core.study import PartKind
from viewer.enhancement.checks import GateResult, Verdict
from viewer.enhancement.engine import Engine

Table = dict[str, object]

RUN, WARN, REFUSE, UNREADABLE = "run", "warn", "refuse", "unreadable"
SAID = (RUN, WARN, REFUSE)
_WORDS = {Verdict.OK: RUN, Verdict.WARN: WARN, Verdict.BLOCK: REFUSE}
_COLUMNS = ("path", "expected", "why", "known", "remark")
_VENDORS = (
    *("GE", "Siemens", "Philips", "Toshiba", "Canon", "Elekta", "CPS", "Fuji", "Agfa", "Aloka"),
    *("ATL", "SonoSite", "Hewlett-Packard"),
)
_REGIONS = (
    *("ABDOMEN", "BRAIN", "BREAST", "CHEST", "CSPINE", "HEAD", "HEART", "KNEE", "NECK"),
    *("PANCREAS", "PELVIS", "PHANTOM"),
)
_DESCRIBED = (
    *("modality", "vendor", "region", "method", "expected", "why", "said", "gate"),
    *("as_expected", "remark"),
)
_FACTS = ("modality", "vendor", "region", "kernel", "slices")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a method should do with the series below a path: run, warn or refuse.

    `known` is what is said instead where that is known, and `remark` says who is right.
    """

    path: str
    expected: str = ""
    why: str = ""
    known: str = ""
    remark: str = ""


def read_expectations(path: Path) -> tuple[Expectation, ...]:
    """Read a table of expectations.

    Raises
    ------
    UnreadableFile : it is not there.
    WrongUsage : a column is missing, or a word is none of the three.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{path} cannot be read.", str(error), "Give a CSV file.") from error
    found = []
    for number, row in enumerate(rows, 2):
        path_in, expected, why, known, remark = ((row.get(name) or "").strip() for name in _COLUMNS)
        if not path_in or expected not in SAID or known not in ("", *SAID):
            raise WrongUsage(
                f"Line {number} of {path.name} is no expectation.",
                "Each needs a path, and run, warn or refuse under expected.",
                "The first line names the columns: path,expected,why.",
            )
        found.append(Expectation(path_in, expected, why, known, remark))
    if not found:
        raise WrongUsage(f"{path.name} holds no expectation.", "", "Write path,expected,why.")
    return tuple(found)


def judge_gates(
    engine: Engine,
    root: Path,
    method_ids: Iterable[str] | None = None,
    expectations: Sequence[Expectation] = (),
    *,
    report: Callable[[float, str], None] = lambda _fraction, _words: None,
) -> Table:
    """Return "confusion", "gates", "gate_counts" and "verdicts", lists of rows ready for JSON.

    Parameters
    ----------
    root : where the series are; without expectations everything below it is looked at.
    method_ids : by default every model.

    Raises
    ------
    UnknownMethod : before anything is read.
    UnreadableFile : there is nothing with pixels there.
    """
    methods = [engine.catalogue.method(one).id for one in method_ids or ()] or [
        method.id for method in engine.catalogue.methods() if method.kind is MethodKind.AI
    ]
    verdicts: list[Row] = []
    wanted = tuple(expectations) or (Expectation("."),)
    with TemporaryDirectory(prefix="diptych-gates-") as folder:
        for number, one in enumerate(wanted):
            report(number / len(wanted), one.path)
            verdicts += _verdicts(engine, root, one, methods, Path(folder))
    if not verdicts:
        raise UnreadableFile("There is nothing with pixels there.", "", "See: diptych info PATH")
    return {
        "confusion": confusion(verdicts),
        "gates": described(verdicts),
        "gate_counts": _by_gate(verdicts),
        "verdicts": verdicts,
    }


def _verdicts(
    engine: Engine, root: Path, one: Expectation, methods: Sequence[str], unpacked: Path
) -> list[Row]:
    try:
        found = found_series((root / one.path,), unpacked, lambda p: p.kind is not PartKind.OBJECT)
    except UnreadableFile as error:
        return [_unread(one, method, str(error)) for method in methods if one.expected]
    return [row for series in found for row in _series_verdicts(engine, series, one, methods)]


def _unread(one: Expectation, method: str, words: str) -> Row:
    """Return the row of an expectation for which there is nothing to read: never as expected."""
    nothing = dict.fromkeys(_FACTS, "")
    head: Row = {"path": one.path, **nothing, "method": method, "expected": one.expected}
    said = _said((GateResult("reading", Verdict.BLOCK, words),), one)
    return {**head, **said, "said": UNREADABLE, "as_expected": "no", "why": one.why}


def _series_verdicts(
    engine: Engine, series: FoundSeries, one: Expectation, methods: Sequence[str]
) -> list[Row]:
    facts = {name: series.facts[name] for name in _FACTS}
    rows: list[Row] = []
    volume, problem = None, ""
    try:
        volume = series.load()
    except DiptychError as error:
        problem = str(error)
    for method in methods:
        head: Row = {"path": one.path, **facts, "method": method, "expected": one.expected}
        if volume is None:
            gates: Sequence[GateResult] = (GateResult("reading", Verdict.BLOCK, problem),)
        else:
            gates = gates_for(engine, series.request(volume, method, 0.4))
        rows.append({**head, **_said(gates, one), "why": one.why})
    return rows


def _said(gates: Sequence[GateResult], one: Expectation) -> Row:
    """Return the strictest verdict with the gates that gave it, and whether it was expected."""
    order = (Verdict.BLOCK, Verdict.WARN, Verdict.OK)
    worst = next(verdict for verdict in order if verdict is order[-1] or _has(gates, verdict))
    spoke = [gate for gate in gates if gate.verdict is worst and worst is not Verdict.OK]
    said = _WORDS[worst]
    return {
        "said": said,
        "as_expected": _agreement(said, one),
        "remark": "" if said == one.expected else one.remark,
        "gate": ", ".join(dict.fromkeys(gate.name for gate in spoke)),
        "words": "; ".join(gate.words for gate in spoke),
        "warned": ", ".join(gate.name for gate in gates if gate.verdict is Verdict.WARN),
        "asked": ", ".join(gate.name for gate in gates),
    }


def _agreement(said: str, one: Expectation) -> str:
    """Return "yes", "known" (a difference that is known) or "no"; "" where nothing is expected."""
    if not one.expected:
        return ""
    return "yes" if said == one.expected else "known" if said == one.known else "no"


def _has(gates: Sequence[GateResult], verdict: Verdict) -> bool:
    return any(gate.verdict is verdict for gate in gates)


def described(verdicts: Sequence[Row]) -> list[Row]:
    """Return verdicts with nothing in them that could name a patient or a place, alike ones once.

    The disagreements come first.
    """
    counts: dict[tuple[object, ...], int] = {}
    for row in verdicts:
        facts = (str(row["modality"])[:2], _vendor(row["vendor"]), _region(row["region"]))
        rest = (row[name] for name in _DESCRIBED[len(facts) :])
        key = (*facts, *rest)
        counts[key] = counts.get(key, 0) + 1
    rows = [{**dict(zip(_DESCRIBED, key, strict=True)), "series": n} for key, n in counts.items()]
    order = {"no": 0, "known": 1}
    return sorted(rows, key=lambda row: order.get(str(row["as_expected"]), 2))


def _vendor(text: object) -> str:
    """Return a vendor's name in one word, "other" for what is not known."""
    words = str(text).casefold()
    return next((name for name in _VENDORS if name.casefold() in words), "other" if words else "")


def _region(text: object) -> str:
    """Return a body part as DICOM's defined terms have it, "" for anything else."""
    words = str(text).strip().upper()
    return words if words in _REGIONS else ""


def confusion(verdicts: Sequence[Row]) -> list[Row]:
    """Return how often each word was said where each was expected, by method."""
    return [
        {
            "method": method,
            "expected": expected or "not stated",
            **{
                f"said {said}": sum(
                    (row["method"], row["expected"], row["said"]) == (method, expected, said)
                    for row in verdicts
                )
                for said in (*SAID, UNREADABLE)
            },
        }
        for method in dict.fromkeys(row["method"] for row in verdicts)
        for expected in (*SAID, "")
        if any((row["method"], row["expected"]) == (method, expected) for row in verdicts)
    ]


def _by_gate(verdicts: Sequence[Row]) -> list[Row]:
    """Return how often each gate was asked, warned and refused."""

    def count(column: str, gate: str, said: str = "") -> int:
        rows = [row for row in verdicts if not said or row["said"] == said]
        return sum(gate in str(row[column]).split(", ") for row in rows)

    names = dict.fromkeys(
        name for row in verdicts for name in str(row["asked"]).split(", ") if name
    )
    return [
        {
            "gate": name,
            "asked": count("asked", name),
            "warned": count("warned", name),
            "refused": count("gate", name, REFUSE),
        }
        for name in names
    ]
