"""The seal on a study's allocation: a passphrase's key, and nobody reads it without.

It stops a glance and an honest reader; who holds the machine and the images can work arms out of
the pixels. Sources: RFC 7914 (scrypt), NIST SP 800-38D (AES-GCM).
"""

import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from viewer.core.errors import DamagedRecord, SealedStudy

MAGIC = b"DIPTYCH SEAL 1"
COST = 2**15
"""scrypt's N; with r = 8 it takes 32 MiB and about a tenth of a second."""


def seal(data: bytes, passphrase: str) -> bytes:
    """Return data that only the passphrase opens; every call gives other bytes."""
    salt, nonce = os.urandom(16), os.urandom(12)
    start = MAGIC + struct.pack(">I", COST) + salt + nonce
    return start + AESGCM(_key(passphrase, salt, COST)).encrypt(nonce, data, start)


def unseal(blob: bytes, passphrase: str) -> bytes:
    """Return what was sealed.

    Raises
    ------
    SealedStudy : the passphrase is another one, or the seal was changed.
    DamagedRecord : this is no seal.
    """
    begin = len(MAGIC)
    if blob[:begin] != MAGIC or len(blob) < begin + 32:
        raise DamagedRecord("The seal of the study is damaged.", "It cannot be unblinded.")
    (cost,) = struct.unpack_from(">I", blob, begin)
    if cost != COST:
        raise DamagedRecord("The seal of the study is of a kind unknown to this version.")
    start = blob[: begin + 32]
    salt, nonce = start[begin + 4 : begin + 20], start[begin + 20 :]
    try:
        return AESGCM(_key(passphrase, salt, cost)).decrypt(nonce, blob[begin + 32 :], start)
    except InvalidTag as error:
        raise SealedStudy(
            "The seal does not open.",
            "The passphrase is not the owner's, or the seal was changed.",
            "Try the passphrase again that was given when the study was locked.",
        ) from error


def _key(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(passphrase.encode())
