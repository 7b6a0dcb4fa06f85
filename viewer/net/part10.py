"""The head of a DICOM file (PS3.10 7.1): what it says of the object, and where the data set begins.

Little more than the file meta information is read, so that the data set can be kept as it came.
"""

import struct
from io import BytesIO

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

from viewer.core.errors import NotDicom
from viewer.net.inbox import Arrival, is_uid

PREFIX_AT = 128
HEAD_BYTES = 1 << 16
"""So much of a file holds its file meta information and the UIDs at the data set's beginning."""

_SOP_CLASS, _SOP_INSTANCE, _TRANSFER_SYNTAX = 0x0002, 0x0003, 0x0010
_LONG = {b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT"}
"""Value representations whose length takes four bytes after two reserved ones (PS3.5 7.1.2)."""
_LAST_TAG = 0x00080018


def head_of(encoded: bytes | bytearray, title: str = "", address: str = "") -> tuple[Arrival, int]:
    """Return what a file says of its object, and the place where its data set begins.

    Parameters
    ----------
    encoded : the file, or its first `HEAD_BYTES`.
    title, address : of the node that the object came from; handed on.

    Raises
    ------
    NotDicom : no DICM prefix, file meta information that ends early or names no transfer syntax,
        or no UIDs of class and instance, neither there nor in the data set.
    """
    if encoded[PREFIX_AT : PREFIX_AT + 4] != b"DICM":
        raise NotDicom("An object is no DICOM file: it does not begin as one.")
    values, place = _meta_values(encoded, PREFIX_AT + 4)
    syntax, sop_class, instance = (
        values.get(element, b"").rstrip(b"\0 ").decode("ascii", "replace")
        for element in (_TRANSFER_SYNTAX, _SOP_CLASS, _SOP_INSTANCE)
    )
    if is_uid(syntax) and not (is_uid(sop_class) and is_uid(instance)):
        sop_class, instance = _uids_within(encoded, place, UID(syntax))
    if not (is_uid(syntax) and is_uid(sop_class) and is_uid(instance)):
        raise NotDicom("An object does not say what it is: UIDs of it are missing.")
    return Arrival(sop_class, instance, syntax, title, address), place


def _meta_values(encoded: bytes | bytearray, place: int) -> tuple[dict[int, bytes], int]:
    """Return the values of group 0002, always Explicit VR Little Endian, and where it ends."""
    values: dict[int, bytes] = {}
    cut = NotDicom("An object is cut off within its file meta information.")
    try:
        while place + 8 <= len(encoded):
            group, element = struct.unpack_from("<HH", encoded, place)
            if group != 0x0002:
                break
            is_long = bytes(encoded[place + 4 : place + 6]) in _LONG
            form, head = ("<8xI", 12) if is_long else ("<6xH", 8)
            (length,) = struct.unpack_from(form, encoded, place)
            if place + head + length > len(encoded):
                raise cut
            values[element] = bytes(encoded[place + head : place + head + length])
            place += head + length
    except struct.error as error:
        raise cut from error
    return values, place


def _uids_within(encoded: bytes | bytearray, place: int, syntax: UID) -> tuple[str, str]:
    """Return SOP class and instance from the data set, for files whose meta information lacks them.

    A deflated data set is not unpacked, and gives none.
    """
    if syntax.is_transfer_syntax and syntax.is_deflated:
        return "", ""
    is_known = syntax.is_transfer_syntax
    start = BytesIO(bytes(encoded[place : place + HEAD_BYTES]))
    try:
        found = read_dataset(
            start,
            is_known and syntax.is_implicit_VR,
            not is_known or syntax.is_little_endian,
            stop_when=_is_past_uids,
        )
        return str(found.get("SOPClassUID", "")), str(found.get("SOPInstanceUID", ""))
    except (
        *(ValueError, TypeError, KeyError, AttributeError, NotImplementedError),
        *(OSError, EOFError, RecursionError, struct.error),
    ):
        return "", ""


def _is_past_uids(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) > _LAST_TAG
