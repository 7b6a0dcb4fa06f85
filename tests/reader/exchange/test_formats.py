"""Other programs' formats: what we write reads back, what is malformed is named with its place."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from tests.reader.study_texts import protocol_of, study_text
from tests.reader.test_analysis_detection import froc_readings, roc_readings
from viewer.core.errors import InvalidReadings, NoAnalysis, UnreadableFile
from viewer.reader.analysis_detection import analyse_detection
from viewer.reader.exchange.foreign import parse_imrmc, parse_lrc, parse_table, read_readings
from viewer.reader.exchange.writing import (
    imrmc_text,
    lrc_text,
    marks_csv,
    redcap_dictionary,
    redcap_records,
    rjafroc_workbook,
    tidy_csv,
)
from viewer.reader.readings import Rating, Readings

IMRMC = """a title
N0: 1
NR: 1
BEGIN DATA:
truth,c1,truth,0
-1, c2 , anything ,1
r1,c1,m1,2
r1,c2,m1,3.5
"""
LRC = """a title
first
"one" "two"
L S
1 5 10
2 4 11
*
3 1 12
*
second
1 4 10
1 5 11
*
4 1 12
*
#
"""


def test_cases_of_iowa_files_may_have_names_of_several_words():
    # As in the files of Franken's and Van Dyke's data that RJafroc hands on.
    named = LRC.replace(" 10\n", " Non-diseased case 1\n").replace(
        " 11\n", " Non-diseased case 2\n"
    )
    found = parse_lrc(named.replace(" 12\n", " Diseased Case 1\n"), "x.lrc")
    assert [one.case for one in found.truth] == [
        "Non-diseased case 1",
        "Non-diseased case 2",
        "Diseased Case 1",
    ]
    assert [one.value for one in found.ratings] == [one.value for one in parse_lrc(LRC, "").ratings]


@pytest.mark.parametrize("row", ["1 5 10 11", "1", "1 Diseased case"])
def test_a_row_of_an_iowa_file_with_other_ratings_than_arms_is_refused(row: str):
    with pytest.raises(InvalidReadings, match="line 5"):
        parse_lrc(LRC.replace("1 5 10", row, 1), "x.lrc")


def test_both_dialects_of_truth_are_read():
    found = parse_imrmc(IMRMC, "x.imrmc")
    assert [(one.case, one.is_abnormal) for one in found.truth] == [("c1", False), ("c2", True)]
    assert [one.value for one in found.ratings] == [2.0, 3.5]


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("r1,c2,m1,3.5", "r1,c2,m1,high"), 8, "'high' is no number"),
        (("r1,c2,m1,3.5", "r1,c3,m1,3"), 8, "truth of case c3 is nowhere"),
        (("r1,c2,m1,3.5", "r1,c1,m1,3"), 8, "has a score in line 7 already"),
        (("r1,c2,m1,3.5", "r1,c2,3"), 8, "3 fields"),
        (("-1, c2", "-1, c1"), 6, "stands in line 5 already"),
        (("truth,c1,truth,0", "truth,c1,truth,2"), 5, "'2' is no truth"),
        (("NR: 1", "NR: many"), 3, "'many'"),
        (("BEGIN DATA:", "DATA"), 8, "BEGIN DATA"),
    ],
)
def test_a_malformed_imrmc_line_is_named(change: tuple[str, str], line: int, words: str):
    with pytest.raises(InvalidReadings, match=rf"x\.imrmc, line {line}: .*{words}"):
        parse_imrmc(IMRMC.replace(*change), "x.imrmc")


def test_an_lrc_file_is_read_and_small_ratings_are_turned():
    found = parse_lrc(LRC, "x.lrc")
    assert [one.is_abnormal for one in found.truth] == [False, False, True]
    told = {(one.reader, one.arm, one.case): one.value for one in found.ratings}
    assert told["first", "one", "12"] == 3.0
    assert told["second", "two", "11"] == -5.0
    assert len(told) == 12


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("#\n", ""), 'file ends without "#"'),
        (("L S", "L"), "line 4: the arms' names and a letter"),
        (("3 1 12", "3 1 2 12"), "line 8: 4 fields"),
        (("3 1 12", "3 1 10"), "line 8: case 10 is both"),
        (("2 4 11", "2 x 11"), "line 6: 'x' is no number"),
    ],
)
def test_a_malformed_lrc_line_is_named(change: tuple[str, str], words: str):
    with pytest.raises(InvalidReadings, match=words):
        parse_lrc(LRC.replace(*change, 1), "x.lrc")


def test_imrmc_reads_back_to_the_same_analysis():
    readings = roc_readings()
    back = parse_imrmc(imrmc_text(readings), "x.imrmc")
    assert analyse_detection(back).figures == analyse_detection(readings).figures


def test_an_lrc_file_reads_back_to_the_same_analysis():
    readings = roc_readings()
    back = parse_lrc(lrc_text(readings), "x.lrc")
    assert [one.value for one in analyse_detection(back).figures] == [
        one.value for one in analyse_detection(readings).figures
    ]


def test_the_tidy_table_reads_back_as_it_was():
    readings = roc_readings()
    rated = tuple(
        replace(one, period=1, position=place, seconds=1.25, strata=(("vendor", "A, B"),))
        for place, one in enumerate(readings.ratings, 1)
    )
    back = parse_table(tidy_csv(replace(readings, ratings=rated)), "x.csv")
    assert back.ratings == rated
    assert back.truth == readings.truth


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("reader,case,value\nr,c,1\n", "line 1: no column for arm"),
        ("reader,case,arm,value\nr,c,a\n", "line 2: 3 fields"),
        ("reader,case,arm,value\nr,c,a,x\n", "line 2: 'x' is no number"),
        ("reader,case,arm,value\nr,c,a,nan\n", "line 2: 'nan' is no finite"),
        ("reader,case,arm,value\nr,c,a,1\nr,c,a,2\n", "line 3: the same reading"),
        ("reader,case,arm,value\n,c,a,1\n", "line 2: reader is empty"),
        ("reader,case,arm,value,truth\nr,c,a,1,0\nq,c,a,1,1\n", "line 3: case c is both"),
        ("reader,case,arm,value\n", "no readings"),
        ("", "no column"),
    ],
)
def test_a_malformed_table_is_named(text: str, words: str):
    with pytest.raises(InvalidReadings, match=words):
        parse_table(text, "x.csv")


def test_an_excel_table_with_semicolons_is_read():
    assert parse_table("Reader;Case;Modality;Score\nr;c;a;1\n", "x.csv").ratings[0].value == 1.0


@pytest.mark.parametrize("readings", [roc_readings(), froc_readings()], ids=["ROC", "FROC"])
def test_the_workbook_reads_back_to_the_same_analysis(readings: Readings, tmp_path: Path):
    path = tmp_path / "x.xlsx"
    rjafroc_workbook(readings, path)
    back, expected = analyse_detection(read_readings(path)), analyse_detection(readings)
    assert [one.value for one in back.figures] == [one.value for one in expected.figures]
    assert back.measure == expected.measure
    book = openpyxl.load_workbook(path)
    assert book["CASES"]["B2"].value == "C0"


def workbook(tmp_path: Path, sheet: str, cell: str, value: object) -> Path:
    path = tmp_path / "x.xlsx"
    rjafroc_workbook(froc_readings(), path)
    book = openpyxl.load_workbook(path)
    book[sheet][cell] = value
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "words"),
    [
        ("TP", "E3", "high", "sheet TP, row 3: TP_Rating is 'high'"),
        ("TP", "E3", None, "sheet TP, row 3: TP_Rating is empty"),
        ("TP", "C2", 99, "sheet TP, row 2: case 99 is not in the sheet TRUTH"),
        ("TP", "D2", 7, "sheet TP, row 2: case 2 has no lesion 7"),
        ("FP", "A1", "Who", "sheet FP, row 1: there is no column ReaderID"),
        ("TRUTH", "B4", 1.5, "sheet TRUTH, row 4: LesionID is 1.5"),
    ],
)
def test_a_malformed_workbook_is_named_with_sheet_and_row(
    tmp_path: Path, sheet: str, cell: str, value: object, words: str
):
    with pytest.raises(InvalidReadings, match=words):
        read_readings(workbook(tmp_path, sheet, cell, value))


def test_a_workbook_without_a_sheet_says_which(tmp_path: Path):
    book = openpyxl.Workbook()
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(InvalidReadings, match="no sheet TRUTH; there are: SHEET"):
        read_readings(tmp_path / "x.xlsx")


def test_what_is_no_workbook_is_said(tmp_path: Path):
    (tmp_path / "x.xlsx").write_bytes(b"PK nothing")
    with pytest.raises(UnreadableFile, match="no workbook"):
        read_readings(tmp_path / "x.xlsx")


def test_marks_are_written_with_their_place_and_number():
    readings = froc_readings()
    first = replace(readings.marks[0], point_mm=(1.5, -2.0, 3.25))
    rows = list(
        csv.DictReader(io.StringIO(marks_csv(Readings(marks=(first, *readings.marks[1:])))))
    )
    assert len(rows) == len(readings.marks)
    assert (rows[0]["x_mm"], rows[0]["z_mm"], rows[0]["mark"]) == ("1.5", "3.25", "1")
    assert rows[0]["lesion"] == first.lesion


def test_redcap_gets_a_field_for_each_question_and_a_repeat_for_each_reading():
    protocol = protocol_of(study_text())
    fields = list(csv.DictReader(io.StringIO(redcap_dictionary(protocol))))
    assert fields[-1]["Variable / Field Name"] == "quality"
    choices = fields[-1]["Choices, Calculations, OR Slider Labels"]
    assert choices == "1, bad | 2, fair | 3, good"
    ratings = tuple(Rating("R1", f"C{n}", "P", "quality", float(n)) for n in (1, 2))
    rows = list(csv.DictReader(io.StringIO(redcap_records(Readings(ratings), protocol))))
    assert [(row["redcap_repeat_instance"], row["case"], row["quality"]) for row in rows] == [
        ("1", "C1", "1"),
        ("2", "C2", "2"),
    ]


def test_a_detection_format_asks_which_criterion_is_the_score():
    readings = roc_readings()
    other = replace(readings.ratings[0], criterion="noise")
    with pytest.raises(NoAnalysis, match="2 criteria: noise, score"):
        imrmc_text(replace(readings, ratings=(*readings.ratings, other)))
