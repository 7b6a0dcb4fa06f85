"""The report of an analysis: the same bytes for the same data, and no claim that was not fixed."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.reader.rated_studies import likert_study
from tests.reader.study_texts import protocol_of, study_text
from tests.reader.test_analysis_detection import froc_readings, roc_readings
from viewer.app.analysing import Analysis, Asked, analyse
from viewer.app.study_reporting import study_report, write_study_report
from viewer.core.errors import WrongUsage
from viewer.reader.exchange.writing import imrmc_text, rjafroc_workbook, tidy_csv
from viewer.reader.findings import Finding
from viewer.reader.protocol import Endpoint


@pytest.fixture
def rated(tmp_path: Path) -> Analysis:
    (tmp_path / "rated.csv").write_text(tidy_csv(likert_study(readers=3, cases=12)))
    return analyse(tmp_path / "rated.csv", Asked())


def test_the_same_readings_give_the_same_files(rated: Analysis, tmp_path: Path):
    first = write_study_report(rated, tmp_path / "one")
    second = write_study_report(rated, tmp_path / "two")
    assert [path.name for path in first] == [path.name for path in second]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert first[1].read_bytes().startswith(b"%PDF")


def test_every_table_is_a_csv_too(rated: Analysis, tmp_path: Path):
    files = {path.name for path in write_study_report(rated, tmp_path / "out")}
    assert {"report.html", "report.pdf", "results.json", "noise-ratings.csv"} <= files
    assert len(files) == 3 + len(study_report(rated).tables)


def test_nothing_is_claimed_without_an_endpoint_and_ratings_are_no_detection(
    rated: Analysis, tmp_path: Path
):
    page = write_study_report(rated, tmp_path / "out")[0].read_text()
    assert "The protocol fixed no endpoint." in page
    assert "superior" not in page
    assert "not what can be detected in them" in page
    assert "3 readers only" in page


def test_a_claim_is_printed_for_a_primary_endpoint_that_stands(rated: Analysis):
    end = Endpoint("noise", "E", "O")
    met = Finding(end, "odds ratio", 2.0, (1.2, 3.0), 0.95, 9.0, 0.01, True, 0.01, True)
    told = str(study_report(replace(rated, findings=(met,))))
    assert "In ratings of noise, E is superior to O (odds ratio 2.00" in told
    failed = replace(met, stands=False)
    assert "is superior" not in str(study_report(replace(rated, findings=(failed,))))


def test_detection_is_reported_with_curves(tmp_path: Path):
    (tmp_path / "x.imrmc").write_text(imrmc_text(roc_readings()))
    rjafroc_workbook(froc_readings(), tmp_path / "x.xlsx")
    for name, words in (("x.imrmc", "Detection: auc"), ("x.xlsx", "Detection: wafroc")):
        page = write_study_report(analyse(tmp_path / name, Asked()), tmp_path / f"out-{name}")[0]
        text = page.read_text()
        assert words in text
        assert "<svg" in text
        assert "Hillis" in text


def test_the_design_names_arms_methods_and_weights(rated: Analysis):
    told = str(study_report(replace(rated, protocol=protocol_of(study_text()))))
    assert "sequential_crossover" in told
    assert "gaussian" in told


def test_a_folder_with_something_in_it_is_not_written_to(rated: Analysis, tmp_path: Path):
    with pytest.raises(WrongUsage, match="not empty"):
        write_study_report(rated, tmp_path)


def test_words_of_the_study_cannot_become_markup(rated: Analysis, tmp_path: Path):
    text = study_text().replace('title = "Small"', 'title = "<script>alert(1)</script>"')
    found = replace(rated, protocol=protocol_of(text))
    page = write_study_report(found, tmp_path / "out")[0].read_text()
    assert "<script>" not in page
