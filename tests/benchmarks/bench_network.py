"""Receiving 300 CT slices (158 MB) a sender on loopback, beside DCMTK's storescp.

Run as ``python -m tests.benchmarks.bench_network``; needs DCMTK. The sender is its storescu; both
ends have TCP_NODELAY set, without which the wait for full packets is measured (46 ms an object).
storescp forks for each association, too, and keeps what it gets bit for bit. Times are
milliseconds a file, from the start of the senders to the end of the last. Processor time is of the
receiving side alone. storescp listens on every interface while it runs, for some seconds.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.series import write_series
from tests.benchmarks.table import Row, work_folder
from tests.net.peers import free_port
from viewer.net.listener import Listener
from viewer.net.listening import Listening

COUNT = 300
SENDERS = 4
RUNS = 5
MOST_MS = 10.0
"""A hundred files a second."""
LEAST_GAIN = 1.3
"""How much faster four senders must be than one, on two cores."""

_NO_DELAY = os.environ | {"TCP_NODELAY": "1"}
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.0
_PEER = "storescp, TCP_NODELAY"
_MEMORY = Path("/dev/shm")
"""Where the files are received, if it is there: no disk is measured."""


def rows(work: Path, runs: int = RUNS) -> Iterator[Row]:
    """Yield a row for one sender, for four, for their gain, and for the time of the processor."""
    if shutil.which("storescp") is None or not Path("/proc/self/stat").exists():
        sys.stderr.write("receive_* are left out: they need DCMTK, and /proc.\n")
        return
    sent = [_series(work, number) for number in range(SENDERS)]
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(runs):
        for senders in (1, SENDERS):
            for name, receiver in (("ours", _ours), ("peer", _storescp)):
                figures = _received(
                    receiver,
                    (_MEMORY if _MEMORY.is_dir() else work) / "diptych-received",
                    sent[:senders],
                )
                found.setdefault((name, senders), []).append(figures)
    for senders, name in ((1, "receive_1"), (SENDERS, f"receive_{SENDERS}")):
        yield _row(name, found["ours", senders], found["peer", senders], 0, _PEER) | (
            {"target_ms": MOST_MS}
        )
    gain = _row(
        "receive_gain", found["ours", SENDERS], found["ours", 1], 0, "ours, from one sender"
    )
    yield gain | {"target": LEAST_GAIN}
    yield _row("receive_cpu_1", found["ours", 1], found["peer", 1], 1, _PEER)
    yield _row(f"receive_cpu_{SENDERS}", found["ours", SENDERS], found["peer", SENDERS], 1, _PEER)


def _row(
    name: str,
    ours: list[tuple[float, float]],
    peer: list[tuple[float, float]],
    of: int,
    beside: str,
) -> Row:
    ratios = [theirs[of] / mine[of] for mine, theirs in zip(ours, peer, strict=True)]
    return {
        "name": name,
        "ours_ms": round(statistics.median(one[of] for one in ours), 2),
        "peer": beside,
        "peer_ms": round(statistics.median(one[of] for one in peer), 2),
        "ratio": round(statistics.median(ratios), 2),
    }


def _series(work: Path, number: int) -> Path:
    folder = work / f"sent-{number}"
    if len(list(folder.glob("*.dcm"))) != COUNT:
        shutil.rmtree(folder, ignore_errors=True)
        write_series(folder, COUNT, series=f"sent-{number}")
    return folder


def _received(
    receiver: Callable[[Path], Iterator[tuple[int, int]]], inbox: Path, sent: list[Path]
) -> tuple[float, float]:
    """Return milliseconds a file, by the clock and of the receiving processor."""
    shutil.rmtree(inbox, ignore_errors=True)
    inbox.mkdir(parents=True)
    with contextmanager(receiver)(inbox) as (port, process):
        before, began = _processor_ms(process), time.perf_counter()
        senders = [_sender(folder, port) for folder in sent]
        if sum(one.wait() for one in senders):
            raise RuntimeError("a sender failed")
        taken_ms = (time.perf_counter() - began) * 1000
        time.sleep(0.2)
        processor_ms = _processor_ms(process) - before
    files = COUNT * len(sent)
    kept = sum(1 for path in inbox.iterdir() if path.suffix != ".jsonl")
    shutil.rmtree(inbox)
    if kept != files:
        raise RuntimeError(f"{kept} of {files} files have arrived")
    return taken_ms / files, processor_ms / files


def _sender(folder: Path, port: int) -> subprocess.Popen[bytes]:
    line = ["storescu", "-aec", "DIPTYCH", "127.0.0.1", str(port), "+sd", str(folder)]
    return subprocess.Popen(line, env=_NO_DELAY)


def _processor_ms(process: int) -> float:
    """Return the time that a process, those it has buried and those it has not have taken."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    ticks = 0
    for one in (process, *map(int, listed.split())):
        told = Path(f"/proc/{one}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += sum(map(int, told[11:15]))
    return ticks * _TICK_MS


def _ours(inbox: Path) -> Iterator[tuple[int, int]]:
    with Listener(Listening(inbox, port=0, is_open=True, least_free_bytes=0)) as listener:
        if listener.process is None or listener.state.phase != "listening":
            raise RuntimeError(listener.state.words)
        yield listener.state.port, listener.process


def _storescp(inbox: Path) -> Iterator[tuple[int, int]]:
    port = free_port()
    line = ["storescp", "--fork", "+B", "+xa", "-od", str(inbox), str(port)]
    process = subprocess.Popen(line, env=_NO_DELAY)
    try:
        for _ in range(100):
            time.sleep(0.05)
            with socket.socket() as line_to_it:
                if line_to_it.connect_ex(("127.0.0.1", port)) == 0:
                    break
        time.sleep(0.2)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    for row in rows(work_folder()):
        print(row)
