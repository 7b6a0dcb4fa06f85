"""Keys become words of an address, and answers data sets, whatever stands in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from viewer.net.web_answer import outcomes
from viewer.net.web_query import answer_of, is_match, search_words, widened


def test_keys_with_values_match_and_those_without_are_returned():
    keys = Dataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.SpecificCharacterSet = "ISO_IR 192"
    keys.PatientName = "Doe*"
    keys.StudyDate = ""
    keys.StudyInstanceUID = ["1.2", "1.3"]
    keys.ModalitiesInStudy = ["CT", "MR"]
    keys.add_new(0x00091001, "LO", "own")
    request = Dataset()
    request.ScheduledProcedureStepID = "S1"
    keys.RequestAttributesSequence = [request]
    keys.ReferencedStudySequence = []
    matched, returned = search_words(keys)
    assert matched == {
        "PatientName": "Doe*",
        "StudyInstanceUID": "1.2,1.3",
        "ModalitiesInStudy": "CT\\MR",
        "00091001": "own",
        "RequestAttributesSequence.ScheduledProcedureStepID": "S1",
    }
    assert sorted(returned) == ["ReferencedStudySequence", "StudyDate"]


def test_only_keys_that_need_codes_are_widened():
    assert widened({"PatientName": "M?ller*", "StudyDate": "20240101-"}) is None
    wide = widened({"PatientName": "Doe^J ne", "PatientID": "P1"})
    assert wide == {"PatientName": "Doe*J*ne", "PatientID": "P1"}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("yamada^tarou", True),
        ("Yama?a^*", True),
        ("山田^太郎", True),
        ("Yamada^", False),
        ("yamada^tarou^", False),
    ],
)
def test_names_match_in_each_group_of_components_and_any_case(text: str, is_one: bool):
    answer = Dataset()
    answer.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    assert is_match(answer, {"PatientName": text, "StudyDescription": "a b"}) is is_one


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["vr", "Value", "Alphabetic", "00080020", "00100010", "00081198", "x"]),
            inner | st.sampled_from(["PN", "SQ", "UI", "IS", "DS", "AT", "OB", "XX"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_an_answer_or_none(told: object):
    answer = answer_of(told)
    assert (answer is None) is not isinstance(told, dict)
    assert isinstance(outcomes(json.dumps(told).encode()), dict)


def test_outcomes_that_cannot_be_read_are_none():
    assert outcomes(b"<xml/>") == outcomes(b"[" * 99_999) == outcomes(b"[]") == {}
