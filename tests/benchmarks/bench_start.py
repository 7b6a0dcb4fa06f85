"""Process start to window, and to the first image, seen on a virtual screen.

Run as ``python -m tests.benchmarks.bench_start [NAME ...]``. The window is timed beside an empty
PySide6 program of the same size, the first image of 5,000 files beside that of 600.
"""

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import screen
from tests.benchmarks.bench_load import coded_folder
from tests.benchmarks.table import Row, work_folder

RUNS = 5
FIRST_IMAGE_MS = 800.0
EMPTY = f"""
import sys
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication(sys.argv)
window = QMainWindow()
window.resize{screen.SIZE}
window.show()
application.exec()
"""


def rows(work: Path, names: tuple[str, ...] = (), runs: int = RUNS) -> Iterator[Row]:
    """Yield rows start_window, first_image_600 and first_image_5000."""
    with screen.VirtualScreen() as virtual:
        if not names or "start_window" in names:
            yield _window_row(virtual, work, runs)
        if not names or any(name.startswith("first_image") for name in names):
            yield from _image_rows(virtual, work, runs)


def _window_row(virtual: screen.VirtualScreen, work: Path, runs: int) -> Row:
    def ours() -> float:
        environment = screen.program_environment(work)
        command = screen.python("-m", "viewer")
        return 1000 * virtual.seconds_until(command, screen.is_window_painted, environment)

    def peer() -> float:
        environment = screen.program_environment(work)
        command = screen.python("-c", EMPTY)
        return 1000 * virtual.seconds_until(command, screen.is_window_painted, environment)

    ours(), peer()
    pairs = [(ours(), peer()) for _ in range(runs)]
    return {
        "name": "start_window",
        **_medians(pairs),
        "peer": "empty PySide6 window",
        "target": round(1 / 1.3, 2),
    }


def _image_rows(virtual: screen.VirtualScreen, work: Path, runs: int) -> list[Row]:
    folders = {count: coded_folder(work, "raw", count) for count in (600, 5000)}

    def timed(count: int) -> float:
        environment = screen.program_environment(work)
        command = screen.python("-m", "viewer", "open", str(folders[count]))
        return 1000 * virtual.seconds_until(command, screen.is_image_painted, environment)

    timed(600)
    pairs = [(timed(600), timed(5000)) for _ in range(runs)]
    few, many = ([pair[side] for pair in pairs] for side in (0, 1))
    return [
        {
            "name": "first_image_600",
            "ours_ms": round(statistics.median(few), 1),
            "peer": "",
            "target_ms": FIRST_IMAGE_MS,
        },
        {
            "name": "first_image_5000",
            **_medians([(after, before) for before, after in pairs]),
            "peer": "first_image_600",
            "target": round(1 / 1.2, 2),
            "worst_ms": round(max(many), 1),
        },
    ]


def _medians(pairs: list[tuple[float, float]]) -> dict[str, Any]:
    return {
        "ours_ms": round(statistics.median(ours for ours, _ in pairs), 1),
        "peer_ms": round(statistics.median(peer for _, peer in pairs), 1),
        "ratio": round(statistics.median(peer / ours for ours, peer in pairs), 2),
    }


if __name__ == "__main__":
    for row in rows(work_folder(), tuple(sys.argv[1:])):
        print(row)
