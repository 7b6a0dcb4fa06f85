"""Rows of the study browser, made from what is open."""

from viewer.app.session import Session
from viewer.core.study import PartKind, Series, SeriesPart, Study
from viewer.ui.browser_rows import BrowserPart, BrowserStudy
from viewer.ui.composition import person_name, plain_date


def browser_studies(session: Session) -> tuple[BrowserStudy, ...]:
    """Return every open study with its parts, in the order of opening."""
    return tuple(_study(session, study) for study in session.workspace.studies)


def _study(session: Session, study: Study) -> BrowserStudy:
    workspace = session.workspace
    shown = {state.part for state in workspace.views.values()}
    parts = [
        _part(session, series, part, is_shown=part.key in shown)
        for series in study.series
        for part in workspace.parts_of(study, series)
    ]
    modalities = dict.fromkeys(series.modality for series in study.series if series.modality)
    return BrowserStudy(
        key=study.key,
        patient_name=person_name(study.patient_name) or "No name",
        patient_id=study.patient_id,
        birth_date=plain_date(study.birth_date),
        date=plain_date(study.date),
        description=study.description,
        modalities=" ".join(modalities),
        warnings=study.warnings,
        parts=tuple(parts),
    )


def _part(session: Session, series: Series, part: SeriesPart, *, is_shown: bool) -> BrowserPart:
    volume = session.workspace.volumes.get(part.key)
    warnings = (*part.warnings, *(volume.geometry.warnings if volume is not None else ()))
    return BrowserPart(
        key=part.key,
        number="" if series.number is None else str(series.number),
        modality=series.modality,
        description=series.description or part.object_name,
        count=count_words(part),
        label=part.label,
        object_name=part.object_name if part.kind is PartKind.OBJECT else "",
        mark=mark(session, part),
        warnings=tuple(dict.fromkeys(warnings)),
        is_shown=is_shown,
        fraction=session.images.fraction_loaded(part.key),
    )


def mark(session: Session, part: SeriesPart) -> str:
    """Return "AI" or "filter" for stored synthetic pixels, "" for acquired ones."""
    marked = next((source.instance for source in part.sources if source.instance.is_ai), None)
    if marked is None:
        return ""
    volume = session.workspace.volumes.get(part.key)
    if volume is not None and volume.provenance is not None:
        return "AI" if volume.provenance.kind.value == "AI" else "filter"
    return "filter" if marked.synthetic_mark == "FILTERED" else "AI"


def count_words(part: SeriesPart) -> str:
    """Return how many images a part has, in words."""
    count = len(part.sources)
    if part.kind is PartKind.OBJECT:
        return ""
    word = "slice" if part.kind is PartKind.VOLUME else "frame"
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
