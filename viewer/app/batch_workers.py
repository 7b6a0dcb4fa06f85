"""Who works on a batch: processes of this machine, or a cluster through Dask distributed.

Processes are plain ones with a pipe each: that needs no further library, brings figures while a
series is computed, and tells at once which worker died with which series.
"""

import multiprocessing
import queue
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Protocol

from viewer import __version__
from viewer.app.batch_unit import Unit, settle
from viewer.app.log import start_log
from viewer.core.errors import ClusterLost, WrongUsage
from viewer.core.places import user_folder
from viewer.enhancement.inference import usable_cores
from viewer.io.batch_record import Outcome

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
"""In place of an address: a Dask cluster on this machine."""

STOP_PATIENCE_S = 10.0
CONNECT_PATIENCE_S = 10


@dataclass(frozen=True, slots=True)
class Progressed:
    """So many slices of a unit have been computed."""

    unit: str
    slices: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker that had a unit is gone, and nothing is known of the unit."""

    unit: str


Event = Outcome | Progressed | Lost


class Crew(Protocol):
    """Workers that are given units and tell what becomes of them."""

    def room(self) -> int:
        """Return how many more units can begin now."""
        ...

    def begin(self, unit: Unit) -> None:
        """Give a unit to a worker; there must be room."""
        ...

    def events(self, timeout_s: float) -> list[Event]:
        """Wait for something to happen, at most so long, and return what did."""
        ...


# ------------------------------------------------------------------ processes


class Processes:
    """Worker processes of this machine, started when needed; one that dies is replaced."""

    def __init__(self, count: int) -> None:
        self._cores = max(1, usable_cores() // count)
        self._idle: list[_Worker] = [_Worker() for _ in range(count)]
        self._busy: dict[Connection, tuple[_Worker, Unit]] = {}

    def room(self) -> int:
        """Return how many workers have nothing to do."""
        return len(self._idle)

    def begin(self, unit: Unit) -> None:
        """Give a unit to an idle worker."""
        worker = self._idle.pop()
        self._busy[worker.given(unit, self._cores)] = (worker, unit)

    def events(self, timeout_s: float) -> list[Event]:
        """Wait for workers to say something or to die."""
        ready = [one for one in wait([*self._busy], timeout_s) if isinstance(one, Connection)]
        return [self._heard(connection) for connection in ready]

    def _heard(self, connection: Connection) -> Event:
        worker, unit = self._busy[connection]
        try:
            said = connection.recv()
        except (EOFError, OSError):
            worker.stop(0.0)
            said = Lost(unit.id)
        if isinstance(said, int):
            return Progressed(unit.id, said)
        del self._busy[connection]
        self._idle.append(worker)
        return said if isinstance(said, Outcome) else Lost(unit.id)

    def process_ids(self) -> tuple[int, ...]:
        """Return the ids of the processes that work on something now."""
        return tuple(worker.pid for worker, _ in self._busy.values() if worker.pid is not None)

    def stop(self) -> None:
        """End all processes between two slices; one that does not come to its end is killed."""
        workers = [*self._idle, *(worker for worker, _ in self._busy.values())]
        for worker in workers:
            worker.ask_to_stop()
        for worker in workers:
            worker.stop(STOP_PATIENCE_S)


class _Worker:
    """One process, or none yet, and the pipe to it."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def given(self, unit: Unit, cores: int) -> Connection:
        """Send it a unit, starting it where it does not run; return the pipe that it answers by."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.send(unit)
                return self._connection
        self.stop(0.0)
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, cores), name="diptych-batch")
        self._process.start()
        theirs.close()
        self._connection = ours
        ours.send(unit)
        return ours

    def ask_to_stop(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.send(None)

    def stop(self, patience_s: float) -> None:
        """End the process, by force after some seconds, and forget it."""
        if self._process is not None:
            self._process.join(patience_s)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process.close()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None


def serve(connection: Connection, cores: int) -> None:
    """Settle units as they come through a pipe until None comes, or until its other end closes.

    Anything in the pipe while a unit is worked on means that it is to be stopped; so does the end
    of the process that holds the other end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the batch itself decides what Ctrl+C ends
    start_log(user_folder())
    with suppress(EOFError, OSError):
        while isinstance(unit := connection.recv(), Unit):
            outcome = settle(unit, cores, connection.send, connection.poll)
            if outcome is not None:
                connection.send(outcome)


