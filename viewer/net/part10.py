"""The head of a DICOM file (PS3.10 7.1): what it says of the object, and where the data set begins.

Only the file meta information is read, so that the data set can be kept as it came.
"""

import struct

from viewer.core.errors import NotDicom
from viewer.net.inbox import Arrival, is_uid

PREFIX_AT = 128
_SOP_CLASS, _SOP_INSTANCE, _TRANSFER_SYNTAX = 0x0002, 0x0003, 0x0010
_LONG = {b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT"}
"""Value representations whose length takes four bytes after two reserved ones (PS3.5 7.1.2)."""


def head_of(encoded: bytes | bytearray, title: str = "", address: str = "") -> tuple[Arrival, int]:
    """Return what a file says of its object, and the place where its data set begins.

    Parameters
    ----------
    encoded : the file, or so much of its beginning that the file meta information is whole.
    title, address : of the node that the object came from; handed on.

    Raises
    ------
    NotDicom : no DICM prefix, file meta information that ends early, or none of the UIDs of the
        object and of its transfer syntax.
    """
    if encoded[PREFIX_AT : PREFIX_AT + 4] != b"DICM":
        raise NotDicom("An object is no DICOM file: it does not begin as one.")
    values, place = _meta_values(encoded, PREFIX_AT + 4)
    texts = {
        element: value.rstrip(b"\0 ").decode("ascii", "replace")
        for element, value in values.items()
        if element in (_SOP_CLASS, _SOP_INSTANCE, _TRANSFER_SYNTAX)
    }
    arrival = Arrival(
        texts.get(_SOP_CLASS, ""),
        texts.get(_SOP_INSTANCE, ""),
        texts.get(_TRANSFER_SYNTAX, ""),
        title,
        address,
    )
    uids = (arrival.sop_class_uid, arrival.sop_instance_uid, arrival.transfer_syntax_uid)
    if not all(map(is_uid, uids)):
        raise NotDicom("An object does not say what it is: its file meta information names no UID.")
    return arrival, place


def _meta_values(encoded: bytes | bytearray, place: int) -> tuple[dict[int, bytes], int]:
    """Return the values of group 0002, always Explicit VR Little Endian, and where it ends."""
    values: dict[int, bytes] = {}
    try:
        while place + 8 <= len(encoded):
            group, element = struct.unpack_from("<HH", encoded, place)
            if group != 0x0002:
                break
            is_long = bytes(encoded[place + 4 : place + 6]) in _LONG
            form, head = ("<8xI", 12) if is_long else ("<6xH", 8)
            (length,) = struct.unpack_from(form, encoded, place)
            if place + head + length > len(encoded):
                raise NotDicom("An object is cut off within its file meta information.")
            values[element] = bytes(encoded[place + head : place + head + length])
            place += head + length
    except struct.error as error:
        raise NotDicom("An object is cut off within its file meta information.") from error
    return values, place
