"""Search keys in the words of QIDO-RS, and its answers as data sets (PS3.18 8.3.4 and F.2)."""

import re
from typing import Any

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from viewer.net.inbox import is_uid

CHARSET, LEVEL = 0x00080005, 0x00080052
UNICODE = "ISO_IR 192"


def search_words(keys: Dataset) -> tuple[dict[str, str], list[str]]:
    """Return what must match, by attribute, and the attributes to return.

    Parameters
    ----------
    keys : as for C-FIND: an element with a value must match it, one without is to be returned;
        character set and level are passed over. Keys of a sequence are those of its first item.
    """
    matched: dict[str, str] = {}
    returned: list[str] = []
    _add_words(keys, "", matched, returned)
    return matched, returned


def _add_words(keys: Dataset, path: str, matched: dict[str, str], returned: list[str]) -> None:
    for element in keys:
        if element.tag in (CHARSET, LEVEL) or element.tag.element == 0:
            continue
        name = path + (element.keyword or f"{int(element.tag):08X}")
        if element.VR == "SQ":
            if element.value:
                _add_words(element.value[0], f"{name}.", matched, returned)
            else:
                returned.append(name)
        elif text := _text(element):
            matched[name] = text
        elif not path:
            returned.append(name)


def _text(element: DataElement) -> str:
    """Return the value to match; several UIDs are joined by commas (PS3.18 8.3.4.1)."""
    if element.value is None:
        return ""
    values = element.value if element.VM > 1 else [element.value]
    return ("," if element.VR == "UI" else "\\").join(map(str, values))


def part_of_path(matched: dict[str, str], keyword: str) -> str | None:
    """Take a single UID out of the keys, where there is one, to stand in the address instead."""
    return matched.pop(keyword) if is_uid(matched.get(keyword, "")) else None


def widened(matched: dict[str, str]) -> dict[str, str] | None:
    """Return wider keys without signs that need a %-code in an address; None where there are none.

    Some archives (Orthanc's plugin of 2021 among them) do not decode these codes, and so find
    nothing. What such a search finds must be compared with the keys meant: `is_match`. Keys of
    which fewer than three letters or digits would be left are not widened: most would match.
    """
    wide = {name: _CODED.sub("*", text) for name, text in matched.items()}
    changed = [text for name, text in wide.items() if text != matched[name]]
    are_narrow = all(sum(map(str.isalnum, text)) >= LEAST_LETTERS for text in changed)
    return wide if changed and are_narrow else None


LEAST_LETTERS = 3
_CODED = re.compile(r"[^A-Za-z0-9*?,._~-]+")


def is_match(answer: Dataset, matched: dict[str, str]) -> bool:
    """Tell whether an answer matches the texts among the keys, wildcards included, in any case.

    Attributes that the answer lacks, dates and UIDs are taken as matching: the node compared them.
    """
    return all(
        name not in answer or _is_text_match(answer[name], text)
        for name, text in matched.items()
        if _CODED.search(text) and "." not in name
    )


def _is_text_match(element: DataElement, text: str) -> bool:
    pattern = re.escape(text.casefold()).replace(r"\*", ".*").replace(r"\?", ".")
    values = element.value if element.VM > 1 else [element.value]
    told = [str(value).casefold() for value in values]
    if element.VR == "PN":
        told += [group.rstrip("^") for value in told for group in value.split("=")]
    return any(re.fullmatch(pattern, value, re.DOTALL) for value in told)


def answer_of(found: Any) -> Dataset | None:
    """Return an answer in the DICOM JSON Model as a data set, None where it is none at all.

    An element that cannot be read is left out and the rest is kept. Texts are Unicode.
    """
    if not isinstance(found, dict):
        return None
    answer = Dataset()
    for tag, told in found.items():
        if isinstance(told, dict) and "BulkDataURI" in told:
            continue  # a value elsewhere, which no search needs
        try:
            answer.update(Dataset.from_json({tag: told}))
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
            continue  # odd values of one attribute must not cost the whole answer
    answer.SpecificCharacterSet = UNICODE
    return answer
