"""The seal of a study's allocation: opened by its passphrase alone."""

import pytest

from tests.reader.studies import ARMS, allocation_of, protocol
from viewer.core.errors import SealedStudy
from viewer.reader.sealing import Plan, seal, seal_plan, unseal, unseal_plan


def test_a_plan_comes_back_as_it_was_sealed():
    plan = Plan(protocol(arms=ARMS), allocation_of(protocol()), (("token", "c1", "X"),))
    assert unseal_plan(seal_plan(plan, "owner's words"), "owner's words") == plan


def test_a_sealed_plan_says_nothing():
    blob = seal(b"arm X is the original", "owner's words")
    assert b"arm" not in blob
    assert blob != seal(b"arm X is the original", "owner's words")


def test_another_passphrase_or_a_changed_byte_opens_nothing():
    blob = seal(b"secret", "owner's words")
    with pytest.raises(SealedStudy, match="does not open"):
        unseal(blob, "other words")
    for place in (0, 10, 30, len(blob) - 1):
        changed = bytearray(blob)
        changed[place] ^= 1
        with pytest.raises(SealedStudy):
            unseal(bytes(changed), "owner's words")
    with pytest.raises(SealedStudy):
        unseal(b"", "owner's words")
