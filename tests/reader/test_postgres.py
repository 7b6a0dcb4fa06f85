"""The record on a PostgreSQL server: two workstations at once, one chain."""

import itertools
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.reader.studies import PASSPHRASE, begin, make, protocol, read, read_all, say, show
from viewer.app.studying import pack, share
from viewer.core.errors import (
    DamagedRecord,
    DiptychError,
    IllegalTransition,
    NotSaved,
    UnsavedAnswer,
)
from viewer.reader.packages import read_package
from viewer.reader.record import open_study
from viewer.reader.trials import SessionState
from viewer.reader.verify import standing_of, verify

pytestmark = pytest.mark.peer


def program(name: str) -> str | None:
    """Return the path of one of the server's programs; Debian keeps them off the search path."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(places[-1]) if places else shutil.which(name)


class Server:
    """A server of its own in a folder, reached through a socket there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-D", folder / "data", "-A", "trust", "-U", "reader", "--no-sync")
        self.start()

    def _run(self, name: str, *words: object) -> None:
        command = [*self._as, str(program(name)), *map(str, words)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)

    def start(self) -> None:
        options = f"-c listen_addresses='' -k {self.folder}"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self.folder / "data", "-l", log, "-w", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-m", mode, "stop")

    def address(self, study: str) -> str:
        return f"postgresql://reader@/postgres?host={self.folder}#{study}"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if os.name != "posix" or program("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="diptych-pg-"))
    server = Server(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def shared(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> list[Path]:
    """Return the files with which two workstations open one study on the server."""
    local = make(tmp_path, protocol(cases=6))
    address = server.address(request.node.name)
    places = []
    share(local, address, tmp_path / "shared.study")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        places.append(tmp_path / name / f"{name}.study")
        shutil.copy(tmp_path / "shared.study", places[-1])
    return places


def test_two_readers_read_at_once_and_the_chain_is_one(shared: list[Path]):
    failed: list[BaseException] = []
    both = threading.Barrier(2, timeout=60)

    def sit(path: Path, reader: str) -> None:
        try:
            with open_study(path) as study:
                session = begin(study, reader)
                both.wait()
                read_all(session)
        except BaseException as error:  # noqa: BLE001 (the test looks at it)
            failed.append(error)

    threads = [
        threading.Thread(target=sit, args=place) for place in zip(shared, ("R1", "R2"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    standing = standing_of(shared[0])
    assert {s.state for s in standing.sittings.values()} == {SessionState.SIGNED}
    found = verify(shared[0])
    assert found.is_intact, found.problems
    assert {reader for reader, _ in found.signatures} == {"R1", "R2"}
    with open_study(shared[0]) as study:
        actors = [link.event.actor for link in study.links if link.event.kind == "answered"]
        assert study.findings == (), "a log that is behind is no finding on a server"
    changes = sum(one != other for one, other in itertools.pairwise(actors))
    assert changes > 1, "the readers did not read at the same time"


def test_a_server_that_dies_loses_nothing_and_the_reader_goes_on(
    shared: list[Path], server: Server
):
    with open_study(shared[0]) as study:
        session = begin(study)
        trial = show(session)
        say(session, trial, "sharpness", "A", 3.0)
        server.stop()
        with pytest.raises(UnsavedAnswer, match=r"one\.study"):
            say(session, trial, "sharpness", "B", 2.0)
        with pytest.raises(UnsavedAnswer, match=r"one\.study"):
            session.flag(trial, "motion")
        server.start()
        say(session, trial, "sharpness", "B", 2.0)
        session.flag(trial, "motion")
        assert [answer.value for answer in session.answers(trial)] == [3.0, 2.0]
        assert session.standing(trial).reservations == ("motion",)
    assert verify(shared[0]).is_intact


def test_a_reader_sits_at_one_workstation_at_a_time(shared: list[Path], server: Server):
    with open_study(shared[0]) as one, open_study(shared[1]) as two:
        session = begin(one)
        trial = show(session)
        with pytest.raises(IllegalTransition, match="another workstation"):
            two.sign_in("R1", PASSPHRASE)
        two.sign_in("R2", PASSPHRASE)
        say(session, trial, "sharpness", "A", 3.0)
        one.leave()
        two.sign_in("R1", PASSPHRASE)
        with pytest.raises(IllegalTransition, match="another workstation"):
            one.sign_in("R1", PASSPHRASE)
        assert one.sign_in("R2", PASSPHRASE).reader == "R2"


def test_a_seat_that_was_taken_while_the_server_was_away_is_said(
    shared: list[Path], server: Server
):
    with open_study(shared[0]) as one, open_study(shared[1]) as two:
        session = begin(one)
        trial = show(session)
        server.stop()
        server.start()
        with pytest.raises(UnsavedAnswer):
            say(session, trial, "sharpness", "A", 3.0)  # the old connection is gone
        with pytest.raises(DiptychError):
            two.sign_in("R1", PASSPHRASE)  # so is this one
        two.sign_in("R1", PASSPHRASE)
        with pytest.raises(UnsavedAnswer, match="elsewhere"):
            say(session, trial, "sharpness", "A", 3.0)
    assert verify(shared[0]).is_intact


def test_the_server_refuses_to_change_what_was_recorded(shared: list[Path]):
    url, _, schema = shared[0].read_text().strip().partition("#")
    with psycopg.connect(url) as db:
        db.execute(f'SET search_path TO "{schema}"'.encode())
        for deed in ("UPDATE answer SET value = 1", "DELETE FROM event", "TRUNCATE span"):
            with (
                pytest.raises(psycopg.errors.RaiseException, match="can only be added to"),
                db.transaction(),
            ):
                db.execute(deed.encode())
        db.execute(b"ALTER TABLE answer DISABLE TRIGGER ALL")
        db.commit()
    assert "The guards of answer were taken out." in verify(shared[0]).problems


def test_a_study_comes_back_from_the_server_as_a_package(shared: list[Path], tmp_path: Path):
    with open_study(shared[0]) as study:
        session = begin(study)
        read(session, show(session))
        trial = show(session)
        say(session, trial, "sharpness", "A", 3.0)
    pack(shared[0], tmp_path / "back.zip", "owner")
    path = read_package(tmp_path / "back.zip", tmp_path / "back")
    with open_study(path) as study:
        session = study.sign_in("R1", PASSPHRASE)
        assert session.next_trial() == trial
        assert [answer.value for answer in session.answers(trial)] == [3.0]
    assert verify(path).is_intact


def test_a_server_that_is_not_there_is_named_in_words(tmp_path: Path, server: Server):
    path = tmp_path / "lost.study"
    path.write_text(f"postgresql://reader@/postgres?host={tmp_path}#lost")
    with pytest.raises(DamagedRecord, match=r"server of lost\.study cannot be read"):
        open_study(path)
    path.write_text(server.address("nothing here"))
    with pytest.raises(DamagedRecord, match="has no such study"):
        open_study(path)
    local = make(tmp_path)
    with pytest.raises(NotSaved, match="names no study"):
        share(local, "postgresql://reader@/postgres", tmp_path / "new.study")
