"""Header scan beside pydicom reading the same values, on generated series of 600 and 5,000 files.

Run as ``python -m tests.benchmarks.bench_scan [COUNT ...]``.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom

from tests.benchmarks.bench_load import coded_folder
from tests.benchmarks.table import Row, work_folder
from viewer.io.scan import scan
from viewer.io.tags import WANTED

RUNS = 5
TARGET = 8.0
_TAGS = [tag for tag, _ in WANTED.values() if (tag >> 16) % 2 == 0 and tag >> 16 != 0x7FE0]


def rows(work: Path, counts: tuple[int, ...] = (600, 5000), runs: int = RUNS) -> Iterator[Row]:
    """Yield one row per series: name, ours_ms, peer, peer_ms, ratio, target and further figures.

    Milliseconds are for the whole series, medians of `runs` paired runs on warm files. `ratio` is
    peer over ours. `floor_ms` is opening each file and reading 16 KiB, nothing more.
    """
    for count in counts:
        folder = coded_folder(work, "raw", count)
        yield _row(folder, sorted(map(str, folder.glob("*.dcm"))), runs)


def _row(folder: Path, paths: list[str], runs: int) -> Row:
    unpack = folder.parent / "unpacked"
    _scan(folder, unpack)
    ours, peer, floor = [], [], []
    for _ in range(runs):
        ours.append(_timed(lambda: _scan(folder, unpack)))
        peer.append(_timed(lambda: _peer(paths)))
        floor.append(_timed(lambda: _floor(paths)))
    ours_ms, peer_ms = statistics.median(ours), statistics.median(peer)
    return {
        "name": f"scan_{len(paths)}",
        "ours_ms": round(ours_ms, 1),
        "peer": "pydicom, stop_before_pixels, specific_tags, values read",
        "peer_ms": round(peer_ms, 1),
        "ratio": round(statistics.median(p / o for p, o in zip(peer, ours, strict=True)), 2),
        "target": TARGET,
        "floor_ms": round(statistics.median(floor), 1),
    }


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _scan(folder: Path, unpack: Path) -> None:
    report = scan((folder,), lambda _entries, _skipped: None, lambda: False, unpack)
    assert len(report.studies) == 1, report
    assert not report.skipped, report.skipped


def _peer(paths: list[str]) -> None:
    """Read the same public attributes with pydicom and convert every value."""
    for path in paths:
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
        for element in dataset:
            _ = element.value


def _floor(paths: list[str]) -> None:
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        os.pread(file, 16384, 0)
        os.close(file)


if __name__ == "__main__":
    for row in rows(work_folder(), tuple(map(int, sys.argv[1:])) or (600, 5000)):
        print(row)
