"""Files written by the builders, read back into studies."""

from collections.abc import Iterable
from pathlib import Path

from viewer.core.partition import parts
from viewer.core.study import Instance, ScanReport, Series, SeriesPart, Study
from viewer.io.header import read_entry
from viewer.io.library import Library
from viewer.io.scan import scan


def studies_of(paths: Iterable[Path]) -> tuple[Study, ...]:
    """Read files, in their order, into studies."""
    library = Library()
    library.add(read_entry(str(path)) for path in paths)
    return library.studies()


def series_of(paths: Iterable[Path]) -> tuple[Study, Series]:
    """Read the files of one series."""
    (study,) = studies_of(paths)
    (series,) = study.series
    return study, series


def parts_of(paths: Iterable[Path]) -> tuple[SeriesPart, ...]:
    """Read the files of one series and split it into its parts."""
    return parts(*series_of(paths))


def instance_of(path: Path) -> Instance:
    """Read one file."""
    return read_entry(str(path)).instance


def scanned(*paths: Path, unpack: Path | None = None) -> ScanReport:
    """Scan paths to the end."""
    return scan(paths, lambda _e, _s: None, lambda: False, unpack or Path("unused"))
