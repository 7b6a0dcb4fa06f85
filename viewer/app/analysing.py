"""Analyses a reader study, ours or another program's, with what its data can carry."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from viewer.core.errors import NoAnalysis, WrongUsage
from viewer.reader.analysis_detection import (
    COVARIANCES,
    ROC_FIGURES,
    DetectionResult,
    analyse_detection,
)
from viewer.reader.exchange.foreign import read_readings
from viewer.reader.protocol import AnalysisPlan, Protocol
from viewer.reader.readings import Readings
from viewer.reader.statistics.froc import FIGURES

SQLITE = b"SQLite format 3\x00"
KINDS = {
    "RRRC": "readers and cases in general",
    "FRRC": "these readers, cases in general",
    "RRFC": "readers in general, these cases",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an analysis; empty values leave the choice to the data and the plan."""

    measure: str = ""
    covariance: str = "jackknife"
    criterion: str = ""
    threshold: float | None = None
    alpha: float | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that was found; `refusals` say what the data cannot carry, and why."""

    readings: Readings
    protocol: Protocol | None
    detection: tuple[DetectionResult, ...]
    refusals: tuple[str, ...]

    @property
    def facts(self) -> dict[str, object]:
        """The findings for machines, numbers in full precision (null where there is none)."""
        return {
            "source": self.readings.source,
            "readers": len({one.reader for one in self.readings.ratings}),
            "ratings": len(self.readings.ratings),
            "marks": len(self.readings.marks),
            "detection": [_plain(asdict(one)) for one in self.detection],
            "refusals": list(self.refusals),
        }


def analyse(path: Path, asked: Asked) -> Analysis:
    """Return what a study, or a file of readings, says about its arms.

    Raises
    ------
    WrongUsage : a figure of merit or a covariance that there is not.
    SealedStudy : the study was not unblinded.
    UnreadableFile, InvalidReadings : see their words.
    NoAnalysis : the data can carry none; the words say why.
    """
    known = (*ROC_FIGURES, *FIGURES)
    if asked.measure and asked.measure not in known:
        raise WrongUsage(f"There is no figure of merit {asked.measure!r}.", "", f"Known: {known}.")
    if asked.covariance not in COVARIANCES:
        raise WrongUsage(
            f"There is no covariance {asked.covariance!r}.", "", f"Known: {COVARIANCES}."
        )
    readings, protocol = _read(path)
    plan = protocol.analysis if protocol else AnalysisPlan()
    detection, refusals = list[DetectionResult](), list[str]()
    for measure in _measures(readings, plan, asked):
        try:
            detection.append(_detect(readings, plan, asked, measure))
        except NoAnalysis as error:
            refusals.append(f"{measure or 'detection'}: {error}")
    found = Analysis(readings, protocol, tuple(detection), tuple(refusals))
    if not found.detection:
        raise NoAnalysis("\n".join(refusals) or "There is nothing to analyse.")
    return found


def _read(path: Path) -> tuple[Readings, Protocol | None]:
    with_head = path.is_file() and path.open("rb").read(len(SQLITE)) == SQLITE
    if not with_head:
        return read_readings(path), None
    from viewer.reader.unblinding import readings, unblinded_protocol

    return readings(path), unblinded_protocol(path)


def _measures(readings: Readings, plan: AnalysisPlan, asked: Asked) -> tuple[str, ...]:
    """Return the figures of merit: what is asked, what is planned, or what the data suggest."""
    if asked.measure:
        return (asked.measure,)
    known = (*ROC_FIGURES, *FIGURES)
    planned = tuple(dict.fromkeys(one.measure for one in plan.endpoints if one.measure in known))
    if planned:
        return planned
    criteria = {one.criterion for one in readings.ratings}
    is_detection = readings.truth and (readings.marks or len(criteria) == 1 or asked.criterion)
    return ("",) if is_detection else ()


def _detect(readings: Readings, plan: AnalysisPlan, asked: Asked, measure: str) -> DetectionResult:
    return analyse_detection(
        readings,
        measure,
        asked.covariance,
        asked.criterion,
        plan.threshold if asked.threshold is None else asked.threshold,
        plan.alpha if asked.alpha is None else asked.alpha,
    )


def _plain(value: object) -> object:
    """Return a value without what JSON has no word for."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# ---------------------------------------------------------------- in words


def analysis_lines(found: Analysis) -> tuple[str, ...]:
    """Return the findings for a terminal."""
    lines = [found.readings.source]
    for one in found.detection:
        lines += _detection_lines(one)
    return (*lines, *(f"Not analysed: {words}" for words in found.refusals))


def _detection_lines(one: DetectionResult) -> Iterator[str]:
    yield ""
    yield (
        f"{one.measure} of {one.criterion}, {one.covariance} covariances: {len(one.readers)} "
        f"readers, {one.cases} cases ({one.abnormal} abnormal), {len(one.arms)} arms"
    )
    yield from (f"  warning: {words}" for words in one.warnings)
    wide = max(len(name) for name in ("reader", *one.readers))
    yield "  " + "  ".join([f"{'reader':{wide}}", *(f"{arm:>10.10}" for arm in one.arms)])
    values = {(figure.reader, figure.arm): figure.value for figure in one.figures}
    for reader in one.readers:
        row = (f"{values[reader, arm]:10.4f}" for arm in one.arms)
        yield "  " + "  ".join([f"{reader:{wide}}", *row])
    for inference in one.inferences:
        yield f"  {inference.kind} ({KINDS[inference.kind]}):"
        if inference.note:
            yield f"    {inference.note}"
        elif inference.f is not None and inference.p is not None:
            df = "inf" if inference.df_error is None else f"{inference.df_error:.2f}"
            yield f"    F({inference.df_arm}, {df}) = {inference.f:.4f}, p = {inference.p:.4f}"
        for pair in inference.differences:
            p = "" if pair.p is None else f", p = {pair.p:.4f}"
            yield (
                f"    {pair.arm} minus {pair.control}: {pair.estimate:+.4f} "
                f"[{pair.low:+.4f}, {pair.high:+.4f}]{p}"
            )
    yield from (f"  not analysed: {words}" for words in one.refusals)
