"""The parts of `diptych study` that look after a study's record."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.core.errors import WrongUsage

if TYPE_CHECKING:
    from viewer.app.coordinating import Told

Add = Callable[[argparse.ArgumentParser], None]
Run = Callable[[argparse.Namespace], "Told"]


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the locked study, NAME.study")


def _add_deed(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    parser.add_argument("--who", default="owner", metavar="NAME", help="who does it")


def _add_why(parser: argparse.ArgumentParser) -> None:
    _add_deed(parser)
    parser.add_argument("--why", required=True, metavar="TEXT", help="the reason, kept for good")


def _add_verify(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    parser.add_argument("--log", type=Path, metavar="FILE", help="the second log, where it moved")


def _add_passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        required=True,
        metavar="F",
        help="a text file whose first line is the passphrase",
    )


def _add_reader(parser: argparse.ArgumentParser) -> None:
    _add_deed(parser)
    parser.add_argument("reader", metavar="CODE", help="the reader's code in the study file")
    _add_passphrase(parser)


def _add_unblind(parser: argparse.ArgumentParser) -> None:
    _add_why(parser)
    parser.set_defaults(who="")
    _add_passphrase(parser)


def _add_export(parser: argparse.ArgumentParser) -> None:
    _add_deed(parser)
    parser.add_argument(
        "--package",
        type=Path,
        metavar="OUT",
        help="a new zip with the study, its second log, its images and a checksum of each",
    )
    parser.add_argument(
        "--format",
        default="",
        metavar="NAME",
        help="csv, answers, marks, imrmc, lrc, rjafroc, redcap, sr (DICOM structured reports), or "
        "bundle (everything, with checksums)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where --format writes")
    parser.add_argument(
        "--originals", type=Path, metavar="DIR", help="where the study file lay at lock, for sr"
    )
    parser.add_argument(
        "--criterion", default="", metavar="ID", help="the question that is a score"
    )


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package", type=Path, metavar="PACKAGE")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="a new folder")


def _add_merge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, metavar="A", help="a study file or a package")
    parser.add_argument("second", type=Path, metavar="B", help="the copy whose readings come in")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="a new file")


def _add_restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("log", type=Path, metavar="LOG", help="the second log of the study")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="a new file")


def _add_share(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    parser.add_argument(
        "--server",
        required=True,
        metavar="ADDRESS",
        help="postgresql://user@host/database#NAME; a password stands in ~/.pgpass",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="a new file")


def _passphrase(options: argparse.Namespace) -> str:
    path: Path = options.passphrase_file
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{path} cannot be read ({error}).", "", "Name a text file.") from error
    if not lines or not lines[0]:
        raise WrongUsage(f"{path} has no passphrase in its first line.")
    return lines[0]


def _status(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import status

    return status(options.file)


def _verify(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import check

    return check(options.file, options.log)


def _open(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import open_for_reading

    return open_for_reading(options.file, options.who)


def _close(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import close_reading

    return close_reading(options.file, options.who, options.why)


def _reader(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import set_passphrase

    return set_passphrase(options.file, options.reader, _passphrase(options), options.who)


def _unblind(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import unblind

    return unblind(options.file, _passphrase(options), options.who, options.why)


def _archive(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import archive

    return archive(options.file, options.who)


def _export(options: argparse.Namespace) -> "Told":
    from viewer.app.coordinating import Told
    from viewer.app.studying import pack

    if (options.package is None) == (not options.format):
        raise WrongUsage(
            "Say what to export.", "", "Give --package OUT, or --format NAME --out DIR."
        )
    if options.package is not None:
        return pack(options.file, options.package, options.who)
    if options.out is None:
        raise WrongUsage("Say where to write.", "", "Add --out DIR.")
    if options.format == "bundle":
        from viewer.app.study_bundle import write_bundle

        target = options.out / f"{options.file.stem}-bundle.zip"
        options.out.mkdir(parents=True, exist_ok=True)
        names = write_bundle(options.file, target)
        return Told({"files": [str(target)], "names": names}, (str(target), *names))
    from viewer.app.study_exporting import export_readings

    where = options.out, options.criterion, options.originals
    files = export_readings(options.file, options.format, *where)
    lines = tuple(map(str, files))
    return Told({"files": list(lines)}, lines)


def _import(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import unpack

    return unpack(options.package, options.out)


def _merge(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import join

    return join(options.first, options.second, options.out)


def _restore(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import make_anew

    return make_anew(options.log, options.out)


def _share(options: argparse.Namespace) -> "Told":
    from viewer.app.studying import share

    return share(options.file, options.server, options.out)


RECORD_PARTS: tuple[tuple[str, str, Add, Run], ...] = (
    ("status", "say how far each reader is, never what was answered", _add_file, _status),
    ("verify", "say whether the record is what was written", _add_verify, _verify),
    ("reader", "give a reader a passphrase", _add_reader, _reader),
    ("open", "let readers begin", _add_deed, _open),
    ("close", "end reading for good", _add_why, _close),
    ("unblind", "open the allocation of a closed study", _add_unblind, _unblind),
    ("archive", "end an unblinded study", _add_deed, _archive),
    ("export", "pack a study for a site, or back from one", _add_export, _export),
    ("import", "unpack a study's package", _add_import, _import),
    ("merge", "put the readings of two copies of a study together", _add_merge, _merge),
    ("share", "put a study on a PostgreSQL server for several workstations", _add_share, _share),
    ("restore", "make a study file anew from its second log", _add_restore, _restore),
)
"""Name, help, options and deed of each part."""
