"""A search as the reader fills it in, and its days."""

from datetime import date
from pathlib import Path

import pytest

from viewer.app.searching_nodes import Search, StudyRow, dates, received_folder
from viewer.net.node import Node
from viewer.net.query import Answer

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("any day", ""),
        ("today", "20260302"),
        ("yesterday", "20260301"),
        ("last 7 days", "20260223-"),
        ("last 30 days", "20260131-"),
        ("20240131", "20240131"),
        ("2024-20241231", "20240101-20241231"),
        ("20240101 - 20240201", "20240101 - 20240201"),
    ],
)
def test_days_become_a_range(when: str, wanted: str):
    assert dates(when, TODAY) == wanted


def test_empty_fields_are_no_keys_and_a_name_is_looked_for_by_its_beginning():
    assert Search().query(TODAY).keys == ()
    found = Search("mueller", modality="CT", description="thorax").query(TODAY)
    assert found.keys == (
        ("PatientName", "mueller*"),
        ("StudyDescription", "*thorax*"),
        ("ModalitiesInStudy", "CT"),
    )
    assert Search("m?eller").query(TODAY).keys == (("PatientName", "m?eller"),)


def test_a_row_says_what_a_reader_wants_to_see():
    answer = Answer(
        "STUDY",
        {
            "PatientName": "Yamada^Tarou=山田^太郎",
            "StudyDate": "20260301",
            "ModalitiesInStudy": "CT\\SR",
            "StudyInstanceUID": "1.2.3",
        },
    )
    row = StudyRow.of(Node("PACS", "host", 104), answer)
    assert row.study_uid == "1.2.3"
    assert row.values[:1] == ("Yamada Tarou",)
    assert row.values[3:5] == ("2026-03-01", "CT SR")


def test_what_is_received_lies_under_a_name_of_ours(tmp_path: Path):
    folder = received_folder(tmp_path, "../../1.2")
    assert folder.parent == tmp_path / "received"
    assert folder.name.isalnum()
