"""What nobody may see while a study is blinded, closed under its owner's passphrase.

The key is scrypt's (RFC 7914) of the passphrase, the cipher AES-256-GCM (NIST SP 800-38D), which
also shows any change. This protects against looking. It does not protect against somebody who
holds the machine while the owner types the passphrase, or who guesses a weak one.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass

from viewer.core.errors import SealedStudy
from viewer.reader.plain import canonical, from_plain, to_plain
from viewer.reader.protocol import Protocol
from viewer.reader.trials import Allocation

_MAGIC = b"DPSEAL1\0"
_SALT, _NONCE = 16, 12
_N, _R, _P = 2**15, 8, 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sealed at lock: the whole protocol with its arms and seed, and who sees what.

    `images` are (token, case, arm) of each sealed image.
    """

    protocol: Protocol
    allocation: Allocation
    images: tuple[tuple[str, str, str], ...] = ()


def seal(data: bytes, passphrase: str) -> bytes:
    """Return data that only the passphrase opens."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    closed = AESGCM(_key(passphrase, salt)).encrypt(nonce, data, _MAGIC)
    return _MAGIC + salt + nonce + closed


def unseal(blob: bytes, passphrase: str) -> bytes:
    """Return what was sealed.

    Raises
    ------
    SealedStudy : the passphrase is another one, or the data were changed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    start = len(_MAGIC)
    salt, nonce = blob[start : start + _SALT], blob[start + _SALT : start + _SALT + _NONCE]
    try:
        cipher = AESGCM(_key(passphrase, salt))
        return cipher.decrypt(nonce, blob[start + _SALT + _NONCE :], blob[:start])
    except (InvalidTag, ValueError) as error:
        raise SealedStudy(
            "The passphrase does not open the sealed allocation.",
            "Either it is another one, or the sealed data were changed.",
            "Try the passphrase with which the study was locked.",
        ) from error


def seal_plan(plan: Plan, passphrase: str) -> bytes:
    """Return a plan sealed under the owner's passphrase."""
    return seal(canonical(to_plain(plan)).encode(), passphrase)


def unseal_plan(blob: bytes, passphrase: str) -> Plan:
    """Return the plan that was sealed; SealedStudy where the passphrase does not open it."""
    return from_plain(Plan, json.loads(unseal(blob, passphrase)))


def _key(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=64 * 2**20, dklen=32
    )
