"""The images of a study, computed before anybody reads: every arm of every case, sealed alike."""

import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from viewer.app.enhancing import EnhanceRequest, prepare, run
from viewer.app.found_series import FoundSeries, found_series
from viewer.app.headless import windowless_engine
from viewer.core.errors import Blocked, DiptychError, InvalidProtocol
from viewer.core.volume import Acquired, AnyVolume, is_acquired
from viewer.enhancement.engine import Engine
from viewer.io.assemble import file_windows
from viewer.io.luts import is_inverted
from viewer.io.sealed_images import write_sealed
from viewer.reader.protocol import Arm, Case, Protocol

Report = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class PreparedArms:
    """What was made: the protocol with versions, checksums and windows, and the sealed images.

    `images` are (token, case id, arm code); the file of an image is called like its token.
    `warnings` are what the gates say, each with its case.
    """

    protocol: Protocol
    images: tuple[tuple[str, str, str], ...]
    warnings: tuple[str, ...]


def prepare_arms(
    protocol: Protocol,
    home: Path,
    folder: Path,
    key: bytes,
    report: Report,
    *,
    is_research: bool = False,
) -> PreparedArms:
    """Compute every arm of every case and write each into a sealed file with a random name.

    Parameters
    ----------
    home : the folder of the study file, which the paths of cases are relative to.
    folder : where the images go; it is there and empty.

    Raises
    ------
    InvalidProtocol : a method is unknown or changes the grid, or a case has no single series.
    Blocked : a gate refuses a method on a case; the words name both.
    UnreadableFile, NotSaved : a series cannot be read, an image cannot be written.
    """
    engine = windowless_engine(is_research=is_research)
    arms = tuple(_with_version(arm, engine) for arm in protocol.arms)
    images, warnings, cases = list[tuple[str, str, str]](), list[str](), list[Case]()
    for number, case in enumerate(protocol.cases):
        tell = _part_of(report, number, len(protocol.cases), case.id)
        with tempfile.TemporaryDirectory(prefix="diptych-study-") as unpacked:
            found = series_of(case, home, Path(unpacked))
            source = _source(case, found)
            made = [_arm(engine, arm, case, found, source, tell) for arm in arms]
            cases.append(_with_look(case, found))
        is_whole = all(volume.values.dtype == np.int16 for volume, _ in made)
        for arm, (volume, cautions) in zip(arms, made, strict=True):
            token = secrets.token_hex(16)
            write_sealed(folder / token, volume, key, "int16" if is_whole else "float32")
            images.append((token, case.id, arm.code))
            warnings += [f"{case.id}, {arm.name}: {words}" for words in cautions]
    secrets.SystemRandom().shuffle(images)
    report(1.0, "All images are prepared.")
    return PreparedArms(
        replace(protocol, arms=arms, cases=tuple(cases)), tuple(images), tuple(warnings)
    )


def _part_of(report: Report, number: int, count: int, name: str) -> Report:
    return lambda part, words: report((number + part) / count, f"{name}: {words}")


def _with_version(arm: Arm, engine: Engine) -> Arm:
    """Return an arm with the version and the checksum of its method, which is there."""
    if not arm.method:
        return arm
    method = engine.catalogue.method(arm.method)
    method.settings(arm.settings)
    return replace(arm, version=method.version, weights_sha256=method.weights_sha256)


def series_of(case: Case, home: Path, unpacked: Path) -> FoundSeries:
    """Return the one series of a case; InvalidProtocol where there is none, or more."""
    path = home / case.path
    if not path.exists():
        raise InvalidProtocol(
            f"The images of case {case.id} are not there: {path}.",
            "Nothing was locked.",
            "Correct the path of the case; it is relative to the study file.",
        )
    found = found_series((path,), unpacked)
    wanted = [one for one in found if case.series in ("", one.series.uid)]
    if len(wanted) != 1:
        uids = ", ".join(sorted({one.series.uid for one in found}))
        raise InvalidProtocol(
            f"Case {case.id} has {len(wanted)} series in {path}.",
            "A case is one series, so that every arm shows the same.",
            f"Name one of them with series = ...: {uids}.",
        )
    return wanted[0]


def _source(case: Case, found: FoundSeries) -> Acquired:
    volume = found.load()
    if not is_acquired(volume) or not volume.is_complete:
        raise Blocked(
            f"The images of case {case.id} cannot be the original of a study.",
            "They are computed, in colour, or some of their slices cannot be read.",
            "Name an acquired grey series.",
        )
    return volume


def _arm(
    engine: Engine, arm: Arm, case: Case, found: FoundSeries, source: Acquired, report: Report
) -> tuple[AnyVolume, tuple[str, ...]]:
    """Return a case as an arm shows it, and what the gates say about that."""
    if not arm.method:
        return source, ()
    request = EnhanceRequest(
        found.study,
        found.series,
        found.part,
        source,
        arm.method,
        arm.strength,
        settings=arm.settings,
    )
    try:
        plan = prepare(engine, request)
    except Blocked as error:
        raise Blocked(
            f"Case {case.id}, arm {arm.name}: {error.what}", error.means, error.do
        ) from error
    if plan.sampling is not None:
        raise InvalidProtocol(
            f"{plan.method.name} makes finer slices.",
            "Arms of a case have the same slices, else their number would tell them apart.",
            f"Choose another method for arm {arm.code}.",
        )
    made = run(engine, plan, report=report)
    return made.volume(arm.strength), made.provenance(arm.strength).gates


def _with_look(case: Case, found: FoundSeries) -> Case:
    """Return a case with the window and the grey scale to begin with, the same for each arm."""
    is_dark = case.is_inverted or is_inverted(found.part.sources[0].instance)
    case = replace(case, is_inverted=is_dark)
    if case.window is not None:
        return case
    try:
        stored = file_windows(found.part, len(found.part.sources) // 2)
    except DiptychError:
        return case
    return replace(case, window=(stored[0].centre, stored[0].width)) if stored else case
