"""The record of a batch: what is settled survives a crash, and two batches never share a folder."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from viewer.core.errors import NotSaved, UnreadableFile, WrongUsage
from viewer.io.batch_record import FOLDER, BatchRecord, Outcome, Settled, batch_folder, is_batch

ONE = Outcome("a" * 64, Settled.DONE, "3 Thorax", "1.2.3", cautions=("Compare.",), slices=4)


def test_an_outcome_is_read_as_it_was_written(tmp_path: Path) -> None:
    with batch_folder(tmp_path / "out"):
        BatchRecord(tmp_path / "out").add(ONE)
    assert BatchRecord(tmp_path / "out").outcomes == {ONE.unit: ONE}


def test_the_latest_outcome_of_a_series_counts(tmp_path: Path) -> None:
    with batch_folder(tmp_path / "out"):
        record = BatchRecord(tmp_path / "out")
        record.add(replace(ONE, state=Settled.FAILED))
        record.add(ONE)
    assert BatchRecord(tmp_path / "out").outcomes[ONE.unit].state is Settled.DONE


def test_a_line_that_broke_off_costs_itself_alone(tmp_path: Path) -> None:
    with batch_folder(tmp_path / "out") as own:
        BatchRecord(tmp_path / "out").add(ONE)
        path = own / "record.jsonl"
        path.write_bytes(path.read_bytes() + b'{"unit": "bbb", "sta')
        record = BatchRecord(tmp_path / "out")
        assert record.damaged == 1
        later = replace(ONE, unit="c" * 64)
        record.add(later)
    again = BatchRecord(tmp_path / "out")
    assert again.outcomes == {ONE.unit: ONE, later.unit: later}
    assert again.damaged == 1


@pytest.mark.parametrize(
    "line", [b"nonsense", b"[1]", b'{"unit": "a"}', b'{"unit":"a","state":"odd"}', b"\xff\x00"]
)
def test_a_line_that_makes_no_sense_is_counted_and_left_out(tmp_path: Path, line: bytes) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "record.jsonl").write_bytes(line + b"\n")
    record = BatchRecord(tmp_path)
    assert (record.outcomes, record.damaged) == ({}, 1)


def test_a_record_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / FOLDER / "record.jsonl").mkdir(parents=True)
    record = BatchRecord.__new__(BatchRecord)
    record._path = tmp_path / FOLDER / "record.jsonl"
    record._is_open_ended, record.outcomes = False, {}
    with pytest.raises(NotSaved, match=r"a folder stands where a file is needed.*is kept"):
        record.add(ONE)
    assert record.outcomes == {}


@pytest.mark.parametrize("name", ["lock", "holder"])
def test_a_folder_that_cannot_be_held_is_said_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / FOLDER / name).mkdir(parents=True)
    with pytest.raises(NotSaved, match="a folder stands where a file"), batch_folder(tmp_path):
        pass


def test_a_record_that_cannot_be_read_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / FOLDER / "record.jsonl").mkdir(parents=True)
    with pytest.raises(UnreadableFile, match="nobody knows what is left"):
        BatchRecord(tmp_path)


def test_a_folder_whose_name_is_too_long_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(NotSaved, match="the name is too long"):
        is_batch(tmp_path / ("x" * 300))


def test_a_second_batch_on_one_folder_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from viewer.io.batch_record import batch_folder\n"
        "with batch_folder(Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "out")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with (
            pytest.raises(WrongUsage, match=f"process {first.pid}"),
            batch_folder(tmp_path / "out"),
        ):
            pass
        first.kill()
    with batch_folder(tmp_path / "out"):
        assert is_batch(tmp_path / "out")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(WrongUsage, match="is not empty"), batch_folder(tmp_path):
        pass
    with pytest.raises(WrongUsage, match="is a file"), batch_folder(tmp_path / "notes.txt"):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["notes.txt"]
