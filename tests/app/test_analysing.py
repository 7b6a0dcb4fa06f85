"""`diptych study analyse` on other programs' files."""

import json
from pathlib import Path

import pytest

from tests.reader.rated_studies import likert_study
from tests.reader.test_analysis_detection import froc_readings, roc_readings
from viewer.__main__ import main
from viewer.app.analysing import Asked, analyse
from viewer.core.errors import NoAnalysis, WrongUsage
from viewer.reader.exchange.writing import imrmc_text, rjafroc_workbook, tidy_csv


def told(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, object]:
    main(["study", "analyse", str(path), "--json", *more])
    return json.loads(capsys.readouterr().out)


def test_scores_with_truth_are_analysed_as_detection_without_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "x.imrmc").write_text(imrmc_text(roc_readings(5)))
    facts = told(tmp_path / "x.imrmc", capsys)
    (found,) = facts["detection"]
    assert (found["measure"], found["covariance"]) == ("auc", "jackknife")
    assert [one["kind"] for one in found["inferences"]] == ["RRRC", "FRRC", "RRFC"]
    for one in found["inferences"]:
        assert 0 < one["p"] < 1
        assert (one["chi_square"] is None) == (one["kind"] != "FRRC")
        assert one["differences"][0]["low"] < one["differences"][0]["high"]
    assert facts["ordinal"] is None


def test_a_workbook_of_marks_is_analysed_by_wafroc(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    rjafroc_workbook(froc_readings(), tmp_path / "x.xlsx")
    (found,) = told(tmp_path / "x.xlsx", capsys)["detection"]
    assert found["measure"] == "wafroc"


def test_judgements_without_truth_are_analysed_as_ratings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "x.csv").write_text(tidy_csv(likert_study()))
    facts = told(tmp_path / "x.csv", capsys)
    assert facts["detection"] == []
    (criterion,) = facts["ordinal"]["criteria"]
    effect = criterion["comparisons"][0]["model"]["effect"]
    assert effect["interval"][0] < effect["odds_ratio"] < effect["interval"][1]


def test_few_readers_end_with_the_code_of_warnings(tmp_path: Path):
    (tmp_path / "x.imrmc").write_text(imrmc_text(roc_readings(3)))
    assert main(["study", "analyse", str(tmp_path / "x.imrmc")]) == 3


def test_a_malformed_file_ends_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "x.imrmc").write_text("BEGIN DATA:\ntruth,1,truth,0\n1,1,a\n")
    assert main(["study", "analyse", str(tmp_path / "x.imrmc")]) == 1
    assert "x.imrmc, line 3: 3 fields" in capsys.readouterr().err


def test_an_unknown_figure_is_wrong_usage(tmp_path: Path):
    with pytest.raises(WrongUsage, match="no figure of merit 'auk'"):
        analyse(tmp_path / "x", Asked("auk"))


def test_data_that_carry_nothing_say_why(tmp_path: Path):
    (tmp_path / "x.csv").write_text("reader,case,arm,value,truth\nR,c,a,1,0\nR,d,a,2,0\n")
    with pytest.raises(NoAnalysis, match="no abnormal cases"):
        analyse(tmp_path / "x.csv", Asked("auc"))


def test_readings_with_gaps_are_analysed_by_u_statistics(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    lines = imrmc_text(roc_readings(5, cases=80)).splitlines()
    (tmp_path / "x.imrmc").write_text("\n".join(lines[:-3]))
    assert main(["study", "analyse", str(tmp_path / "x.imrmc")]) == 3
    assert "--method u-statistic" in capsys.readouterr().out
    found = told(tmp_path / "x.imrmc", capsys, "--method", "u-statistic")["u_statistic"]
    (pair,) = found["differences"]
    assert pair["arm"] == "better"
    assert 0 < pair["low"] < pair["estimate"] < pair["high"]
