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

from viewer.core.errors import DiptychError, WrongUsage
from viewer.options import evaluate_command, parser
from viewer.verb_part import Outcome, terminal_progress

DONE, FAILED, WRONG_USAGE, WARNED = 0, 1, 2, 3
"""Exit codes: done, failed, wrong usage, done with warnings."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `diptych` with arguments (those of the process by default); return the exit code."""
    options = parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _log_warning
            code = VERBS[options.run](options)
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


def _open(options: argparse.Namespace) -> int:
    from viewer.ui.application import SCREENSHOT_SIZE, StartRequest, run

    if options.enhance:
        from viewer.app.headless import check_enhancement

        check_enhancement(options.enhance, options.strength, is_research=options.research)
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
            is_research=options.research,
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
    from viewer.app.batch import is_begun
    from viewer.app.headless import enhance_paths

    if options.workers is not None or options.dask or is_begun(options.out):
        return _batch(options)
    results = enhance_paths(
        tuple(options.paths),
        options.method,
        options.strength,
        options.out,
        terminal_progress,
        options.device,
        is_research=options.research,
        settings=tuple(_setting(text) for text in options.settings),
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


def _setting(text: str) -> tuple[str, float]:
    """Return a parameter that was written as NAME=VALUE."""
    name, _, value = text.partition("=")
    try:
        return (name.strip(), float(value))
    except ValueError:
        raise WrongUsage(
            f"{text!r} does not give a parameter.", "", "Write it as NAME=VALUE, such as factor=4."
        ) from None


def _batch(options: argparse.Namespace) -> int:
    from viewer.app.batch import BatchRequest, is_clean, is_failed, run_batch
    from viewer.app.batch_words import lines

    request = BatchRequest(
        tuple(options.paths),
        options.method,
        options.strength,
        options.out,
        options.device,
        1 if options.workers is None else options.workers,
        options.dask,
        options.research,
        tuple(_setting(text) for text in options.settings),
    )
    result = run_batch(request, terminal_progress)
    _end_progress()
    if options.json:
        _print_json(asdict(result))
    else:
        for line in lines(result, options.out):
            _print(line)
    if is_failed(result):
        return FAILED
    return DONE if is_clean(result) else WARNED


def _models(options: argparse.Namespace) -> int:
    from viewer.app import cataloguing

    facts: object
    if options.verb == "show":
        facts = shown = cataloguing.show_model(options.id)
        lines, code = cataloguing.show_lines(shown), DONE
    elif options.verb == "list":
        facts = rows = cataloguing.list_models()
        lines = cataloguing.list_lines(rows)
        code = DONE if all(cataloguing.is_usable(row) for row in rows) else WARNED
    else:
        is_new = options.verb == "add"
        found = cataloguing.add_model(options.folder) if is_new else None
        facts = rows = (found,) if found else cataloguing.verify_models(options.ids)
        lines = cataloguing.verify_lines(rows)
        code = WARNED if any(row.get("notes") for row in rows) else DONE
        code = FAILED if any(row["problem"] for row in rows) else code
    if options.json:
        _print_json(facts)
    for line in () if options.json else lines:
        _print(line)
    return code


def _evaluate(options: argparse.Namespace) -> int:
    from viewer.app.cataloguing import is_research_on
    from viewer.app.evaluating import table_lines
    from viewer.app.report_html import rows_of
    from viewer.app.reporting import csv_text, write_report

    _refuse_mixed(options)
    options.research = is_research_on(is_asked=options.research)
    if options.scenes is None:
        options.scenes = 180 if options.on == "residuals" else 12
    table = _judged(options)
    _end_progress()
    if options.json:
        _print_json(table)
    elif not options.report:
        part = "verdicts" if options.gates is not None else "rows"
        is_demo = options.on == "demo"
        lines = table_lines(table) if is_demo else csv_text(rows_of(table, part)).splitlines()
        for line in lines:
            _print(line)
    if options.report:
        for path in write_report(table, options.report, evaluate_command(options)):
            _print(str(path))
    return DONE


def _refuse_mixed(options: argparse.Namespace) -> None:
    """Refuse options of `evaluate` that do not go together."""
    is_real = options.on not in ("demo", "simulated", "residuals")
    if not is_real and (options.repeat or options.gates is not None):
        raise WrongUsage("--repeat and --gates go with real scans.", "", "Add --on PATH.")
    if options.on in ("demo", "residuals") and options.report:
        raise WrongUsage(
            f"There is no report on the {options.on}.", "", "Add --on simulated, or --on PATH."
        )


def _judged(options: argparse.Namespace) -> dict[str, object]:
    """Return the table that `evaluate` is asked for."""
    from viewer.app import headless

    methods, strength, place = tuple(options.methods), options.strength, Path(options.on)
    mode = {"is_research": options.research}
    if options.on == "demo":
        table = headless.evaluate_demo(methods, strength, terminal_progress, **mode)
        return {"command": evaluate_command(options), **table}
    if options.on == "simulated":
        extent = (options.scenes, options.pairs)
        return headless.evaluate_simulated(
            methods, strength, *extent, terminal_progress, modality=options.modality, **mode
        )
    if options.on == "residuals":
        table = headless.evaluate_residuals(methods, options.scenes, terminal_progress, **mode)
        return {"command": evaluate_command(options), **table}
    if options.gates is not None:
        expected = Path(options.gates) if options.gates else None
        return headless.evaluate_gates(place, methods, expected, terminal_progress, **mode)
    return headless.evaluate_scans(
        (place,), methods, strength, terminal_progress, repeat=options.repeat, **mode
    )


def _audit(options: argparse.Namespace) -> int:
    from viewer.app.drifting import drift_facts, drift_report, drift_text
    from viewer.core.places import user_folder

    home = user_folder()
    if options.json:
        _print_json(drift_facts(home))
    else:
        _print(drift_text(home))
    report = drift_report(home)
    return WARNED if report.has_signal or report.damaged else DONE


def _pacs(options: argparse.Namespace) -> int:
    from viewer.pacs_line import run_pacs

    return _told(run_pacs(options), options)


def _study(options: argparse.Namespace) -> int:
    from viewer.study_line import run_part

    return _told(run_part(options), options)


def _told(outcome: Outcome, options: argparse.Namespace) -> int:
    """Print what came of a part of a verb, and return its exit code."""
    _end_progress()
    if options.json:
        _print_json(outcome.facts)
    for line in () if options.json else outcome.lines:
        _print(line)
    return outcome.code


def _demo(options: argparse.Namespace) -> int:
    from viewer.app.demonstrating import demo_study
    from viewer.core.places import user_folder

    study = demo_study(user_folder(), progress=terminal_progress)
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


def _end_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")


VERBS = {
    "audit": _audit,
    "demo": _demo,
    "doctor": _doctor,
    "enhance": _enhance,
    "evaluate": _evaluate,
    "info": _info,
    "models": _models,
    "open": _open,
    "pacs": _pacs,
    "study": _study,
}
"""What is done for each `run` of `viewer.options`."""


if __name__ == "__main__":
    sys.exit(main())
