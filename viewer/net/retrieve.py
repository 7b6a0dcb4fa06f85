"""C-GET and C-MOVE: objects of a study, a series or one image come into an inbox.

What a node says of its own success is not believed: whoever retrieves compares what arrived with
an image-level query.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pydicom.dataset import Dataset
from pynetdicom import StoragePresentationContexts, build_context, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import PresentationContext

from viewer.core.errors import NotSaved, Refused
from viewer.net.association import MOST_CONTEXTS, Line
from viewer.net.inbox import Arrival, Inbox, Kept, is_uid
from viewer.net.node import Node
from viewer.net.query import Answer, Query, find
from viewer.net.status import failure_words, is_pending

STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
SILENCE_S = 120.0
MOST_CLASSES = 126

SYNTAXES = (
    "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
    "1.2.840.10008.1.2.4.90",  # JPEG 2000, lossless only
    "1.2.840.10008.1.2.4.80",  # JPEG-LS, lossless
    "1.2.840.10008.1.2.4.70",  # JPEG, lossless, first order
    "1.2.840.10008.1.2.4.57",  # JPEG, lossless
    "1.2.840.10008.1.2.4.201",  # HTJ2K, lossless only
    "1.2.840.10008.1.2.4.202",  # HTJ2K, lossless, by resolution
    "1.2.840.10008.1.2.5",  # RLE
    "1.2.840.10008.1.2.4.50",  # JPEG, baseline
    "1.2.840.10008.1.2.4.51",  # JPEG, extended
    "1.2.840.10008.1.2.4.81",  # JPEG-LS, near lossless
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.203",  # HTJ2K
    "1.2.840.10008.1.2.4.100",  # MPEG-2, main level
    "1.2.840.10008.1.2.4.102",  # MPEG-4, level 4.1
    "1.2.840.10008.1.2.4.103",  # MPEG-4, BD
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian, retired
    "1.2.840.10008.1.2",  # Implicit VR Little Endian
)
"""What we take, in our order: plain, then lossless, then lossy, old forms last.

Deflated is not among them: an object of kilobytes can become gigabytes. Peers built on DCMTK do
not answer at all to a list of 51.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is retrieved: a study, one of its series, or images of that."""

    study: str
    series: str = ""
    instances: tuple[str, ...] = ()

    @property
    def level(self) -> str:
        """The level of the request."""
        return "IMAGE" if self.instances else "SERIES" if self.series else "STUDY"

    def keys(self) -> Dataset:
        """Return the identifier, unique keys of all levels above (PS3.4 C.4.2.1.4)."""
        made = Dataset()
        made.QueryRetrieveLevel = self.level
        made.StudyInstanceUID = self.study
        if self.series:
            made.SeriesInstanceUID = self.series
        if self.instances:
            made.SOPInstanceUID = list(self.instances)
        return made


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a retrieval ended, in the node's words; "" for success."""

    completed: int
    failed: int
    words: str = ""


def images_of(node: Node, wanted: Wanted) -> tuple[Answer, ...]:
    """Return what an image-level query says is there; hierarchical, series by series.

    Raises
    ------
    Unreachable, Refused : see `find`.
    """
    keys: tuple[tuple[str, str], ...] = (("StudyInstanceUID", wanted.study),)
    series = [wanted.series]
    if not wanted.series:
        found = find(node, Query("SERIES", keys))
        series = [answer["SeriesInstanceUID"] for answer in found]
    answers: list[Answer] = []
    for uid in series:
        query = Query("IMAGE", (*keys, ("SeriesInstanceUID", uid)))
        answers += find(node, query)
    if wanted.instances:
        answers = [one for one in answers if one["SOPInstanceUID"] in wanted.instances]
    return tuple(answers)


