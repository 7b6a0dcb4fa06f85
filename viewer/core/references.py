"""Keeps None, True and False alive on Python 3.11, against libraries that give them away."""

import ctypes
import sys

_MANY = 1 << (40 if sys.maxsize > 1 << 32 else 28)


def keep_constants_alive() -> None:
    """Raise the reference counts of Python's constants so far that they never reach 0.

    From Python 3.12 on these objects are immortal (PEP 683), and extension modules built for it,
    such as PySide6 6.12, return them without counting. On Python 3.11 each such call takes one
    reference away; after some ten thousand Qt calls the interpreter ends with "deallocating None".
    Does nothing on later versions, on other interpreters, or when it was done before.
    """
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    for constant in (None, True, False, NotImplemented, Ellipsis):
        # In CPython 3.11 an object begins with its reference count, and id() is its address.
        count = ctypes.c_ssize_t.from_address(id(constant))
        if count.value < _MANY:
            count.value += _MANY
