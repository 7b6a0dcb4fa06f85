"""DICOMweb with one node: search (QIDO-RS), retrieve (WADO-RS) and store (STOW-RS), PS3.18.

What is retrieved is handed on as it came, data set by data set; nothing of it is decoded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pydicom.dataset import Dataset

from viewer.core.errors import (
    Cancelled,
    NotDicom,
    Refused,
    Unreachable,
    UnreadableFile,
    WrongUsage,
)
from viewer.net.inbox import Arrival, is_uid
from viewer.net.multipart import MOST_PART_BYTES, FilesBody, boundary_of, parts
from viewer.net.node import Node
from viewer.net.part10 import HEAD_BYTES, head_of
from viewer.net.web_answer import UNSAID, Stored, outcomes
from viewer.net.web_check import Link, tried_links
from viewer.net.web_query import answer_of, is_match, part_of_path, search_words, widened
from viewer.net.web_session import (
    IDLE_S,
    Credentials,
    WebSession,
    blocks,
    content_of,
    refuse_bad_status,
    status_of,
)

PAGE = 200
MOST_REQUEST_BYTES = 1 << 26

ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'
DIVISIBLE = (400, 409, 413, 415, 500)
"""Statuses that may speak of one object among many, so that each is tried alone."""

_UIDS = {
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}


class WebNode:
    """The DICOMweb service of a node, for one thread; close it when done.

    Failures are Unreachable (no answer, or a broken one) or Refused (an answer that says no).
    """

    def __init__(
        self, node: Node, credentials: Credentials | None = None, idle_s: float = IDLE_S
    ) -> None:
        """Prepare the line; nothing is sent yet. Credentials are sent and never kept elsewhere.

        Parameters
        ----------
        idle_s : how long the node may stay silent; nothing limits the whole of a transfer.

        Raises
        ------
        Unreachable : the node has no usable DICOMweb address, or its certificates cannot be read.
        """
        from viewer.net.web_client import SearchClient

        self.node, self.url = node, checked_url(node)
        self._session = WebSession(node, credentials, idle_s)
        self._client = SearchClient(self.url, self._session)

    def __enter__(self) -> "WebNode":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def find(self, level: str, keys: Dataset) -> Iterator[Dataset]:
        """Yield the studies, series or instances that match, page by page, until stopped.

        Parameters
        ----------
        level : "STUDY", "SERIES" or "IMAGE".
        keys : matching keys (with values) and return keys (empty), as for C-FIND.

        Source: PS3.18 10.6.
        """
        matched, returned = search_words(keys)
        is_found = False
        for answer in self._answers(level, matched, returned):
            is_found = True
            yield answer
        if not is_found and (wide := widened(matched)):
            for answer in self._answers(level, wide, returned):
                if is_match(answer, matched):
                    yield answer

    def _answers(
        self, level: str, matched: dict[str, str], returned: list[str]
    ) -> Iterator[Dataset]:
        """Yield answers page by page, none twice."""
        known: set[str] = set()
        offset = 0
        while True:
            page = self._page(level, matched, returned, offset)
            fresh = [answer for answer in page if _unknown(answer, _UIDS[level], known)]
            yield from fresh
            if not fresh:  # the end, or a node that takes no notice of the offset
                return
            offset += len(page)

    def _page(
        self, level: str, matched: dict[str, str], returned: list[str], offset: int
    ) -> list[Dataset]:
        """Return the answers from a place on; those that are no data sets at all are left out."""
        matched = dict(matched)
        study = series = None
        if level != "STUDY":
            study = part_of_path(matched, "StudyInstanceUID")
        if level == "IMAGE" and study:
            series = part_of_path(matched, "SeriesInstanceUID")
        asked: dict[str, Any] = {"limit": PAGE, "fields": returned, "search_filters": matched}
        if offset:
            asked["offset"] = offset
        client = self._client
        try:
            if level == "STUDY":
                found = client.search_for_studies(**asked)
            elif level == "SERIES":
                found = client.search_for_series(study, **asked)
            else:
                found = client.search_for_instances(study, series, **asked)
        except (ValueError, RecursionError) as error:
            raise Refused(
                f"{self.node.words} answers a search with something that is no DICOM JSON.",
                "",
                "Check that its DICOMweb address leads to a DICOMweb service.",
            ) from error
        answers = [answer for told in found if (answer := answer_of(told)) is not None]
        for answer in answers:
            for keyword, uid in (("StudyInstanceUID", study), ("SeriesInstanceUID", series)):
                if uid and keyword not in answer:
                    setattr(answer, keyword, uid)
        return answers

    def retrieve(
        self,
        study: str,
        series: str = "",
        instance: str = "",
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[Arrival, bytes]]:
        """Yield each object of a study, a series or one instance as soon as it is whole.

        Returns
        -------
        What its file meta information says, and its data set as the node sent it, in whatever
        transfer syntax it is stored; made for `Inbox.keep`.

        Raises
        ------
        Cancelled : `is_cancelled` said so; it is asked for each block that comes.
        Unreachable : the line breaks; what was yielded before is whole.
        Refused : the node says no, or (at the end) some of what it sent was no DICOM.

        Source: PS3.18 10.4.
        """
        url = f"{self.url}/studies/{_checked(study)}"
        if series:
            url += f"/series/{_checked(series)}"
        if series and instance:
            url += f"/instances/{_checked(instance)}"
        headers = {"Accept": ANY_SYNTAX, "Accept-Encoding": "identity"}
        response = self._session.get(url, headers=headers, stream=True)
        host = urlsplit(self.url).hostname or ""
        odd = 0
        try:
            content_type = response.headers.get("Content-Type", "")
            come = _until_cancelled(blocks(response, self.node.words), is_cancelled)
            for part in self._parts(come, content_type):
                try:
                    arrival, place = head_of(part, self.node.title, host)
                except NotDicom:
                    odd += 1
                    continue
                yield arrival, bytes(memoryview(part)[place:])
        finally:
            response.close()
        if odd:
            raise Refused(
                f"{odd} of the objects that {self.node.words} sent are not DICOM.",
                "The others are whole.",
                "Retrieve them in another way.",
            )

    def _parts(self, come: Iterator[bytes], content_type: str) -> Iterator[bytearray]:
        """Yield the objects in an answer; some nodes send a single one without parts."""
        boundary = boundary_of(content_type)
        if boundary is not None:
            yield from parts(come, boundary, self.node.words)
            return
        if not content_type.startswith("application/dicom"):
            raise Refused(f"{self.node.words} sends no images ({content_type[:60] or 'nothing'}).")
        whole = bytearray()
        for block in come:
            whole += block
            if len(whole) > MOST_PART_BYTES:
                raise Refused(f"An object from {self.node.words} is larger than 4 GiB.")
        if whole:
            yield whole

    def store(
        self, paths: Sequence[Path], told: Callable[[Stored], None] = lambda _: None
    ) -> tuple[Stored, ...]:
        """Send files as they are, in requests of 64 MiB or of one larger file.

        Parameters
        ----------
        paths : DICOM files with file meta information (PS3.10).
        told : called for each file as soon as its outcome is known, also before an error.

        Returns
        -------
        What became of each file, in the order sent; files that are no DICOM come first.

        Source: PS3.18 10.5.
        """
        results: list[Stored] = []

        def tell(found: list[Stored]) -> None:
            for stored in found:
                results.append(stored)
                told(stored)

        ready: list[_Ready] = []
        for path in paths:
            try:
                ready.append(_ready(path))
            except (NotDicom, UnreadableFile) as error:
                tell([Stored(path, "", is_stored=False, words=str(error))])
        for group in _groups(ready):
            self._store_group(group, tell)
        return tuple(results)

    def _store_group(self, group: "list[_Ready]", tell: Callable[[list[Stored]], None]) -> None:
        """Send some files in one request, or each alone where one of them may spoil the others."""
        try:
            tell(self._post(group))
        except (Refused, UnreadableFile) as error:
            if isinstance(error, Refused) and status_of(error) not in DIVISIBLE:
                raise
            if len(group) == 1:
                tell([Stored(group[0].path, group[0].uid, is_stored=False, words=str(error))])
                return
            for ready in group:
                self._store_group([ready], tell)

    def _post(self, group: "list[_Ready]") -> list[Stored]:
        body = FilesBody([ready.path for ready in group], [ready.size for ready in group])
        response = self._session.post(
            f"{self.url}/studies",
            data=body,
            headers={"Content-Type": body.content_type, "Accept": "application/dicom+json"},
            stream=True,
            allow_redirects=False,
        )
        told = {}
        if response.status_code < 300 or response.status_code == 409:
            told = outcomes(content_of(response, self.node.words))
        if not told:
            refuse_bad_status(response, self.node.words)
        found = []
        for ready in group:
            is_stored, words = told.get(ready.uid, (False, UNSAID))
            found.append(Stored(ready.path, ready.uid, is_stored, words))
        return found

    def check(self) -> tuple[Link, ...]:
        """Try the links of the chain to the node in turn, and say of each whether it holds.

        Ends at the first that does not; nothing is raised.
        """

        def search() -> int:
            return len(self._page("STUDY", {}, ["StudyInstanceUID"], 0))

        return tried_links(self.url, self.node, search)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A file to send, its SOP Instance UID and its size in bytes."""

    path: Path
    uid: str
    size: int


