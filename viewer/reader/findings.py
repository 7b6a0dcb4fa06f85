"""Decisions on the endpoints that a plan fixed, and Holm's procedure over the primary ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from viewer.reader.protocol import Endpoint
from viewer.reader.statistics.margins import holm

NOT_DETECTION = (
    "Ratings and preferences say how images are judged, not what can be detected in them."
)

OF_RATINGS = ("odds ratio", "mean difference")
"""Figures that belong to ratings; a claim made of them says so."""

OF_PREFERENCE = "probability of being preferred"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the readings say on one endpoint of the plan.

    `figure` names what was estimated ("odds ratio", "mean difference", "AUC difference"); `p`
    is on the scale that is held against alpha (margins.MarginTest says how). `is_met` is before
    and `stands` after the correction over primary endpoints; `p_adjusted` is None for secondary
    ones, which are not corrected and never claimed. An endpoint that could not be analysed has a
    `reason`, and counts in the correction with p = 1.
    """

    endpoint: Endpoint
    figure: str = ""
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    level: float = 0.95
    df: float | None = None
    p: float | None = None
    is_met: bool = False
    p_adjusted: float | None = None
    stands: bool = False
    reason: str = ""


def decided_together(findings: Sequence[Finding], alpha: float) -> tuple[Finding, ...]:
    """Return findings with Holm's adjusted p over all primary ones; call it once per study.

    A finding stands only where its direction is as asked and its adjusted p is below `alpha`.
    """
    primary = [place for place, one in enumerate(findings) if one.endpoint.is_primary]
    adjusted = holm([1.0 if (p := findings[at].p) is None else p for at in primary], alpha)
    decided = [replace(one, p_adjusted=None, stands=False) for one in findings]
    for place, (p, is_rejected) in zip(primary, adjusted, strict=True):
        stands = findings[place].is_met and is_rejected
        decided[place] = replace(decided[place], p_adjusted=p, stands=stands)
    return tuple(decided)


def claim(finding: Finding) -> str:
    """Return the sentence that may be claimed, or "" where nothing may be."""
    if not finding.stands or finding.estimate is None or finding.interval is None:
        return ""
    end = finding.endpoint
    words = {
        "superiority": "is superior to",
        "non_inferiority": "is not inferior to",
        "equivalence": "is equivalent to",
    }[end.kind]
    low, high = finding.interval
    margin = f", margin {end.margin:g}" if end.margin else ""
    measure = end.measure
    if finding.figure in OF_RATINGS:
        measure = f"ratings of {end.measure}"
    elif finding.figure == OF_PREFERENCE:
        measure = f"preference by {end.measure}"
    return (
        f"In {measure}, {end.arm} {words} {end.control} ({finding.figure}"
        f" {finding.estimate:.2f}, {100 * finding.level:g} % interval {low:.2f} to {high:.2f}"
        f"{margin}; adjusted p {_p_text(finding.p_adjusted)})."
    )


def _p_text(p: float | None) -> str:
    return "unknown" if p is None else "< 0.001" if p < 0.001 else f"= {p:.3f}"
