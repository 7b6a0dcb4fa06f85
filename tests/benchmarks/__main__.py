"""Every benchmark in one run: ``python -m tests.benchmarks [NAME ...]``, or packaging/benchmark.

Each row is timed beside its peer in the same run; what counts is the ratio, or the frame that a
hand or an eye waits for. Names are beginnings of row names, such as ``scan`` or ``ui_tick_jls``.
Rows are medians of five runs (``--runs``), and are true on an otherwise idle machine only: the load
average before each row stands beside it. Generated series (about 4 GB with the one of 5,000 files)
are kept in ``--work`` for the next run. Start-up is seen on a virtual screen, which needs Xvfb.

======================  =========================================================================
scan_600, scan_5000     headers, beside pydicom reading the same values
load_*                  a whole series, beside SimpleITK's reader, and a memcpy for raw pixels
rss_*                   peak memory of the loading process, beside 1.5 x pixels + 200 MB
start_window            process start to window, beside an empty PySide6 window
first_image_*           process start to an image on the screen
scroll_*, wl_*, mg_*    frames of 900 x 900 views in the real window, beside pyqtgraph
mpr_*                   oblique planes beside vtkImageReslice alone; three views while turning
vr_*                    volume rendering of 512 x 512 x 600
ui_tick_*               a timer of 1 ms in the real window while series load or are enhanced
enhance_*               the visible slice and 300 slices on the CPU, beside torch
reading_*               a reader study: from a case to the next, and until an answer is durable
patches_*               simulated training patches: milliseconds each, and patches a second
get_300, store_300      a series from and to Orthanc by C-GET and C-STORE, beside DCMTK's tools
wado_300, stow_300      a series from and to Orthanc by DICOMweb, beside bare requests
answer_durable          an answer of a reader study, beside a bare SQLite commit and a synced line
receive_*               CT slices from one sender and four, beside DCMTK's storescp, a file
ratings_*               mixed models of ratings, and how often their intervals hold the truth
======================  =========================================================================
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.benchmarks import (
    bench_dimse,
    bench_enhance,
    bench_load,
    bench_network,
    bench_networks,
    bench_ratings,
    bench_reading,
    bench_record,
    bench_render,
    bench_scan,
    bench_simulation,
    bench_start,
    bench_ui,
    bench_web,
    screen,
)
from tests.benchmarks.table import Row, is_reached, text, work_folder

RUNS = 5

Part = Callable[[Path, int], Iterator[Row]]


def _start(names: tuple[str, ...]) -> Part:
    def part(work: Path, runs: int) -> Iterator[Row]:
        if screen.is_available():
            yield from bench_start.rows(work, names, runs)
        else:
            sys.stderr.write("start_window and first_image are left out: install Xvfb.\n")

    return part


def _load(name: str) -> Part:
    return lambda work, runs: bench_load.rows(work, (name,), runs)


def _ui(name: str) -> Part:
    return lambda work, runs: bench_ui.rows(work, (name,), runs)


def _rendered(name: str) -> Part:
    return lambda _work, _runs: iter(bench_render.rows(name))


def _enhance(name: str) -> Part:
    return lambda _work, _runs: iter(bench_enhance.rows(name))


def _simulated(name: str) -> Part:
    return lambda _work, _runs: bench_simulation.rows(name)


def _ratings(name: str) -> Part:
    return lambda _work, _runs: bench_ratings.rows(name)


PARTS: dict[str, Part] = {
    "start_window": _start(("start_window",)),
    "first_image": _start(("first_image",)),
    "scan_600": lambda work, runs: bench_scan.rows(work, (600,), runs),
    "scan_5000": lambda work, runs: bench_scan.rows(work, (5000,), runs),
    **{f"load_{coding}": _load(coding) for coding in bench_load.CODINGS},
    "rss": _load("rss"),
    "scroll": _ui("scroll"),
    "mg": _ui("mg"),
    "mpr_drag_3": _ui("mpr_drag_3"),
    "mpr_oblique": _rendered("mpr"),
    "vr": _rendered("vr"),
    **{f"ui_tick_{coding}": _ui(f"ui_tick_{coding}") for coding in bench_load.CODINGS},
    "ui_tick_enhance": _ui("ui_tick_enhance"),
    "enhance_visible": _enhance("enhance_visible"),
    "enhance_300": _enhance("enhance_300"),
    "enhance_batch": _enhance("enhance_batch"),
    "reading": bench_reading.rows,
    "net": lambda _work, _runs: iter(bench_networks.rows()),
    "wado": lambda work, runs: bench_web.rows(work, ("wado",), runs),
    "stow": lambda work, runs: bench_web.rows(work, ("stow",), runs),
    "receive": bench_network.rows,
    "get": bench_dimse.rows,
    "answer_durable": lambda work, _runs: bench_record.rows(work),
    **{name: _simulated(name) for name in bench_simulation.MAKERS},
    **{name: _ratings(name) for name in (*bench_ratings.TIMED, *bench_ratings.COVERED)},
}
"""What gives rows, under the beginning of their names, in the order of the table."""


def measured(work: Path, names: tuple[str, ...], runs: int) -> Iterator[Row]:
    """Yield the rows that are asked for (all without names), each with the load before it."""
    for name, part in PARTS.items():
        if names and not any(name.startswith(n) or n.startswith(name) for n in names):
            continue
        rows = part(work, runs)
        while True:
            load = f"{os.getloadavg()[0]:.1f}"
            row = next(rows, None)
            if row is None:
                break
            yield row | {"load": load}


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    model = ""
    if (info := Path("/proc/cpuinfo")).exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "")
    return {
        "cores": os.cpu_count(),
        "processor": model or platform.processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg(),
    }


def main() -> int:
    """Measure, print the table, and return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", help="beginnings of row names; default: all")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, too")
    parser.add_argument("--work", type=Path, default=work_folder(), help="keeps generated series")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    facts = machine()
    print(", ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    found: list[Row] = []
    for row in measured(options.work, tuple(options.names), options.runs):
        found.append(row)
        print(text([row]).splitlines()[1], flush=True)
        if options.json:
            options.json.write_text(json.dumps({"machine": facts, "rows": found}, indent=1))
    print("\n" + text(found))
    return 1 if any(is_reached(row) is False for row in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
