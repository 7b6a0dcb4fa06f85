"""The command line: opens the window, or runs one verb without it."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from viewer import __version__
from viewer.core.errors import DiptychError, WrongUsage

DONE, FAILED, WRONG_USAGE, WARNED = 0, 1, 2, 3
"""Exit codes: done, failed, wrong usage, done with warnings."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `diptych` with arguments (those of the process by default); return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        code = options.run(options)
    except WrongUsage as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_USAGE
    except DiptychError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return FAILED
    return int(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="diptych",
        description="Read an original image beside its AI-enhanced version. "
        "For research, not for diagnosis.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with warnings.",
    )
    parser.add_argument("--version", action="version", version=f"diptych {__version__}")
    parser.set_defaults(run=_open, paths=[], enhance="", strength=None, screenshot=None)
    parser.set_defaults(size="", scale=1.0, do=[], series="")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    _add_open(verbs.add_parser("open", help="open the window on files, folders or archives"))
    _add_info(verbs.add_parser("info", help="list every study, series and file below a path"))
    return parser


def _add_open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    parser.add_argument("--enhance", default="", metavar="ID", help="enhance the first series")
    parser.add_argument("--strength", type=float, metavar="P", help="0 to 1, default from settings")
    parser.add_argument(
        "--series",
        default="",
        metavar="TEXT",
        help="show the series whose number or description this is",
    )
    parser.add_argument(
        "--do",
        action="append",
        default=[],
        metavar="COMMAND",
        help="run a command of the window once all is loaded, such as layout.mpr",
    )
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="save the window as PNG and leave"
    )
    parser.add_argument(
        "--size", default="", metavar="WxH", help="size of the window, such as 1280x800"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="scale of the window, such as 1.5")
    parser.set_defaults(run=_open)


def _add_info(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--json", action="store_true", help="full figures as JSON")
    parser.set_defaults(run=_info)


def _open(options: argparse.Namespace) -> int:
    from viewer.ui.application import SCREENSHOT_SIZE, StartRequest, run

    size = SCREENSHOT_SIZE
    if options.size:
        size = _size(options.size)
    return run(
        StartRequest(
            paths=tuple(options.paths),
            method=options.enhance,
            strength=options.strength,
            screenshot=options.screenshot,
            size=size,
            scale=options.scale,
            commands=tuple(options.do),
            series=options.series,
        )
    )


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise WrongUsage(f"{text!r} is not a size.", "", "Write it as 1280x800.")
    return (int(width), int(height))


def _info(options: argparse.Namespace) -> int:
    from viewer.app.informing import describe, scan_all, text

    report = scan_all(tuple(options.paths))
    if options.json:
        sys.stdout.write(json.dumps(describe(report), indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(text(report) + "\n")
    return DONE if report.studies and not report.skipped else WARNED


if __name__ == "__main__":
    sys.exit(main())
