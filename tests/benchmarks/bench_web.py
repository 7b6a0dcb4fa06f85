"""A CT series from a real Orthanc by WADO-RS into an inbox, beside the same bytes read and dropped.

Run as ``python -m tests.benchmarks.bench_web``; needs Orthanc. Ours parses the message, hashes each
data set and writes it to a file; the peer is `requests` that throws away what it reads. STOW-RS
sends the series, beside the same files posted to Orthanc one by one.
"""

import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.benchmarks.series import write_series
from tests.benchmarks.table import Row, paired, work_folder
from tests.net.peers import orthanc
from viewer.net.inbox import Inbox
from viewer.net.node import Node
from viewer.net.web import ANY_SYNTAX, WebNode

COUNT = 300
RUNS = 5
LEAST_RECEIVED_PER_S = 250


def rows(
    work: Path, names: tuple[str, ...] = ("wado", "stow"), runs: int = RUNS, count: int = COUNT
) -> Iterator[Row]:
    """Yield the rows of retrieving and of storing; none where there is no Orthanc."""
    folder = work / "web"
    shutil.rmtree(folder, ignore_errors=True)
    paths = write_series(folder / "series", count)
    try:
        with orthanc("--seed", str(folder / "series")) as node:
            if "wado" in names:
                yield _retrieved(node, folder, runs, count)
            if "stow" in names:
                yield _stored(node, paths, runs)
    except pytest.skip.Exception as reason:
        sys.stderr.write(f"wado and stow are left out: {reason}\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _retrieved(node: Node, folder: Path, runs: int, count: int) -> Row:
    (study,) = _studies(node)
    url = f"{node.web}/studies/{study}"
    first: list[float] = []

    def ours() -> None:
        inbox = Inbox(folder / "inbox", 0)
        start = time.perf_counter()
        with WebNode(node) as web:
            number = 0
            for number, (arrival, encoded) in enumerate(web.retrieve(study), 1):
                inbox.keep(arrival, encoded)
                if number == 1:
                    first.append((time.perf_counter() - start) * 1000)
        assert number == count

    def peer() -> None:
        with requests.get(url, headers={"Accept": ANY_SYNTAX}, stream=True, timeout=60) as answer:
            for _ in answer.iter_content(1 << 18):
                pass

    row = paired(f"wado_{count}", ours, peer, runs, lambda: shutil.rmtree(folder / "inbox"))
    return row | {
        "peer": "requests, read and dropped",
        "files_per_s": round(1000 * count / row["ours_ms"]),
        "first_ms": round(statistics.median(first), 1),
        "target_ms": 1000 * count / LEAST_RECEIVED_PER_S,
    }


def _stored(node: Node, paths: list[Path], runs: int) -> Row:
    root = node.web.removesuffix("/dicom-web")

    def ours() -> None:
        with WebNode(node) as web:
            assert all(stored.is_stored for stored in web.store(paths))

    def peer() -> None:
        with requests.Session() as session:
            for path in paths:
                session.post(f"{root}/instances", path.read_bytes(), timeout=60).raise_for_status()

    row = paired(f"stow_{len(paths)}", ours, peer, runs, lambda: None)
    return row | {
        "peer": "requests, one by one",
        "files_per_s": round(1000 * len(paths) / row["ours_ms"]),
    }


def _studies(node: Node) -> list[str]:
    from pydicom import Dataset

    with WebNode(node) as web:
        return [str(found.StudyInstanceUID) for found in web.find("STUDY", Dataset())]


if __name__ == "__main__":
    for row in rows(work_folder()):
        print(row)
