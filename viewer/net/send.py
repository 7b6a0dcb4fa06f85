"""C-STORE of files, byte for byte where the node takes their syntax, and the proof of arrival."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pynetdicom import _config, build_context
from pynetdicom.presentation import PresentationContext

from viewer.core.errors import NotDicom
from viewer.net.association import MOST_CONTEXTS, Line
from viewer.net.node import Node
from viewer.net.query import Query, find
from viewer.net.status import failure_words, is_stored

PLAIN = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
"""Uncompressed syntaxes that any node takes one of, in our order."""

Convert = Callable[[Path, str], Dataset]
"""Returns the object of a file in an uncompressed transfer syntax, without loss."""

_config.STORE_SEND_CHUNKED_DATASET = True  # a file goes out as it is, piece by piece


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file to be sent, with what its header says of it."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    study_uid: str = ""
    series_uid: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one file: `is_taken` by the node, and words where not, or with a warning."""

    outgoing: Outgoing
    is_taken: bool
    words: str = ""


def outgoing(path: Path) -> Outgoing:
    """Return what a file says of itself; NotDicom where it is none."""
    try:
        meta = read_file_meta_info(path)
        head = dcmread(
            path, stop_before_pixels=True, specific_tags=["StudyInstanceUID", "SeriesInstanceUID"]
        )
        return Outgoing(
            path,
            str(meta.MediaStorageSOPClassUID),
            str(meta.MediaStorageSOPInstanceUID),
            str(meta.TransferSyntaxUID),
            str(head.get("StudyInstanceUID", "")),
            str(head.get("SeriesInstanceUID", "")),
        )
    except (OSError, InvalidDicomError, AttributeError, ValueError, RecursionError) as error:
        raise NotDicom(
            f"{path} cannot be sent ({type(error).__name__}).",
            "It is no DICOM file, or is damaged.",
            "Open it first, and see what Diptych says of it.",
        ) from error


def send(
    node: Node,
    files: Sequence[Outgoing],
    convert: Convert | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Sent]:
    """Send files on as few associations as their classes and syntaxes need; yield each outcome.

    Parameters
    ----------
    convert : what turns a file into an uncompressed object where the node does not take its own
        syntax; without it such files are not taken.

    Raises
    ------
    Unreachable, Refused : no association, or it broke; what was yielded before it is sent.
    """
    left = list(files)
    while left and not is_cancelled():
        contexts, batch = _batch(left)
        left = left[len(batch) :]
        with Line(node, contexts) as line:
            for one in batch:
                if is_cancelled():
                    return
                yield _sent(line, one, convert)


def _batch(files: Sequence[Outgoing]) -> tuple[list[PresentationContext], list[Outgoing]]:
    """Return the contexts for as many files, from the first on, as 128 contexts can carry."""
    pairs: dict[tuple[str, str], None] = {}
    batch: list[Outgoing] = []
    for one in files:
        wanted = [(one.sop_class_uid, one.transfer_syntax_uid)]
        wanted += [(one.sop_class_uid, syntax) for syntax in PLAIN]
        if len(pairs.keys() | dict.fromkeys(wanted).keys()) > MOST_CONTEXTS:
            break
        pairs |= dict.fromkeys(wanted)
        batch.append(one)
    return [build_context(uid, syntax) for uid, syntax in pairs], batch


def _sent(line: Line, one: Outgoing, convert: Convert | None) -> Sent:
    taken = line.accepted(one.sop_class_uid)
    if not taken:
        return Sent(one, False, "The node does not take objects of this class.")
    content: Path | Dataset = one.path
    if one.transfer_syntax_uid not in taken:
        plain = next((syntax for syntax in PLAIN if syntax in taken), "")
        if convert is None or not plain:
            return Sent(one, False, "The node does not take this transfer syntax.")
        content = convert(one.path, plain)
    status = line.ready().send_c_store(content)
    if "Status" not in status:
        line.abort()
        raise line.lost()
    if is_stored(status.Status):
        return Sent(one, True, "" if status.Status == 0 else failure_words(status))
    return Sent(one, False, f"The node refuses it: {failure_words(status)}.")


def arrived(node: Node, files: Sequence[Outgoing]) -> frozenset[str]:
    """Return which of the files' SOP Instance UIDs the node lists at image level.

    Raises
    ------
    Unreachable, Refused : the node does not answer queries, so nothing can be proven this way.
    """
    series = dict.fromkeys((one.study_uid, one.series_uid) for one in files)
    wanted = {one.sop_instance_uid for one in files}
    found: set[str] = set()
    for study, uid in series:
        keys = (("StudyInstanceUID", study), ("SeriesInstanceUID", uid))
        answers = find(node, Query("IMAGE", keys))
        found |= {answer["SOPInstanceUID"] for answer in answers} & wanted
    return frozenset(found)
