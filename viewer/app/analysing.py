"""Analyses a reader study, ours or another program's, with what its data can carry."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from viewer.core.errors import NoAnalysis, WrongUsage
from viewer.reader.analysis_areas import analyse_areas
from viewer.reader.analysis_detection import (
    COVARIANCES,
    ROC_FIGURES,
    DetectionResult,
    analyse_detection,
)
from viewer.reader.analysis_ordinal import analyse_ratings
from viewer.reader.exchange.foreign import read_readings
from viewer.reader.findings import NOT_DETECTION, Finding, claim, decided_together
from viewer.reader.ordinal_results import OrdinalAnalysis, as_facts
from viewer.reader.ordinal_words import lines_of
from viewer.reader.protocol import AnalysisPlan, Endpoint, Protocol
from viewer.reader.readings import GUESS, Readings
from viewer.reader.standing import Standing
from viewer.reader.statistics.froc import FIGURES
from viewer.reader.statistics.margins import margin_test
from viewer.reader.statistics.mrmc import RANDOM
from viewer.reader.statistics.ustatistic import UInference

U_STATISTIC = "u-statistic"
SQLITE = b"SQLite format 3\x00"
UNJUDGED = "The figure of merit could not be analysed for readers and cases in general."
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
    method: str = "obuchowski-rockette"


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that was found; `refusals` say what the data cannot carry, and why."""

    readings: Readings
    protocol: Protocol | None
    detection: tuple[DetectionResult, ...]
    refusals: tuple[str, ...]
    ratings: OrdinalAnalysis | None = None
    findings: tuple[Finding, ...] = ()
    areas: UInference | None = None

    @property
    def is_warned(self) -> bool:
        """True where something was refused, or must be read with care."""
        cautions = set(self.ratings.cautions if self.ratings is not None else ())
        warnings = [words for one in self.detection for words in one.warnings]
        return bool(self.refusals or warnings or cautions - {NOT_DETECTION})

    @property
    def facts(self) -> dict[str, object]:
        """The findings for machines, numbers in full precision (null where there is none)."""
        return {
            "source": self.readings.source,
            "readers": len({one.reader for one in self.readings.ratings}),
            "ratings": len(self.readings.ratings),
            "marks": len(self.readings.marks),
            "detection": [_plain(asdict(one)) for one in self.detection],
            "u_statistic": as_facts(self.areas) if self.areas is not None else None,
            "ordinal": as_facts(self.ratings) if self.ratings is not None else None,
            "findings": as_facts(self.findings),
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
    if asked.method == U_STATISTIC:
        alpha = plan.alpha if asked.alpha is None else asked.alpha
        areas = analyse_areas(readings, asked.criterion or plan.score, alpha)
        return Analysis(readings, protocol, (), areas.refusals, areas=areas)
    detection, refusals = list[DetectionResult](), list[str]()
    for measure in _measures(readings, plan, asked):
        try:
            detection.append(_detect(readings, plan, asked, measure))
        except NoAnalysis as error:
            refusals.append(f"{measure or 'detection'}: {error}")
    ratings = None
    if not asked.measure and _is_judged(readings, protocol, is_detected=bool(detection)):
        ratings = _judge(readings, plan, protocol, refusals)
    if not detection and ratings is None:
        raise NoAnalysis("\n".join(refusals) or "There is nothing to analyse.")
    return Analysis(
        readings,
        protocol,
        tuple(detection),
        tuple(refusals),
        ratings,
        _findings(plan, tuple(detection), ratings),
    )


def _is_judged(readings: Readings, protocol: Protocol | None, *, is_detected: bool) -> bool:
    """Tell whether ratings are looked at as judgements: a score alone is not one."""
    return bool(readings.ratings) and (protocol is not None or not is_detected)


def _judge(
    readings: Readings, plan: AnalysisPlan, protocol: Protocol | None, refusals: list[str]
) -> OrdinalAnalysis | None:
    control = protocol.arms[0].code if protocol and not plan.endpoints else ""
    questions = protocol.questions if protocol else ()
    try:
        return analyse_ratings(readings, plan, control, questions)
    except NoAnalysis as error:
        refusals.append(f"ratings: {error}")
        return None


def _findings(
    plan: AnalysisPlan, detection: tuple[DetectionResult, ...], ratings: OrdinalAnalysis | None
) -> tuple[Finding, ...]:
    """Return what the readings say on every endpoint of the plan, corrected together."""
    found = list(ratings.findings) if ratings is not None else []
    known = (*ROC_FIGURES, *FIGURES)
    for endpoint in plan.endpoints:
        if endpoint.measure in known:
            found.append(_on_detection(endpoint, detection, plan.alpha))
        elif ratings is None:
            found.append(Finding(endpoint, reason="There are no ratings to analyse."))
    order = {endpoint: place for place, endpoint in enumerate(plan.endpoints)}
    found.sort(key=lambda one: order[one.endpoint])
    return decided_together(found, plan.alpha)


def _on_detection(
    endpoint: Endpoint, detection: tuple[DetectionResult, ...], alpha: float
) -> Finding:
    """Return what figures of merit say on an endpoint, for readers and cases in general."""
    for one in detection:
        random = next((each for each in one.inferences if each.kind == RANDOM), None)
        if one.measure != endpoint.measure or random is None:
            continue
        for pair in random.differences:
            sign = 1 if (pair.arm, pair.control) == (endpoint.arm, endpoint.control) else -1
            if {pair.arm, pair.control} != {endpoint.arm, endpoint.control} or pair.se <= 0:
                continue
            df = math.inf if pair.df is None else pair.df
            test = margin_test(
                sign * pair.estimate, pair.se, df, endpoint.kind, endpoint.margin, alpha
            )
            return Finding(
                endpoint,
                f"{one.measure} difference",
                test.difference,
                test.interval,
                test.level,
                pair.df,
                test.p,
                test.is_met,
            )
    return Finding(endpoint, reason=UNJUDGED)


def _read(path: Path) -> tuple[Readings, Protocol | None]:
    if not _is_study(path):
        return read_readings(path), None
    return unsealed(path)


def unsealed(path: Path) -> tuple[Readings, Protocol | None]:
    """Return the readings of an unblinded study with the whole protocol.

    Raises
    ------
    SealedStudy : it was not unblinded.
    """
    from viewer.reader.unblinding import readings, unblinded_protocol

    return readings(path), unblinded_protocol(path)


def standing_of_study(path: Path) -> Standing | None:
    """Return where a study stands; None for another program's readings."""
    if not _is_study(path):
        return None
    from viewer.reader.verify import standing_of

    return standing_of(path)


def _is_study(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def _measures(readings: Readings, plan: AnalysisPlan, asked: Asked) -> tuple[str, ...]:
    """Return the figures of merit: what is asked, what is planned, or what the data suggest."""
    if asked.measure:
        return (asked.measure,)
    known = (*ROC_FIGURES, *FIGURES)
    planned = tuple(dict.fromkeys(one.measure for one in plan.endpoints if one.measure in known))
    if planned:
        return planned
    criteria = {one.criterion for one in readings.ratings} - {GUESS}
    is_detection = readings.truth and (readings.marks or len(criteria) == 1 or asked.criterion)
    return ("",) if is_detection else ()


def _detect(readings: Readings, plan: AnalysisPlan, asked: Asked, measure: str) -> DetectionResult:
    return analyse_detection(
        readings,
        measure,
        asked.covariance,
        asked.criterion or plan.score,
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
    if found.areas is not None:
        lines += _area_lines(found.areas)
    if found.ratings is not None:
        lines += ["", *lines_of(replace(found.ratings, findings=()))]
    lines += finding_lines(found.findings)
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
            yield f"    F({inference.df_arm}, {df}) = {inference.f:.4f}, {p_words(inference.p)}"
        for pair in inference.differences:
            p = "" if pair.p is None else f", {p_words(pair.p)}"
            yield (
                f"    {pair.arm} minus {pair.control}: {pair.estimate:+.4f} "
                f"[{pair.low:+.4f}, {pair.high:+.4f}]{p}"
            )
    yield from (f"  not analysed: {words}" for words in one.refusals)


def _area_lines(found: UInference) -> Iterator[str]:
    yield ""
    yield "Areas by U-statistics, for readers and cases in general:"
    for one in found.arms:
        yield f"  {one.arm}: {one.estimate:.4f} [{one.low:.4f}, {one.high:.4f}]"
    for pair in found.differences:
        p = "" if pair.p is None else f", {p_words(pair.p)}"
        yield (
            f"  {pair.arm} minus {pair.control}: {pair.estimate:+.4f} "
            f"[{pair.low:+.4f}, {pair.high:+.4f}]{p}"
        )


def p_words(p: float) -> str:
    """Return a p-value as it is printed."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def finding_lines(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Yield the decisions on the endpoints in words."""
    if findings:
        yield ""
        yield "Endpoints that the protocol fixed:"
    for one in findings:
        what = f"{one.endpoint.measure}, {one.endpoint.kind}"
        yield f"  {what}: {claim(one) or one.reason or 'not shown'}"
