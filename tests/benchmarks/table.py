"""The table of the benchmarks: one line a row, and whether it reaches its target."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Row = dict[str, Any]
"""name, ours_ms (or ours_mb, p95_ms), peer, peer_ms, ratio (peer over ours); `target` is the
least ratio, `target_ms` the most milliseconds; one of them may be missing."""

HEAD = ("row", "ours", "p95", "peer", "ratio", "target", "", "load", "beside")
_RIGHT = (1, 2, 3, 4, 7)


def work_folder() -> Path:
    """Return the folder where generated series are kept between runs."""
    folder = Path(tempfile.gettempdir()) / "diptych-benchmarks"
    folder.mkdir(exist_ok=True)
    return folder


def is_reached(row: Row) -> bool | None:
    """True when a row reaches its target, None where it has none."""
    found = []
    if row.get("target") is not None:
        found.append(row["ratio"] >= row["target"])
    if row.get("target_ms") is not None:
        found.append(row.get("p95_ms", row.get("ours_ms")) <= row["target_ms"])
    return all(found) if found else None


def cells(row: Row) -> tuple[str, ...]:
    """Return a row's texts under `HEAD`."""
    target, most_ms = row.get("target"), row.get("target_ms")
    words = [f">= {target:g} x" if target is not None else ""]
    words += [f"<= {most_ms:g} ms" if most_ms is not None else ""]
    return (
        row["name"],
        _figure(row, "ours"),
        f"{row['p95_ms']:g}" if "p95_ms" in row else "",
        _figure(row, "peer"),
        f"{row['ratio']:g}" if "ratio" in row else "",
        ", ".join(filter(None, words)),
        {True: "yes", False: "MISSED", None: ""}[is_reached(row)],
        row.get("load", ""),
        row.get("peer", ""),
    )


def _figure(row: Row, side: str) -> str:
    for unit in ("ms", "mb"):
        if f"{side}_{unit}" in row:
            return f"{row[f'{side}_{unit}']:g} {unit.replace('mb', 'MB')}"
    return ""


def text(rows: list[Row]) -> str:
    """Return the table in columns."""
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.rjust(widths[place]) if place in _RIGHT else cell.ljust(widths[place])
            for place, cell in enumerate(line)
        ).rstrip()
        for line in lines
    )


def paired(
    name: str,
    ours: Callable[[], None],
    peer: Callable[[], None],
    runs: int,
    clear: Callable[[], None],
) -> Row:
    """Return medians of both, in turns, after one run of each that is not counted."""
    times: list[tuple[float, float]] = []
    for _ in range(runs + 1):
        times.append((_timed(ours), _timed(peer)))
        clear()
    counted = times[1:]
    return {
        "name": name,
        "ours_ms": round(statistics.median(each[0] for each in counted), 1),
        "slowest_ms": round(max(each[0] for each in counted), 1),
        "peer_ms": round(statistics.median(each[1] for each in counted), 1),
        "ratio": round(statistics.median(each[1] / each[0] for each in counted), 2),
    }


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
