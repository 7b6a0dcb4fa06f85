"""Echo, queries, retrieval and sending against real servers, compared with what they were given."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.builders import build_series, write_all
from tests.conftest import real_data_folder
from tests.net.peers import Killable, dcmqrscp, free_port, orthanc
from viewer.app.remote import fetch_into
from viewer.core.errors import Refused, Unreachable
from viewer.net.fetch import Fetched, fetch, ways_of
from viewer.net.inbox import Inbox
from viewer.net.node import Node, node_at
from viewer.net.query import Query, echo, find, fits, with_modalities
from viewer.net.retrieve import Wanted
from viewer.net.send import arrived, outgoing, send

pytestmark = [pytest.mark.peer, pytest.mark.network, pytest.mark.timeout(180)]

NAMES = {"ct": "MUELLER^ANNA", "jp": "Yamada^Tarou=山田^太郎=やまだ^たろう", "ru": "Иванов^Иван"}
SLICES = 5


def files(folder: Path) -> dict[str, list[Path]]:
    """Write three studies of a series each, their patients named in three scripts."""
    found = {}
    for number, (key, name) in enumerate(NAMES.items(), 1):
        slices = build_series(SLICES)
        for place, dataset in enumerate(slices, 1):
            dataset.SpecificCharacterSet = "ISO_IR 192"
            dataset.PatientName, dataset.PatientID = name, f"P{number}"
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.2.{number}", f"1.3.{number}"
            dataset.SOPInstanceUID = f"1.4.{number}.{place}"
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.StudyDate = f"20{number:02d}0101"
        write_all(slices, folder / key)
        found[key] = sorted((folder / key).glob("*"))
    return found


@pytest.fixture(scope="module", params=[orthanc, dcmqrscp], ids=["orthanc", "dcmqrscp"])
def node(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("seed")
    files(folder)
    with request.param("--seed", str(folder)) as started:
        yield started


def content(path: Path | str) -> str:
    """Return a checksum of what follows the file meta information."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[140:144], "little")
    return hashlib.sha256(data[144 + length :]).hexdigest()


def test_a_node_is_there_and_an_unknown_port_or_host_is_said(node: Node):
    echo(node)
    with pytest.raises(Unreachable, match="Nobody listens"):
        echo(node_at(f"X@127.0.0.1:{free_port()}"))
    with pytest.raises(Unreachable, match="no host"):
        echo(node_at("X@nowhere.invalid:104"))


def test_studies_are_found_by_name_id_and_date_in_any_script(node: Node):
    assert len(list(find(node, Query()))) == 3
    for keys, wanted in (
        ((("PatientName", "MUELLER*"),), "1.2.1"),
        ((("PatientID", "P2"),), "1.2.2"),
        ((("StudyDate", "20030101-"),), "1.2.3"),
        ((("StudyInstanceUID", "1.2.2"),), "1.2.2"),
    ):
        assert [one["StudyInstanceUID"] for one in find(node, Query("STUDY", keys))] == [wanted]
    assert list(find(node, Query("STUDY", (("PatientName", "NOBODY*"),)))) == []


def test_names_of_other_scripts_come_back_from_a_node_that_keeps_them(node: Node):
    if node.title == "ORTHANC":
        pytest.skip("Orthanc answers in Latin 1 whatever it is asked for")
    found = {one["PatientID"]: one["PatientName"] for one in find(node, Query())}
    assert found == {"P1": NAMES["ct"], "P2": NAMES["jp"], "P3": NAMES["ru"]}


def test_modalities_are_known_of_a_node_that_does_not_tell_them(node: Node):
    (answer,) = find(node, Query("STUDY", (("StudyInstanceUID", "1.2.1"),)))
    whole = with_modalities(node, answer)
    assert whole["ModalitiesInStudy"] == "CT"
    assert fits(Query("STUDY", (("ModalitiesInStudy", "CT"),)), whole)
    assert not fits(Query("STUDY", (("ModalitiesInStudy", "MR"),)), whole)


