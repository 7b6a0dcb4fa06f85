"""Readings of other programs: iMRMC, Iowa's .lrc, and plain tables; workbooks have their own."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from viewer.core.errors import InvalidReadings, UnreadableFile
from viewer.reader.readings import CaseTruth, Rating, Readings

SCORE = "score"
"""The criterion of formats that hold one score for each reading."""

_TRUTH = ("truth", "-1")
_NAMES = {
    "reader": ("reader", "readerid", "reader_id"),
    "case": ("case", "caseid", "case_id"),
    "arm": ("arm", "modality", "treatment", "modalityid", "test"),
    "value": ("value", "rating", "score"),
    "criterion": ("criterion", "question", "scale"),
    "truth": ("truth", "is_abnormal"),
}
_WHOLE = ("period", "position", "repeat")
_YES, _NO = ("1", "true", "abnormal", "yes"), ("0", "false", "normal", "no")


def read_readings(path: Path) -> Readings:
    """Return the readings in a file; the format is told by its name and its content.

    Raises
    ------
    UnreadableFile : it cannot be read.
    InvalidReadings : it is none of the formats, or malformed; the words name line and reason.
    """
    suffix = path.suffix.lower()
    if suffix in (".xlsx", ".xlsm"):
        from viewer.reader.exchange.workbooks import read_workbook

        return read_workbook(path)
    text = _text(path)
    if suffix == ".imrmc" or re.search(r"^\s*BEGIN DATA", text, re.MULTILINE | re.IGNORECASE):
        return parse_imrmc(text, path.name)
    if suffix in (".lrc", ".lrc2") or (suffix != ".csv" and re.search(r"^\s*\*\s*$", text, re.M)):
        return parse_lrc(text, path.name)
    return parse_table(text, path.name)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"{path} cannot be read ({error.strerror or type(error).__name__}).",
            "",
            "Check the path.",
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def bad(name: str, line: int, reason: str, do: str = "") -> NoReturn:
    """Raise the error of a malformed line."""
    raise InvalidReadings(f"{name}, line {line}: {reason}", "Nothing was analysed.", do)


# ---------------------------------------------------------------- iMRMC


def parse_imrmc(text: str, name: str) -> Readings:
    """Return the readings in an iMRMC file of either dialect.

    Truth rows are ``truth,CASE,truth,0|1`` or ``-1,CASE,anything,0|1``; others are
    ``READER,CASE,MODALITY,SCORE``.
    """
    head, rows = _parts(text, name)
    truth: dict[str, tuple[bool, int]] = {}
    scores: dict[tuple[str, str, str], tuple[float, int]] = {}
    for line, fields in rows:
        if len(fields) != 4:
            bad(name, line, f"{len(fields)} fields, where reader, case, modality, score are 4.")
        reader, case, arm, value = fields
        if reader.lower() in _TRUTH:
            if case in truth:
                bad(
                    name, line, f"the truth of case {case} stands in line {truth[case][1]} already."
                )
            truth[case] = (_truth(value, name, line), line)
            continue
        place = (reader, arm, case)
        if place in scores:
            bad(
                name,
                line,
                f"reader {reader}, modality {arm}, case {case} has a score in line "
                f"{scores[place][1]} already.",
                "Keep one of them.",
            )
        scores[place] = (_number(value, name, line), line)
    _check(truth, scores, name)
    _check_counts(head, name)
    return _scored({case: kind for case, (kind, _) in truth.items()}, scores, name)


def _parts(text: str, name: str) -> tuple[list[tuple[int, str]], list[tuple[int, list[str]]]]:
    lines = list(enumerate(text.splitlines(), 1))
    for place, (_, line) in enumerate(lines):
        if line.strip().upper().startswith("BEGIN DATA"):
            rows = [
                (number, [re.sub(r"\s+", " ", part.strip()) for part in row.split(",")])
                for number, row in lines[place + 1 :]
                if row.strip().strip(",")
            ]
            return lines[:place], rows
    bad(name, len(lines) or 1, 'there is no line "BEGIN DATA:".', "Add it before the first row.")


def _check(
    truth: dict[str, tuple[bool, int]],
    scores: dict[tuple[str, str, str], tuple[float, int]],
    name: str,
) -> None:
    if not scores:
        bad(name, 1, "there are no scores.")
    for (_, _, case), (_, line) in scores.items():
        if case not in truth:
            bad(name, line, f"the truth of case {case} is nowhere.", "Add a row of truth for it.")


def _check_counts(head: Sequence[tuple[int, str]], name: str) -> None:
    """Refuse a count in the head that is none; what counts is what is there."""
    for line, words in head:
        found = re.match(r"\s*(N[01RM])\s*:\s*(.*?)\s*$", words, re.IGNORECASE)
        if found and not re.fullmatch(r"\d+", found.group(2)):
            bad(name, line, f"{found.group(1)} is {found.group(2)!r}, which is no whole number.")


# ---------------------------------------------------------------- Iowa


def parse_lrc(text: str, name: str) -> Readings:
    """Return the readings in a file of the Iowa programs.

    A title; then for each reader a name and, before the first, the arms' names in quotes and a
    letter for each ("L": larger ratings mean more suspicion, "S": smaller ones); a row of one
    rating for each arm (and the case's number or name) for every normal case, ``*``, the abnormal
    ones, ``*``; after the last reader ``#``.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    rows = iter([(number, line) for number, line in lines[1:] if line])
    arms: list[str] = []
    signs: list[float] = []
    truth: dict[str, bool] = {}
    scores: dict[tuple[str, str, str], tuple[float, int]] = {}
    for number, line in rows:
        if line == "#":
            return _scored(truth, scores, name)
        reader = line.strip('"')
        if not arms:
            arms, signs = _arms_of(rows, name, number)
        count = 0
        for is_abnormal in (False, True):
            for at, fields in _block(rows, name, number):
                case = _case_of(fields, len(arms), name, at) or str(count)
                count += 1
                if truth.setdefault(case, is_abnormal) is not is_abnormal:
                    bad(name, at, f"case {case} is both normal and abnormal.")
                for arm, sign, value in zip(arms, signs, fields, strict=False):
                    place = (reader, arm, case)
                    if place in scores:
                        bad(name, at, f"case {case} of reader {reader} stands here twice.")
                    scores[place] = (sign * _number(value, name, at), at)
    bad(name, len(lines) or 1, 'the file ends without "#".', "It may be cut off.")


def _case_of(fields: Sequence[str], arms: int, name: str, line: int) -> str:
    """Return the words after the ratings, such as "Diseased case 1"; one number may be a name."""
    named = fields[arms:]
    is_rated = len(fields) >= arms and not all(_is_number(word) for word in named)
    if not is_rated and len(fields) not in (arms, arms + 1):
        bad(name, line, f"{len(fields)} fields, where {arms} ratings belong.")
    return " ".join(named)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _arms_of(
    rows: Iterator[tuple[int, str]], name: str, number: int
) -> tuple[list[str], list[float]]:
    at, line = next(rows, (number, ""))
    arms = re.findall(r'"([^"]*)"', line) or line.split()
    at, line = next(rows, (at, ""))
    letters = re.findall(r"[A-Za-z]+", line)
    if not arms or len(letters) != len(arms):
        bad(name, at, "the arms' names and a letter (L or S) for each are expected here.")
    return [arm.strip() for arm in arms], [
        -1.0 if letter.upper().startswith("S") else 1.0 for letter in letters
    ]


def _block(
    rows: Iterator[tuple[int, str]], name: str, number: int
) -> Iterator[tuple[int, list[str]]]:
    for at, line in rows:
        if line.startswith("*"):
            return
        number = at
        yield at, line.split()
    bad(name, number, 'cases end without "*".', "The file may be cut off.")


# ---------------------------------------------------------------- tables


def parse_table(text: str, name: str) -> Readings:
    """Return the readings in a table with a head: reader, case, arm, value, and what else is known.

    Known, too, are criterion, truth (0 or 1), period, position, sequence, repeat, seconds and
    ``stratum_NAME``. Columns may be parted by comma, semicolon or tab.
    """
    first = text.splitlines()[0] if text.strip() else ""
    sign = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=sign)
    head = [word.strip().lower() for word in next(rows, [])]
    places = {key: _place(head, names) for key, names in _NAMES.items()}
    missing = [key for key in ("reader", "case", "arm", "value") if places[key] is None]
    if missing:
        bad(
            name,
            1,
            f"no column for {', '.join(missing)}.",
            "Name the columns in the first line: reader, case, arm, value (criterion, truth ...).",
        )
    truth: dict[str, bool] = {}
    ratings: list[Rating] = []
    seen: dict[tuple[object, ...], int] = {}
    for fields in rows:
        line = rows.line_num
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(head):
            bad(name, line, f"{len(fields)} fields, where the first line has {len(head)}.")
        told = dict(zip(head, (field.strip() for field in fields), strict=True))
        known_as = {key: _field(told, head, place) for key, place in places.items()}
        rating = _rating(told, known_as, name, line)
        _note_truth(truth, rating.case, known_as["truth"], name, line)
        place = (rating.reader, rating.case, rating.arm, rating.criterion, rating.repeat)
        if place in seen:
            bad(name, line, f"the same reading stands in line {seen[place]} already.")
        seen[place] = line
        ratings.append(rating)
    if not ratings:
        bad(name, 1, "there are no readings.")
    known = tuple(CaseTruth(case, kind) for case, kind in truth.items())
    return Readings(tuple(ratings), truth=known, source=name)


