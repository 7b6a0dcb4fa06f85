"""C-FIND: what is asked, what is answered, and what of the answers truly fits."""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset
from pynetdicom import build_context

from viewer.core.errors import Refused, WrongUsage
from viewer.net.association import Line
from viewer.net.classes import VERIFICATION
from viewer.net.node import Node
from viewer.net.status import failure_words, is_pending

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
MOST_ANSWERS = 100_000
"""A node that never stops answering is stopped here."""

PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
STUDY = (
    *("StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "StudyDescription"),
    *("ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"),
    *("ReferringPhysicianName", "StudyID"),
)
SERIES = (
    *("SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription", "BodyPartExamined"),
    "NumberOfSeriesRelatedInstances",
)
IMAGE = ("SOPInstanceUID", "SOPClassUID", "InstanceNumber")
RETURNED = {
    "PATIENT": PATIENT,
    "STUDY": (*PATIENT, *STUDY),
    "SERIES": ("StudyInstanceUID", *SERIES),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID", *IMAGE),
}
"""What is asked back at each level, where a query does not want it matched."""

_DATES = ("StudyDate", "PatientBirthDate")
_NO_WILDCARDS = (*_DATES, "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: `keys` are (keyword, value) pairs that must match.

    Values may hold ``*`` and ``?``; dates are YYYYMMDD or a range with a hyphen; UIDs may be
    several with a backslash between. `is_patient_root` uses the Patient Root model.
    """

    level: str = "STUDY"
    keys: tuple[tuple[str, str], ...] = ()
    is_patient_root: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: values as text by keyword, several with a backslash between."""

    level: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, keyword: str) -> str:
        """Return a value, "" where the node gives none."""
        return self.values.get(keyword, "")


def keys_of(query: Query) -> Dataset:
    """Return the identifier of a query (PS3.4 C.4.1.1).

    Raises
    ------
    WrongUsage : an unknown level, or a wildcard where there can be none.
    """
    if query.level not in LEVELS:
        raise WrongUsage(f"There is no level {query.level!r}.", "", f"Use {', '.join(LEVELS)}.")
    made = Dataset()
    made.QueryRetrieveLevel = query.level
    for keyword in RETURNED[query.level]:
        setattr(made, keyword, "")
    for keyword, value in query.keys:
        if keyword in _NO_WILDCARDS and re.search(r"[*?]", value):
            raise WrongUsage(
                f"{keyword} cannot be looked for with * or ?.", "", "Write it whole, or a range."
            )
        setattr(made, keyword, value.split("\\") if "\\" in value else value)
    is_plain = all(value.isascii() for _, value in query.keys)
    made.SpecificCharacterSet = "" if is_plain else "ISO_IR 192"
    return made


def echo(node: Node) -> None:
    """Ask whether a node is there and knows us (C-ECHO); Unreachable or Refused where not."""
    with Line(node, [build_context(VERIFICATION)]) as line:
        status = line.ready().send_c_echo()
        if "Status" not in status:
            raise line.lost()
        if status.Status != 0:
            raise Refused(f"{node.words} refuses C-ECHO: {failure_words(status)}.")


def find(
    node: Node, query: Query, is_stopped: Callable[[], bool] = lambda: False
) -> Iterator[Answer]:
    """Yield the answers of a node as they arrive, those only that fit what was asked.

    Nodes ignore keys they do not know; such answers are left out here. Where the Study Root model
    is not offered, Patient Root is used.

    Raises
    ------
    Unreachable, Refused : see their words; what was yielded before it is right.
    """
    model = PATIENT_ROOT_FIND if query.is_patient_root else STUDY_ROOT_FIND
    other = (
        STUDY_ROOT_FIND,
        PATIENT_ROOT_FIND,
    )
    identifier = keys_of(query)
    with Line(node, [build_context(one) for one in other]) as line:
        if not line.accepted(model):
            model = next((one for one in other if line.accepted(one)), "")
        if not model:
            raise Refused(f"{node.words} does not offer queries (C-FIND).")
        yield from _answers(line, identifier, model, query, is_stopped)


def _answers(
    line: Line, identifier: Dataset, model: str, query: Query, is_stopped: Callable[[], bool]
) -> Iterator[Answer]:
    is_cancelled = False
    responses = line.ready().send_c_find(identifier, model, msg_id=1)
    for count, (status, found) in enumerate(responses):
        if "Status" not in status:
            raise line.lost()
        if not is_pending(status.Status):
            if status.Status not in (0x0000, 0xFE00):
                raise Refused(
                    f"{line.node.words} refuses the query: {failure_words(status)}.",
                    "",
                    "Ask for less, or for other keys.",
                )
            return
        if not is_cancelled and (is_stopped() or count >= MOST_ANSWERS):
            line.raw.send_c_cancel(1, query_model=model)
            is_cancelled = True
        if found is None or is_cancelled:
            continue
        answer = answer_of(found, query.level, line.node.charset)
        if fits(query, answer):
            yield answer


def with_modalities(node: Node, answer: Answer) -> Answer:
    """Return a study's answer with its modalities, asked for series by series where none are said.

    Some nodes neither tell nor match Modalities in Study.
    """
    if answer["ModalitiesInStudy"] or not answer["StudyInstanceUID"]:
        return answer
    series = find(node, Query("SERIES", (("StudyInstanceUID", answer["StudyInstanceUID"]),)))
    found = dict.fromkeys(one["Modality"] for one in series if one["Modality"])
    return replace(answer, values={**answer.values, "ModalitiesInStudy": "\\".join(found)})


def answer_of(found: Dataset, level: str, charset: str = "") -> Answer:
    """Return an identifier as text; `charset` reads answers that name no character set."""
    if charset and not found.get("SpecificCharacterSet"):
        is_implicit, is_little = found.original_encoding
        found.set_original_encoding(is_implicit, is_little, convert_encodings(charset))
    values = {}
    for element in found:
        if element.keyword and element.VR != "SQ":
            values[element.keyword] = _text(element.value)
    return Answer(level, values)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue":
        return "\\".join(_text(one) for one in value)  # type: ignore[attr-defined]
    return str(value).strip()


# ---------------------------------------------------------------- what truly fits


def fits(query: Query, answer: Answer) -> bool:
    """Tell whether an answer fits every key; one that the node left out is taken to fit."""
    return all(
        _fits(keyword, value, answer.values[keyword])
        for keyword, value in query.keys
        if value and answer.values.get(keyword)
    )


def _fits(keyword: str, wanted: str, found: str) -> bool:
    values = found.split("\\")
    if keyword in _DATES:
        return any(_in_range(wanted, value) for value in values)
    wishes = [wish for wish in wanted.split("\\") if wish]
    if keyword == "PatientName":
        groups = [group for value in values for group in (*value.split("="), value)]
        return any(_like(_plain_name(wish), _plain_name(one)) for wish in wishes for one in groups)
    return any(_like(wish, value) for wish in wishes for value in values)


def _like(wanted: str, found: str) -> bool:
    """Compare without case; ``*`` and ``?`` stand for anything, and brackets for themselves."""
    pattern = re.sub(r"([\[\]])", r"[\1]", wanted.casefold())
    return fnmatch.fnmatchcase(found.casefold(), pattern)


def _plain_name(name: str) -> str:
    return name.strip().rstrip("^").replace("^ ", "^")


def _in_range(wanted: str, found: str) -> bool:
    found = found.replace(".", "")  # as it was written before 1993
    if "-" not in wanted:
        return wanted == found
    first, _, last = wanted.partition("-")
    return (not first or first <= found) and (not last or found <= last)
