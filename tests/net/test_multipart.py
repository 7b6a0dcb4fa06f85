"""Messages of several parts are read as a stream, and what is wrong with one is said."""

import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.net.web_servers import BOUNDARY, message
from viewer.core.errors import Unreachable, UnreadableFile
from viewer.net.multipart import FilesBody, boundary_of, parts


def read(body: bytes, step: int = 7, most: int = 1000) -> list[bytes]:
    blocks = (body[place : place + step] for place in range(0, len(body), step))
    return [bytes(part) for part in parts(blocks, BOUNDARY, "PACS", most)]


@given(
    st.lists(
        st.binary(max_size=60).filter(lambda content: b"\r\n--between" not in content), max_size=4
    ),
    st.integers(1, 90),
)
def test_parts_come_whole_wherever_the_blocks_are_cut(contents: list[bytes], step: int):
    assert read(message(*contents), step) == contents


def test_a_preamble_a_missing_header_and_an_epilogue_are_passed_over():
    body = b"hello\r\n--between \r\n\r\none\r\n--between\r\nA: b\r\n\r\n\r\n--between--\r\nbye"
    assert read(body) == [b"one", b""]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "before its first part: they break off"),
        (b"--other\r\n\r\none\r\n--other--", "break off"),
        (message(b"one")[:-9], "in part 1: they break off"),
        (message(b"one", end=b"\r\n--between"), "at part 2: they break off"),
        (message(b"one", end=b"\r\n--betweens\r\n"), "its boundary goes on"),
        (b"--between\r\nA: b\r\nno end", "in the header of part 1"),
        (b"--between\r\nA: " + b"b" * 70000, "larger than 65536 bytes"),
        (message(b"x" * 2000), "in part 1: it is larger than 1000 bytes"),
    ],
)
def test_what_is_wrong_with_a_message_is_said(body: bytes, words: str):
    with pytest.raises(Unreachable, match=words):
        read(body)


@given(st.data())
def test_a_message_with_wrong_bytes_is_read_or_told(data: st.DataObject):
    body = bytearray(message(b"first", b"\r\n--betwee", b""))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(Unreachable):
        assert len(read(bytes(body))) <= 4


def test_a_part_is_handed_on_before_the_next_has_come():
    def blocks():
        yield message(b"one", end=b"\r\n--between\r\n\r\n")
        raise AssertionError

    assert next(parts(blocks(), BOUNDARY, "PACS")) == b"one"


def test_memory_holds_one_part_whatever_the_number():
    def blocks():
        for _ in range(60):
            yield b"\r\n--between\r\n\r\n"
            for _ in range(16):
                yield bytes(1 << 16)
        yield b"\r\n--between--"

    tracemalloc.start()
    try:
        assert sum(len(part) for part in parts(blocks(), BOUNDARY, "PACS")) == 60 << 20
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_boundaries_are_found_in_content_types():
    assert boundary_of('multipart/related; type="application/dicom"; boundary="a b"') == b"a b"
    assert boundary_of("Multipart/Related; Boundary=x1") == b"x1"
    assert boundary_of("application/dicom; boundary=x") is None
    assert boundary_of("multipart/related") is None


def test_files_are_sent_as_they_are_and_in_the_size_announced(tmp_path: Path):
    path = tmp_path / "a.dcm"
    path.write_bytes(b"content")
    body = FilesBody([path, path], [7, 7])
    sent = b"".join(body)
    assert len(sent) == len(body)
    found = parts([sent], boundary_of(body.content_type) or b"", "us")
    assert list(found) == [b"content", b"content"]
    path.write_bytes(b"cut")
    with pytest.raises(UnreadableFile, match="shorter"):
        list(body)
