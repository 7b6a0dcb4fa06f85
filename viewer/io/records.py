"""Entries as JSON text and back, for the index; the order of the fields is part of its schema."""

import json
from dataclasses import fields
from typing import Any

from viewer.core.errors import DamagedStore, InvalidGeometry, InvalidWindow
from viewer.core.geometry import FrameGeometry
from viewer.core.study import FrameFacts, Instance, PixelLayout, Series, Study
from viewer.core.windowing import Window, WindowFunction

_INSTANCE = tuple(f.name for f in fields(Instance) if f.name not in ("pixels", "frames"))
_PIXELS = tuple(f.name for f in fields(PixelLayout))
_SERIES = tuple(f.name for f in fields(Series) if f.name != "instances")
_STUDY = tuple(f.name for f in fields(Study) if f.name not in ("series", "warnings"))


def instance_record(instance: Instance) -> str:
    """Return an instance as one line of JSON."""
    pixels = instance.pixels
    record = [
        [getattr(instance, name) for name in _INSTANCE],
        [getattr(pixels, name) for name in _PIXELS] if pixels else None,
        _frames(instance.frames),
    ]
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def _frames(frames: tuple[FrameFacts, ...]) -> list[Any]:
    """Return [count, frame] pairs: frames that follow each other and agree stand once."""
    found: list[Any] = []
    before: FrameFacts | None = None
    for frame in frames:
        if before is not None and (frame is before or frame == before):
            found[-1][0] += 1
        else:
            found.append([1, _frame(frame)])
        before = frame
    return found


def _frame(facts: FrameFacts) -> list[Any]:
    plane = facts.geometry
    geometry = None
    if plane is not None:
        geometry = [
            plane.position_mm,
            plane.row_direction,
            plane.column_direction,
            plane.spacing_mm,
            plane.shape,
        ]
    windows = [[w.centre, w.width, w.function.value, w.name] for w in facts.windows]
    return [geometry, facts.slope, facts.intercept, windows, facts.dimensions]


def instance_of(record: str) -> Instance:
    """Return the instance of a record.

    Raises
    ------
    DamagedStore : the text is not a record of this schema.
    """
    try:
        values, pixels, frames = json.loads(record)
        named = {name: _frozen(value) for name, value in zip(_INSTANCE, values, strict=True)}
        layout = PixelLayout(**dict(zip(_PIXELS, pixels, strict=True))) if pixels else None
        facts: list[FrameFacts] = []
        for count, frame in frames:
            facts += [_facts(frame)] * count
        return Instance(pixels=layout, frames=tuple(facts), **named)
    except (InvalidGeometry, InvalidWindow, TypeError, ValueError) as error:
        raise DamagedStore("An entry of the index is damaged.") from error


def _facts(record: list[Any]) -> FrameFacts:
    geometry, slope, intercept, windows, dimensions = record
    plane = FrameGeometry(*map(_frozen, geometry)) if geometry else None
    return FrameFacts(
        geometry=plane,
        slope=slope,
        intercept=intercept,
        windows=tuple(Window(c, w, WindowFunction(f), n) for c, w, f, n in windows),
        dimensions=_frozen(dimensions),
    )


def _frozen(value: Any) -> Any:
    """Return lists as tuples, at every depth."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def study_record(study: Study) -> str:
    """Return a study without its series as JSON."""
    return json.dumps([getattr(study, name) for name in _STUDY], ensure_ascii=False)


def study_of(record: str) -> Study:
    """Return the study of a record, without series; DamagedStore when it is none."""
    try:
        return Study(**dict(zip(_STUDY, json.loads(record), strict=True)))
    except (TypeError, ValueError) as error:
        raise DamagedStore("An entry of the index is damaged.") from error


def series_record(series: Series) -> str:
    """Return a series without its instances as JSON."""
    return json.dumps([getattr(series, name) for name in _SERIES], ensure_ascii=False)


def series_of(record: str) -> Series:
    """Return the series of a record, without instances; DamagedStore when it is none."""
    try:
        return Series(**dict(zip(_SERIES, json.loads(record), strict=True)))
    except (TypeError, ValueError) as error:
        raise DamagedStore("An entry of the index is damaged.") from error