def _rating(told: dict[str, str], known_as: dict[str, str], name: str, line: int) -> Rating:
    for key in ("reader", "case"):
        if not known_as[key]:
            bad(name, line, f"{key} is empty.")
    numbers = {key: int(_number(told.get(key) or "0", name, line)) for key in _WHOLE}
    seconds = told.get("seconds", "")
    strata = tuple(
        (key.removeprefix("stratum_"), value)
        for key, value in told.items()
        if key.startswith("stratum_") and value
    )
    return Rating(
        known_as["reader"],
        known_as["case"],
        known_as["arm"],
        known_as["criterion"] or SCORE,
        _number(known_as["value"], name, line),
        numbers["period"],
        numbers["position"],
        told.get("sequence", ""),
        numbers["repeat"],
        _number(seconds, name, line) if seconds else None,
        strata,
    )


def _place(head: Sequence[str], names: Sequence[str]) -> int | None:
    return next((head.index(name) for name in names if name in head), None)


def _field(told: dict[str, str], head: Sequence[str], place: int | None) -> str:
    return told[head[place]] if place is not None else ""


def _note_truth(truth: dict[str, bool], case: str, word: str, name: str, line: int) -> None:
    if not word:
        return
    kind = _truth(word, name, line)
    if truth.setdefault(case, kind) is not kind:
        bad(name, line, f"case {case} is both normal and abnormal.")


# ---------------------------------------------------------------- all of them


def _truth(word: str, name: str, line: int) -> bool:
    plain = re.sub(r"\.0*$", "", word.strip().lower())
    if plain not in (*_YES, *_NO):
        bad(name, line, f"{word!r} is no truth.", "Write 0 for normal and 1 for abnormal.")
    return plain in _YES


def _number(word: str, name: str, line: int) -> float:
    try:
        value = float(word)
    except ValueError:
        bad(name, line, f"{word!r} is no number.")
    if not math.isfinite(value):
        bad(name, line, f"{word!r} is no finite number.")
    return value


def _scored(
    truth: dict[str, bool], scores: dict[tuple[str, str, str], tuple[float, int]], name: str
) -> Readings:
    ratings = tuple(
        Rating(reader, case, arm, SCORE, value)
        for (reader, arm, case), (value, _) in scores.items()
    )
    known = tuple(CaseTruth(case, kind) for case, kind in truth.items())
    return Readings(ratings, truth=known, source=name)
