"""Readings of a study as files for other programs, each format as its readers expect it."""

import csv
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from viewer.app.analysing import unsealed
from viewer.app.preparing_arms import series_of
from viewer.core.errors import NoAnalysis, WrongUsage
from viewer.io.safely import not_saved, write_bytes
from viewer.io.study_reports import CaseReport, ReportedAnswer, ReportedMark, write_case_report
from viewer.reader.answer_rows import AnswerRow, answer_rows
from viewer.reader.exchange import writing
from viewer.reader.plain import to_plain
from viewer.reader.protocol import Protocol
from viewer.reader.readings import Readings
from viewer.reader.study_file import protocol_id

ANSWER_COLUMNS = (
    "study", "reader", "session", "period", "sequence", "number", "trial", "repeat", "case", "arm",
    "side", "question", "value", "label", "text", "answered_utc", "ms", "revision", "is_current",
    "interrupted", "state",
)  # fmt: skip

_TEXTS: dict[str, tuple[str, Callable[[Readings, str], str]]] = {
    "marks": ("marks.csv", lambda readings, _: writing.marks_csv(readings)),
    "imrmc": ("readings.imrmc", writing.imrmc_text),
    "lrc": ("readings.lrc", writing.lrc_text),
}
FORMATS = ("csv", "answers", *_TEXTS, "rjafroc", "redcap", "sr")


def export_readings(
    path: Path, kind: str, out: Path, criterion: str = "", originals: Path | None = None
) -> tuple[Path, ...]:
    """Write a study's readings in a format into a folder; no file is ever written over.

    Parameters
    ----------
    kind : "csv" a rating a row, "answers" every revision of every answer (the arm stays empty
        before unblinding), "marks", "imrmc", "lrc", "rjafroc" a workbook, "redcap" a data
        dictionary and records, "sr" a DICOM structured report for each reader and case.
    originals : the folder that paths of cases are relative to, for "sr"; by default the one in
        which the study's folder was made.
    criterion : the question that is the score, for formats that hold one.

    Raises
    ------
    WrongUsage : there is no such format, or a file is there.
    SealedStudy : the study is still read, or its arms are sealed and the format names them.
    NoAnalysis : the readings do not fit the format.
    """
    if kind not in FORMATS:
        raise WrongUsage(f"There is no format {kind!r}.", "", f"Known: {', '.join(FORMATS)}.")
    if kind == "sr":
        return _structured(path, out, originals or path.resolve().parent.parent)
    files = _files(path, kind, criterion)
    for name in files:
        if (out / name).exists():
            raise WrongUsage(f"{out / name} is there already.", "", "Name another folder.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            if content is None:
                writing.rjafroc_workbook(unsealed(path)[0], out / name, criterion)
            else:
                write_bytes(out / name, content.encode())
    except OSError as error:
        raise not_saved("The export", error) from error
    return tuple(out / name for name in files)


def _files(path: Path, kind: str, criterion: str) -> dict[str, str | None]:
    """Return what each file holds; None for a workbook, which is written by itself."""
    if kind == "answers":
        return {"answers.csv": answers_csv(answer_rows(path), path.stem)}
    readings, protocol = unsealed(path)
    if kind in _TEXTS:
        name, text = _TEXTS[kind]
        return {name: text(readings, criterion)}
    if kind == "csv":
        return {"readings.csv": writing.tidy_csv(readings, protocol)}
    if kind == "rjafroc":
        if not readings.marks and not readings.looked:
            writing.roc_ratings(readings, criterion)
        return {"readings.xlsx": None}
    return _redcap(readings, protocol)


def _redcap(readings: Readings, protocol: Protocol | None) -> dict[str, str | None]:
    if protocol is None:
        raise NoAnalysis("The study's protocol was not kept at unblinding.", "", "Unblind it anew.")
    return {
        "redcap-dictionary.csv": writing.redcap_dictionary(protocol),
        "redcap-records.csv": writing.redcap_records(readings, protocol),
    }


def answers_csv(rows: tuple[AnswerRow, ...], study: str) -> str:
    """Return every revision of every answer as a row; marks and several choices as JSON."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(ANSWER_COLUMNS)
    for one in rows:
        answer = one.answer
        value: object = "" if answer.value is None else repr(answer.value)
        if answer.values or answer.marks:
            value = json.dumps(to_plain(answer.marks or answer.values))
        elif answer.is_empty:
            value = "empty"
        writer.writerow(
            (
                study,
                one.reader,
                one.session,
                one.period,
                one.sequence,
                one.number,
                one.trial,
                one.repeat,
                one.case,
                one.arm,
                one.side,
                one.question,
                value,
                one.label,
                answer.text,
                one.answered_utc,
                one.ms,
                one.revision,
                int(one.is_current),
                int(one.is_interrupted),
                one.state.value,
            )
        )
    return out.getvalue()


def _structured(path: Path, out: Path, home: Path) -> tuple[Path, ...]:
    """Write a structured report for each reader and case that was read."""
    readings, protocol = unsealed(path)
    if protocol is None:
        raise NoAnalysis("The study's protocol was not kept at unblinding.", "", "Unblind it anew.")
    if out.exists() and any(out.iterdir()):
        raise WrongUsage(f"{out} is not empty.", "", "Name another folder.")
    written: list[Path] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_saved("The export", error) from error
    for case in protocol.trial_cases:
        with tempfile.TemporaryDirectory(prefix="diptych-study-") as unpacked:
            images = series_of(case, home, Path(unpacked)).paths
            for number, reader in enumerate(protocol.readers, 1):
                report = _case_report(readings, protocol, reader.code, case.id, images)
                if not report.answers and not report.marks:
                    continue
                file = out / f"{reader.code}-{case.id}.dcm"
                write_case_report(report, file, number)
                written.append(file)
    return tuple(written)


def _case_report(
    readings: Readings, protocol: Protocol, reader: str, case: str, images: tuple[Path, ...]
) -> CaseReport:
    names = {arm.code: arm.name for arm in protocol.arms}
    questions = {question.id: question for question in protocol.questions}
    answers = []
    for one in readings.ratings:
        question = questions.get(one.criterion)
        if (one.reader, one.case) != (reader, case) or question is None:
            continue
        label = next((two.text for two in question.choices if two.value == one.value), "")
        arm = names.get(one.arm, "pair")
        answers.append(ReportedAnswer(question.id, question.text, one.value, label, arm))
    marks = tuple(
        (names[one.arm], ReportedMark(one.point_mm, one.confidence))
        for one in readings.marks
        if (one.reader, one.case) == (reader, case) and one.point_mm is not None
    )
    return CaseReport(
        protocol.study.title, protocol_id(protocol), reader, case, tuple(answers), marks, images
    )
