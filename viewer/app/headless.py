"""The use cases of the window without it: enhance files, list models, evaluate, build the demo."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from viewer.app.enhancing import Enhancement, EnhanceRequest, prepare, run
from viewer.app.evaluating import Table, evaluate, known_case
from viewer.app.saving import save_enhancement
from viewer.core.errors import DiptychError, UnreadableFile, WrongUsage
from viewer.core.partition import parts
from viewer.core.places import data_folder, user_folder
from viewer.core.provenance import strength_words
from viewer.core.study import PartKind, ScanReport, Series, SeriesPart, Skipped, Study
from viewer.enhancement.catalogue import ModelCard, WeightsState, read_catalogue, weights_state
from viewer.enhancement.checks import Verdict
from viewer.enhancement.engine import Engine
from viewer.enhancement.strength import checked_strength
from viewer.io.assemble import load_part
from viewer.io.header import read_entry
from viewer.io.scan import scan

FEWEST_PAIRS = 20
"""Fewer pairs than this make no template of the observer's channels."""

Report = Callable[[float, str], None]
Plain = dict[str, object]


@dataclass(frozen=True, slots=True)
class EnhancedSeries:
    """What became of one series: files written, or the reason why none were.

    `warnings` are what the gates say about this series; `cautions` hold for the method as well.
    """

    series_uid: str
    description: str
    files: tuple[Path, ...] = ()
    refusal: str = ""
    warnings: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()


def new_engine() -> Engine:
    """Return an engine on the shipped models."""
    return Engine(read_catalogue(data_folder("models")))


def check_enhancement(method: str, strength: float | None) -> None:
    """Refuse a method that is not there, or a strength that is none, before anything is opened.

    Raises
    ------
    InvalidStrength, UnknownMethod : see their words.
    """
    if strength is not None:
        checked_strength(strength)
    new_engine().catalogue.method(method)


def enhance_paths(
    paths: tuple[Path, ...],
    method: str,
    strength: float,
    out: Path,
    report: Report,
    device: str = "auto",
) -> tuple[EnhancedSeries, ...]:
    """Enhance every volume below `paths` and write each as a derived series below `out`.

    A series that a gate refuses is reported and the rest goes on, as does a path that cannot be
    read. With one series the files lie
    in `out` itself, with several in numbered folders.

    Raises
    ------
    InvalidStrength, UnknownMethod : before anything is read.
    UnreadableFile : there is no volume to enhance.
    WrongUsage : `out` has something in it, or is a file.
    """
    checked_strength(strength)
    engine = new_engine()
    engine.catalogue.method(method)
    if out.exists() and not out.is_dir():
        raise WrongUsage(f"{out} is a file.", "", "Name a new folder with --out.")
    if out.exists() and any(out.iterdir()):
        raise WrongUsage(f"The folder {out} is not empty.", "", "Name a new one with --out.")
    with tempfile.TemporaryDirectory(prefix="diptych-enhance-") as folder:
        found = scan(paths, lambda _entries, _skipped: None, lambda: False, Path(folder))
        volumes = _volumes(found)
        if not volumes:
            is_reason = bool(found.skipped) and not found.studies
            first = _named(found.skipped[0]) if is_reason else ""
            raise UnreadableFile(
                "There is no series of slices to enhance there.",
                first,
                "See what is there with: diptych info PATH",
            )
        given = {str(path) for path in paths}
        results = [
            EnhancedSeries("", skipped.origin, refusal=skipped.reason)
            for skipped in found.skipped
            if skipped.origin in given
        ]
        made: dict[tuple[str, str, str], tuple[Series, ...]] = {}
        for number, (study, series, part) in enumerate(volumes, 1):
            target = out if len(volumes) == 1 else out / f"series-{number:03d}"
            grown = replace(study, series=(*study.series, *made.get(study.key, ())))
            request = _Wanted(grown, series, part, method, strength, device)
            result = _enhance_one(engine, request, target, paths, report)
            results.append(result)
            if result.files:
                new = read_entry(str(result.files[0])).series
                made[study.key] = (*made.get(study.key, ()), new)
    return tuple(results)


def _named(skipped: Skipped) -> str:
    return f"{skipped.origin}: {skipped.reason}"


def _volumes(found: ScanReport) -> list[tuple[Study, Series, SeriesPart]]:
    return [
        (study, series, part)
        for study in found.studies
        for series in study.series
        for part in parts(study, series)
        if part.kind is PartKind.VOLUME
    ]


@dataclass(frozen=True, slots=True)
class _Wanted:
    study: Study
    series: Series
    part: SeriesPart
    method: str
    strength: float
    device: str


