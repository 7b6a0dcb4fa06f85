"""A report before it has a form: sections of words, tables and figures, as frozen values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph; `is_warning` sets it off from the rest."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table, which is written as CSV under its `name`, too."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure that `draw` makes anew each time, the same for the same data."""

    name: str
    title: str
    draw: "Callable[[], Figure]"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under a heading."""

    title: str
    parts: tuple[Words | Table | Chart, ...]


@dataclass(frozen=True, slots=True)
class StudyReport:
    """The whole report."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table in its order."""
        parts = [part for section in self.sections for part in section.parts]
        return tuple(part for part in parts if isinstance(part, Table))
