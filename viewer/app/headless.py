"""The use cases of the window without it: enhance files, evaluate, build the demo."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from viewer.app.auditing import audit_facts, audited
from viewer.app.cataloguing import known_models
from viewer.app.contenders import refuse_finer
from viewer.app.enhancing import Enhancement, EnhanceRequest, prepare, run
from viewer.app.evaluating import Table, evaluate, known_case
from viewer.app.recording import log_headless
from viewer.app.saving import save_enhancement
from viewer.core.errors import DiptychError, UnreadableFile, WrongUsage
from viewer.core.partition import parts
from viewer.core.places import user_folder
from viewer.core.provenance import strength_words
from viewer.core.study import ScanReport, Series, SeriesPart, Skipped, Study
from viewer.enhancement.engine import Engine
from viewer.enhancement.inference import usable_cores
from viewer.enhancement.method import Settings
from viewer.enhancement.strength import checked_strength
from viewer.io.assemble import load_part
from viewer.io.header import read_entry
from viewer.io.scan import scan

FEWEST_PAIRS = 20
"""Fewer pairs than this make no template of the observer's channels."""

Report = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class EnhancedSeries:
    """What became of one series: files written, or the reason why none were.

    `warnings` are what the gates say about this series; `cautions` hold for the method as well.
    `audit` is described at `viewer.app.auditing.audit_facts`.
    """

    series_uid: str
    description: str
    files: tuple[Path, ...] = ()
    refusal: str = ""
    warnings: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()
    audit: dict[str, object] = field(default_factory=dict)


def new_engine(*, is_research: bool = False) -> Engine:
    """Return an engine on the shipped models and the user's; comparators in research mode only.

    Research mode is on where it is asked for here or set in the settings.
    """
    return Engine(known_models(is_research=is_research))


def windowless_engine(cores: int | None = None, *, is_research: bool = False) -> Engine:
    """Return an engine that takes `cores` (default: all), as no window needs one of them.

    It keeps no residuals: without a reader nobody asks for them again.
    """
    models = known_models(is_research=is_research)
    return Engine(models, budget_bytes=0, cores=cores or usable_cores())


def check_enhancement(method: str, strength: float | None, *, is_research: bool = False) -> None:
    """Refuse a method that is not there, or a strength that is none, before anything is opened.

    Raises
    ------
    InvalidStrength, UnknownMethod : see their words.
    """
    if strength is not None:
        checked_strength(strength)
    new_engine(is_research=is_research).catalogue.method(method)


def enhance_paths(
    paths: tuple[Path, ...],
    method: str,
    strength: float,
    out: Path,
    report: Report,
    device: str = "auto",
    *,
    is_research: bool = False,
    settings: Settings = (),
) -> tuple[EnhancedSeries, ...]:
    """Enhance every volume below `paths` and write each as a derived series below `out`.

    A series that a gate refuses is reported and the rest goes on, as does a path that cannot be
    read. With one series the files lie in `out` itself, with several in numbered folders.
    `settings` name parameters of the method.

    Raises
    ------
    InvalidStrength, UnknownMethod, WrongUsage : before anything is read.
    UnreadableFile : there is no volume to enhance.
    WrongUsage : `out` has something in it, or is a file.
    """
    checked_strength(strength)
    engine = windowless_engine(is_research=is_research)
    engine.catalogue.method(method).settings(settings)
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
                "There are no slices or radiographs to enhance there.",
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
            request = _Wanted(grown, series, part, method, strength, device, settings)
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
        if part.is_scan
    ]


@dataclass(frozen=True, slots=True)
class _Wanted:
    study: Study
    series: Series
    part: SeriesPart
    method: str
    strength: float
    device: str
    settings: tuple[tuple[str, float], ...]


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
            settings=wanted.settings,
        )
        result: Enhancement = audited(run(engine, prepare(engine, request), report=report))
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
    unlogged = log_headless(result)
    warned = (*known.gates, *unlogged)
    return EnhancedSeries(
        series.uid,
        words,
        files,
        "",
        warned,
        (*warned, *known.cautions),
        facts,
        audit_facts(result),
    )


