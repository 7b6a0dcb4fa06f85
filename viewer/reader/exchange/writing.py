"""Readings as files for other programs: each format as its readers expect it.

Sources: the input formats of iMRMC and RJafroc as their documentation describes them, REDCap's
data dictionary and record import.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook

from viewer.core.errors import NoAnalysis
from viewer.reader.protocol import Protocol, Question, QuestionKind
from viewer.reader.readings import CaseTruth, MarkRating, Rating, Readings

TIDY_COLUMNS = (
    "study", "reader", "case", "arm", "criterion", "value", "label", "period", "sequence",
    "position", "repeat", "seconds", "truth",
)  # fmt: skip
MARK_COLUMNS = ("reader", "case", "arm", "mark", "x_mm", "y_mm", "z_mm", "confidence", "lesion")
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 (a workbook's own time has no zone)


def tidy_csv(readings: Readings, protocol: Protocol | None = None) -> str:
    """Return one row for each rating; `value` in full precision, `label` the words beside it.

    Strata follow as columns of their own, named ``stratum_NAME``.
    """
    strata = sorted({name for one in readings.ratings for name, _ in one.strata})
    truth = {one.case: int(one.is_abnormal) for one in readings.truth}
    labels = _labels(protocol)
    title = protocol.study.title if protocol else readings.source
    rows = []
    for one in readings.ratings:
        told = dict(one.strata)
        rows.append(
            (
                title,
                one.reader,
                one.case,
                one.arm,
                one.criterion,
                repr(float(one.value)),
                labels.get((one.criterion, one.value), ""),
                one.period or "",
                one.sequence,
                one.position or "",
                one.repeat,
                "" if one.seconds is None else repr(float(one.seconds)),
                truth.get(one.case, ""),
                *(told.get(name, "") for name in strata),
            )
        )
    return _csv((*TIDY_COLUMNS, *(f"stratum_{name}" for name in strata)), rows)


def marks_csv(readings: Readings) -> str:
    """Return one row for each mark, numbered within a reading; x, y and z in LPS millimetres."""
    rows = []
    for number, one in _numbered(readings.marks):
        point = one.point_mm or ("", "", "")
        place = (repr(float(value)) if value != "" else "" for value in point)
        rows.append(
            (one.reader, one.case, one.arm, number, *place, repr(float(one.confidence)), one.lesion)
        )
    return _csv(MARK_COLUMNS, rows)


def imrmc_text(readings: Readings, criterion: str = "") -> str:
    """Return ROC data as iMRMC reads it: truth rows, then reader, case, modality, score.

    Raises
    ------
    NoAnalysis : no truth is known, or there is more than one criterion to choose from.
    """
    ratings = roc_ratings(readings, criterion)
    truth = {one.case: int(one.is_abnormal) for one in readings.truth}
    lines = [
        "reader study",
        f"N0:{sum(not value for value in truth.values())}",
        f"N1:{sum(truth.values())}",
        f"NR:{len({one.reader for one in ratings})}",
        f"NM:{len({one.arm for one in ratings})}",
        "BEGIN DATA:",
        *(f"truth,{_plain(case)},truth,{value}" for case, value in truth.items()),
        *(
            f"{_plain(one.reader)},{_plain(one.case)},{_plain(one.arm)},{float(one.value)!r}"
            for one in ratings
        ),
    ]
    return "\n".join(lines) + "\n"


def lrc_text(readings: Readings, criterion: str = "") -> str:
    """Return ROC data as the Iowa programs read it, cases numbered in the order of the truth.

    Raises
    ------
    NoAnalysis : no truth is known, the criterion must be named, or a reading is missing.
    """
    ratings = roc_ratings(readings, criterion)
    arms = tuple(dict.fromkeys(one.arm for one in ratings))
    numbers = _integers(one.case for one in readings.truth)
    told = {(one.reader, one.case, one.arm): one.value for one in ratings}
    lines = ["reader study"]
    for place, reader in enumerate(dict.fromkeys(one.reader for one in ratings)):
        lines.append(_plain(reader))
        if not place:
            lines += [" ".join(f'"{arm}"' for arm in arms), " ".join("L" for _ in arms)]
        for kind in (False, True):
            for case in (one.case for one in readings.truth if one.is_abnormal is kind):
                values = [told.get((reader, case, arm)) for arm in arms]
                if None in values:
                    raise NoAnalysis(
                        f"Reader {reader} has not read case {case} in every arm.",
                        "This format holds complete designs only.",
                        "Use the tidy table or .imrmc.",
                    )
                shown = (repr(float(value)) for value in values if value is not None)
                lines.append(f"{' '.join(shown)} {numbers[case]}")
            lines.append("*")
    return "\n".join([*lines, "#"]) + "\n"


def roc_ratings(readings: Readings, criterion: str = "") -> tuple[Rating, ...]:
    """Return the ratings of one criterion on cases whose truth is known, first showings only.

    Raises
    ------
    NoAnalysis : no truth is known, or the criterion must be named.
    """
    known = {one.case for one in readings.truth}
    if not known:
        raise NoAnalysis(
            "The truth of the cases is not known.",
            "Detection cannot be told from it.",
            'Give each case truth = "normal" or "abnormal".',
        )
    criteria = sorted({one.criterion for one in readings.ratings})
    if not criterion and len(criteria) != 1:
        raise NoAnalysis(
            f"There are {len(criteria)} criteria: {', '.join(criteria)}.",
            "A detection format holds one score for each reading.",
            "Name the one that is the score.",
        )
    wanted = criterion or criteria[0]
    return tuple(
        one
        for one in readings.ratings
        if one.criterion == wanted and one.case in known and one.arm and not one.repeat
    )


def rjafroc_workbook(readings: Readings, path: Path, criterion: str = "") -> None:
    """Write marks (FROC) or scores (ROC) as an RJafroc workbook, the same bytes each time.

    Case numbers are whole numbers in the order of the truth; the sheet CASES says which is which,
    and READERS and ARMS hold the codes.
    """
    is_froc = bool(readings.marks or readings.looked)
    looked = readings.looked or tuple(
        (one.reader, one.case, one.arm) for one in roc_ratings(readings, criterion)
    )
    cases = _integers(one.case for one in readings.truth)
    readers = _integers(one[0] for one in looked)
    arms = _integers(one[2] for one in looked)
    truth = {one.case: one for one in readings.truth}
    hits, misses = [], []
    if is_froc:
        for mark in readings.marks:
            places = (readers[mark.reader], arms[mark.arm], cases[mark.case])
            if mark.lesion:
                lesions = [name for name, _ in truth[mark.case].lesions]
                hits.append((*places, lesions.index(mark.lesion) + 1, mark.confidence))
            else:
                misses.append((*places, mark.confidence))
    else:
        for one in roc_ratings(readings, criterion):
            places = (readers[one.reader], arms[one.arm], cases[one.case])
            if truth[one.case].is_abnormal:
                hits.append((*places, 1, one.value))
            else:
                misses.append((*places, one.value))
    book = Workbook()
    del book["Sheet"]
    _sheet(book, "TP", ("ReaderID", "ModalityID", "CaseID", "LesionID", "TP_Rating"), hits)
    _sheet(book, "FP", ("ReaderID", "ModalityID", "CaseID", "FP_Rating"), misses)
    head = ("CaseID", "LesionID", "Weight", "ReaderID", "ModalityID", "Paradigm")
    _sheet(book, "TRUTH", head, _truth_rows(readings.truth, cases, readers, arms, is_froc=is_froc))
    for name, numbers in (("CASES", cases), ("READERS", readers), ("ARMS", arms)):
        _sheet(book, name, ("Number", "Code"), [(place, code) for code, place in numbers.items()])
    book.properties.created = book.properties.modified = _EPOCH
    book.save(path)


def _truth_rows(
    truth: Sequence[CaseTruth],
    cases: dict[str, int],
    readers: dict[str, int],
    arms: dict[str, int],
    *,
    is_froc: bool,
) -> list[tuple[object, ...]]:
    everybody = ",".join(map(str, readers.values()))
    everything = ",".join(map(str, arms.values()))
    rows: list[tuple[object, ...]] = []
    for one in truth:
        lesions = one.lesions if is_froc else (("", 1.0),)
        for number, (_, weight) in enumerate(lesions, 1) if one.is_abnormal else [(0, ("", 0.0))]:
            rows.append((cases[one.case], number, weight, everybody, everything, ""))
    paradigm = ("FROC" if is_froc else "ROC", "FCTRL")
    return [
        (*row[:5], paradigm[place] if place < len(paradigm) else None)
        for place, row in enumerate(rows)
    ]


def redcap_dictionary(protocol: Protocol) -> str:
    """Return the data dictionary of a study's form for REDCap, one field for each question."""
    head = (
        "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
        "Choices, Calculations, OR Slider Labels", "Field Note",
        "Text Validation Type OR Show Slider Number", "Text Validation Min",
        "Text Validation Max", "Identifier?", "Branching Logic (Show field only if...)",
        "Required Field?", "Custom Alignment", "Question Number (surveys only)",
        "Matrix Group Name", "Matrix Ranking?", "Field Annotation",
    )  # fmt: skip
    places = ("record_id", "reader", "case", "arm", "period")
    rows = [_field(name, "text", name.replace("_", " ")) for name in places]
    rows += [_question_field(question) for question in protocol.questions]
    return _csv(head, rows)


