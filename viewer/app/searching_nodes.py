"""What the reader looks for on other nodes: the fields of a search, and the studies it finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from viewer.app.jobs import Job, Jobs, Lane, Progress
from viewer.app.messages import Message, message_from
from viewer.app.remote import (
    Answer,
    Node,
    Query,
    Wanted,
    echo,
    fetch_into,
    find,
    fits,
    with_modalities,
)
from viewer.core.errors import DiptychError

DATES = ("any day", "today", "yesterday", "last 7 days", "last 30 days", "last 12 months")
"""Quick choices of a study's date."""

MODALITIES = ("", "CT", "MR", "PT", "CR", "DX", "MG", "US", "XA", "RF", "NM", "SR", "OT")
COLUMNS = ("Patient", "ID", "Born", "Date", "Modality", "Description", "Images", "Accession")

_DAYS = {"last 7 days": 7, "last 30 days": 30, "last 12 months": 365}


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; every field may be empty.

    `when` is one of `DATES`, or a date or range as DICOM writes it (20240131, 2024-).
    """

    name: str = ""
    patient_id: str = ""
    accession: str = ""
    description: str = ""
    modality: str = ""
    when: str = DATES[0]

    def query(self, today: date) -> Query:
        """Return the query; a name without a wildcard is looked for by its beginning."""
        name = self.name.strip()
        if name and not set("*?") & set(name):
            name += "*"
        description = self.description.strip()
        keys = (
            ("PatientName", name),
            ("PatientID", self.patient_id.strip()),
            ("AccessionNumber", self.accession.strip()),
            ("StudyDescription", f"*{description}*" if description else ""),
            ("ModalitiesInStudy", self.modality),
            ("StudyDate", dates(self.when, today)),
        )
        return Query("STUDY", tuple((keyword, value) for keyword, value in keys if value))


def dates(when: str, today: date) -> str:
    """Return a choice of days as a DICOM date or range; what is none of them stays as it is."""
    if when in ("", DATES[0]):
        return ""
    if when == "today":
        return f"{today:%Y%m%d}"
    if when == "yesterday":
        return f"{today - timedelta(days=1):%Y%m%d}"
    if when in _DAYS:
        return f"{today - timedelta(days=_DAYS[when]):%Y%m%d}-"
    first, sign, last = when.replace(" ", "").partition("-")
    return f"{first}0101{sign}{last}" if len(first) == 4 and first.isdigit() else when.strip()


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study that a node has; `values` are in the order of `COLUMNS`."""

    node: Node
    study_uid: str
    values: tuple[str, ...]

    @classmethod
    def of(cls, node: Node, answer: Answer) -> "StudyRow":
        """Return the row of an answer."""
        return cls(
            node,
            answer["StudyInstanceUID"],
            (
                answer["PatientName"].partition("=")[0].replace("^", " ").strip(),
                answer["PatientID"],
                _day(answer["PatientBirthDate"]),
                _day(answer["StudyDate"]),
                answer["ModalitiesInStudy"].replace("\\", " "),
                answer["StudyDescription"],
                answer["NumberOfStudyRelatedInstances"],
                answer["AccessionNumber"],
            ),
        )


def _day(text: str) -> str:
    digits = text.replace(".", "")
    is_day = len(digits) == 8 and digits.isdigit()
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if is_day else text


@dataclass(frozen=True, slots=True)
class Retrieved:
    """How a retrieval ended: where the images are, and in words what came and what did not."""

    folder: Path
    arrived: int
    words: str
    is_whole: bool


@dataclass(slots=True)
class NodeWork:
    """Searches and retrievals of the window, in a lane of their own.

    `port` is where archives send to by C-MOVE; 0 for no C-MOVE.
    """

    jobs: Jobs
    port: int = 0
    running: list[Job] = field(default_factory=list)

    def search(
        self,
        nodes: Sequence[Node],
        search: Search,
        found: Callable[[StudyRow], None],
        ended: Callable[[tuple[str, ...]], None],
    ) -> None:
        """Ask nodes one after the other; each study is told as it comes, and what failed last."""
        query = search.query(date.today())  # noqa: DTZ011 - the reader's own day

        def work(progress: Progress) -> tuple[str, ...]:
            failed = []
            for node in nodes:
                try:
                    for answer in find(node, query, progress.is_cancelled):
                        whole = with_modalities(node, answer)
                        if fits(query, whole):
                            progress.publish(StudyRow.of(node, whole))
                except DiptychError as error:
                    failed.append(message_from(error).text)
            return tuple(failed)

        self._submit("Searching", work, ended, partial=found)

    def retrieve(
        self,
        row: StudyRow,
        folder: Path,
        ended: Callable[[Retrieved], None],
        failed: Callable[[Message], None],
    ) -> None:
        """Fetch a study into a folder."""

        def work(progress: Progress) -> Retrieved:
            count = 0

            def told(_arrival: object, _kept: object) -> None:
                nonlocal count
                count += 1
                progress.report(0.0, f"{count} images")

            wanted = Wanted(row.study_uid)
            got = fetch_into(row.node, wanted, folder, told, progress.is_cancelled, self.port)
            words = f"{len(got.arrived)} of {len(got.listed)} images have arrived."
            if got.missing:
                words += f" {len(got.missing)} are missing: {'; '.join(dict.fromkeys(got.said))}"
            if got.conflicts:
                words += f" {got.conflicts} came with other content than before; both are kept."
            return Retrieved(folder, len(got.arrived), words, not got.missing)

        self._submit(f"Retrieving {row.values[0] or row.study_uid}", work, ended, failed=failed)

    def test(self, node: Node, told: Callable[[str], None]) -> None:
        """Say whether a node answers and knows us."""

        def work(_progress: Progress) -> str:
            echo(node)
            return f"{node.words} answers, and knows us as {node.our_title}."

        self._submit("Testing a node", work, told, failed=lambda message: told(message.text))

    def stop(self) -> None:
        """Ask everything that runs to stop."""
        for job in self.running:
            job.cancel()

    def _submit(
        self,
        title: str,
        work: Callable[[Progress], object],
        done: Callable[..., None],
        *,
        partial: Callable[..., None] | None = None,
        failed: Callable[[Message], None] | None = None,
    ) -> None:
        job = self.jobs.submit(
            Lane.NETWORK,
            title,
            work,
            done,
            partial=partial,
            failed=failed,
            ended=lambda job: self.running.remove(job) if job in self.running else None,
        )
        if not job.is_over:
            self.running.append(job)


def received_folder(home: Path, study_uid: str) -> Path:
    """Return where a retrieved study goes: below the user's folder, under a name of ours."""
    return home / "received" / sha256(study_uid.encode()).hexdigest()[:24]
