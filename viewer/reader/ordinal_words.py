"""The analysis of ratings as lines for people."""

from collections.abc import Iterator

from viewer.reader.findings import claim
from viewer.reader.ordinal_results import (
    Comparison,
    CriterionResult,
    OrdinalAnalysis,
    PreferenceResult,
)


def lines_of(analysis: OrdinalAnalysis) -> tuple[str, ...]:
    """Return what was found, each reader first where readers are few; claims stand last."""
    return tuple(_lines(analysis))


def _lines(analysis: OrdinalAnalysis) -> Iterator[str]:
    yield (
        f"{len(analysis.readers)} readers, {analysis.cases} cases, arms"
        f" {', '.join(analysis.arms)}; control {analysis.control or 'none'}"
    )
    yield from (f"Note: {one}" for one in (*analysis.cautions, *analysis.refusals))
    for criterion in analysis.criteria:
        yield from _criterion(criterion)
    for preference in analysis.preferences:
        yield from _preference(preference)
    if analysis.times.fit:
        for one in analysis.times.fit.effects[1:]:
            yield f"Time, {one.name}: factor {_with_interval(one.ratio, one.interval)}"
    yield from (f"Time: {one}" for one in (*analysis.times.cautions, *analysis.times.refusals))
    for arm, index in analysis.blinding.arms if analysis.blinding else ():
        yield f"Blinding, {arm}: Bang {_with_interval(index.index, index.interval)}"
    for finding in analysis.findings:
        end = finding.endpoint
        failed = finding.reason or "not shown"
        asked = f"{end.measure}, {end.arm} to {end.control}, {end.kind.replace('_', '-')}"
        yield f"Endpoint {asked}: {claim(finding) or failed}"


def _criterion(criterion: CriterionResult) -> Iterator[str]:
    yield f"{criterion.criterion} ({criterion.level})"
    for comparison in criterion.comparisons:
        yield from (f"  {line}" for line in _comparison(comparison))
    for one in criterion.agreement:
        for each in one.coefficients[:1]:
            if each.value is not None and each.interval is not None:
                yield f"  {one.arm}: {each.name} {_with_interval(each.value, each.interval)}"


def _comparison(found: Comparison) -> Iterator[str]:
    versus = f"{found.arm} to {found.control}"
    for one in found.by_reader:
        test = one.test
        yield (
            f"{versus}, reader {one.reader}: {test.higher} higher, {test.lower} lower,"
            f" {test.equal} equal; Wilcoxon p {_p(test.p)}"
        )
    if found.model:
        effect = found.model.effect
        yield (
            f"{versus}: odds ratio {_with_interval(effect.odds_ratio, effect.interval)},"
            f" df {effect.df:.1f}, p {_p(effect.p)};"
            f" likelihood ratio {found.model.test.statistic:.2f}"
        )
        if check := found.model.proportional_odds:
            yield f"{versus}: proportional odds p {_p(check.p)}"
    if found.visual_grading:
        grading = found.visual_grading
        yield f"{versus}: VGC area {_with_interval(grading.area, grading.interval)}"
    if found.mean_difference:
        mean = found.mean_difference
        yield f"{versus}: mean difference {mean.difference:.3f}, SE {mean.se:.3f}, df {mean.df:.1f}"
    for group in found.subgroups:
        yield f"{versus}: interaction with {group.name} p {_p(group.interaction.p)}"
    yield from (f"Note: {one}" for one in (*found.cautions, *found.refusals))


def _preference(found: PreferenceResult) -> Iterator[str]:
    yield f"{found.criterion} (preference of {found.arm} to {found.control})"
    for one in found.by_reader:
        share = one.preferences.favours
        told = f"{share.successes} of {share.trials}, p {_p(share.p)}" if share else "no side taken"
        forced = one.discrimination
        d_prime = f"; d' {_with_interval(forced.d_prime, forced.interval)}" if forced else ""
        yield f"  reader {one.reader}: {told}; same {one.preferences.same}{d_prime}"
    if found.model:
        odds = found.model.odds
        yield (
            f"  all: probability {_with_interval(found.model.probability, found.model.interval)},"
            f" odds {_with_interval(odds.odds_ratio, odds.interval)}, df {odds.df:.1f},"
            f" p {_p(odds.p)}"
        )
    yield from (f"  Note: {one}" for one in (*found.cautions, *found.refusals))


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3g} ({interval[0]:.3g} to {interval[1]:.3g})"


def _p(p: float | None) -> str:
    return "none" if p is None else "< 0.0001" if p < 0.0001 else f"{p:.4f}"
