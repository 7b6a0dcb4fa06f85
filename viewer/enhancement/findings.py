"""What the audit of a residual found: its index, the red line, and the places to look at."""

from dataclasses import dataclass

from viewer.enhancement.audit import Audit, StructureLine
from viewer.enhancement.spots import Spot

ABOVE = "more structure in what was taken away than in 95 % of the validation set"


@dataclass(frozen=True, slots=True)
class Findings:
    """What an audit found in a complete residual at full strength.

    `line` is None for a method without a validation set; `spots` are the places to look at.
    """

    figures: Audit
    line: StructureLine | None
    spots: tuple[Spot, ...]

    @property
    def is_above(self) -> bool:
        """True when the structure index is above the red line."""
        return self.line is not None and self.figures.structure > self.line.p95

    @property
    def caution(self) -> str:
        """What has to be said with the pixels, "" where nothing has."""
        return ABOVE if self.is_above else ""
