"""Queries: what is asked, how answers are read, and which truly fit."""

import pytest
from pydicom.dataset import Dataset

from viewer.core.errors import WrongUsage
from viewer.net.query import Answer, Query, answer_of, fits, keys_of


def query(**keys: str) -> Query:
    return Query("STUDY", tuple(keys.items()))


def test_keys_of_all_upper_levels_are_in_an_identifier_and_the_rest_is_asked_back():
    made = keys_of(Query("SERIES", (("StudyInstanceUID", "1.2"), ("Modality", "CT"))))
    assert made.QueryRetrieveLevel == "SERIES"
    assert made.StudyInstanceUID == "1.2"
    assert made.Modality == "CT"
    assert made.SeriesDescription is None or made.SeriesDescription == ""
    assert made.SpecificCharacterSet in ("", None)


def test_a_key_beyond_ascii_names_its_character_set():
    assert keys_of(query(PatientName="Müller*")).SpecificCharacterSet == "ISO_IR 192"


@pytest.mark.parametrize(
    "wrong", [Query("STUDYS"), query(StudyDate="2020*"), query(StudyInstanceUID="1.2.?")]
)
def test_what_cannot_be_asked_is_refused(wrong: Query):
    with pytest.raises(WrongUsage):
        keys_of(wrong)


@pytest.mark.parametrize(
    ("keyword", "wanted", "found", "does_fit"),
    [
        ("PatientName", "mu*", "MUELLER^ANNA", True),
        ("PatientName", "anna", "MUELLER^ANNA", False),
        ("PatientName", "*anna", "MUELLER^ANNA", True),
        ("PatientName", "山田*", "Yamada^Tarou=山田^太郎=やまだ^たろう", True),
        ("PatientName", "yamada^tarou", "Yamada^Tarou=山田^太郎", True),
        ("PatientName", "[x]*", "[X]Y", True),
        ("PatientID", "12?", "123", True),
        ("PatientID", "12?", "1234", False),
        ("StudyDate", "20200101-20201231", "20200615", True),
        ("StudyDate", "-20201231", "20210101", False),
        ("StudyDate", "20200101-", "2020.06.15", True),
        ("StudyDate", "20200615", "20200615", True),
        ("ModalitiesInStudy", "CT", "MR\\CT", True),
        ("ModalitiesInStudy", "CT", "MR", False),
        ("ModalitiesInStudy", "CT\\PT", "PT", True),
        ("StudyInstanceUID", "1.2\\1.3", "1.3", True),
    ],
)
def test_an_answer_must_fit_whatever_the_node_made_of_the_key(
    keyword: str, wanted: str, found: str, does_fit: bool
):
    assert fits(query(**{keyword: wanted}), Answer("STUDY", {keyword: found})) is does_fit


def test_a_value_that_the_node_left_out_is_taken_to_fit():
    assert fits(query(ModalitiesInStudy="CT"), Answer("STUDY", {}))
    assert fits(query(ModalitiesInStudy="CT"), Answer("STUDY", {"ModalitiesInStudy": ""}))


def test_answers_without_a_character_set_are_read_in_the_node_s_own():
    from io import BytesIO

    from pydicom.filereader import read_dataset

    name = "Иванов^Иван".encode("iso8859_5")
    raw = b"\x10\x00\x10\x00" + len(name).to_bytes(4, "little") + name
    found: Dataset = read_dataset(BytesIO(raw), True, True)
    assert answer_of(found, "STUDY", "ISO_IR 144")["PatientName"] == "Иванов^Иван"
