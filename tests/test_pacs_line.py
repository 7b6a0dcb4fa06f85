"""`diptych pacs` from the command line against a real server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import build_series, write_all
from tests.net.peers import dcmqrscp, free_port
from viewer.__main__ import main
from viewer.net.node import Node

pytestmark = [pytest.mark.peer, pytest.mark.network]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with dcmqrscp() as started:
        yield started


def address(node: Node) -> str:
    return f"{node.title}@{node.host}:{node.port}"


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, object]:
    code = main(["pacs", *words, "--json"])
    return code, json.loads(capsys.readouterr().out or "null")


def test_a_series_is_sent_found_and_fetched(
    node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slices = build_series(4)
    write_all(slices, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("no image")
    uids = {str(one.SOPInstanceUID) for one in slices}
    study = str(slices[0].StudyInstanceUID)
    assert told(capsys, "echo", address(node))[0] == 0
    code, facts = told(capsys, "send", address(node), str(tmp_path / "out"))
    assert code == 3  # the notes
    assert set(facts["proven"]) == uids
    assert [one["path"] for one in facts["failed"]] == [str(tmp_path / "out" / "notes.txt")]
    code, answers = told(capsys, "find", address(node), f"StudyInstanceUID={study}")
    assert code == 0
    assert [one["StudyInstanceUID"] for one in answers] == [study]
    code, facts = told(capsys, "get", address(node), study, "--out", str(tmp_path / "in"))
    assert code == 0
    assert set(facts["arrived"]) == uids
    assert facts["missing"] == []


def test_what_fails_is_a_sentence_and_an_exit_code(
    node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pacs", "echo", f"X@127.0.0.1:{free_port()}"]) == 1
    assert "Nobody listens" in capsys.readouterr().err
    assert main(["pacs", "echo", "nobody"]) == 2
    assert "no node 'nobody'" in capsys.readouterr().err
    assert main(["pacs", "find", address(node), "PatientName"]) == 2
    assert "PatientName=MUELLER*" in capsys.readouterr().err
    assert main(["pacs", "send", address(node), str(tmp_path / "none")]) == 2
    study = ["get", address(node), "1.2.3.4.5", "--out", str(tmp_path / "in")]
    assert main(["pacs", *study]) == 1
    assert main(["pacs", "move", address(node), "1.2.3.4.5", "--to", "NOWHERE"]) == 1
    capsys.readouterr()
    slices = build_series(1)
    write_all(slices, tmp_path / "out")
    assert main(["pacs", "send", address(node), str(tmp_path / "out")]) == 0
    study = str(slices[0].StudyInstanceUID)
    assert main(["pacs", "move", address(node), study, "--to", "NOWHERE"]) == 1
    assert "does not know the destination's title" in capsys.readouterr().out


def test_what_is_sent_to_a_listener_arrives_and_strangers_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_all(build_series(4), tmp_path / "out")
    port = free_port()
    command = [sys.executable, "-m", "viewer", "pacs", "listen", "--json", "--port", str(port)]
    command += ["--out", str(tmp_path / "in"), "--peer", "DIPTYCH@127.0.0.1", "--seconds", "12"]
    listening = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "listens at port" in listening.stderr.readline()
    assert main(["pacs", "echo", f"DIPTYCH@127.0.0.1:{port}"]) == 0
    assert main(["pacs", "echo", f"OTHER@127.0.0.1:{port}"]) == 1
    assert main(["pacs", "send", f"DIPTYCH@127.0.0.1:{port}", str(tmp_path / "out")]) == 0
    assert "answers no query" in capsys.readouterr().out
    told, _ = listening.communicate(timeout=30)
    assert listening.returncode == 0
    assert len(json.loads(told)["arrived"]) == 4
    assert len(list((tmp_path / "in").glob("*.dcm"))) == 4