def redcap_records(readings: Readings, protocol: Protocol) -> str:
    """Return the answers as flat REDCap records, a repeat of "reading" for each one."""
    names = [
        question.id for question in protocol.questions if question.kind is not QuestionKind.MARKS
    ]
    answers: dict[tuple[str, str, str, int, int], dict[str, float]] = {}
    for one in readings.ratings:
        key = (one.reader, one.case, one.arm, one.period, one.repeat)
        answers.setdefault(key, {})[one.criterion] = one.value
    rows, counts = [], dict[str, int]()
    for (reader, case, arm, period, _), told in answers.items():
        counts[reader] = counts.get(reader, 0) + 1
        values = (f"{told[name]:g}" if name in told else "" for name in names)
        rows.append((reader, "reading", counts[reader], reader, case, arm, period, *values))
    head = ("record_id", "redcap_repeat_instrument", "redcap_repeat_instance")
    fields = ("reader", "case", "arm", "period", *map(_variable, names))
    return _csv((*head, *fields), rows)


def _question_field(question: Question) -> tuple[object, ...]:
    choices = " | ".join(f"{one.value:g}, {one.text}" for one in question.choices)
    kind = "text"
    if question.kind is QuestionKind.CHOICES:
        kind = "checkbox"
    elif question.choices and question.kind is not QuestionKind.MARKS:
        kind = "radio"
    elif question.kind is QuestionKind.ANALOGUE:
        kind, choices = "slider", " | ".join(question.ends)
    needed = "y" if question.is_required else ""
    return _field(
        _variable(question.id), kind, question.text, choices, needed, question.least, question.most
    )


