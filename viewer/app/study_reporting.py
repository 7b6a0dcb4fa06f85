"""Writes the report of a study's analysis: HTML, PDF, every table as CSV, and the facts as JSON."""

import csv
import io
import json
from pathlib import Path

from viewer import __version__
from viewer.app.analysing import Analysis
from viewer.core.errors import WrongUsage
from viewer.io.safely import not_saved, write_bytes
from viewer.reader.progress import progress_of
from viewer.reader.report import Section, StudyReport, Table, Words
from viewer.reader.report_design import design_section, flow_section
from viewer.reader.report_parts import (
    DETECTION_METHODS,
    detection_section,
    findings_section,
    rating_sections,
)
from viewer.reader.standing import Standing


def study_report(found: Analysis, standing: Standing | None = None) -> StudyReport:
    """Return the report of an analysis; `standing` says who read how much, where that is known."""
    protocol = found.protocol
    sections: list[Section] = []
    if protocol is not None:
        sections.append(design_section(protocol))
    if standing is not None:
        sections.append(flow_section(progress_of(standing), standing.amendments))
    sections.append(findings_section(found.findings))
    sections += [detection_section(one) for one in found.detection]
    if found.ratings is not None:
        questions = protocol.questions if protocol else ()
        labels = {
            question.id: tuple(choice.text for choice in question.choices)
            for question in questions
            if question.choices
        }
        sections += rating_sections(found.ratings, labels)
    sections.append(_methods(found))
    title = protocol.study.title if protocol else f"Readings in {found.readings.source}"
    return StudyReport(title, f"Analysis of {found.readings.source}", tuple(sections))


def _methods(found: Analysis) -> Section:
    words = [f"Analysed with Diptych {__version__}."]
    if found.detection:
        kinds = ", ".join(dict.fromkeys(one.covariance for one in found.detection))
        words.append(f"{DETECTION_METHODS} Covariances: {kinds}.")
    if found.ratings is not None:
        words += found.ratings.methods
    refusals = [Words(f"Not analysed: {text}", is_warning=True) for text in found.refusals]
    return Section("Methods", (*(Words(text) for text in words), *refusals))


def write_study_report(
    found: Analysis, folder: Path, standing: Standing | None = None
) -> tuple[Path, ...]:
    """Write report.html, report.pdf, results.json and a CSV for each table into a new folder.

    The same analysis gives the same bytes.

    Raises
    ------
    WrongUsage : the folder is there and has something in it.
    NotSaved : it cannot be written.
    """
    from viewer.reader.report_html import report_page
    from viewer.reader.report_pdf import report_pdf

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongUsage(f"{folder} is not empty.", "", "Name a new folder with --report.")
    report = study_report(found, standing)
    facts = json.dumps(found.facts, indent=1, ensure_ascii=False) + "\n"
    files = {
        "report.html": report_page(report).encode(),
        "report.pdf": report_pdf(report),
        "results.json": facts.encode(),
    }
    for table in report.tables:
        files[f"{_file_name(table.name)}.csv"] = _csv(table).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_bytes(folder / name, content)
    except OSError as error:
        raise not_saved("The report", error) from error
    return tuple(folder / name for name in files)


def _file_name(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in name)


def _csv(table: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.head)
    writer.writerows(table.rows)
    return out.getvalue()
