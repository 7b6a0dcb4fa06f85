"""DICOMweb with a real Orthanc: what was seeded or sent is what is found and comes back."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from tests.benchmarks.series import write_series
from tests.builders import ct_series
from tests.net.peers import orthanc
from viewer.core.errors import NotDicom, Refused
from viewer.net.inbox import Inbox
from viewer.net.node import Node
from viewer.net.part10 import head_of
from viewer.net.web import WebNode

pytestmark = [pytest.mark.network, pytest.mark.peer]

NAMES = {"1.2.1": "Müller Otto^Änne", "1.2.2": "Muller^Anna", "1.2.3": "DOE^JANE"}


def keys(**values: str) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, dict[str, Path]]]:
    """Run an Orthanc with three studies of two series of two slices; give the files by UID."""
    folder = tmp_path_factory.mktemp("seed")
    files = {}
    for study, name in NAMES.items():
        for series in (f"{study}.1", f"{study}.2"):
            paths = ct_series(
                folder / series,
                2,
                PatientName=name,
                PatientID=f"P{study[-1]}",
                StudyInstanceUID=study,
                SeriesInstanceUID=series,
                SpecificCharacterSet="ISO_IR 100",
                StudyDate=f"2024010{study[-1]}",
            )
            for number, path in enumerate(paths):
                dataset = dcmread(path)
                uid = f"{series}.{number + 1}"
                dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
                dataset.save_as(path)
                files[uid] = path
    with orthanc("--seed", str(folder)) as node:
        yield node, files


def found(node: Node, level: str, **values: str) -> set[str]:
    keyword = {"STUDY": "Study", "SERIES": "Series", "IMAGE": "SOP"}[level] + "InstanceUID"
    with WebNode(node) as web:
        return {str(answer[keyword].value) for answer in web.find(level, keys(**values))}


def data_set(path: Path) -> bytes:
    content = path.read_bytes()
    return content[head_of(content)[1] :]


@pytest.mark.parametrize(
    ("values", "studies"),
    [
        ({}, {"1.2.1", "1.2.2", "1.2.3"}),
        ({"PatientName": "DOE*"}, {"1.2.3"}),
        ({"PatientName": "Müller*"}, {"1.2.1"}),
        ({"PatientName": "müller otto^änne"}, {"1.2.1"}),
        ({"PatientName": "M?ller*"}, {"1.2.2"}),
        ({"PatientName": "Doe^Jane"}, {"1.2.3"}),
        ({"PatientID": "P2"}, {"1.2.2"}),
        ({"PatientID": "P?"}, {"1.2.1", "1.2.2", "1.2.3"}),
        ({"StudyDate": "20240102-20240103"}, {"1.2.2", "1.2.3"}),
        ({"StudyInstanceUID": "1.2.1\\1.2.3"}, {"1.2.1", "1.2.3"}),
        ({"PatientName": "Nobody", "ModalitiesInStudy": "CT"}, set()),
    ],
)
def test_studies_are_found(seeded, values: dict[str, str], studies: set[str]):
    assert found(seeded[0], "STUDY", **values) == studies


def test_series_and_images_are_found_with_and_without_their_study(seeded):
    node = seeded[0]
    assert found(node, "SERIES", StudyInstanceUID="1.2.1", Modality="C?") == {"1.2.1.1", "1.2.1.2"}
    assert len(found(node, "SERIES", PatientName="DOE*")) == 2
    asked = {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.2"}
    assert found(node, "IMAGE", **asked) == {"1.2.1.2.1", "1.2.1.2.2"}
    assert found(node, "IMAGE", SOPInstanceUID="1.2.3.1.1") == {"1.2.3.1.1"}
    assert len(found(node, "IMAGE")) == 12


def test_an_answer_holds_what_was_asked_for_as_unicode(seeded):
    with WebNode(seeded[0]) as web:
        asked = keys(PatientName="*Otto*", NumberOfStudyRelatedInstances="", PatientBirthDate="")
        (answer,) = web.find("STUDY", asked)
    assert str(answer.PatientName) == "Müller Otto^Änne"
    assert answer.NumberOfStudyRelatedInstances == 4
    assert answer.PatientBirthDate


@pytest.mark.parametrize(
    "place", [("1.2.1",), ("1.2.1", "1.2.1.2"), ("1.2.1", "1.2.1.2", "1.2.1.2.1")]
)
def test_a_study_a_series_and_an_image_come_bit_for_bit(seeded, place, tmp_path: Path):
    node, files = seeded
    inbox = Inbox(tmp_path, 0)
    with WebNode(node) as web:
        kept = {
            arrival.sop_instance_uid: inbox.keep(arrival, encoded).path
            for arrival, encoded in web.retrieve(*place)
        }
    assert set(kept) == {uid for uid in files if f"{uid}.".startswith(f"{place[-1]}.")}
    for uid, path in kept.items():
        assert data_set(path) == data_set(files[uid])
        assert dcmread(path).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"


def test_what_is_not_there_is_refused(seeded):
    with WebNode(seeded[0]) as web, pytest.raises(Refused, match="does not know this"):
        list(web.retrieve("1.2.99"))


def test_a_wrong_password_is_told_and_the_right_one_let_in():
    with orthanc("--user", "me:right ω") as node:
        with WebNode(node, ("me", "right ω")) as web:
            assert [link.is_whole for link in web.check()] == [True] * 4
        for wrong in (("me", "wrong"), None):
            with WebNode(node, wrong) as web:
                with pytest.raises(Refused, match="does not know us"):
                    list(web.find("STUDY", keys()))
                link = web.check()[-1]
                assert (link.name, link.is_whole) == ("authentication", False)


def test_what_is_stored_comes_back_the_same(tmp_path: Path):
    paths = ct_series(
        tmp_path / "images", 5, PatientName="Äther^Zoë", SpecificCharacterSet="ISO_IR 192"
    )
    (odd := tmp_path / "odd.dcm").write_bytes(paths[0].read_bytes()[:1200])
    with orthanc() as node, WebNode(node) as web:
        results = web.store([*paths, odd])
        assert [stored.is_stored for stored in results[:5]] == [True] * 5
        assert not any(stored.words for stored in results[:5])
        study = dcmread(paths[0]).StudyInstanceUID
        inbox = Inbox(tmp_path / "in", 0)
        come = {
            arrival.sop_instance_uid: inbox.keep(arrival, encoded).path
            for arrival, encoded in web.retrieve(study)
        }
    for path in paths:
        sent = dcmread(path)
        back = dcmread(come[sent.SOPInstanceUID])
        assert back == sent
        np.testing.assert_array_equal(back.pixel_array, sent.pixel_array)


def test_three_hundred_slices_come_whole_and_none_twice(tmp_path: Path):
    paths = write_series(tmp_path / "seed", 300)
    wanted = {head_of(path.read_bytes())[0].sop_instance_uid: path for path in paths}
    inbox = Inbox(tmp_path / "in", 0)
    with orthanc("--seed", str(tmp_path / "seed")) as node, WebNode(node) as web:
        (study,) = web.find("STUDY", keys())
        listed = {
            image.SOPInstanceUID
            for image in web.find("IMAGE", keys(StudyInstanceUID=study.StudyInstanceUID))
        }
        kept = [
            (arrival.sop_instance_uid, inbox.keep(arrival, encoded))
            for arrival, encoded in web.retrieve(study.StudyInstanceUID)
        ]
    assert listed == set(wanted) == {uid for uid, _ in kept}
    assert len(kept) == 300
    assert all(one.is_new and not one.is_conflict for _, one in kept)
    assert all(data_set(one.path) == data_set(wanted[uid]) for uid, one in kept)


def _one_of_each_syntax(real_data: Path) -> dict[str, Path]:
    """Return one file of real data, below 4 MB, of each transfer syntax, each of another study.

    Orthanc finds no study by a UID that two patients share.
    """
    chosen: dict[str, Path] = {}
    studies: set[str] = set()
    for group in ("transfer_syntax", "ct", "enhanced", "objects", "us"):
        for path in sorted((real_data / group).rglob("*.dcm")):
            content = path.read_bytes()
            if len(content) > 4 << 20 or content[128:132] != b"DICM":
                continue
            with suppress(NotDicom):  # some have no SOP Instance UID at all
                syntax = head_of(content)[0].transfer_syntax_uid
                study = dcmread(path, specific_tags=["StudyInstanceUID"]).get("StudyInstanceUID")
                if syntax not in chosen and study and study not in studies:
                    chosen[syntax] = path
                    studies.add(study)
    return chosen


@pytest.mark.realdata
def test_every_transfer_syntax_is_kept_bit_for_bit(real_data: Path, tmp_path: Path):
    chosen = _one_of_each_syntax(real_data)
    assert len(chosen) > 8
    (seed := tmp_path / "seed").mkdir()
    wanted = {}
    for path in chosen.values():
        arrival, place = head_of(content := path.read_bytes())
        wanted[arrival.sop_instance_uid] = arrival.transfer_syntax_uid, content[place:]
        (seed / f"{len(wanted)}.dcm").write_bytes(content)
    come = {}
    with orthanc("--seed", str(seed)) as node, WebNode(node) as web:
        for study in list(web.find("STUDY", keys())):
            for arrival, encoded in web.retrieve(study.StudyInstanceUID):
                come[arrival.sop_instance_uid] = arrival.transfer_syntax_uid, encoded
    assert come == wanted
