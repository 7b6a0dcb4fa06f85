"""DICOMweb with nodes that answer well, oddly, wrongly or not at all."""

import gzip
import json
import ssl
import threading
from pathlib import Path

import pytest
from pydicom import Dataset

from tests.builders import ct_series
from tests.net.peers import free_port
from tests.net.web_servers import MULTIPART, Answer, Request, certificate, message, serving
from viewer.core.errors import Cancelled, DiptychError, Refused, Unreachable, WrongUsage
from viewer.net import web_session
from viewer.net.inbox import Inbox
from viewer.net.node import Node, Tls
from viewer.net.part10 import head_of
from viewer.net.web import WebNode, _ready, checked_url
from viewer.net.web_answer import Stored, reason

pytestmark = pytest.mark.network

JSON = {"Content-Type": "application/dicom+json"}


def keys(**values: str) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def study(number: int) -> dict:
    return {
        "0020000D": {"vr": "UI", "Value": [f"1.2.{number}"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": f"Name^{number}"}]},
        "00201208": {"vr": "IS", "Value": ["many"]},
        "00420011": {"vr": "OB", "BulkDataURI": "http://elsewhere/1"},
    }


def told(*found: object) -> Answer:
    return Answer(json.dumps(found).encode(), headers=JSON)


def every_text(error: BaseException) -> str:
    """Return all that a log would show of an error."""
    texts = [str(error), repr(error)]
    if error.__cause__ is not None:
        texts.append(every_text(error.__cause__))
    return " ".join(texts)


# ---------------------------------------------------------------------------------- search


def test_answers_come_page_by_page_until_there_are_no_more():
    def answer(request: Request) -> Answer:
        offset = int(request.path.partition("offset=")[2].partition("&")[0] or 0)
        return told(*(study(number) for number in range(offset, min(offset + 3, 7))))

    with serving(answer) as server, WebNode(server.node()) as web:
        found = list(web.find("STUDY", keys(PatientName="N*", StudyDate="")))
        first = next(web.find("STUDY", keys()))
    assert [answer.StudyInstanceUID for answer in found] == [f"1.2.{n}" for n in range(7)]
    assert str(found[0].PatientName) == "Name^0"
    assert "NumberOfStudyRelatedInstances" not in found[0]  # "many" is no number
    assert first.StudyInstanceUID == "1.2.0"
    asked = server.asked[0].path
    assert asked.startswith("/web/studies?")
    assert "PatientName=N*" in asked
    assert "includefield=StudyDate" in asked


def test_a_node_that_takes_no_notice_of_the_offset_ends_the_search():
    with serving(lambda _: told(study(1), "odd", study(2))) as server, WebNode(server.node()) as w:
        assert len(list(w.find("STUDY", keys()))) == 2
    assert len(server.asked) == 2


def test_uids_of_upper_levels_stand_in_the_address_and_in_the_answers():
    image = {"00080018": {"vr": "UI", "Value": ["1.4"]}}
    asked = keys(StudyInstanceUID="1.2", SeriesInstanceUID="1.3", SOPInstanceUID="")
    with serving(lambda _: told(image)) as server, WebNode(server.node()) as web:
        (found,) = web.find("IMAGE", asked)
        list(web.find("SERIES", keys(StudyInstanceUID="../../x", Modality="CT")))
    assert (found.StudyInstanceUID, found.SeriesInstanceUID) == ("1.2", "1.3")
    assert server.asked[0].path.startswith("/web/studies/1.2/series/1.3/instances?")
    assert server.asked[-1].path.startswith("/web/series?")


def test_a_connection_that_was_closed_meanwhile_is_opened_again():
    def answer(_: Request) -> Answer:
        if len(server.asked) == 2:
            raise ConnectionAbortedError
        return told(study(1))

    with serving(answer) as server, WebNode(server.node()) as web:
        assert len(list(web.find("STUDY", keys()))) == 1
    assert len(server.asked) == 3


def test_few_letters_are_not_widened_to_the_whole_archive():
    with serving(lambda _: told()) as server, WebNode(server.node()) as web:
        assert list(web.find("STUDY", keys(PatientName="Я*", PatientID="P1"))) == []
    assert len(server.asked) == 1


def test_a_token_with_odd_signs_is_refused_unseen():
    with pytest.raises(WrongUsage) as raised:
        WebNode(Node("X", "h", 104, web="http://a/b"), "se\ncret")
    assert "cret" not in every_text(raised.value)


def test_an_archive_that_does_not_decode_codes_in_addresses_still_finds_a_name():
    def answer(request: Request) -> Answer:
        if "%C3" in request.path or "%5E" in request.path:
            return told()
        return told(
            study(1),
            {**study(2), "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Änne"}]}},
        )

    with serving(answer) as server, WebNode(server.node()) as web:
        (found,) = web.find("STUDY", keys(PatientName="müll?r^ä*"))
    assert found.StudyInstanceUID == "1.2.2"
    assert "PatientName=m*ll?r**" in server.asked[1].path


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[" * 100_000])
def test_a_search_answered_by_something_else_is_refused_in_words(body: bytes):
    with (
        serving(lambda _: Answer(body)) as server,
        WebNode(server.node()) as web,
        pytest.raises(Refused, match="no DICOM JSON"),
    ):
        list(web.find("STUDY", keys()))


def test_an_answer_without_end_is_not_taken(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web_session, "MOST_ANSWER_BYTES", 1 << 20)
    bomb = gzip.compress(bytes(1 << 24))
    for answer in (Answer(bytes(2 << 20)), Answer(bomb, headers={"Content-Encoding": "gzip"})):
        with (
            serving(lambda _, answer=answer: answer) as server,
            WebNode(server.node()) as web,
            pytest.raises(Unreachable, match="larger than 1 MiB"),
        ):
            list(web.find("STUDY", keys()))


# ---------------------------------------------------------------------------------- retrieve


@pytest.fixture
def images(tmp_path: Path) -> list[bytes]:
    return [path.read_bytes() for path in ct_series(tmp_path / "images", 3)]


def retrieved(answer: Answer, **options) -> list[bytes]:
    with serving(lambda _: answer) as server, WebNode(server.node(), **options) as web:
        return [encoded for _, encoded in web.retrieve("1.2")]


@pytest.mark.parametrize("length", [-1, None])
def test_objects_are_handed_on_as_they_came(images: list[bytes], tmp_path: Path, length):
    inbox = Inbox(tmp_path / "inbox", 0)
    answer = Answer(message(*images), headers={"Content-Type": MULTIPART}, length=length)
    with serving(lambda _: answer) as server, WebNode(server.node()) as web:
        for number, (arrival, encoded) in enumerate(web.retrieve("1.2", "1.3", "1.4")):
            original, place = head_of(images[number])
            assert arrival.sop_instance_uid == original.sop_instance_uid
            assert arrival.transfer_syntax_uid == original.transfer_syntax_uid
            assert (arrival.calling_title, arrival.address) == ("FAKE", "127.0.0.1")
            assert encoded == images[number][place:]
            assert inbox.keep(arrival, encoded).path.read_bytes().endswith(encoded)
    (asked,) = server.asked
    assert asked.path == "/web/studies/1.2/series/1.3/instances/1.4"
    assert "transfer-syntax=*" in asked.headers["accept"]
    assert len(list((tmp_path / "inbox").iterdir())) == 3


def test_a_single_object_without_parts_and_one_sent_packed_are_taken(images: list[bytes]):
    place = head_of(images[0])[1]
    plain = Answer(images[0], headers={"Content-Type": "application/dicom"})
    packed = Answer(
        gzip.compress(message(images[0])),
        headers={"Content-Type": MULTIPART, "Content-Encoding": "gzip"},
    )
    assert retrieved(plain) == retrieved(packed) == [images[0][place:]]


def test_a_part_that_is_no_dicom_is_told_after_the_others(images: list[bytes]):
    body = message(images[0], b"rubbish", images[1])
    answer = Answer(body, headers={"Content-Type": MULTIPART})
    come: list[bytes] = []
    with serving(lambda _: answer) as server, WebNode(server.node()) as web:
        objects = web.retrieve("1.2")
        come += [next(objects)[1], next(objects)[1]]
        with pytest.raises(Refused, match="1 of the objects"):
            next(objects)
    assert come == [image[head_of(image)[1] :] for image in images[:2]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"length": 1 << 60}, "broke off|break off"),
        ({"body": b"\r\n--between\r\n\r\nhalf"}, "break off"),
        ({"body": b"no parts at all"}, "break off"),
        ({"headers": {"Content-Type": "text/html"}}, "no images"),
        ({"headers": {"Content-Type": MULTIPART, "Content-Encoding": "gzip"}}, "damaged"),
    ],
)
def test_a_broken_message_is_told(change: dict, words: str):
    made = {"body": message(b"x")[:-9], "headers": {"Content-Type": MULTIPART}} | change
    with pytest.raises(DiptychError, match=words):
        retrieved(Answer(**made))