def test_every_level_below_a_study_is_found(node: Node):
    keys = (("StudyInstanceUID", "1.2.1"),)
    (series,) = find(node, Query("SERIES", keys))
    assert (series["SeriesInstanceUID"], series["Modality"]) == ("1.3.1", "CT")
    images = list(find(node, Query("IMAGE", (*keys, ("SeriesInstanceUID", "1.3.1")))))
    assert {one["SOPInstanceUID"] for one in images} == {f"1.4.1.{n}" for n in range(1, 6)}


def test_a_query_can_be_stopped(node: Node):
    looks = iter((False, True))
    found = list(find(node, Query(), lambda: next(looks, True)))
    assert len(found) < 3


def fetched(node: Node, wanted: Wanted, folder: Path) -> Fetched:
    inbox = Inbox(folder, 0)
    return fetch(node, wanted, ways_of(node, inbox))


def test_a_study_comes_whole_and_as_it_was(node: Node, tmp_path: Path):
    given = {dcmread(path).SOPInstanceUID: path for path in files(tmp_path / "given")["jp"]}
    found = fetched(node, Wanted("1.2.2"), tmp_path / "in")
    assert found.missing == ()
    assert set(found.arrived) == set(given)
    for uid, path in found.arrived.items():
        one, other = dcmread(path), dcmread(given[uid])
        assert str(one.PatientName) == NAMES["jp"]
        assert (one.pixel_array == other.pixel_array).all()
        assert one.to_json_dict() == other.to_json_dict()
    again = fetched(node, Wanted("1.2.2"), tmp_path / "in")
    assert again.repeated == SLICES
    assert len(list((tmp_path / "in").glob("*.dcm"))) == SLICES


def test_what_was_stopped_goes_on_with_what_is_missing(node: Node, tmp_path: Path):
    inbox = Inbox(tmp_path, 0)
    ways, wanted = ways_of(node, inbox), Wanted("1.2.3")
    first = fetch(node, Wanted("1.2.3", "1.3.3", ("1.4.3.2", "1.4.3.4")), ways)
    assert set(first.arrived) == {"1.4.3.2", "1.4.3.4"}
    came: list[str] = []
    second = fetch(
        node,
        wanted,
        ways,
        lambda arrival, _: came.append(arrival.sop_instance_uid),
        held=inbox.held,
    )
    assert (second.missing, second.before) == ((), 2)
    assert sorted(came) == ["1.4.3.1", "1.4.3.3", "1.4.3.5"]
    third = fetch(node, wanted, ways, held=inbox.held)
    assert (third.before, third.repeated) == (SLICES, 0)


def test_a_series_and_an_image_come_alone(node: Node, tmp_path: Path):
    found = fetched(node, Wanted("1.2.1", "1.3.1", ("1.4.1.2",)), tmp_path / "one")
    assert list(found.arrived) == ["1.4.1.2"]
    found = fetched(node, Wanted("1.2.3", "1.3.3"), tmp_path / "series")
    assert len(found.arrived) == SLICES


def test_files_are_sent_and_proven_by_a_query_and_come_back_bit_for_bit(node: Node, tmp_path: Path):
    slices = build_series(SLICES)
    for place, dataset in enumerate(slices, 1):
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.9", "1.3.9"
        dataset.SOPInstanceUID = f"1.4.9.{place}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    write_all(slices, tmp_path / "out")
    given = [outgoing(path) for path in sorted((tmp_path / "out").glob("*"))]
    sent = list(send(node, given))
    assert [one.words for one in sent if not one.is_taken] == []
    assert arrived(node, given) == {one.sop_instance_uid for one in given}
    found = fetched(node, Wanted("1.2.9"), tmp_path / "in")
    before = {one.sop_instance_uid: content(one.path) for one in given}
    assert {uid: content(path) for uid, path in found.arrived.items()} == before


