"""`diptych study run`: the reading window from the command line."""

import argparse
from pathlib import Path

from viewer.core.errors import WrongUsage


def add_run(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `study run`."""
    parser.add_argument("study", type=Path, metavar="FILE", help="a locked study, NAME.study")
    parser.add_argument("--reader", default="", metavar="CODE", help="who reads")
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="first line is the reader's passphrase; without it the window asks",
    )
    parser.add_argument(
        "--second-log", type=Path, metavar="FILE", help="where the second log lies now"
    )
    parser.add_argument(
        "--do",
        nargs="+",
        default=[],
        metavar="KEY",
        help="keys pressed at the start: 1, Enter, Back, Delete, or a command such as slice.next",
    )
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="save a picture of the window and exit"
    )
    parser.add_argument("--size", default="1600x1000", metavar="WxH", help="size of the window")
    parser.add_argument("--scale", type=float, default=1.0, help="scale of the screen, such as 1.5")


def run_window(options: argparse.Namespace) -> int:
    """Open the reading window; return its exit code.

    Raises
    ------
    WrongUsage : a passphrase without a reader, a size that is none, no display.
    """
    from viewer.ui.study_running import ReadingRequest, run_reading

    width, _, height = options.size.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise WrongUsage(f"{options.size!r} is not a size.", "", "Write it as 1280x800.")
    if options.passphrase_file is not None and not options.reader:
        raise WrongUsage("A passphrase needs a reader.", "", "Add --reader CODE.")
    return run_reading(
        ReadingRequest(
            options.study,
            options.reader,
            _first_line(options.passphrase_file),
            options.second_log,
            tuple(options.do),
            options.screenshot,
            (int(width), int(height)),
            options.scale,
        )
    )


def _first_line(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(
            f"The passphrase cannot be read from {path}.", str(error), "Check the path."
        ) from error
    if not lines or not lines[0]:
        raise WrongUsage(f"{path} is empty.", "", "Its first line is the passphrase.")
    return lines[0]
