"""A CT series from a real Orthanc by C-GET, and to it by C-STORE, beside DCMTK's tools.

Run as ``python -m tests.benchmarks.bench_dimse``; needs Orthanc and DCMTK. Both ends have
TCP_NODELAY set. Ours by C-GET keeps each object in an inbox, and getscu writes files, too.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.series import write_series
from tests.benchmarks.table import Row, paired, work_folder
from tests.net.peers import orthanc
from viewer.net.inbox import Inbox
from viewer.net.node import Node
from viewer.net.query import Query, find
from viewer.net.retrieve import Wanted, get
from viewer.net.send import outgoing, send

COUNT = 300
RUNS = 5
LEAST_PER_S = 90
CT = "1.2.840.10008.5.1.4.1.1.2"

_NO_DELAY = os.environ | {"TCP_NODELAY": "1"}


def rows(work: Path, runs: int = RUNS, count: int = COUNT) -> Iterator[Row]:
    """Yield the rows of C-GET and of C-STORE; none where the servers are not installed."""
    folder = work / "dimse"
    shutil.rmtree(folder, ignore_errors=True)
    paths = write_series(folder / "series", count)
    try:
        with orthanc("--seed", str(folder / "series")) as node:
            yield _got(node, folder, runs, count)
            yield _sent(node, folder / "series", paths, runs)
    except pytest.skip.Exception as reason:
        sys.stderr.write(f"get and store are left out: {reason}\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _got(node: Node, folder: Path, runs: int, count: int) -> Row:
    (study,) = (answer["StudyInstanceUID"] for answer in find(node, Query()))
    first: list[float] = []

    def ours() -> None:
        inbox, start, came = Inbox(folder / "in", 0), time.perf_counter(), 0

        def told(_arrival: object, _kept: object) -> None:
            nonlocal came
            came += 1
            if came == 1:
                first.append((time.perf_counter() - start) * 1000)

        get(node, Wanted(study), inbox, told, classes=(CT,))
        assert came == count

    def peer() -> None:
        (folder / "peer").mkdir()
        key = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"]
        where = ["-aec", node.title, node.host, str(node.port), "-od", str(folder / "peer")]
        subprocess.run(["getscu", "-S", *key, *where], env=_NO_DELAY, check=True)
        assert len(list((folder / "peer").iterdir())) == count

    def clear() -> None:
        for name in ("in", "peer"):
            shutil.rmtree(folder / name, ignore_errors=True)

    row = paired(f"get_{count}", ours, peer, runs, clear)
    return row | {
        "peer": "getscu, TCP_NODELAY",
        "files_per_s": round(1000 * count / row["ours_ms"]),
        "first_ms": round(statistics.median(first), 1),
        "target_ms": 1000 * count / LEAST_PER_S,
    }


def _sent(node: Node, series: Path, paths: list[Path], runs: int) -> Row:
    files = [outgoing(path) for path in paths]

    def ours() -> None:
        assert all(one.is_taken for one in send(node, files))

    def peer() -> None:
        where = ["-aec", node.title, node.host, str(node.port), "+sd", str(series)]
        subprocess.run(["storescu", *where], env=_NO_DELAY, check=True)

    row = paired(f"store_{len(paths)}", ours, peer, runs, lambda: None)
    return row | {
        "peer": "storescu, TCP_NODELAY",
        "files_per_s": round(1000 * len(paths) / row["ours_ms"]),
    }


if __name__ == "__main__":
    for one in rows(work_folder()):
        print(one)