def test_a_retrieve_is_stopped_between_blocks(images: list[bytes]):
    answer = Answer(message(*images), headers={"Content-Type": MULTIPART})
    with serving(lambda _: answer) as server, WebNode(server.node()) as web:
        with pytest.raises(Cancelled):
            list(web.retrieve("1.2", is_cancelled=lambda: True))
        with pytest.raises(WrongUsage, match="no UID"):
            next(web.retrieve("../1"))
    assert len(server.asked) == 1


# ---------------------------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not know us"),
        (403, "does not allow"),
        (404, "does not know this"),
        (406, "form that we read"),
        (409, "contradiction"),
        (500, r"fails. Status 500: The disk is full\."),
        (304, "Status 304"),
    ],
)
def test_a_status_that_says_no_is_told_with_the_first_words(status: int, words: str):
    body = b"<html><head><style>b{}</style></head><b>The  disk</b>\n is full.</html>"
    answer = Answer(b"" if status == 304 else body, status)
    with serving(lambda _: answer) as server, WebNode(server.node(), ("me", "secret ω")) as web:
        for ask in (lambda: list(web.find("STUDY", keys())), lambda: list(web.retrieve("1.2"))):
            with pytest.raises(Refused, match=words) as raised:
                ask()
            assert "secret" not in every_text(raised.value)
    assert server.asked[0].headers["authorization"].startswith("Basic ")
    assert server.asked[0].headers["host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""),
        (b"<p>no<script>x()</script> way</p>", "no way"),
        (
            b'{"Message": "Bad request", "Details": "no such tag", "HttpStatus": 400}',
            "Bad request: no such tag",
        ),
        (b"\xff\x00\x1b[2Jred", "\ufffd [2Jred"),
        (b"x" * 900, "x" * 159 + "…"),
    ],
)
def test_first_words_are_one_plain_line(body: bytes, words: str):
    assert web_session.first_words(body) == words


