"""Gates judged: what is said beside what was expected, in counts and without names."""

from pathlib import Path

import pytest

from tests.builders import ct_series
from tests.journeys.noisy import write_noisy_ct
from viewer.__main__ import main
from viewer.app.found_series import FoundSeries
from viewer.app.judging_gates import (
    Expectation,
    confusion,
    judge_gates,
    read_expectations,
)
from viewer.app.report_html import rows_of
from viewer.core.errors import UnreadableFile, WrongUsage
from viewer.core.places import data_folder
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import Engine

EXPECTATIONS = {
    "ct-denoise-s": "gate_expectations_ct.csv",
    "mr-denoise-s": "gate_expectations_mr.csv",
    "pet-denoise-s": "gate_expectations_pt.csv",
    "xr-denoise-s": "gate_expectations_dx.csv",
}
ROWS = (
    Expectation("good", "run", "noise as in training"),
    Expectation("mr", "refuse", "MR"),
    Expectation("old", "run", "wrongly expected", "warn", "the gate is right"),
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(read_catalogue(data_folder("models")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_noisy_ct(tmp_path / "good", Manufacturer="SIEMENS Somewhere Hospital")
    ct_series(tmp_path / "mr", 4, Modality="MR")
    write_noisy_ct(tmp_path / "old", series="old", ConvolutionKernel="I70f")
    return tmp_path


def test_what_is_said_stands_beside_what_was_expected(engine: Engine, folder: Path) -> None:
    table = judge_gates(engine, folder, ("ct-denoise-s",), ROWS)
    said = {row["path"]: (row["said"], row["as_expected"]) for row in rows_of(table, "verdicts")}
    assert said == {"good": ("run", "yes"), "mr": ("refuse", "yes"), "old": ("warn", "known")}
    counts = {row["expected"]: row for row in rows_of(table, "confusion")}
    assert (counts["run"]["said run"], counts["run"]["said warn"]) == (1, 1)
    assert counts["refuse"]["said refuse"] == 1
    gates = {row["gate"]: row for row in rows_of(table, "gate_counts")}
    assert gates["modality"]["refused"] == 1
    assert gates["reconstruction"]["warned"] == 1


def test_an_expectation_without_anything_to_read_is_never_met(engine: Engine, folder: Path) -> None:
    (folder / "text").mkdir()
    (folder / "text" / "a.dcm").write_text("no picture")
    rows = (ROWS[0], Expectation("nowhere", "refuse"), Expectation("text", "refuse"))
    table = judge_gates(engine, folder, ("ct-denoise-s",), rows)
    said = [
        (row["path"], row["said"], row["gate"], row["as_expected"])
        for row in rows_of(table, "verdicts")
    ]
    assert said[0] == ("good", "run", "", "yes")
    assert said[1:] == [
        ("nowhere", "unreadable", "reading", "no"),
        ("text", "unreadable", "reading", "no"),
    ]
    assert {row["said unreadable"] for row in rows_of(table, "confusion")} == {0, 2}
    assert rows_of(table, "gates")[0]["said"] == "unreadable"


def test_a_series_is_read_once_for_all_methods(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[FoundSeries] = []
    load = FoundSeries.load
    monkeypatch.setattr(FoundSeries, "load", lambda one: (read.append(one), load(one))[1])
    judge_gates(engine, folder / "good", ("ct-denoise-s", "gaussian", "nlm"))
    assert len(read) == 1


def test_a_table_as_spreadsheets_write_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "expected.csv"
    path.write_text("path,expected\nhere,run\n", encoding="utf-8-sig")
    assert read_expectations(path) == (Expectation("here", "run"),)


def test_described_series_carry_no_text_of_the_header(engine: Engine, folder: Path) -> None:
    rows = rows_of(judge_gates(engine, folder, ("ct-denoise-s",), ROWS), "gates")
    assert rows[0]["remark"] == "the gate is right"  # what differs comes first
    assert {row["vendor"] for row in rows} >= {"Siemens"}
    assert "Hospital" not in str(rows)


def test_a_folder_alone_gives_verdicts_without_expectations(engine: Engine, folder: Path) -> None:
    table = judge_gates(engine, folder, ("ct-denoise-s",))
    assert len(rows_of(table, "verdicts")) == 3
    assert {row["expected"] for row in rows_of(table, "confusion")} == {"not stated"}


def test_a_verdict_that_nobody_expected_is_counted_as_wrong() -> None:
    rows = [{"method": "x", "expected": "refuse", "said": "run"}]
    assert confusion(rows) == [
        {
            "method": "x",
            "expected": "refuse",
            "said run": 1,
            "said warn": 0,
            "said refuse": 0,
            "said unreadable": 0,
        }
    ]


def test_a_table_that_makes_no_sense_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "expected.csv"
    path.write_text("path,expected\nhere,run\nthere,perhaps\n", encoding="utf-8")
    with pytest.raises(WrongUsage, match="Line 3"):
        read_expectations(path)
    path.write_text("path,expected\n", encoding="utf-8")
    with pytest.raises(WrongUsage, match="no expectation"):
        read_expectations(path)
    with pytest.raises(UnreadableFile):
        read_expectations(tmp_path / "none.csv")


def test_the_command_writes_tables_and_a_page(folder: Path, tmp_path: Path) -> None:
    expected = tmp_path / "expected.csv"
    expected.write_text("path,expected,why\ngood,run,as <trained>\n", encoding="utf-8")
    out = tmp_path / "report"
    command = ["evaluate", "ct-denoise-s", "--on", str(folder), "--gates", str(expected)]
    assert main([*command, "--report", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {
        *("report.html", "report.json"),
        *("gates.csv", "confusion.csv", "gate_counts.csv", "verdicts.csv"),
    }
    assert "as &lt;trained&gt;" in (out / "report.html").read_text("utf-8")
    assert main(["evaluate", "--gates"]) == 2


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("method", EXPECTATIONS)
def test_real_series_get_the_verdict_that_was_expected(real_data: Path, method: str) -> None:
    engine = Engine(read_catalogue(data_folder("models"), is_research=True))
    rows = read_expectations(Path(__file__).with_name(EXPECTATIONS[method]))
    verdicts = rows_of(judge_gates(engine, real_data, (method,), rows), "verdicts")
    wrong = [row for row in verdicts if row["as_expected"] == "no"]
    assert [(row["path"], row["said"], row["words"]) for row in wrong] == []
    assert {row["said"] for row in verdicts} > {"refuse"}
    assert len({row["path"] for row in verdicts}) >= len(rows) - 5
