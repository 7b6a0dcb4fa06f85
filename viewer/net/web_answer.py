"""What a node says of each object that was stored by STOW-RS, in words (PS3.18 10.5.3 and I.2)."""

import json
from dataclasses import dataclass
from pathlib import Path

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pydicom.dataset import Dataset

from viewer.net.web_query import answer_of


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one file: `words` say why it was refused, or what was changed; "" for none.

    Not `is_stored` where the node did not say that it has it: only a query can tell then.
    """

    path: Path
    sop_instance_uid: str
    is_stored: bool
    words: str = ""


UNSAID = "The node did not say whether it has it."

_REASONS = {
    0x0110: "it failed while working on it",
    0x0111: "it has it already",
    0x0112: "it knows no such object",
    0x0117: "the SOP Instance UID is not valid",
    0x0118: "the SOP Class UID is not valid",
    0x0119: "class and instance do not belong together",
    0x0122: "it does not take this SOP class",
    0x0124: "we are not allowed to",
    0xA700: "it has no room or other means",
    0xA770: "it has no room or other means",
    0xA900: "the object is not of the class that it says",
    0xB000: "values were changed",
    0xB006: "elements were left out",
    0xB007: "the object is not quite of the class that it says",
    0xC000: "it does not understand it",
    0xC122: "it does not take this transfer syntax",
    0xC409: "it has it already, with other content",
}
_RANGES = {0xA7: 0xA700, 0xA9: 0xA900, 0xC0: 0xC000}


def reason(status: int) -> str:
    """Return a failure or warning reason in words, with its number (PS3.4 B.2.3, PS3.18 I.2)."""
    known = _REASONS.get(status) or _REASONS.get(_RANGES.get(status >> 8, 0), "it does not say why")
    return f"{known} ({status:04X}H)"


def outcomes(body: bytes) -> dict[str, tuple[bool, str]]:
    """Return by SOP Instance UID whether an object was stored, and words about it.

    `body` is in the DICOM JSON Model; one that cannot be read gives nothing.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    answer = answer_of(told[0] if isinstance(told, list) and told else told)
    if answer is None:
        return {}
    found: dict[str, tuple[bool, str]] = {}
    for entry in _entries(answer, "ReferencedSOPSequence"):
        warning = _number(entry, "WarningReason")
        uid = str(entry.get("ReferencedSOPInstanceUID", ""))
        found[uid] = (True, f"Stored; {reason(warning)}." if warning else "")
    for entry in _entries(answer, "FailedSOPSequence"):
        uid = str(entry.get("ReferencedSOPInstanceUID", ""))
        found[uid] = (False, f"Refused: {reason(_number(entry, 'FailureReason'))}.")
    return found


def _entries(answer: Dataset, keyword: str) -> list[Dataset]:
    return list(answer.get(keyword) or [])


def _number(entry: Dataset, keyword: str) -> int:
    value = entry.get(keyword)
    return value if isinstance(value, int) else 0
