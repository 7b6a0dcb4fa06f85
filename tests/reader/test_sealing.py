"""The seal on the allocation."""

import pytest

from viewer.core.errors import DamagedRecord, SealedStudy
from viewer.reader.sealing import seal, unseal


def test_the_passphrase_opens_the_seal():
    assert unseal(seal(b"who sees what", "a passphrase"), "a passphrase") == b"who sees what"


def test_another_passphrase_is_refused_in_words():
    with pytest.raises(SealedStudy, match="does not open"):
        unseal(seal(b"x", "right"), "wrong")


@pytest.mark.parametrize("place", [20, 40, -1])
def test_a_changed_byte_is_noticed(place: int):
    blob = bytearray(seal(b"who sees what", "a"))
    blob[place] ^= 1
    with pytest.raises((SealedStudy, DamagedRecord)):
        unseal(bytes(blob), "a")


def test_what_is_no_seal_is_said():
    with pytest.raises(DamagedRecord, match="damaged"):
        unseal(b"nothing of the kind", "a")


def test_two_seals_of_the_same_differ():
    assert seal(b"x", "a") != seal(b"x", "a")


def test_nothing_of_the_content_can_be_read():
    assert b"arm Q" not in seal(b"arm Q" * 10, "a")