def _enhance_one(
    engine: Engine, wanted: _Wanted, out: Path, opened: tuple[Path, ...], report: Report
) -> EnhancedSeries:
    series = wanted.series
    words = f"{series.number or ''} {series.description or series.modality}".strip()
    try:
        request = EnhanceRequest(
            study=wanted.study,
            series=series,
            part=wanted.part,
            volume=load_part(wanted.part),
            method_id=wanted.method,
            strength=wanted.strength,
            first_slice=len(wanted.part.sources) // 2,
            device=wanted.device,
        )
        result: Enhancement = run(engine, prepare(engine, request), report=report)
        files = save_enhancement(result, None, out, opened=opened)
    except DiptychError as error:
        return EnhancedSeries(series.uid, words, refusal=str(error))
    known = result.provenance()
    facts = (
        ("method", known.method_id),
        ("version", known.version),
        ("weights_sha256", known.weights_sha256),
        ("strength", repr(known.strength)),
        ("effect", strength_words(known)),
        ("blend", repr(known.blend)),
        ("reached", "" if known.reached is None else repr(known.reached)),
        ("device", known.device),
        *known.parameters,
    )
    warned = tuple(gate.words for gate in result.plan.gates if gate.verdict is Verdict.WARN)
    return EnhancedSeries(
        series.uid, words, files, "", warned, (*known.gates, *known.cautions), facts
    )


def list_models() -> tuple[Plain, ...]:
    """Return every method with its kind and, for models, whether the weights are verified."""
    catalogue = read_catalogue(data_folder("models"))
    rows: list[Plain] = []
    for method in catalogue.methods():
        card = catalogue.card(method.id)
        state = _state(card).value if card is not None else ""
        rows.append(
            {
                "id": method.id,
                "name": method.name,
                "kind": method.kind.value,
                "version": method.version,
                "purpose": method.purpose,
                "weights": state,
                "weights_sha256": method.weights_sha256,
            }
        )
    rows += [{"id": name, "problem": reason} for name, reason in catalogue.problems]
    return tuple(rows)


def _state(card: ModelCard) -> WeightsState:
    """Return the worse state of a model's two forms of weights."""
    states = [weights_state(weights) for weights in (card.tensors, card.onnx)]
    return next((s for s in states if s is not WeightsState.VERIFIED), WeightsState.VERIFIED)


def are_models_verified() -> bool:
    """True when every shipped model has the weights that its card names."""
    catalogue = read_catalogue(data_folder("models"))
    states = [_state(card) for card in catalogue.cards]
    is_verified = all(state is WeightsState.VERIFIED for state in states)
    return bool(states) and is_verified and not catalogue.problems


def evaluate_simulated(
    methods: tuple[str, ...],
    cut: float,
    scenes: int,
    pairs: int,
    report: Report,
    modality: str = "",
) -> Table:
    """Judge denoising methods on simulated scenes at a matched cut of the noise.

    Without a modality it is that of the first model named, else CT.

    Raises
    ------
    UnknownMethod, InvalidStrength, WrongUsage : before anything is computed.
    """
    from viewer.app.grounds import ground_named
    from viewer.app.judging import Extent, judge

    checked_strength(cut)
    engine = new_engine()
    cards = (engine.catalogue.card(method) for method in methods)
    found = modality or next((card.input.modality for card in cards if card is not None), "CT")
    ground = ground_named(found)
    if scenes < 1 or pairs < FEWEST_PAIRS:
        raise WrongUsage(
            f"{scenes} scenes and {pairs} pairs are too few.",
            "",
            f"Give at least one scene and {FEWEST_PAIRS} pairs.",
        )
    extent = Extent(scenes=scenes, pairs=pairs)
    return judge(engine, methods or None, cut, extent, ground, report=report)


def evaluate_scans(
    paths: tuple[Path, ...],
    methods: tuple[str, ...],
    strength: float,
    report: Report,
    repeat: Path | None = None,
) -> Table:
    """Judge denoising methods on real scans, where no truth is known; see `judge_scans`.

    Raises
    ------
    UnknownMethod, InvalidStrength : before anything is read.
    UnreadableFile : there is no volume there.
    """
    from viewer.app.judging_scans import judge_scans

    checked_strength(strength)
    return judge_scans(new_engine(), paths, methods or None, strength, repeat, report=report)


def evaluate_gates(
    path: Path, methods: tuple[str, ...], expected: Path | None, report: Report
) -> Table:
    """Say what the gates say to every series below a path, beside what they should say.

    Raises
    ------
    UnknownMethod, UnreadableFile, WrongUsage : see `judge_gates` and `read_expectations`.
    """
    from viewer.app.judging_gates import judge_gates, read_expectations

    rows = read_expectations(expected) if expected else ()
    return judge_gates(new_engine(), path, methods or None, rows, report=report)


def evaluate_demo(methods: tuple[str, ...], strength: float, report: Report) -> Table:
    """Judge methods against the known truth of the demo study, building it when needed.

    Raises
    ------
    UnknownMethod, InvalidStrength : before anything is computed.
    """
    from viewer.app.demonstrating import demo_study

    checked_strength(strength)
    engine = new_engine()
    for method in methods:
        engine.catalogue.method(method)
    case = known_case(demo_study(user_folder(), progress=report))
    return evaluate(engine, case, methods or None, strength, report=report)
