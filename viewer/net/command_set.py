"""Command sets of DIMSE messages as they are on the wire: elements of group 0000, nothing nested.

Source: DICOM PS3.7 6.3.1 (Implicit VR Little Endian) and annex E.
"""

import struct
from collections.abc import Mapping

CLASS_UID, FIELD, MESSAGE_ID, ANSWERED_ID = 0x0002, 0x0100, 0x0110, 0x0120
DATA_SET_TYPE, STATUS, COMMENT, INSTANCE_UID = 0x0800, 0x0900, 0x0902, 0x1000
"""Element numbers within group 0000."""

C_STORE, C_ECHO, C_CANCEL = 0x0001, 0x0030, 0x0FFF
RESPONSE = 0x8000
NO_DATA_SET = 0x0101

Command = dict[int, bytes]
"""Values by element number, as encoded."""


def read_command(encoded: bytes | bytearray) -> Command:
    """Return the elements of a command set; the group length is not relied upon.

    Raises
    ------
    ValueError : an element is of another group, comes twice or reaches beyond the end.
    """
    found: Command = {}
    place = 0
    while place < len(encoded):
        if place + 8 > len(encoded):
            raise ValueError("an element of the command is cut off")
        group, element, length = struct.unpack_from("<HHL", encoded, place)
        place += 8
        if group or element in found or place + length > len(encoded):
            raise ValueError(f"element ({group:04X},{element:04X}) of the command is wrong")
        found[element] = bytes(encoded[place : place + length])
        place += length
    return found


def number(command: Mapping[int, bytes], element: int) -> int:
    """Return a value of VR US.

    Raises
    ------
    ValueError : it is missing or not of two bytes.
    """
    value = command.get(element, b"")
    if len(value) != 2:
        raise ValueError(f"element (0000,{element:04X}) of the command is missing")
    return int.from_bytes(value, "little")


def text(command: Mapping[int, bytes], element: int) -> str:
    """Return a value of VR UI or AE without its padding, "" where it is missing.

    Bytes beyond ASCII are kept as Latin-1, so that they are seen to be wrong.
    """
    return command.get(element, b"").decode("latin-1").strip("\0 ")


def response_bytes(command: Mapping[int, bytes], status: int, comment: str = "") -> bytes:
    """Return the encoded response to a request, which names the same class and instance.

    Parameters
    ----------
    comment : for the log of the peer, cut to 64 characters; left out where empty.

    Raises
    ------
    ValueError : the request has no command field or message ID.
    """
    values = {
        CLASS_UID: command.get(CLASS_UID, b"")[:66],
        FIELD: _us(number(command, FIELD) | RESPONSE),
        ANSWERED_ID: _us(number(command, MESSAGE_ID)),
        DATA_SET_TYPE: _us(NO_DATA_SET),
        STATUS: _us(status),
        COMMENT: comment.encode("ascii", "replace")[:64],
        INSTANCE_UID: command.get(INSTANCE_UID, b"")[:66],
    }
    body = b"".join(
        struct.pack("<HHL", 0, element, len(value) + len(value) % 2)
        + value
        + b" " * (len(value) % 2)
        for element, value in values.items()
        if value
    )
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def _us(value: int) -> bytes:
    return value.to_bytes(2, "little")