def _field(
    name: str,
    kind: str,
    label: str,
    choices: str = "",
    needed: str = "",
    least: float | None = None,
    most: float | None = None,
) -> tuple[object, ...]:
    is_number = kind == "text" and (least is not None or most is not None)
    bounds = ("" if bound is None else f"{bound:g}" for bound in (least, most))
    checks = ("number" if is_number else "", *bounds)
    return (
        name, "reading", "", kind, label, choices, "", *checks, "", "", needed, "", "", "", "", "",
    )  # fmt: skip


def _variable(name: str) -> str:
    """Return a question's id as REDCap writes variables: lower case, letters first."""
    plain = "".join(sign if sign.isalnum() else "_" for sign in name.lower())
    return plain if plain[:1].isalpha() else f"q_{plain}"


def _labels(protocol: Protocol | None) -> dict[tuple[str, float], str]:
    questions = protocol.questions if protocol else ()
    return {
        (question.id, choice.value): choice.text
        for question in questions
        for choice in question.choices
    }


def _numbered(marks: Iterable[MarkRating]) -> Iterable[tuple[int, MarkRating]]:
    counts: dict[tuple[str, str, str], int] = {}
    for one in marks:
        place = (one.reader, one.case, one.arm)
        counts[place] = counts.get(place, 0) + 1
        yield counts[place], one


def _integers(names: Iterable[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(dict.fromkeys(names), 1)}


def _plain(name: str) -> str:
    """Return a name without what would end a field in a plain format."""
    return "".join("_" if sign in ", \t" else sign for sign in name)


def _sheet(
    book: Workbook, title: str, head: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    sheet = book.create_sheet(title)
    sheet.append(list(head))
    for row in rows:
        sheet.append(list(row))


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()
