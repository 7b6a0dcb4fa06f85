"""Studies that grow file by file, without looking through all of them for each new one."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from viewer.core.study import Entry, Instance, ScanReport, Series, Skipped, Study, marked


@dataclass(slots=True)
class _GrowingSeries:
    series: Series
    instances: list[Instance] = field(default_factory=list)
    snapshot: Series | None = None


@dataclass(slots=True)
class _GrowingStudy:
    study: Study
    series: dict[str, _GrowingSeries] = field(default_factory=dict)
    snapshot: Study | None = None


class Library:
    """Entries collected into studies; adding a file costs the same however many are there."""

    def __init__(self) -> None:
        """Start empty."""
        self._studies: dict[tuple[str, str, str], _GrowingStudy] = {}
        self._seen: set[tuple[str, str]] = set()
        self._skipped: list[Skipped] = []

    def add(self, entries: Iterable[Entry]) -> None:
        """Add files; one that is there already (same SOP Instance UID and path) is left out."""
        for entry in entries:
            mark = (entry.instance.sop_instance_uid, entry.instance.path)
            if mark in self._seen:
                continue
            self._seen.add(mark)
            study = self._studies.get(entry.study.key)
            if study is None:
                study = self._studies[entry.study.key] = _GrowingStudy(entry.study)
            series = study.series.get(entry.series.uid)
            if series is None:
                series = study.series[entry.series.uid] = _GrowingSeries(entry.series)
            series.instances.append(entry.instance)
            series.snapshot = study.snapshot = None

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Add files that are in no study."""
        self._skipped.extend(skipped)

    def studies(self) -> tuple[Study, ...]:
        """Return the studies so far; only series that have grown are built anew."""
        return marked(tuple(map(self._study, self._studies.values())))

    def report(self) -> ScanReport:
        """Return everything that was found."""
        return ScanReport(self.studies(), tuple(self._skipped))

    @staticmethod
    def _study(growing: _GrowingStudy) -> Study:
        if growing.snapshot is None:
            for series in growing.series.values():
                if series.snapshot is None:
                    series.snapshot = replace(series.series, instances=tuple(series.instances))
            found = tuple(s.snapshot for s in growing.series.values() if s.snapshot is not None)
            growing.snapshot = replace(growing.study, series=found)
        return growing.snapshot
