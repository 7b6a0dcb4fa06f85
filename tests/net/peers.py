"""Real DICOM servers on loopback for tests: Orthanc and DCMTK's dcmqrscp, started as they are."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from viewer.net.node import Node

SCRIPTS = Path(os.environ.get("DIPTYCH_PEERS") or Path(__file__).parents[3] / "shared" / "peers")
"""Where the scripts lie that start the servers; DIPTYCH_PEERS names another folder."""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Killable:
    """An Orthanc that can be killed and started again with all that it holds."""

    def __init__(self, folder: Path, seed: Path) -> None:
        self._script, self._state = SCRIPTS / "start-orthanc", folder / "state"
        if not self._script.is_file() or shutil.which("Orthanc", path="/usr/sbin") is None:
            pytest.skip("Orthanc is not installed, or there is no script that starts it")
        self._ports = ("--dicom-port", str(free_port()), "--http-port", str(free_port()))
        self._told = self._run("start", *self._ports, "--keep", "--seed", str(seed))

    def _run(self, deed: str, *options: str) -> dict[str, str]:
        command = [str(self._script), deed, "--state", str(self._state), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return dict(line.partition("=")[::2] for line in done.stdout.splitlines() if "=" in line)

    def node(self, *ways: str) -> Node:
        """Return it as a node with some ways to retrieve."""
        told = self._told
        port = int(told["PEER_PORT"])
        return Node(told["PEER_AET"], told["PEER_HOST"], port, web=told["PEER_DICOMWEB"], ways=ways)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        with suppress(ProcessLookupError):
            os.kill(int(self._told["PEER_PID"]), signal.SIGKILL)

    def start(self) -> None:
        """Start it again on the same ports with what it held."""
        (self._state / "pid").unlink(missing_ok=True)  # of a process that nobody waits for
        self._told = self._run("start", *self._ports, "--keep")

    def stop(self) -> None:
        """Stop it for good."""
        self._run("stop")


@contextmanager
def started(script: str, *options: str) -> Iterator[dict[str, str]]:
    """Run a server while the block runs; give what its script says of it (PEER_...)."""
    path = SCRIPTS / script
    if not path.is_file():
        pytest.skip(f"there is no {script} in {SCRIPTS}: set DIPTYCH_PEERS to run this test")
    binary = {"start-orthanc": "Orthanc", "start-dcmqrscp": "dcmqrscp"}[script]
    if shutil.which(binary, path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip(f"{binary} is not installed")
    state = tempfile.mkdtemp(prefix="diptych-peer-")
    shutil.rmtree(state)
    begin = [str(path), "start", "--state", state, "--memory", *options]
    done = subprocess.run(begin, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{script} did not start: {done.stderr[-500:]}")
    try:
        yield dict(line.partition("=")[::2] for line in done.stdout.splitlines() if "=" in line)
    finally:
        subprocess.run([str(path), "stop", "--state", state], capture_output=True, check=False)


@contextmanager
def orthanc(*options: str, our_title: str = "DIPTYCH") -> Iterator[Node]:
    """Run an Orthanc with DICOMweb; `options` are its script's, such as --seed DIR."""
    ports = ("--dicom-port", str(free_port()), "--http-port", str(free_port()))
    with started("start-orthanc", *ports, *options) as told:
        yield Node(
            told["PEER_AET"],
            told["PEER_HOST"],
            int(told["PEER_PORT"]),
            our_title,
            web=told["PEER_DICOMWEB"],
        )


@contextmanager
def dcmqrscp(*options: str, our_title: str = "DIPTYCH") -> Iterator[Node]:
    """Run a dcmqrscp; `options` are its script's, such as --peer DIPTYCH=11112."""
    with started("start-dcmqrscp", "--port", str(free_port()), *options) as told:
        yield Node(told["PEER_AET"], told["PEER_HOST"], int(told["PEER_PORT"]), our_title)