def _ready(path: Path) -> _Ready:
    try:
        with path.open("rb") as file:
            arrival, _place = head_of(file.read(HEAD_BYTES))
        return _Ready(path, arrival.sop_instance_uid, path.stat().st_size)
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read ({error.strerror}).") from error


def _groups(ready: list[_Ready]) -> Iterator[list[_Ready]]:
    """Yield files in order, together no larger than a request may be."""
    group: list[_Ready] = []
    for one in ready:
        if group and sum(each.size for each in group) + one.size > MOST_REQUEST_BYTES:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _until_cancelled(come: Iterator[bytes], is_cancelled: Callable[[], bool]) -> Iterator[bytes]:
    for block in come:
        if is_cancelled():
            raise Cancelled
        yield block


def _unknown(answer: Dataset, keyword: str, known: set[str]) -> bool:
    """Tell whether an answer did not come before, and remember it."""
    uid = str(answer.get(keyword, ""))
    if uid in known:
        return False
    known.add(uid)
    return True


def _checked(uid: str) -> str:
    if not is_uid(uid):
        raise WrongUsage(f"{uid!r} is no UID.", "", "Take it from a search.")
    return uid


def checked_url(node: Node) -> str:
    """Return the root of a node's DICOMweb service without a slash at its end.

    Raises
    ------
    Unreachable : it has none, it is no address of the web, or it holds a password.
    """
    url = node.web.strip().rstrip("/")
    try:
        parsed = urlsplit(url)
        is_good = parsed.scheme in ("http", "https") and bool(parsed.hostname)
        is_good = is_good and parsed.port != 0 and not parsed.query and not parsed.fragment
    except ValueError:
        is_good = False
    if not is_good or "@" in parsed.netloc:
        raise Unreachable(
            f"{node.words} has no DICOMweb address that can be used.",
            "",
            "Enter one such as https://pacs.example/dicom-web, without a password in it.",
        )
    return url