def test_a_node_that_does_not_know_our_title_says_so(tmp_path: Path):
    with dcmqrscp("--strict", "--peer", "SOMEBODY=11999") as strict, pytest.raises(Refused):
        list(find(strict, Query()))
    with orthanc("--strict") as strict:
        wrong = Node("WRONG", strict.host, strict.port)
        with pytest.raises(Refused, match="title WRONG"):
            echo(wrong)


def test_many_requests_on_one_association_all_get_their_answer(node: Node, tmp_path: Path):
    """The library can lose a response between two requests; see `Line.ready`."""
    slices = build_series(2)
    write_all(slices, tmp_path / "out")
    given = [outgoing(path) for path in sorted((tmp_path / "out").glob("*"))]
    sent = list(send(node, given * 150))
    assert len(sent) == 300
    assert all(one.is_taken for one in sent)


def test_what_one_way_cannot_bring_comes_by_the_next(node: Node, tmp_path: Path):
    def in_vain(_wanted, _classes, _told):
        raise Unreachable("This way is broken.")

    inbox = Inbox(tmp_path, 0)
    found = fetch(node, Wanted("1.2.1"), {"broken": in_vain, **ways_of(node, inbox)})
    assert found.missing == ()
    assert found.said[0] == "broken: This way is broken."


def test_wado_is_the_first_way_of_a_node_that_offers_it(node: Node, tmp_path: Path):
    ways = ways_of(node, Inbox(tmp_path, 0))
    assert tuple(ways) == (("wado", "get") if node.web else ("get",))


@pytest.mark.realdata
def test_a_series_that_orthanc_does_not_send_by_c_get_comes_by_wado(tmp_path: Path):
    home = real_data_folder()
    assert home is not None
    with orthanc("--seed", str(home / "ct" / "chest_lidc0314_1mm_jls")) as started:
        (study,) = find(started, Query())
        wanted = Wanted(study["StudyInstanceUID"])
        only = {"get": ways_of(started, Inbox(tmp_path / "a", 0))["get"]}
        assert len(fetch(started, wanted, only).missing) == 150
        inbox = Inbox(tmp_path / "b", 0)
        found = fetch(started, wanted, ways_of(started, inbox))
    assert (len(found.listed), found.missing) == (150, ())
    given = {content(path) for path in (home / "ct" / "chest_lidc0314_1mm_jls").glob("*")}
    assert {content(path) for path in found.arrived.values()} == given


@pytest.mark.parametrize("way", ["get", "wado"])
def test_a_peer_that_is_killed_in_mid_transfer_is_gone_on_with(tmp_path: Path, way: str):
    slices = build_series(60)
    write_all(slices, tmp_path / "seed")
    peer, inbox = Killable(tmp_path, tmp_path / "seed"), Inbox(tmp_path / "in", 0)
    try:
        node, wanted = peer.node(way), Wanted(str(slices[0].StudyInstanceUID))
        count = 0

        def killing(_arrival: object, _kept: object) -> None:
            nonlocal count
            count += 1
            if count == 15:
                peer.kill()

        first = fetch(node, wanted, ways_of(node, inbox), killing)
        assert 15 <= len(first.arrived) <= 60
        peer.start()
        second = fetch(node, wanted, ways_of(node, inbox), held=inbox.held)
    finally:
        peer.stop()
    assert second.missing == ()
    assert second.before == len(first.arrived)
    assert len(list((tmp_path / "in").glob("*.dcm"))) == 60
    assert list((tmp_path / "in").glob("*.part")) == []


@pytest.mark.parametrize("kind", [orthanc, dcmqrscp])
def test_a_study_comes_by_c_move_while_we_listen(kind, tmp_path: Path):
    files(tmp_path / "seed")
    port = free_port()
    with kind("--seed", str(tmp_path / "seed"), "--peer", f"DIPTYCH={port}") as started:
        node = replace(started, ways=("move",))
        found = fetch_into(node, Wanted("1.2.2"), tmp_path / "in", port=port)
        assert (found.missing, found.said) == ((), [])
        assert len(found.arrived) == SLICES
        assert fetch_into(node, Wanted("1.2.2"), tmp_path / "none").missing  # nowhere to send to