def test_silence_is_told_before_and_within_an_answer():
    over = threading.Event()

    def answer(request: Request) -> Answer:
        over.wait(5)
        return Answer()

    with serving(answer) as server, WebNode(server.node(), idle_s=0.2) as web:
        with pytest.raises(Unreachable, match="has become silent") as raised:
            list(web.find("STUDY", keys(PatientName="Doe^Jane")))
        over.set()
    assert "Doe" not in every_text(raised.value)


def test_nobody_there_is_told_without_what_was_searched_for():
    node = Node("X", "127.0.0.1", 104, web=f"http://127.0.0.1:{free_port()}/web")
    with WebNode(node) as web, pytest.raises(Unreachable, match="refuses the conn") as raised:
        list(web.find("STUDY", keys(PatientName="Doe^Jane")))
    assert "Doe" not in every_text(raised.value)
    node = Node("X", "h", 104, web="http://no-such-host.invalid/web")
    with WebNode(node) as web, pytest.raises(Unreachable, match="no host"):
        list(web.find("STUDY", keys()))


@pytest.mark.parametrize("url", ["", "pacs/web", "ftp://a/b", "http://u:pw@a/b", "http://a:x/b"])
def test_an_address_that_cannot_be_used_is_told(url: str):
    with pytest.raises(Unreachable, match="no DICOMweb address") as raised:
        checked_url(Node("X", "h", 104, web=url))
    assert "pw" not in str(raised.value)


