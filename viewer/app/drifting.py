"""What the log of uses shows: whether a method still does what it did, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.recording import GroupKey, Use, log_path, read_log

if TYPE_CHECKING:
    from viewer.enhancement.drift import Chart

NAMED_LINES = 8
EMPTY = (
    "Nothing has been logged yet. Press E on a series, or run diptych enhance: "
    "each enhancement adds one line to this page."
)
WATCHED = (
    ("noise_left", "Noise left at full strength"),
    ("nps_shift", "Shift of the noise's mean frequency"),
    ("structure", "Structure index"),
)
"""The figures that are watched: name in a record, and words."""


@dataclass(frozen=True, slots=True, eq=False)
class WatchedFigure:
    """One figure of a group: its values in the order of the uses that have it, and its chart.

    `learning` is how many uses make the baseline.
    """

    name: str
    title: str
    times: tuple[str, ...]
    values: tuple[float, ...]
    chart: Chart
    learning: int

    @property
    def is_learning(self) -> bool:
        """True while the uses only make the baseline."""
        return len(self.values) <= self.learning

    @property
    def signal_time(self) -> str:
        """When the alarm came, "" while in control."""
        return "" if self.chart.signal is None else self.times[self.chart.signal]


@dataclass(frozen=True, slots=True, eq=False)
class DriftGroup:
    """The uses of one method, version and settings on one modality, vendor, kernel and dose."""

    method: str
    modality: str
    vendor: str
    kernel: str
    dose: str
    uses: tuple[Use, ...]
    figures: tuple[WatchedFigure, ...]

    @property
    def key(self) -> GroupKey:
        """Identity of the group."""
        return (self.method, self.modality, self.vendor, self.kernel, self.dose)

    @property
    def name(self) -> str:
        """The group in words."""
        return " · ".join(self.key)

    @property
    def alarms(self) -> tuple[WatchedFigure, ...]:
        """The figures that have drifted, the earliest alarm first."""
        found = [figure for figure in self.figures if figure.chart.signal is not None]
        return tuple(sorted(found, key=lambda figure: figure.signal_time))

    @property
    def state(self) -> str:
        """In words: learning, in control, or since when there is a signal."""
        from viewer.enhancement.drift import LEARNING

        if self.alarms:
            return f"signal since {self.alarms[0].signal_time[:10]}"
        known = max((len(figure.values) for figure in self.figures), default=0)
        return "in control" if known > LEARNING else f"learning {known} of {LEARNING}"


@dataclass(frozen=True, slots=True, eq=False)
class DriftReport:
    """Every group, those with a signal first, and what could not be read."""

    groups: tuple[DriftGroup, ...]
    damaged: tuple[int, ...]

    @property
    def has_signal(self) -> bool:
        """True when any group has drifted."""
        return any(group.alarms for group in self.groups)

    @property
    def damaged_words(self) -> str:
        """Name the lines of the log that could not be read, "" for none."""
        if not self.damaged:
            return ""
        lines = ", ".join(str(number) for number in self.damaged[:NAMED_LINES])
        more = len(self.damaged) - NAMED_LINES
        and_more = f" and {more} more" if more > 0 else ""
        word, verb = ("Line", "is") if len(self.damaged) == 1 else ("Lines", "are")
        return f"{word} {lines}{and_more} of the log {verb} damaged and left out."


def drift_report(home: Path) -> DriftReport:
    """Read the log and chart every group.

    Raises
    ------
    UnreadableFile : the log is there and cannot be read.
    """
    uses, damaged = read_log(home)
    grouped: dict[GroupKey, list[Use]] = {}
    for use in uses:
        grouped.setdefault(use.group, []).append(use)
    groups = [_group(key, some) for key, some in grouped.items()]
    groups.sort(key=lambda group: (not group.alarms, -len(group.uses)))
    return DriftReport(tuple(groups), damaged)


def _group(key: GroupKey, uses: Sequence[Use]) -> DriftGroup:
    figures = tuple(_watched(name, title, uses) for name, title in WATCHED)
    return DriftGroup(*key, tuple(uses), figures)


def _watched(name: str, title: str, uses: Sequence[Use]) -> WatchedFigure:
    from viewer.enhancement.drift import LEARNING, chart

    known = [(use.time, getattr(use, name)) for use in uses]
    known = [(time, float(value)) for time, value in known if value is not None]
    times, values = (tuple(column) for column in zip(*known, strict=True)) if known else ((), ())
    return WatchedFigure(name, title, times, values, chart(values), LEARNING)


def rule_words() -> str:
    """Say what is watched and how often an alarm is false."""
    from viewer.enhancement.drift import (
        GROUP_RUN_LENGTH,
        LEARNING,
        SLACK_SD,
        group_limit,
        run_length_of,
    )

    limit = group_limit()
    return (
        f"The first {LEARNING} enhancements of a group make its baseline. After that a group in "
        f"which nothing changes gives a false alarm about once in {GROUP_RUN_LENGTH:.0f} "
        f"enhancements (CUSUM with slack {SLACK_SD:g} SD and limit {limit:.2f} SD, for figures "
        "that are spread like a normal distribution). A change of one SD is found after about "
        f"{run_length_of(limit, 1.0):.0f} enhancements."
    )


def drift_facts(home: Path) -> dict[str, object]:
    """Return the report ready for JSON."""
    report = drift_report(home)
    return {
        "log": str(log_path(home)),
        "rule": rule_words(),
        "damaged_lines": list(report.damaged),
        "has_signal": report.has_signal,
        "groups": [
            {
                "method": group.method,
                "modality": group.modality,
                "vendor": group.vendor,
                "kernel": group.kernel,
                "dose": group.dose,
                "uses": len(group.uses),
                "state": group.state,
                "figures": [
                    {
                        "name": figure.name,
                        "values": list(figure.values),
                        "up": figure.chart.up.tolist(),
                        "down": figure.chart.down.tolist(),
                        "limit": figure.chart.limit,
                        "signal_time": figure.signal_time,
                    }
                    for figure in group.figures
                ],
            }
            for group in report.groups
        ],
    }


def drift_text(home: Path) -> str:
    """Return the report for a terminal."""
    report = drift_report(home)
    if not report.groups:
        return "\n".join(words for words in (EMPTY, report.damaged_words) if words)
    lines = []
    for group in report.groups:
        lines.append(f"{group.name}: {len(group.uses)} uses, {group.state}")
        lines += [
            f"  {figure.title} {'rose' if figure.chart.is_up else 'fell'}, "
            f"signal since {figure.signal_time}"
            for figure in group.alarms
        ]
    return "\n".join([*lines, rule_words(), *filter(None, [report.damaged_words])])
