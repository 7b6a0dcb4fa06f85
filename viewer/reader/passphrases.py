"""Readers' passphrases: never stored, only a salted scrypt hash (RFC 7914) to compare with."""

import hashlib
import hmac
import secrets

_N, _R, _P = 2**14, 8, 1
LEAST_LETTERS = 8


def secret_of(passphrase: str) -> str:
    """Return what is stored for a passphrase, as `scrypt$N$r$p$salt$hash` in hexadecimal."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${_hash(passphrase, salt, _N, _R, _P).hex()}"


def is_right(passphrase: str, secret: str) -> bool:
    """Tell whether a passphrase is the one that `secret` was made of."""
    _, n, r, p, salt, wanted = secret.split("$")
    found = _hash(passphrase, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(wanted))


def _hash(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=n, r=r, p=p, dklen=32)