def evaluate_simulated(
    methods: tuple[str, ...],
    cut: float,
    scenes: int,
    pairs: int,
    report: Report,
    *,
    modality: str = "",
    is_research: bool = False,
) -> Table:
    """Judge denoising methods on simulated scenes at a matched cut of the noise.

    Sharpening methods are judged against a sharper kernel instead, those that make finer slices
    against slices acquired so fine; the first one named decides.
    Without a modality it is that of the first model named, else CT.

    Raises
    ------
    UnknownMethod, InvalidStrength, WrongUsage : before anything is computed.
    """
    from viewer.app.grounds import ground_named
    from viewer.app.judging import Extent, judge
    from viewer.app.judging_finer import judge_finer
    from viewer.app.judging_sharpness import judge_sharpness

    checked_strength(cut)
    engine = new_engine(is_research=is_research)
    cards = (engine.catalogue.card(method) for method in methods)
    made_for = [card.input.modality for card in cards if card is not None]
    ground = ground_named(modality or next(iter(made_for), "CT"))
    other = {"sharpen": ("CT", judge_sharpness), "resample": ("MR", judge_finer)}
    operation = engine.catalogue.method(methods[0]).operation if methods else ""
    if operation in other:
        only, judged = other[operation]
        if {modality, *made_for} - {"", only}:
            raise WrongUsage(
                f"Methods of this kind are judged on simulated {only} only.",
                "",
                f"Name methods that are made for {only}, without another --modality.",
            )
        return judged(engine, methods, max(scenes, 1), report=report)
    if scenes < 1 or pairs < FEWEST_PAIRS:
        raise WrongUsage(
            f"{scenes} scenes and {pairs} pairs are too few.",
            "",
            f"Give at least one scene and {FEWEST_PAIRS} pairs.",
        )
    extent = Extent(scenes=scenes, pairs=pairs)
    return judge(engine, methods or None, cut, extent, ground, report=report)


def evaluate_residuals(
    methods: tuple[str, ...], scenes: int, report: Report, *, is_research: bool = False
) -> Table:
    """Measure the red line of the residual audit on held-out simulated scenes.

    Raises
    ------
    UnknownMethod, WrongUsage : before anything is computed.
    """
    from viewer.app.judging_residuals import structure_lines

    engine = new_engine(is_research=is_research)
    return structure_lines(engine, methods or None, scenes, report=report)


def evaluate_scans(
    paths: tuple[Path, ...],
    methods: tuple[str, ...],
    strength: float,
    report: Report,
    *,
    repeat: Path | None = None,
    is_research: bool = False,
) -> Table:
    """Judge denoising methods on real scans, where no truth is known; see `judge_scans`.

    Raises
    ------
    UnknownMethod, InvalidStrength, WrongUsage : before anything is read.
    UnreadableFile : there is no volume there.
    """
    from viewer.app.judging_scans import judge_scans

    checked_strength(strength)
    engine = new_engine(is_research=is_research)
    return judge_scans(engine, paths, methods or None, strength, repeat, report=report)


def evaluate_gates(
    path: Path,
    methods: tuple[str, ...],
    expected: Path | None,
    report: Report,
    *,
    is_research: bool = False,
) -> Table:
    """Say what the gates say to every series below a path, beside what they should say.

    Raises
    ------
    UnknownMethod, UnreadableFile, WrongUsage : see `judge_gates` and `read_expectations`.
    """
    from viewer.app.judging_gates import judge_gates, read_expectations

    rows = read_expectations(expected) if expected else ()
    return judge_gates(
        new_engine(is_research=is_research), path, methods or None, rows, report=report
    )


def evaluate_demo(
    methods: tuple[str, ...], strength: float, report: Report, *, is_research: bool = False
) -> Table:
    """Judge methods against the known truth of the demo study, building it when needed.

    Raises
    ------
    UnknownMethod, InvalidStrength, WrongUsage : before anything is computed.
    """
    from viewer.app.demonstrating import demo_study

    checked_strength(strength)
    engine = new_engine(is_research=is_research)
    refuse_finer(engine, methods)
    case = known_case(demo_study(user_folder(), progress=report))
    return evaluate(engine, case, methods or None, strength, report=report)
