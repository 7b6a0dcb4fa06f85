"""Status codes of DIMSE services in words. Source: DICOM PS3.7 annex C, PS3.4 annexes B and C."""

from typing import Any

_WORDS = {
    0x0105: "no such attribute",
    0x0106: "an invalid value",
    0x0110: "it failed to process the request",
    0x0112: "no such object",
    0x0117: "an invalid object UID",
    0x0118: "no such class",
    0x0119: "a conflict between class and object",
    0x0122: "the class is not supported",
    0x0124: "we are not authorised",
    0x0210: "the request came twice",
    0x0211: "an unknown operation",
    0x0212: "a mistyped argument",
    0xA700: "it is out of resources, its disk may be full",
    0xA701: "it cannot count the matches",
    0xA702: "it could not send all objects",
    0xA801: "it does not know the destination's title",
    0xA900: "the data set does not match its class",
    0xB000: "done, with failures or changes",
    0xB006: "elements were discarded",
    0xB007: "the data set does not match its class",
    0xC000: "it cannot process it",
    0xC001: "it cannot process it",
    0xFE00: "it was cancelled",
}


def is_pending(status: int) -> bool:
    """Tell whether more responses follow."""
    return status in (0xFF00, 0xFF01)


def is_stored(status: int) -> bool:
    """Tell whether a C-STORE was taken: success, or one of its warnings."""
    return status == 0 or status in (0xB000, 0xB006, 0xB007)


def failure_words(status: Any) -> str:
    """Return a status as words, with its number and the node's own comment."""
    code = int(status.Status)
    known = _WORDS.get(code) or _WORDS.get(code & 0xFF00) or "an unknown status"
    comment = str(status.get("ErrorComment", "") or "").strip()
    return f"{known} (0x{code:04X}{f', “{comment}”' if comment else ''})"
