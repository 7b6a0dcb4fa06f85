"""RJafroc's workbooks: the sheets TP, FP and TRUTH of marks (FROC) or scores (ROC)."""

import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from viewer.core.errors import InvalidReadings, UnreadableFile
from viewer.reader.exchange.foreign import SCORE
from viewer.reader.readings import CaseTruth, MarkRating, Rating, Readings

TP = ("ReaderID", "ModalityID", "CaseID", "LesionID")
FP = ("ReaderID", "ModalityID", "CaseID")
TRUTH = ("CaseID", "LesionID", "Weight")
_RATING = {"TP": ("TP_Rating", "LL_Rating"), "FP": ("FP_Rating", "NL_Rating")}


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: dict[str, Any]


def read_workbook(path: Path) -> Readings:
    """Return the readings in an RJafroc workbook.

    The Paradigm column of TRUTH says FROC or ROC; without it, data with more than one mark in a
    reading or a lesion number above 1 are FROC. In ROC data a case without a rating counts as
    unread.

    Raises
    ------
    UnreadableFile : it cannot be read.
    InvalidReadings : a sheet or column is missing or a cell is wrong; sheet and row are named.
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles that openpyxl leaves out
            book = openpyxl.load_workbook(path, read_only=False, data_only=True)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UnreadableFile(
            f"{path.name} is no workbook that can be read ({type(error).__name__}).",
            "",
            "Save it as .xlsx again.",
        ) from error
    sheets = {name.strip().upper(): book[name] for name in book.sheetnames}
    truth, everybody = _truth(_rows(path.name, sheets, "TRUTH", TRUTH), path.name)
    hits = _rows(path.name, sheets, "TP", TP)
    misses = _rows(path.name, sheets, "FP", FP)
    marks = [*_marks(hits, "TP", truth, path.name), *_marks(misses, "FP", truth, path.name)]
    if not marks:
        _bad(path.name, "TP", 1, "there are no marks and no scores.")
    if _is_roc(everybody.paradigm, marks, truth):
        return _scores(marks, truth, path.name)
    known = tuple(truth.values())
    readers = everybody.readers or tuple(dict.fromkeys(mark.reader for mark in marks))
    arms = everybody.arms or tuple(dict.fromkeys(mark.arm for mark in marks))
    looked = tuple((reader, one.case, arm) for reader in readers for one in known for arm in arms)
    return Readings(marks=tuple(marks), looked=looked, truth=known, source=path.name)


def _bad(file: str, sheet: str, row: int, reason: str, do: str = "") -> NoReturn:
    raise InvalidReadings(
        f"{file}, sheet {sheet}, row {row}: {reason}", "Nothing was analysed.", do
    )


def _rows(file: str, sheets: dict[str, Any], name: str, columns: Sequence[str]) -> tuple[_Row, ...]:
    if name not in sheets:
        there = ", ".join(sheets) or "none"
        raise InvalidReadings(
            f"{file} has no sheet {name}; there are: {there}.",
            "Nothing was analysed.",
            "An RJafroc workbook has the sheets TP, FP and TRUTH.",
        )
    rows = list(sheets[name].iter_rows(values_only=True))
    head = [_plain(cell) for cell in rows[0]] if rows else []
    wanted = [*columns, *(_RATING.get(name, ())[:1])]
    found = {}
    for column in wanted:
        others = _RATING.get(name, ()) if column.endswith("Rating") else (column,)
        place = next((head.index(_plain(one)) for one in others if _plain(one) in head), None)
        if place is None:
            shown = ", ".join(str(cell) for cell in (rows[0] if rows else ()) if cell is not None)
            _bad(file, name, 1, f"there is no column {column} (found: {shown}).")
        found["Rating" if column.endswith("Rating") else column] = place
    for extra in ("ReaderID", "ModalityID", "Paradigm"):
        if _plain(extra) in head:
            found.setdefault(extra, head.index(_plain(extra)))
    return tuple(_filled(file, name, rows, found, columns))


def _filled(
    file: str,
    name: str,
    rows: Sequence[Sequence[Any]],
    found: dict[str, int],
    needed: Sequence[str],
) -> Iterator[_Row]:
    for number, cells in enumerate(rows[1:], 2):
        row = {key: cells[place] for key, place in found.items()}
        if all(cell is None or str(cell).strip() == "" for cell in row.values()):
            continue
        keys = [*needed, *(["Rating"] if "Rating" in found else [])]
        for key in keys:
            if row[key] is None or str(row[key]).strip() == "":
                column = f"{name}_Rating" if key == "Rating" else key
                if name == "TRUTH" and key == "Weight":
                    continue
                if name == "TRUTH" and all(row[one] is None for one in needed):
                    break  # only a word of the design stands here
                _bad(file, name, number, f"{column} is empty.", "Fill it in, or delete the row.")
        else:
            yield _Row(number, row)
            continue
        yield _Row(number, {**row, "CaseID": None})


@dataclass(frozen=True, slots=True)
class _Everybody:
    readers: tuple[str, ...]
    arms: tuple[str, ...]
    paradigm: str


def _truth(rows: Sequence[_Row], file: str) -> tuple[dict[str, CaseTruth], _Everybody]:
    lesions: dict[str, dict[str, float]] = {}
    paradigm, readers, arms = "", dict[str, None](), dict[str, None]()
    for row in rows:
        word = str(row.cells.get("Paradigm") or "").strip().upper()
        if word in ("FROC", "ROC") and not paradigm:
            paradigm = word
        if row.cells["CaseID"] is None:
            continue
        for name, into in (("ReaderID", readers), ("ModalityID", arms)):
            into.update(dict.fromkeys(re.findall(r"[^\s,;]+", _text(row.cells.get(name)))))
        case, number = _text(row.cells["CaseID"]), _count(row, "LesionID", "TRUTH", file)
        weight = _number(row.cells.get("Weight") or 0, file, "TRUTH", row.number, "Weight")
        known = lesions.setdefault(case, {})
        if str(number) in known or (number == 0 and known) or "0" in known:
            _bad(
                file, "TRUTH", row.number, f"case {case} has lesion {number} and more of its kind."
            )
        known[str(number)] = weight
    if not lesions:
        _bad(file, "TRUTH", 1, "there are no cases.")
    return {case: _case(case, known) for case, known in lesions.items()}, _Everybody(
        tuple(readers), tuple(arms), paradigm
    )


def _case(case: str, known: dict[str, float]) -> CaseTruth:
    if "0" in known:
        return CaseTruth(case, is_abnormal=False)
    total = sum(known.values())
    equal = 1.0 / len(known)
    lesions = tuple((name, weight / total if total else equal) for name, weight in known.items())
    return CaseTruth(case, is_abnormal=True, lesions=lesions)


def _marks(
    rows: Sequence[_Row], sheet: str, truth: dict[str, CaseTruth], file: str
) -> Iterator[MarkRating]:
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        reader, arm, case = (_text(row.cells[key]) for key in FP)
        if case not in truth:
            _bad(file, sheet, row.number, f"case {case} is not in the sheet TRUTH.")
        lesion = str(_count(row, "LesionID", sheet, file)) if sheet == "TP" else ""
        if sheet == "TP":
            if lesion not in (name for name, _ in truth[case].lesions):
                _bad(file, sheet, row.number, f"case {case} has no lesion {lesion} in TRUTH.")
            place = (reader, arm, case, lesion)
            if place in seen:
                _bad(
                    file,
                    sheet,
                    row.number,
                    f"lesion {lesion} of case {case} is marked in row {seen[place]}, too.",
                    "Keep the highest rating.",
                )
            seen[place] = row.number
        value = _number(row.cells["Rating"], file, sheet, row.number, f"{sheet}_Rating")
        yield MarkRating(reader, case, arm, lesion, value)


def _is_roc(paradigm: str, marks: Sequence[MarkRating], truth: dict[str, CaseTruth]) -> bool:
    if paradigm:
        return paradigm == "ROC"
    most = max((len(one.lesions) for one in truth.values()), default=0)
    places = [(mark.reader, mark.arm, mark.case) for mark in marks]
    whole = len({place[0] for place in places}) * len({place[1] for place in places}) * len(truth)
    return most == 1 and len(set(places)) == len(places) == whole


def _scores(marks: Sequence[MarkRating], truth: dict[str, CaseTruth], file: str) -> Readings:
    ratings: dict[tuple[str, str, str], Rating] = {}
    for mark in marks:
        place = (mark.reader, mark.arm, mark.case)
        is_hit = bool(mark.lesion)
        if is_hit is not truth[mark.case].is_abnormal:
            kind = "abnormal" if truth[mark.case].is_abnormal else "normal"
            sheet = "TP" if is_hit else "FP"
            _bad(file, sheet, 1, f"case {mark.case} is {kind}, and its score stands in this sheet.")
        if place in ratings:
            sheet = "TP" if is_hit else "FP"
            _bad(file, sheet, 1, f"reader {mark.reader} scored case {mark.case} twice in an arm.")
        ratings[place] = Rating(mark.reader, mark.case, mark.arm, SCORE, mark.confidence)
    known = tuple(CaseTruth(one.case, one.is_abnormal) for one in truth.values())
    return Readings(tuple(ratings.values()), truth=known, source=file)


def _plain(cell: object) -> str:
    return re.sub(r"[^a-z]", "", str(cell or "").lower())


def _text(cell: object) -> str:
    """Return a cell as a name: 3.0 is 3."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _count(row: _Row, key: str, sheet: str, file: str) -> int:
    value = _number(row.cells[key], file, sheet, row.number, key)
    if value < 0 or not value.is_integer():
        _bad(file, sheet, row.number, f"{key} is {value:g}, which is no whole number from 0.")
    return int(value)


def _number(cell: object, file: str, sheet: str, row: int, key: str) -> float:
    try:
        return float(str(cell))
    except ValueError:
        _bad(file, sheet, row, f"{key} is {cell!r}, which is no number.")