def test_nothing_follows_a_node_to_another_place(tmp_path: Path):
    with serving(lambda _: told(study(1))) as other:
        away = Answer(status=302, headers={"Location": other.node().web})
        with serving(lambda _: away) as server, WebNode(server.node(), "token") as web:
            with pytest.raises(Refused, match="points to another place"):
                list(web.find("STUDY", keys()))
            with pytest.raises(Refused, match="points to another place"):
                web.store(ct_series(tmp_path, 1))
    assert other.asked == []


def test_a_node_that_points_to_another_path_of_its_own_is_followed():
    def answer(request: Request) -> Answer:
        if request.path.startswith("/other"):
            return told(study(1))
        return Answer(status=307, headers={"Location": "/other"})

    with serving(answer) as server, WebNode(server.node(), "token") as web:
        assert len(list(web.find("STUDY", keys()))) == 1
    assert server.asked[1].headers["authorization"] == "Bearer token"


# ---------------------------------------------------------------------------------- TLS, check


def test_transport_security_accepts_the_trusted_certificate_only(tmp_path: Path):
    good, key = certificate(tmp_path)
    foreign, _ = certificate(tmp_path, "127.0.0.9")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(good, key)
    with serving(lambda _: told(study(1)), context) as server:
        with WebNode(server.node(Tls(good))) as web:
            assert len(list(web.find("STUDY", keys()))) == 1
            assert [link.is_whole for link in web.check()] == [True] * 4
        for tls in (None, Tls(foreign)):
            with WebNode(server.node(tls)) as web:
                with pytest.raises(Unreachable, match=r"certificate of .* is not accepted"):
                    list(web.find("STUDY", keys()))
                link = web.check()[-1]
                assert (link.name, link.is_whole) == ("TLS", False)
    with pytest.raises(Unreachable, match="cannot be used"):
        WebNode(server.node(Tls(tmp_path / "none.crt")))


def test_a_node_without_transport_security_is_told():
    with serving(lambda _: told()) as server:
        node = Node("X", "h", 104, web=f"https://127.0.0.1:{server.port}/web")
        with WebNode(node) as web, pytest.raises(Unreachable, match="begins with https"):
            list(web.find("STUDY", keys()))


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (Answer(status=401), ["address", "TLS", "authentication"]),
        (Answer(status=404), ["address", "TLS", "authentication", "QIDO-RS"]),
        (Answer(b"hello"), ["address", "TLS", "QIDO-RS"]),
    ],
)
def test_a_check_says_which_link_fails(answer: Answer, names: list[str]):
    with serving(lambda _: answer) as server, WebNode(server.node()) as web:
        links = web.check()
    assert [link.name for link in links] == names
    assert [link.is_whole for link in links] == [True] * (len(names) - 1) + [False]
    with WebNode(server.node()) as web:
        (link,) = web.check()
    assert (link.name, link.is_whole) == ("address", False)
    assert "refuses the connection" in link.words


# ---------------------------------------------------------------------------------- store


def uid_in(body: bytes) -> str:
    return head_of(body[body.index(b"\r\n\r\n") + 4 :])[0].sop_instance_uid


