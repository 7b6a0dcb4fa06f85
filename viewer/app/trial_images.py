"""The images of a trial: all there before any is shown, and the next trial's loaded ahead."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from viewer.app.jobs import Job, Jobs, Lane
from viewer.app.messages import Message
from viewer.core.volume import AnyVolume
from viewer.reader.protocol import Case
from viewer.reader.trials import Trial

POSITIONS = ("A", "B")
"""Names of the places on the screen, from the left."""

Images = tuple[AnyVolume, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A trial with all of its images, in the order of the positions."""

    trial: Trial
    case: Case
    images: Images


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """Whom to tell when the images of a trial are there, or cannot be."""

    trial: str
    arrived: Callable[[Images], None]
    failed: Callable[[Message], None]


class TrialImages:
    """Loads images by their tokens, one trial at a time.

    An image is never there before the others of its trial, and none is kept from one trial to the
    next: how long one takes says nothing about it.
    """

    def __init__(self, load: Callable[[str], AnyVolume], jobs: Jobs) -> None:
        self._load, self._jobs = load, jobs
        self._ahead: tuple[str, Images] | None = None
        self._loading: tuple[str, Job] | None = None
        self._wanted: _Wanted | None = None

    def get(
        self,
        trial: Trial,
        arrived: Callable[[Images], None],
        failed: Callable[[Message], None],
    ) -> None:
        """Bring the images of a trial: at once where they were loaded ahead."""
        if self._ahead is not None and self._ahead[0] == trial.id:
            images, self._ahead = self._ahead[1], None
            arrived(images)
            return
        self._wanted = _Wanted(trial.id, arrived, failed)
        if self._loading is None or self._loading[0] != trial.id:
            self._submit(trial, Lane.VISIBLE)

    def prepare(self, trial: Trial) -> None:
        """Load the images of a trial ahead; a failure is told when they are asked for."""
        self._submit(trial, Lane.PREFETCH)

    @property
    def is_awaited(self) -> bool:
        """True while somebody waits for images."""
        return self._wanted is not None

    def close(self) -> None:
        """Stop loading."""
        if self._loading is not None:
            self._loading[1].cancel()

    def _submit(self, trial: Trial, lane: Lane) -> None:
        self.close()
        self._loading, self._ahead = None, None

        def ended(job: Job) -> None:
            if self._loading is not None and self._loading[1] is job:
                self._loading = None

        job = self._jobs.submit(
            lane,
            "Loading images",
            lambda _progress: tuple(self._load(token) for token in trial.shown),
            partial(self._arrived, trial.id),
            failed=partial(self._failed, trial.id),
            ended=ended,
            is_quiet=True,
        )
        if not job.is_over:
            self._loading = (trial.id, job)

    def _arrived(self, trial: str, images: Images) -> None:
        if self._wanted is None or self._wanted.trial != trial:
            self._ahead = (trial, images)
            return
        arrived, self._wanted = self._wanted.arrived, None
        arrived(images)

    def _failed(self, trial: str, message: Message) -> None:
        """Tell why images are not there, if they are waited for; else they are tried again."""
        if self._wanted is not None and self._wanted.trial == trial:
            failed, self._wanted = self._wanted.failed, None
            failed(message)
