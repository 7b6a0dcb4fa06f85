"""Structured reports of readings."""

import shutil
import subprocess
from pathlib import Path

import pytest
from highdicom import sr
from pydicom import dcmread

from tests.journeys.noisy import write_noisy_ct
from viewer.core.errors import NotSaved
from viewer.io.study_reports import CaseReport, ReportedAnswer, ReportedMark, write_case_report


@pytest.fixture
def report(tmp_path: Path) -> CaseReport:
    write_noisy_ct(tmp_path / "ct")
    return CaseReport(
        "Study",
        "ab" * 32,
        "R1",
        "C1",
        (ReportedAnswer("noise", "How much noise?", 3.0, "some", "original"),),
        (("original", ReportedMark((1.0, 2.0, 3.5), 4.0)),),
        tuple(sorted((tmp_path / "ct").iterdir())),
    )


def test_answers_and_marks_are_read_back_by_a_library(report: CaseReport, tmp_path: Path):
    write_case_report(report, tmp_path / "x.dcm")
    read = sr.srread(tmp_path / "x.dcm")
    (answers,) = read.content.get_image_measurement_groups()
    (said,) = answers.get_qualitative_evaluations()
    assert (said.name.meaning, said.value.meaning) == ("How much noise?", "some")
    (mark,) = read.content.get_planar_roi_measurement_groups()
    assert mark.roi.value.tolist() == [[1.0, 2.0, 3.5]]
    assert mark.get_measurements()[0].value == 4.0
    assert read.StudyInstanceUID == dcmread(report.images[0]).StudyInstanceUID


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is not installed")
def test_a_validator_finds_no_error(report: CaseReport, tmp_path: Path):
    write_case_report(report, tmp_path / "x.dcm")
    command = ["dciodvfy", str(tmp_path / "x.dcm")]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert "Comprehensive3DSR" in told
    assert not [line for line in told.splitlines() if line.startswith("Error")]


def test_the_same_reading_has_the_same_uid(report: CaseReport, tmp_path: Path):
    write_case_report(report, tmp_path / "x.dcm")
    write_case_report(report, tmp_path / "y.dcm")
    one, other = (dcmread(tmp_path / name) for name in ("x.dcm", "y.dcm"))
    assert one.SOPInstanceUID == other.SOPInstanceUID


def test_a_report_is_never_written_over(report: CaseReport, tmp_path: Path):
    write_case_report(report, tmp_path / "x.dcm")
    with pytest.raises(NotSaved, match="there already"):
        write_case_report(report, tmp_path / "x.dcm")


def test_marks_without_a_frame_of_reference_are_refused(report: CaseReport, tmp_path: Path):
    for image in report.images:
        dataset = dcmread(image)
        del dataset.FrameOfReferenceUID
        dataset.save_as(image)
    with pytest.raises(NotSaved, match="no frame of reference"):
        write_case_report(report, tmp_path / "x.dcm")
