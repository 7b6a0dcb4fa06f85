"""The command line: opens the window, or runs one verb without it."""

import argparse
import json
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from viewer import __version__
from viewer.core.errors import DiptychError, WrongUsage

DONE, FAILED, WRONG_USAGE, WARNED = 0, 1, 2, 3
"""Exit codes: done, failed, wrong usage, done with warnings."""

STRENGTH_HELP = "0 to 1; for denoisers the cut of the noise SD in flat regions (default 0.4)"
SCREENSHOT_HELP = "save the window as PNG and leave"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `diptych` with arguments (those of the process by default); return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _log_warning
            code = options.run(options)
    except WrongUsage as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_USAGE
    except DiptychError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return FAILED
    return int(code)


def _log_warning(
    message: Warning | str,  # noqa: ARG001 (its words may quote a patient)
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Log where a library warned; its words are not meant for a reader."""
    place = f"{Path(filename).name}:{lineno}"
    logging.getLogger("diptych").info("%s in %s", category.__name__, place)


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
    _add_enhance(verbs.add_parser("enhance", help="write an enhanced series as DICOM"))
    _add_models(verbs.add_parser("models", help="list methods and whether models are verified"))
    _add_evaluate(verbs.add_parser("evaluate", help="judge methods against a known truth"))
    _add_demo(verbs.add_parser("demo", help="build the demo study and open it enhanced"))
    _add_doctor(verbs.add_parser("doctor", help="say what works here, and what to do"))
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
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help=SCREENSHOT_HELP)
    parser.add_argument(
        "--size", default="", metavar="WxH", help="size of the window, such as 1280x800"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="scale of the window, such as 1.5")
    parser.set_defaults(run=_open)


def _add_info(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--json", action="store_true", help="full figures as JSON")
    parser.set_defaults(run=_info)


def _add_enhance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--method", default="ct-denoise-s", metavar="ID")
    parser.add_argument("--strength", type=float, default=0.4, metavar="P", help=STRENGTH_HELP)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--json", action="store_true", help="full figures as JSON")
    parser.set_defaults(run=_enhance)


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="full figures as JSON")
    parser.set_defaults(run=_models)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("methods", nargs="*", metavar="METHOD", help="default: every denoiser")
    parser.add_argument(
        "--on",
        default="demo",
        metavar="WHAT",
        help='"demo" study, "simulated" scenes with lesions, edges and a model observer, or a PATH',
    )
    parser.add_argument(
        "--repeat",
        type=Path,
        metavar="PATH",
        help="a second scan of the same object: noise is measured in the difference of both",
    )
    parser.add_argument(
        "--gates",
        nargs="?",
        const="",
        metavar="CSV",
        help="only say what the gates say to each series of PATH, beside what a table with the "
        "columns path,expected (run, warn or refuse),why wants",
    )
    parser.add_argument("--strength", type=float, default=0.4, metavar="P", help=STRENGTH_HELP)
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write JSON, CSV and an HTML page there"
    )
    parser.add_argument(
        "--modality",
        default="",
        metavar="MOD",
        help="CT or MR simulation; by default that of the first model named, else CT",
    )
    parser.add_argument("--scenes", type=int, default=12, metavar="N", help="simulated scenes")
    parser.add_argument("--pairs", type=int, default=200, metavar="N", help="pairs for each insert")
    parser.add_argument("--json", action="store_true", help="full figures as JSON")
    parser.set_defaults(run=_evaluate)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--build-only", action="store_true", help="build it and say where it is")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help=SCREENSHOT_HELP)
    parser.add_argument("--size", default="", metavar="WxH", help="such as 1280x800")
    parser.set_defaults(run=_demo)


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=_doctor)


def _open(options: argparse.Namespace) -> int:
    from viewer.ui.application import SCREENSHOT_SIZE, StartRequest, run

    if options.enhance:
        from viewer.app.headless import check_enhancement

        check_enhancement(options.enhance, options.strength)
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
        _print_json(describe(report))
    else:
        _print(text(report))
    return DONE if report.studies and not report.skipped else WARNED


def _enhance(options: argparse.Namespace) -> int:
    from viewer.app.headless import enhance_paths

    results = enhance_paths(
        tuple(options.paths),
        options.method,
        options.strength,
        options.out,
        _terminal_progress,
        options.device,
    )
    _end_progress()
    if options.json:
        _print_json([asdict(result) for result in results])
    else:
        for result in results:
            words = result.refusal
            if result.files:
                effect = dict(result.provenance).get("effect", "")
                words = f"{effect}, {len(result.files)} files in {result.files[0].parent}"
            _print(f"{result.description}: {words}")
            for caution in result.cautions:
                _print(f"  caution: {caution}")
    if not any(result.files for result in results):
        return FAILED
    return WARNED if any(result.refusal or result.warnings for result in results) else DONE


def _models(options: argparse.Namespace) -> int:
    from viewer.app.headless import are_models_verified, list_models

    rows = list_models()
    if options.json:
        _print_json(rows)
    else:
        for row in rows:
            state = f"  [{row['weights']}]" if row.get("weights") else ""
            _print(f"{row['id']:<16} {row.get('kind', ''):<7} {row.get('purpose', '')}{state}")
            if row.get("problem"):
                _print(f"  {row['problem']}")
    return DONE if are_models_verified() else WARNED


def _evaluate(options: argparse.Namespace) -> int:
    from viewer.app import headless
    from viewer.app.evaluating import table_lines
    from viewer.app.report_html import rows_of
    from viewer.app.reporting import csv_text, write_report

    methods, strength, is_demo = tuple(options.methods), options.strength, options.on == "demo"
    if options.on in ("demo", "simulated") and (options.repeat or options.gates is not None):
        raise WrongUsage("--repeat and --gates go with real scans.", "", "Add --on PATH.")
    if is_demo and options.report:
        raise WrongUsage("The demo study has no report.", "", "Add --on simulated, or --on PATH.")
    if is_demo:
        table = headless.evaluate_demo(methods, strength, _terminal_progress)
    elif options.on == "simulated":
        extent = (options.scenes, options.pairs)
        table = headless.evaluate_simulated(
            methods, strength, *extent, _terminal_progress, options.modality
        )
    elif options.gates is not None:
        expected = Path(options.gates) if options.gates else None
        table = headless.evaluate_gates(Path(options.on), methods, expected, _terminal_progress)
    else:
        paths = (Path(options.on),)
        table = headless.evaluate_scans(
            paths, methods, strength, _terminal_progress, options.repeat
        )
    _end_progress()
    if options.json:
        _print_json(table)
    elif not options.report:
        part = "verdicts" if options.gates is not None else "rows"
        lines = table_lines(table) if is_demo else csv_text(rows_of(table, part)).splitlines()
        for line in lines:
            _print(line)
    if options.report:
        for path in write_report(table, options.report, _command(options)):
            _print(str(path))
    return DONE


def _command(options: argparse.Namespace) -> str:
    """Return the command line that gives a report again."""
    parts = ["diptych evaluate", *options.methods, "--on", options.on]
    parts += ["--repeat", str(options.repeat)] if options.repeat else []
    if options.gates is not None:
        return " ".join([*parts, "--gates", options.gates]).strip()
    parts += ["--strength", f"{options.strength:g}"]
    if options.on == "simulated":
        parts += ["--modality", options.modality] if options.modality else []
        parts += ["--scenes", str(options.scenes), "--pairs", str(options.pairs)]
    return " ".join(parts)


def _demo(options: argparse.Namespace) -> int:
    from viewer.app.demonstrating import demo_study
    from viewer.core.places import user_folder

    study = demo_study(user_folder(), progress=_terminal_progress)
    _end_progress()
    if options.build_only:
        _print(str(study.folder))
        return DONE
    from viewer.ui.application import SCREENSHOT_SIZE, StartRequest, run

    return run(
        StartRequest(
            paths=(study.quarter_dose, study.full_dose),
            method="ct-denoise-s",
            screenshot=options.screenshot,
            size=_size(options.size) if options.size else SCREENSHOT_SIZE,
            commands=("window.preset_1",),
        )
    )


def _doctor(options: argparse.Namespace) -> int:
    from viewer.app.diagnosing import diagnose, is_well, text
    from viewer.ui.rendering_check import volume_rendering_finding

    findings = (*diagnose(), volume_rendering_finding())
    if options.json:
        _print_json([asdict(finding) for finding in findings])
    else:
        _print(text(findings))
    return DONE if is_well(findings) else WARNED


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def _print_json(value: object) -> None:
    _print(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def _terminal_progress(fraction: float, words: str) -> None:
    """Show progress in one line, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{fraction:4.0%} {words:<60}")
        sys.stderr.flush()


def _end_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r" + " " * 66 + "\r")


if __name__ == "__main__":
    sys.exit(main())
