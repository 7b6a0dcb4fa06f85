"""What a report says of an analysis: its sections, from results to words, tables and figures."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from viewer.reader.analysis_detection import DetectionResult
from viewer.reader.findings import NOT_DETECTION, Finding, claim
from viewer.reader.ordinal_results import (
    Comparison,
    CriterionResult,
    OrdinalAnalysis,
)
from viewer.reader.report import Chart, Section, Table, Words
from viewer.reader.report_figures import forest, rating_bars, roc_curves
from viewer.reader.report_preferences import preference_section
from viewer.reader.report_words import interval, number, p_value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Part = Words | Table | Chart
FARTHEST = 1e3
"""An odds ratio whose interval goes beyond says nothing, and would squeeze the others."""

INFERENCE = {
    "RRRC": "readers and cases in general (RRRC)",
    "FRRC": "these readers, cases in general (FRRC)",
    "RRFC": "readers in general, these cases (RRFC)",
}


_LROC = ("false positive fraction", "share of lesions located")
CURVES = {
    "auc": ("false positive fraction", "true positive fraction"),
    "alroc": _LROC,
    "pcl": _LROC,
}
"""What the axes of a figure's curve say; the others have AFROC's."""


def findings_section(findings: Sequence[Finding]) -> Section:
    """Return the decisions on the endpoints that were fixed before reading."""
    parts: list[Part] = [
        Words(
            "Only endpoints that the protocol fixed before reading can be findings. Everything "
            f"else in this report describes. {NOT_DETECTION}",
            is_warning=True,
        )
    ]
    if not findings:
        parts.append(Words("The protocol fixed no endpoint."))
    rows = tuple(
        (
            one.endpoint.measure,
            f"{one.endpoint.arm} against {one.endpoint.control}",
            one.endpoint.kind.replace("_", "-"),
            f"{one.endpoint.margin:g}" if one.endpoint.margin else "",
            "primary" if one.endpoint.is_primary else "secondary",
            f"{one.figure} {number(one.estimate)}" if one.estimate is not None else one.reason,
            interval(*one.interval) if one.interval else "",
            p_value(one.p),
            p_value(one.p_adjusted),
            "shown" if one.stands else "not shown",
        )
        for one in findings
    )
    head = (
        "endpoint", "comparison", "kind", "margin", "rank", "estimate", "interval", "p",
        "p (Holm)", "decision",
    )  # fmt: skip
    if rows:
        parts.append(Table("endpoints", "Endpoints", head, rows))
    parts += [Words(words) for one in findings if (words := claim(one))]
    return Section("Findings", tuple(parts))


# ---------------------------------------------------------------- ratings


def rating_sections(found: OrdinalAnalysis, labels: dict[str, tuple[str, ...]]) -> list[Section]:
    """Return a section for each criterion, each preference, times and blinding."""
    sections = [
        _criterion(one, labels.get(one.criterion, ()), found.control) for one in found.criteria
    ]
    sections += [preference_section(one) for one in found.preferences]
    if (agreement := _agreement(found.criteria)) is not None:
        sections.append(agreement)
    sections.append(_times(found))
    if found.blinding is not None:
        rows = tuple(
            (arm, *map(str, one.answers), number(one.index), interval(*one.interval))
            for arm, one in found.blinding.arms
        )
        head = ("arm", "right", "wrong", "cannot tell", "Bang's index", "interval")
        words = "0: as often right as by guessing; 1: always right; -1: always wrong."
        table = Table("blinding", "Which image was AI-processed?", head, rows)
        sections.append(Section("Blinding", (Words(words), table)))
    cautions = tuple(Words(words, is_warning=True) for words in found.cautions)
    refusals = tuple(Words(f"Not analysed: {words}") for words in found.refusals)
    return [Section("Cautions", (*cautions, *refusals)), *sections]


def _criterion(one: CriterionResult, labels: tuple[str, ...], control: str) -> Section:
    counts = sorted(one.counts, key=lambda each: (each.reader, each.arm != control, each.arm))
    points = labels or tuple(f"{value:g}" for value in one.scale)
    by_arm: dict[str, list[int]] = {}
    for each in counts:
        total = by_arm.setdefault(each.arm, [0] * len(each.counts))
        by_arm[each.arm] = [a + b for a, b in zip(total, each.counts, strict=True)]
    bars = [(f"{each.reader} · {each.arm}", each.counts) for each in counts]
    bars = [*((f"all · {arm}", tuple(counts)) for arm, counts in by_arm.items()), *bars]
    parts: list[Part] = [
        Chart(
            f"{one.criterion}-ratings",
            "Ratings by arm and reader",
            lambda: rating_bars(bars, points),
        ),
        Table(
            f"{one.criterion}-ratings",
            "Ratings",
            ("reader", "arm", *points),
            tuple((each.reader, each.arm, *map(str, each.counts)) for each in counts),
        ),
    ]
    for pair in one.comparisons:
        parts += _comparison(one.criterion, pair)
    return Section(f"Criterion: {one.criterion}", tuple(parts))


def _comparison(name: str, pair: Comparison) -> Iterator[Part]:
    what = f"{pair.arm} against {pair.control}"
    rows = list(_effects(pair))
    if rows:
        head = ("figure", "estimate", "interval", "p")
        yield Table(f"{name}-{pair.arm}-effects", f"{what}: effects", head, tuple(rows))
    readers = tuple(
        (
            one.reader,
            str(one.test.pairs),
            str(one.test.higher),
            str(one.test.equal),
            str(one.test.lower),
            p_value(one.test.p) or "all pairs equal",
            *([p_value(one.mcnemar.p)] if one.mcnemar else []),
        )
        for one in pair.by_reader
    )
    columns = ["reader", "pairs", "higher", "equal", "lower", "Wilcoxon p"]
    columns += ["McNemar p"] * any(one.mcnemar for one in pair.by_reader)
    yield Table(f"{name}-{pair.arm}-readers", f"{what}: each reader", tuple(columns), readers)
    by_reader = [
        (one.reader, one.effect.odds_ratio, *one.effect.interval)
        for one in pair.by_reader
        if one.effect is not None and one.effect.interval[1] < FARTHEST
    ]
    if by_reader:
        title = f"{what} by reader (described, not tested)"
        yield Chart(f"{name}-{pair.arm}-by-reader", title, partial(_odds_forest, by_reader))
    for group in pair.subgroups:
        lines = [
            (f"{one.value} ({_cases(one.cases)})", one.effect.odds_ratio, *one.effect.interval)
            for one in group.strata
        ]
        title = (
            f"{what} by {group.name}: interaction p = {p_value(group.interaction.p)} "
            "(one test; no subgroup is tested by itself)"
        )
        yield Chart(f"{name}-{pair.arm}-{group.name}", title, partial(_odds_forest, lines))
        strata = tuple(
            (value, number(ratio), interval(low, high)) for value, ratio, low, high in lines
        )
        yield Table(
            f"{name}-{pair.arm}-{group.name}", title, ("subgroup", "odds ratio", "interval"), strata
        )
    yield from (Words(f"Caution: {words}") for words in pair.cautions)
    yield from (Words(f"Not analysed: {words}") for words in pair.refusals)


def _odds_forest(lines: Sequence[tuple[str, float, float, float]]) -> "Figure":
    return forest(lines, "odds ratio of a higher rating", 1.0, is_log=True)


def _effects(pair: Comparison) -> Iterator[tuple[str, ...]]:
    if pair.model is not None:
        effect = pair.model.effect
        yield (
            "odds ratio of a higher rating (mixed model)",
            number(effect.odds_ratio),
            interval(*effect.interval),
            p_value(effect.p),
        )
        test = pair.model.test
        # Its p is no test of the arm for readers at large: see OrdinalModel.
        yield ("likelihood ratio of the arm (chi-square)", number(test.statistic), "", "")
        odds = pair.model.proportional_odds
        if odds is not None:
            yield ("proportional odds (small p: they are not)", "", "", p_value(odds.p))
    if pair.mean_difference is not None:
        mean = pair.mean_difference
        yield ("mean difference in points", number(mean.difference), "", "")
    if pair.visual_grading is not None:
        grading = pair.visual_grading
        yield ("visual grading area", number(grading.area), interval(*grading.interval), "")


def _agreement(criteria: Sequence[CriterionResult]) -> Section | None:
    rows: list[tuple[str, ...]] = []
    for one in criteria:
        for arm in one.agreement:
            for each in arm.coefficients:
                ends = interval(*each.interval) if each.interval else ""
                rows.append(
                    (one.criterion, arm.arm, each.name, number(each.value), ends, each.note)
                )
            for icc in arm.intraclass:
                ends = interval(*icc.interval)
                rows.append((one.criterion, arm.arm, icc.name, number(icc.value), ends, ""))
        for reader in one.repeats:
            for each in reader.coefficients:
                ends = interval(*each.interval) if each.interval else ""
                who = f"{reader.reader} with own repeats"
                rows.append((one.criterion, who, each.name, number(each.value), ends, each.note))
    if not rows:
        return None
    head = ("criterion", "arm", "coefficient", "value", "interval", "note")
    return Section("Agreement", (Table("agreement", "Between readers", head, tuple(rows)),))


def _times(found: OrdinalAnalysis) -> Section:
    parts: list[Part] = []
    if found.times.fit is not None:
        rows = tuple(
            (one.name, number(one.ratio), interval(*one.interval), p_value(one.p))
            for one in found.times.fit.effects
        )
        head = ("effect", "factor on the time", "interval", "p")
        parts.append(Table("times", "Active reading time (log-time mixed model)", head, rows))
    drift = tuple(
        (one.reader, number(one.drift.tau), p_value(one.drift.p))
        for one in found.times.drift
        if one.drift is not None
    )
    if drift:
        columns = ("reader", "Kendall's tau", "p")
        parts.append(Table("drift", "Time along the reading list", columns, drift))
    parts += [Words(f"Caution: {words}") for words in found.times.cautions]
    parts += [Words(f"Not analysed: {words}") for words in found.times.refusals]
    return Section("Reading times", tuple(parts or [Words("No times were recorded.")]))


# ---------------------------------------------------------------- detection


def detection_section(one: DetectionResult) -> Section:
    """Return figures of merit, curves and comparisons."""
    values = {(figure.reader, figure.arm): figure for figure in one.figures}
    rows = tuple(
        (reader, *(number(values[reader, arm].value, 4) for arm in one.arms))
        for reader in one.readers
    )
    curves = [(figure.reader, figure.arm, figure.curve) for figure in one.figures if figure.curve]
    across, up = CURVES.get(
        one.measure, ("share of normal cases marked", "weighted share of lesions marked")
    )
    parts: list[Part] = [Words(words, is_warning=True) for words in one.warnings]
    parts.append(
        Table(
            f"{one.measure}-readers",
            f"{one.measure}, {one.cases} cases ({one.abnormal} abnormal)",
            ("reader", *one.arms),
            rows,
        )
    )
    if curves:
        parts.append(
            Chart(
                f"{one.measure}-curves", "Empirical curves", lambda: roc_curves(curves, across, up)
            )
        )
    tests, differences = [], []
    for each in one.inferences:
        df = "infinite" if each.df_error is None else number(each.df_error, 2)
        name = INFERENCE[each.kind]
        tests.append((name, number(each.f, 4), str(each.df_arm), df, p_value(each.p), each.note))
        differences += [
            (
                name,
                f"{pair.arm} minus {pair.control}",
                number(pair.estimate, 4),
                interval(pair.low, pair.high, 4),
                p_value(pair.p),
            )
            for pair in each.differences
        ]
    head = ("generalises to", "F", "df", "error df", "p", "note")
    parts.append(Table(f"{one.measure}-tests", "Are the arms alike?", head, tuple(tests)))
    columns = ("generalises to", "comparison", "difference", "interval", "p")
    parts.append(Table(f"{one.measure}-differences", "Differences", columns, tuple(differences)))
    parts += [Words(f"Not analysed: {words}") for words in one.refusals]
    return Section(f"Detection: {one.measure}", tuple(parts))


DETECTION_METHODS = (
    "Detection: Obuchowski and Rockette's analysis of variance of readers' figures of merit, error "
    "covariances as named, Hillis' denominator degrees of freedom (Hillis 2007, 2014); where the "
    "covariance between readers in one arm is below that in two, their difference counts as 0. "
    "Areas are empirical (ties count a half) and never turned; unmarked lesions and cases rank "
    "below every mark (Chakraborty and Zhai 2016). LROC: the highest mark of each case, one lesion "
    "in each abnormal case (Swensson 1996; Wunderlich and Noo 2012)."
)


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"
