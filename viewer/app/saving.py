"""Saving: an enhanced series becomes a derived DICOM series in a folder of its own."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from viewer.app.auditing import audited
from viewer.app.enhancing import Enhancement
from viewer.core.errors import NotSaved
from viewer.core.study import Entry, SeriesPart, Study
from viewer.core.volume import DerivedVolume, Frames
from viewer.io.derived import write_derived
from viewer.io.header import read_entry

Report = Callable[[float, str], None]


def _no_report(_fraction: float, _words: str) -> None:
    """Tell nobody."""


def save_enhancement(
    enhancement: Enhancement,
    strength: float | None,
    out: Path,
    *,
    study: Study | None = None,
    opened: Collection[Path] = (),
    report: Report = _no_report,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Path, ...]:
    """Save a complete enhancement at a strength (None: the requested one) into the folder `out`.

    See `save_derived`; `study` is by default the one that the enhancement was made from. What was
    not audited yet is, so that a caution of the audit goes into the files.
    """
    if enhancement.findings is None:
        report(0.0, "Looking at the residual")
        enhancement = audited(enhancement, is_cancelled)
    request = enhancement.plan.request
    report(0.0, "Blending")
    return save_derived(
        request.part,
        enhancement.volume(strength),
        out,
        inputs=enhancement.inputs(),
        study=study or request.study,
        opened=opened,
        report=report,
        is_cancelled=is_cancelled,
    )


def save_derived(
    part: SeriesPart,
    enhanced: DerivedVolume | Frames,
    out: Path,
    *,
    inputs: Sequence[Sequence[int]] = (),
    study: Study | None = None,
    opened: Collection[Path] = (),
    report: Report = _no_report,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Path, ...]:
    """Write a derived series into `out`, which must be empty or not there; return its files.

    Parameters
    ----------
    inputs : see `write_derived`.
    study : its Series Numbers are not used again.
    opened : folders that the reader opened; nothing is written inside them, or among the source's
        own files.

    Raises
    ------
    NotSaved : `out` belongs to the source or has something in it, or the disk refuses.
    Blocked : this kind of object cannot be written.
    Cancelled : somebody asked for it; nothing is left behind.
    """
    refuse_source_folder(part, out, opened)
    numbers = [series.number for series in study.series] if study else []
    return write_derived(
        part,
        enhanced,
        out,
        inputs=inputs,
        taken_numbers=frozenset(number for number in numbers if number is not None),
        is_cancelled=is_cancelled,
        on_progress=report,
    )


def entries_of(files: Collection[Path]) -> tuple[Entry, ...]:
    """Return what was just written as entries, so that it can be listed beside its source."""
    return tuple(read_entry(str(file)) for file in files)


def refuse_source_folder(part: SeriesPart, out: Path, opened: Collection[Path] = ()) -> None:
    """Refuse a folder that is, or lies in, a folder of the original's files.

    Raises
    ------
    NotSaved : with the folder's name in words.
    """
    own = {Path(source.instance.path).parent for source in part.sources}
    folders = {path for path in opened if path.is_dir()} | own
    target = out.resolve()
    for folder in folders:
        if target.is_relative_to(folder.resolve()):
            raise NotSaved(
                f"The enhanced series was not saved: {folder.name} holds the original.",
                "Originals and enhanced images are kept in separate folders.",
                "Choose a folder elsewhere.",
            )
