"""One series of a batch: what is asked for as plain values, and the work on it.

A unit holds paths and frozen values alone, so that every process on every machine with the same
Diptych and the same folders can settle it.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from viewer import __version__
from viewer.app.auditing import audited
from viewer.app.enhancing import EnhanceRequest, prepare, run
from viewer.app.headless import windowless_engine
from viewer.app.jobs import Jobs, Lane
from viewer.app.messages import Message
from viewer.app.recording import log_headless
from viewer.app.saving import save_enhancement
from viewer.core.errors import Blocked, NotSaved, UntrustedWeights
from viewer.core.provenance import strength_words
from viewer.core.study import Series, SeriesPart, Study
from viewer.enhancement.method import Method, Settings
from viewer.io.assemble import load_part
from viewer.io.batch_record import Outcome, Settled, files_in, here

Report = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a whole batch asks for: the method as it is known here, and how strong.

    `opened` are the folders of the originals, `out` is the batch's folder; both absolute.
    `is_research` lets a comparator run; `settings` are parameters of the method.
    """

    method: str
    version: str
    weights_sha256: str
    strength: float
    device: str
    out: str
    opened: tuple[str, ...]
    software: str = __version__
    is_research: bool = False
    settings: Settings = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a series with everything that is asked for.

    `study` and `series` are without instances; the study's series are those whose numbers are
    taken. `number` is the Series Number that the enhanced series gets.
    """

    asked: Asked
    study: Study
    series: Series
    part: SeriesPart
    number: int

    @property
    def slices(self) -> int:
        """Number of slices."""
        return len(self.part.sources)

    @property
    def id(self) -> str:
        """A name for the images, method, weights and strength, 64 hexadecimal digits."""
        return unit_id(self.asked, self.part)

    @property
    def name(self) -> str:
        """The series in words."""
        series = self.series
        return f"{series.number or ''} {series.description or series.modality}".strip()

    @property
    def folder(self) -> str:
        """Where the enhanced series belongs, below the batch's folder: always the same place."""
        return f"{self.study_name}/series-{self.series.number or 0:03d}-{self.id[:8]}"

    @property
    def study_name(self) -> str:
        """The study's folder, which does not name the patient."""
        return f"study-{hashlib.sha256(repr(self.study.key).encode()).hexdigest()[:8]}"


def unit_id(asked: Asked, part: SeriesPart) -> str:
    """Return a name for what a method makes of these very images, 64 hexadecimal digits."""
    images = tuple((one.instance.sop_instance_uid, one.index) for one in part.sources)
    how: tuple[object, ...] = (asked.method, asked.version, asked.weights_sha256, asked.strength)
    if asked.settings:
        how = (*how, asked.settings)
    words = (part.study_key, part.series_uid, images, how)
    return hashlib.sha256(repr(words).encode()).hexdigest()


def settle(
    unit: Unit,
    cores: int | None = None,
    report: Report = lambda _slices: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Outcome | None:
    """Enhance a unit and write its folder, unless it is there; None when it was cancelled.

    Whatever goes wrong becomes an outcome in words. Done twice, even at the same time, it leaves
    one folder.

    Parameters
    ----------
    cores : slices computed side by side; default: as many as there are cores.
    report : gets the number of slices computed so far.
    """
    outcomes: list[Outcome] = []
    Jobs(lambda call: call(), is_inline=True).submit(
        Lane.COMPUTE,
        unit.name,
        lambda _progress: _attempt(unit, cores, report, is_cancelled),
        outcomes.append,
        failed=lambda message: outcomes.append(_failed(unit, message)),
    )
    return outcomes[0] if outcomes else None


def _attempt(
    unit: Unit, cores: int | None, report: Report, is_cancelled: Callable[[], bool]
) -> Outcome:
    begun = time.monotonic()
    target = Path(unit.asked.out) / unit.folder
    if target.is_dir():
        return _found(unit)
    engine = windowless_engine(cores, is_research=unit.asked.is_research)
    _check_sameness(unit.asked, engine.catalogue.method(unit.asked.method))
    try:
        request = EnhanceRequest(
            study=unit.study,
            series=unit.series,
            part=unit.part,
            volume=load_part(unit.part, is_cancelled=is_cancelled),
            method_id=unit.asked.method,
            strength=unit.asked.strength,
            device=unit.asked.device,
            settings=unit.asked.settings,
        )
        result = run(
            engine,
            prepare(engine, request),
            report=lambda fraction, _words: report(round(fraction * unit.slices)),
            is_cancelled=is_cancelled,
        )
        result = audited(result, is_cancelled)
        files = save_enhancement(
            result,
            None,
            target,
            opened=[Path(one) for one in unit.asked.opened],
            is_cancelled=is_cancelled,
        )
    except Blocked as error:
        return outcome(unit, Settled.REFUSED, error.what)
    except NotSaved:
        if target.is_dir():  # somebody else was faster
            return _found(unit)
        raise
    known = result.provenance()
    warned = (*known.gates, *log_headless(result))
    return outcome(
        unit,
        Settled.DONE,
        strength_words(known),
        warnings=warned,
        cautions=(*warned, *known.cautions),
        files=len(files),
        elapsed_s=time.monotonic() - begun,
    )


def _check_sameness(asked: Asked, method: Method) -> None:
    """Refuse to work with another program or other weights than the batch was asked for."""
    here_is = (__version__, method.version, method.weights_sha256)
    if here_is != (asked.software, asked.version, asked.weights_sha256):
        raise UntrustedWeights(
            f"The worker ({here()}) has another version of Diptych or of {method.name}.",
            "The series was not enhanced.",
            f"Install Diptych {asked.software} with the same models on every machine.",
        )


def _found(unit: Unit) -> Outcome:
    files = files_in(Path(unit.asked.out) / unit.folder)
    return outcome(unit, Settled.DONE, "found finished", files=files)


def _failed(unit: Unit, message: Message) -> Outcome:
    return outcome(unit, Settled.FAILED, message.text)


def outcome(
    unit: Unit,
    state: Settled,
    words: str,
    *,
    warnings: tuple[str, ...] = (),
    cautions: tuple[str, ...] = (),
    files: int = 0,
    elapsed_s: float = 0.0,
) -> Outcome:
    """Return what became of a unit, with when and where."""
    is_done = state is Settled.DONE
    return Outcome(
        unit=unit.id,
        state=state,
        name=unit.name,
        series_uid=unit.series.uid,
        study=unit.study_name,
        words=words,
        warnings=warnings,
        cautions=cautions,
        folder=unit.folder if is_done else "",
        files=files,
        number=unit.number if is_done else None,
        slices=unit.slices,
        elapsed_s=round(elapsed_s, 3),
        software=__version__,
        place=here(),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
