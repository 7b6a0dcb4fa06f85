"""A confined process answers, is given up when it is slow, and never outlives its parent."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from viewer.core.confinement import ChildLost, ConfinedProcess, confine

PROGRAM = """
import time
from viewer.core.confinement import ConfinedProcess
from tests.core.test_confinement import serve

if __name__ == "__main__":
    child = ConfinedProcess(serve, 1 << 30, "test")
    child.ask(b"hello", 60.0, 100)
    print(child.pid, flush=True)
    child.start().send_bytes(b"sleep")
    time.sleep(1000)
"""


def serve(connection, limit_bytes):
    """Answer each request with itself; "sleep" sleeps, "grow" takes memory, "leave" leaves."""
    confine(limit_bytes, 1)
    while True:
        try:
            request = connection.recv_bytes()
        except (EOFError, OSError):
            return
        if request == b"sleep":
            time.sleep(1000)
        if request == b"leave":
            os._exit(3)
        if request == b"grow":
            try:
                bytearray(1 << 30)
            except MemoryError:
                request = b"no room"
        connection.send_bytes(request)


def ask_from_here(connection):
    """Ask a child of this very process, and tell what it answered."""
    child = ConfinedProcess(serve, 100 << 20, "test")
    try:
        connection.send((multiprocessing.current_process().daemon, child.ask(b"one", 20.0, 100)))
    finally:
        child.stop()


@pytest.fixture
def child():
    made = ConfinedProcess(serve, 100 << 20, "test")
    yield made
    made.stop()


def test_it_starts_when_first_asked_and_stays(child):
    assert child.pid is None
    assert child.ask(b"one", 20.0, 100) == b"one"
    first = child.pid
    assert child.ask(b"two", 20.0, 100) == b"two"
    assert child.pid == first


def test_one_that_is_slow_or_dies_or_says_too_much_is_lost_and_replaced(child):
    assert child.ask(b"one", 20.0, 100) == b"one"
    for request, patience_s, words in (
        (b"sleep", 0.2, "took longer than 0 s"),
        (b"leave", 20.0, "ended its process"),
        (b"much too long", 20.0, "ended its process"),
    ):
        with pytest.raises(ChildLost, match=words):
            child.ask(request, patience_s, 10)
        assert child.pid is None
        assert child.ask(b"again", 20.0, 100) == b"again"


def test_a_daemonic_process_as_clusters_make_them_may_ask_one():
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    worker = context.Process(target=ask_from_here, args=(theirs,), daemon=True)
    worker.start()
    theirs.close()
    try:
        assert ours.poll(60)
        assert ours.recv() == (True, b"one")
    finally:
        ours.close()
        worker.join(20)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's")
def test_memory_beyond_the_limit_is_refused(child):
    assert child.ask(b"grow", 20.0, 100) == b"no room"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_busy_one_goes_with_its_parent(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    paths = os.pathsep.join([os.getcwd(), *sys.path])  # noqa: PTH109
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 30
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