# ------------------------------------------------------------------ a cluster


class Cluster:
    """The workers of a Dask cluster; a worker takes one unit for each of its threads.

    The scheduler gives the units of a worker that dies to the others.
    """

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._running: dict[str, Future[Outcome | None]] = {}
        self._over: queue.SimpleQueue[tuple[str, Future[Outcome | None]]] = queue.SimpleQueue()

    def room(self) -> int:
        """Return how many threads of the workers that are there now have nothing to do."""
        return max(0, sum(self._threads().values()) - len(self._running))

    def begin(self, unit: Unit) -> None:
        """Hand a unit to the scheduler."""
        name, shares = unit.id, self._shares()
        future = self._client.submit(
            settle_on_cluster, unit, shares, key=f"diptych-{name}", pure=False
        )
        self._running[name] = future
        future.add_done_callback(lambda done: self._over.put((name, done)))

    def events(self, timeout_s: float) -> list[Event]:
        """Wait for a unit to be settled."""
        if self._client.status not in ("running", "connecting"):
            raise _lost()
        try:
            name, future = self._over.get(timeout=timeout_s)
        except queue.Empty:
            return []
        self._running.pop(name, None)
        if future.status != "finished":
            return [Lost(name)]
        outcome = future.result()
        return [outcome if isinstance(outcome, Outcome) else Lost(name)]

    def _threads(self) -> dict[str, int]:
        """Return the threads of each worker by its address."""
        try:
            return dict(self._client.nthreads())
        except (OSError, TimeoutError) as error:
            raise _lost() from error

    def _shares(self) -> dict[str, int]:
        """Return how many units go on at once on each machine."""
        shares: dict[str, int] = {}
        for address, threads in self._threads().items():
            shares[_machine(address)] = shares.get(_machine(address), 0) + threads
        return shares

    def stop(self) -> None:
        """Take back what no worker has begun; what has begun ends with its series."""
        with suppress(OSError, TimeoutError):
            self._client.cancel(list(self._running.values()), force=True)


def settle_on_cluster(unit: Unit, shares: dict[str, int]) -> Outcome | None:
    """Settle a unit on a Dask worker, with its share of the machine's cores.

    `shares` says how many units go on at once on each machine.
    """
    from distributed import get_worker

    share = shares.get(_machine(get_worker().address), 1)
    return settle(unit, max(1, usable_cores() // share))


def _machine(address: str) -> str:
    """Return the machine of an address such as "tcp://10.0.0.7:41234"."""
    return address.rpartition("//")[2].rpartition(":")[0]


def _lost() -> ClusterLost:
    return ClusterLost(
        "The Dask scheduler does not answer any more.",
        "The series that are done are kept.",
        "Start the cluster again, then repeat the same command: it does only what is missing.",
    )


def version_here() -> str:
    """Return the version of Diptych; asked for on every worker."""
    return __version__


@contextmanager
def processes(count: int) -> Iterator[Processes]:
    """Give so many worker processes, ended with the block."""
    crew = Processes(count)
    try:
        yield crew
    finally:
        crew.stop()


@contextmanager
def cluster(address: str, count: int) -> Iterator[Cluster]:
    """Give the workers of the Dask cluster at an address, or of a new one of `count` for "local".

    Raises
    ------
    WrongUsage : Dask is not installed, nobody answers, or a worker has another Diptych.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise WrongUsage(
            "The library for clusters is not installed.",
            do='Install it with "pip install distributed", or use --workers alone.',
        ) from error
    try:
        if address == LOCAL:
            client = Client(n_workers=count, threads_per_worker=1, dashboard_address=None)
        else:
            client = Client(address, timeout=CONNECT_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise WrongUsage(
            f"No Dask scheduler answers at {address}.",
            do="Give the address that the scheduler prints, such as tcp://10.0.0.7:8786.",
        ) from error
    with client:
        _check_versions(client)
        crew = Cluster(client)
        try:
            yield crew
        finally:
            crew.stop()


def _check_versions(client: "Client") -> None:
    """Refuse a cluster with workers that cannot do this."""
    told = client.run(version_here, on_error="return")
    others = sorted({str(version) for version in told.values() if version != __version__})
    if others:
        raise WrongUsage(
            f"Some workers of the cluster do not have Diptych {__version__}: {others[0]}.",
            do="Install the same version on every machine.",
        )
