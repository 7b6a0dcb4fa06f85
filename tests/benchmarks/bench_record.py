"""How long an answer of a reader study takes to be durable, beside the least that could take.

Run as ``python -m tests.benchmarks.bench_record``. The peer is one row committed to SQLite with the
same settings (WAL, synchronous FULL) and one line of the same length appended to another file and
synced, in turns with ours on the same disk.
"""

import os
import shutil
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks.table import Row, work_folder
from tests.reader.studies import begin, make, protocol, say, show
from viewer.reader.record import open_study

ANSWERS = 300
TRIALS = 200
MOST_MS = 50.0
LINE = b"x" * 900 + b"\n"


def rows(work: Path, answers: int = ANSWERS) -> Iterator[Row]:
    """Yield one row: medians over so many answers, in a study of 200 trials."""
    folder = work / "record"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    study = protocol(cases=TRIALS, readers=1)
    path = make(folder, study)
    with open_study(path) as record:
        session = begin(record)
        trial = show(session)
        bare = _Bare(folder)
        ours, peer = [], []
        for number in range(answers):
            value = float(1 + number % 5)
            ours.append(_timed(lambda told=value: say(session, trial, "sharpness", "A", told)))
            peer.append(_timed(bare.store))
        bare.close()
    yield {
        "name": "answer_durable",
        "ours_ms": round(statistics.median(ours), 2),
        "slowest_ms": round(max(ours), 1),
        "peer": "bare SQLite commit and a synced line",
        "peer_ms": round(statistics.median(peer), 2),
        "ratio": round(statistics.median(p / o for p, o in zip(peer, ours, strict=True)), 2),
        "target_ms": MOST_MS,
    }


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


class _Bare:
    """One row and one line, each made durable."""

    def __init__(self, folder: Path) -> None:
        self.db = sqlite3.connect(folder / "bare.db", isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("CREATE TABLE line (content BLOB)")
        self.file = os.open(folder / "bare.jsonl", os.O_WRONLY | os.O_CREAT, 0o600)

    def store(self) -> None:
        """Store one line twice."""
        self.db.execute("BEGIN IMMEDIATE")
        self.db.execute("INSERT INTO line VALUES (?)", (LINE,))
        self.db.execute("COMMIT")
        os.write(self.file, LINE)
        os.fsync(self.file)

    def close(self) -> None:
        """Close both files."""
        self.db.close()
        os.close(self.file)


if __name__ == "__main__":
    for row in rows(work_folder()):
        print(row)