def get(
    node: Node,
    wanted: Wanted,
    inbox: Inbox,
    told: Callable[[Arrival, Kept], None] = lambda _arrival, _kept: None,
    *,
    classes: tuple[str, ...] = (),
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Retrieve by C-GET, on the association that we open ourselves.

    Parameters
    ----------
    told : is called in a thread of the library with each object that was kept.
    classes : SOP classes that are expected; by default the storage classes that there are.

    Raises
    ------
    Refused : the node offers no C-GET, or refuses this one.
    Unreachable : the line broke; what had arrived is kept.
    """
    model = STUDY_ROOT_GET
    known = tuple(dict.fromkeys(classes)) or tuple(
        str(one.abstract_syntax) for one in StoragePresentationContexts
    )
    known = known[:MOST_CLASSES]
    contexts = [build_context(model), *_storage_contexts(known)]
    failures: list[str] = []

    def stored(event: evt.Event) -> int:
        return _keep(event, inbox, told, failures)

    with Line(
        node,
        contexts,
        receives=known,
        handlers=[(evt.EVT_C_STORE, stored)],
        dimse_s=SILENCE_S,
    ) as line:
        if not line.accepted(model):
            raise Refused(
                f"{node.words} does not offer C-GET.", "", "Retrieve with C-MOVE or WADO-RS."
            )
        responses = line.ready().send_c_get(wanted.keys(), model, msg_id=1)
        outcome = _outcome(line, responses, is_cancelled, model)
    return replace(outcome, words="; ".join(filter(None, (outcome.words, *failures[:1]))))


def _storage_contexts(classes: Sequence[str]) -> list[PresentationContext]:
    """Return contexts for what we take: one for each class and syntax, as many as there may be.

    A context carries one syntax in the end. A node that does not convert can send only objects
    whose own syntax was taken, so each stands alone while there is room, the likely ones first.
    """
    room = MOST_CONTEXTS - 1
    alone = max(room // max(len(classes), 1) - 1, 0)
    contexts = [
        build_context(uid, syntax) for uid in classes for syntax in SYNTAXES[: min(alone, 17)]
    ]
    rest = list(SYNTAXES[alone:]) if alone < len(SYNTAXES) else []
    if alone >= 17:
        rest = [SYNTAXES[-1]]
    return [*contexts, *(build_context(uid, rest) for uid in classes)][:room]


def move(
    node: Node,
    wanted: Wanted,
    destination: str,
    *,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Have a node send by C-MOVE to the listener that it knows by the title `destination`.

    Raises
    ------
    Refused : the node offers no C-MOVE, or does not know the destination.
    Unreachable : the line broke.
    """
    model = STUDY_ROOT_MOVE
    with Line(node, [build_context(model)], dimse_s=SILENCE_S) as line:
        if not line.accepted(model):
            raise Refused(f"{node.words} does not offer C-MOVE.")
        responses = line.ready().send_c_move(wanted.keys(), destination, model, msg_id=1)
        return _outcome(line, responses, is_cancelled, model)


def _outcome(
    line: Line,
    responses: Iterator[tuple[Dataset, Dataset | None]],
    is_cancelled: Callable[[], bool],
    model: str,
) -> Outcome:
    asked_to_stop = False
    for status, _ in responses:
        if "Status" not in status:
            raise line.lost()
        counts = [
            int(status.get(name, 0) or 0)
            for name in (
                "NumberOfCompletedSuboperations",
                "NumberOfWarningSuboperations",
                "NumberOfFailedSuboperations",
            )
        ]
        if is_pending(status.Status):
            if is_cancelled() and not asked_to_stop:
                line.raw.send_c_cancel(1, query_model=model)
                asked_to_stop = True
            continue
        words = "" if status.Status == 0 else failure_words(status)
        return Outcome(counts[0] + counts[1], counts[2], words)
    raise line.lost()


def _keep(
    event: evt.Event,
    inbox: Inbox,
    told: Callable[[Arrival, Kept], None],
    failures: list[str],
) -> int:
    """Keep the object of a C-STORE request as it came; return the status."""
    request = cast("C_STORE", event.request)
    arrival = Arrival(
        str(request.AffectedSOPClassUID),
        str(request.AffectedSOPInstanceUID),
        str(event.context.transfer_syntax),
        str(event.assoc.acceptor.ae_title),
        str(event.assoc.acceptor.address),
    )
    if not is_uid(arrival.sop_instance_uid):
        return 0x0117
    try:
        kept = inbox.keep(arrival, event.encoded_dataset(include_meta=False))
    except NotSaved as error:
        failures.append(str(error))
        return 0xA700
    told(arrival, kept)
    return 0x0000
