"""Readings of a study as DICOM structured reports: one for each reader and case, TID 1500.

Source: DICOM PS3.16 TID 1500 Measurement Report, TID 1501 and TID 1410.
"""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from highdicom import sr
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from viewer import __version__
from viewer.core.errors import NotSaved
from viewer.io.safely import not_saved

SCHEME = "99DIPTYCH"
ROOT = "2.25."


@dataclass(frozen=True, slots=True)
class ReportedMark:
    """A mark: its place in patient coordinates (LPS, mm) and the confidence."""

    point_mm: tuple[float, float, float]
    confidence: float


@dataclass(frozen=True, slots=True)
class ReportedAnswer:
    """An answer: the question's code and words, the value and the words of its point.

    `arm` says which image it is about; the arm's words name the method that made it.
    """

    question: str
    meaning: str
    value: float
    label: str
    arm: str


@dataclass(frozen=True, slots=True)
class CaseReport:
    """What one reader said of one case; `images` are files of the original series."""

    study: str
    protocol_id: str
    reader: str
    case: str
    answers: tuple[ReportedAnswer, ...]
    marks: tuple[tuple[str, ReportedMark], ...]
    images: tuple[Path, ...]


def write_case_report(report: CaseReport, path: Path, number: int = 1) -> None:
    """Write a structured report of one reader's reading of one case into a new file.

    The observer is a person named by the reader's code; marks are points in the frame of
    reference of the series. The same report gets the same UIDs.

    Raises
    ------
    NotSaved : the file is there or cannot be written, or the series has no frame of reference
        that marks could stand in.
    """
    evidence = [dcmread(image, stop_before_pixels=True) for image in report.images]
    made = sr.Comprehensive3DSR(
        evidence=evidence,
        content=_content(report, evidence),
        series_instance_uid=_uid(report, "series"),
        series_number=9000 + number,
        sop_instance_uid=_uid(report, "instance"),
        instance_number=1,
        manufacturer="Diptych",
        manufacturer_model_name="Diptych",
        software_versions=__version__,
        device_serial_number=report.protocol_id[:16],
        is_complete=True,
        is_final=True,
    )
    made.SeriesDescription = "Reader study: not for diagnosis"
    if path.exists():
        raise NotSaved(f"{path} is there already.", "Nothing was written.", "Name another folder.")
    try:
        made.save_as(path, enforce_file_format=True)
    except OSError as error:
        raise not_saved("The structured report", error) from error


def _content(report: CaseReport, evidence: Sequence[Dataset]) -> sr.MeasurementReport:
    observer = sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(
            name=f"{report.reader}^"
        ),
    )
    arms = dict.fromkeys([one.arm for one in report.answers] + [arm for arm, _ in report.marks])
    groups: list[Any] = []
    for arm in arms:
        answers = [one for one in report.answers if one.arm == arm]
        if answers:
            groups.append(_answers(report, arm, answers, evidence))
        placed = [mark for at, mark in report.marks if at == arm]
        groups += [
            _mark(report, arm, place, mark, evidence) for place, mark in enumerate(placed, 1)
        ]
    return sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_person_context=observer),
        procedure_reported=_code("reading", "Reading of a reader study"),
        imaging_measurements=groups,
    )


def _answers(
    report: CaseReport, arm: str, answers: Sequence[ReportedAnswer], evidence: Sequence[Dataset]
) -> sr.MeasurementsAndQualitativeEvaluations:
    said = [
        sr.QualitativeEvaluation(
            name=_code(one.question, one.meaning),
            value=_code(f"{one.value:g}", one.label or f"{one.value:g}"),
        )
        for one in answers
    ]
    first = evidence[0]
    source = sr.SourceImageForMeasurementGroup(first.SOPClassUID, first.SOPInstanceUID)
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(report, arm, "answers"),
        qualitative_evaluations=said,
        source_images=[source],
    )


def _mark(
    report: CaseReport, arm: str, number: int, mark: ReportedMark, evidence: Sequence[Dataset]
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    frame = evidence[0].get("FrameOfReferenceUID", "")
    if not frame:
        raise NotSaved(
            f"The marks of case {report.case} have no frame of reference to stand in.",
            "No structured report was written for it.",
            "Export the marks as CSV.",
        )
    region = sr.ImageRegion3D(
        graphic_type=sr.GraphicTypeValues3D.POINT,
        graphic_data=np.array([mark.point_mm]),
        frame_of_reference_uid=frame,
    )
    confidence = sr.Measurement(
        name=_code("confidence", "Confidence of the reader"),
        value=mark.confidence,
        unit=codes.UCUM.NoUnits,
    )
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(report, arm, f"mark {number}"),
        referenced_region=region,
        finding_type=codes.SCT.Lesion,
        measurements=[confidence],
    )


def _tracking(report: CaseReport, arm: str, what: str) -> sr.TrackingIdentifier:
    return sr.TrackingIdentifier(uid=_uid(report, arm, what), identifier=f"{arm}: {what}"[:64])


def _code(value: str, meaning: str) -> sr.CodedConcept:
    return sr.CodedConcept(value=value[:16], scheme_designator=SCHEME, meaning=meaning[:64])


def _uid(report: CaseReport, *words: str) -> UID:
    """Return a UID made of the study, reader, case and what it is for; the same each time."""
    text = "|".join((report.protocol_id, report.reader, report.case, *words))
    return UID(ROOT + str(int(hashlib.sha256(text.encode()).hexdigest()[:30], 16)))