def outcome(stored: dict[str, int], failed: dict[str, int], status: int) -> Answer:
    def entry(uid: str, tag: str, value: int) -> dict:
        reference = {"00081155": {"vr": "UI", "Value": [uid]}}
        return reference | ({tag: {"vr": "US", "Value": [value]}} if value else {})

    body = {
        "00081199": {"vr": "SQ", "Value": [entry(u, "00081196", v) for u, v in stored.items()]},
        "00081198": {"vr": "SQ", "Value": [entry(u, "00081197", v) for u, v in failed.items()]},
    }
    return Answer(json.dumps(body).encode(), status, JSON)


def test_what_became_of_each_file_is_told(tmp_path: Path):
    paths = ct_series(tmp_path / "images", 4)
    uids = [head_of(path.read_bytes())[0].sop_instance_uid for path in paths]
    (other := tmp_path / "note.txt").write_text("no DICOM")
    answer = outcome({uids[0]: 0, uids[1]: 0xB000}, {uids[2]: 0xA701}, 202)
    heard: list[Stored] = []
    with serving(lambda _: answer) as server, WebNode(server.node()) as web:
        results = web.store([*paths, other], heard.append)
    assert list(results) == heard
    assert [stored.path for stored in results] == [other, *paths]
    assert [stored.is_stored for stored in results] == [False, True, True, False, False]
    assert "no DICOM file" in results[0].words
    assert results[1].words == ""
    assert "values were changed (B000H)" in results[2].words
    assert "no room" in results[3].words
    assert "did not say" in results[4].words
    (asked,) = server.asked
    assert all(path.read_bytes() in asked.body for path in paths)
    assert int(asked.headers["content-length"]) == len(asked.body)


def test_files_refused_together_are_tried_alone(tmp_path: Path):
    paths = ct_series(tmp_path, 3)
    bad = head_of(paths[1].read_bytes())[0].sop_instance_uid

    def answer(request: Request) -> Answer:
        if request.body.count(b"application/dicom\r\n") > 1:
            return Answer(b"one is bad", 400)
        uid = uid_in(request.body)
        return outcome({}, {uid: 0xC122}, 409) if uid == bad else outcome({uid: 0}, {}, 200)

    with serving(answer) as server, WebNode(server.node()) as web:
        results = web.store(paths)
    assert [stored.is_stored for stored in results] == [True, False, True]
    assert "transfer syntax (C122H)" in results[1].words


def test_a_file_that_is_cut_while_it_waits_costs_no_other(tmp_path: Path):
    paths = ct_series(tmp_path, 3)

    def answer(request: Request) -> Answer:
        return outcome({uid_in(request.body): 0}, {}, 200)

    heard: list[Stored] = []
    with serving(answer) as server, WebNode(server.node()) as web:
        ready = [_ready(path) for path in paths]
        paths[1].write_bytes(paths[1].read_bytes()[:-9])
        web._store_group(ready, heard.extend)
    assert [stored.is_stored for stored in heard] == [True, False, True]
    assert "shorter" in heard[1].words


def test_a_refusal_of_us_ends_the_sending(tmp_path: Path):
    with (
        serving(lambda _: Answer(status=403)) as server,
        WebNode(server.node()) as web,
        pytest.raises(Refused, match="does not allow"),
    ):
        web.store(ct_series(tmp_path, 2))
    assert len(server.asked) == 1


def test_requests_are_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    paths = ct_series(tmp_path, 5)
    monkeypatch.setattr("viewer.net.web.MOST_REQUEST_BYTES", 2 * paths[0].stat().st_size + 9)
    with serving(lambda _: Answer(b"{}")) as server, WebNode(server.node()) as web:
        assert {stored.is_stored for stored in web.store(paths)} == {False}
    assert len(server.asked) == 3


def test_reasons_have_words_even_where_they_are_unknown():
    assert reason(0xA7FF) == "it has no room or other means (A7FFH)"
    assert reason(0x1234) == "it does not say why (1234H)"
