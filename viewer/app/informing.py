"""What was found on disk, in words and as plain values: the `info` verb.

Keys of `describe` (absent numbers are null, absent text is ""):

- ``studies``: ``uid``, ``patient_name``, ``patient_id``, ``birth_date``, ``sex``, ``date``,
  ``time``, ``description``, ``accession``, ``warnings``, ``series``
- ``series``: ``uid``, ``modality``, ``number``, ``description``, ``body_part``, ``date``,
  ``manufacturer``, ``model``, ``kernel``, ``instance_count``, ``frame_count``, ``parts``, ``files``
- ``parts``: ``index``, ``kind`` ("volume", "frames" or "object"), ``label``, ``object`` (what an
  object is), ``frame_count``, ``geometry`` (null unless a volume), ``warnings``, ``not_drawn``,
  ``synthetic`` ("AI", "FILTERED" or "" for acquired pixels), ``lossy``, ``files`` (paths in
  display order, each once)
- ``geometry``: ``shape`` [slice, row, column], ``spacing_mm`` in the same order, ``plane``,
  ``frame_of_reference_uid``, ``is_even``, ``has_gaps``, ``is_tilted``, ``tilt_deg``,
  ``first_mm`` and ``last_mm`` (positions along the normal), ``origin_mm``, ``row_direction``,
  ``column_direction``, ``slice_thickness_mm``
- ``files`` of a series: ``path``, ``object`` (what it is), ``sop_instance_uid``,
  ``transfer_syntax_uid``, ``frame_count``, ``warnings``
- ``skipped``: ``path``, ``kind`` ("not DICOM", "unreadable", "damaged", "directory record"),
  ``reason``
- ``counts``: ``studies``, ``series``, ``files``, ``frames``, ``objects`` (by kind), ``skipped``
"""

import math
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from viewer.core.errors import InvalidGeometry
from viewer.core.geometry import VolumeGeometry
from viewer.core.labels import orientation_word
from viewer.core.objects import object_name
from viewer.core.partition import geometry_of, parts
from viewer.core.study import Instance, PartKind, ScanReport, Series, SeriesPart, Study
from viewer.core.texts import one_line, printable

Plain = dict[str, Any]


def scan_all(paths: tuple[Path, ...]) -> ScanReport:
    """Scan paths to the end; members of archives are unpacked for that time only."""
    from viewer.io.scan import scan

    with tempfile.TemporaryDirectory(prefix="diptych-info-") as folder:
        return scan(paths, lambda _entries, _skipped: None, lambda: False, Path(folder))


def describe(report: ScanReport) -> Plain:
    """Return everything that was found as plain values for JSON; the module lists the keys.

    Every file is named by its path: under its series, or among the skipped with the reason.
    """
    studies = [_study(study) for study in report.studies]
    return {
        "studies": studies,
        "skipped": [
            {"path": skipped.origin, "kind": skipped.kind, "reason": skipped.reason}
            for skipped in report.skipped
        ],
        "counts": _counts(report),
    }


def _counts(report: ScanReport) -> Plain:
    series = [series for study in report.studies for series in study.series]
    instances = [instance for one in series for instance in one.instances]
    kinds = Counter(_kind_words(instance) for instance in instances)
    return {
        "studies": len(report.studies),
        "series": len(series),
        "files": len(instances),
        "frames": sum(instance.frame_count for instance in instances),
        "objects": dict(sorted(kinds.items())),
        "skipped": len(report.skipped),
    }


def _kind_words(instance: Instance) -> str:
    return object_name(instance.sop_class_uid, has_pixels=bool(instance.frames))


def _study(study: Study) -> Plain:
    return {
        "uid": study.uid,
        "patient_name": study.patient_name,
        "patient_id": study.patient_id,
        "birth_date": study.birth_date,
        "sex": study.sex,
        "date": study.date,
        "time": study.time,
        "description": study.description,
        "accession": study.accession,
        "warnings": list(study.warnings),
        "series": [_series(study, series) for series in study.series],
    }


def _series(study: Study, series: Series) -> Plain:
    return {
        "uid": series.uid,
        "modality": series.modality,
        "number": series.number,
        "description": series.description,
        "body_part": series.body_part,
        "date": series.date,
        "manufacturer": series.manufacturer,
        "model": series.model,
        "kernel": series.kernel,
        "instance_count": len(series.instances),
        "frame_count": sum(instance.frame_count for instance in series.instances),
        "parts": [_part(part) for part in parts(study, series)],
        "files": [_file(instance) for instance in series.instances],
    }


def _file(instance: Instance) -> Plain:
    return {
        "path": instance.origin,
        "object": _kind_words(instance),
        "sop_instance_uid": instance.sop_instance_uid,
        "transfer_syntax_uid": instance.transfer_syntax_uid,
        "frame_count": instance.frame_count,
        "warnings": list(instance.warnings),
    }


def _part(part: SeriesPart) -> Plain:
    instances = list({id(source.instance): source.instance for source in part.sources}.values())
    is_object = part.kind is PartKind.OBJECT
    geometry, geometry_warnings = _geometry_or_words(part)
    return {
        "index": part.index,
        "kind": part.kind.value,
        "label": part.label,
        "object": part.object_name or _kind_words(instances[0]),
        "frame_count": 0 if is_object else len(part.sources),
        "geometry": geometry,
        "warnings": [*part.warnings, *geometry_warnings],
        "not_drawn": sorted({note for instance in instances for note in instance.notes}),
        "synthetic": next((mark for one in instances if (mark := one.synthetic_mark)), ""),
        "lossy": next((instance.lossy for instance in instances if instance.lossy), ""),
        "files": [instance.origin for instance in instances],
    }


def _geometry_or_words(part: SeriesPart) -> tuple[Plain | None, tuple[str, ...]]:
    """Return the geometry of a volume, or what is wrong with it."""
    try:
        geometry = geometry_of(part)
    except InvalidGeometry as error:
        return None, (error.what,)
    if geometry is None:
        return None, ()
    return _geometry(part, geometry), geometry.warnings


def _geometry(part: SeriesPart, geometry: VolumeGeometry) -> Plain:
    plane = part.sources[0].facts.geometry
    positions = geometry.slice_positions_mm
    return {
        "shape": list(geometry.shape),
        "spacing_mm": list(geometry.spacing_mm),
        "plane": orientation_word(plane) if plane else "",
        "frame_of_reference_uid": geometry.frame_of_reference_uid,
        "is_even": geometry.is_even,
        "has_gaps": geometry.has_gaps,
        "is_tilted": geometry.is_tilted,
        "tilt_deg": tilt_deg(geometry),
        "first_mm": positions[0] if positions else None,
        "last_mm": positions[-1] if positions else None,
        "origin_mm": [float(value) for value in geometry.affine[:3, 3]],
        "row_direction": [float(value) for value in geometry.row_direction],
        "column_direction": [float(value) for value in geometry.column_direction],
        "slice_thickness_mm": geometry.slice_thickness_mm,
    }


def tilt_deg(geometry: VolumeGeometry) -> float:
    """Return the angle between the slice axis and the normal of the slices, in degrees."""
    if not geometry.is_tilted:
        return 0.0
    axis = geometry.affine[:3, 0]
    along = abs(float(axis @ geometry.normal))
    return math.degrees(math.acos(min(1.0, along / float(np.linalg.norm(axis)))))


# ------------------------------------------------------------------------------ for people


def text(report: ScanReport) -> str:
    """Return what was found as lines for a terminal: every series and part, then other files."""
    lines: list[str] = []
    for study in describe(report)["studies"]:
        lines += _study_lines(study)
    lines += _skipped_lines(report)
    counts = _counts(report)
    lines.append(
        f"{_count(counts['studies'], 'study', 'studies')}, {_count(counts['series'], 'series')},"
        f" {_count(counts['files'], 'file')}, {_count(counts['frames'], 'frame')};"
        f" {_count(counts['skipped'], 'other file')}."
    )
    return "\n".join(map(printable, lines))


def _count(number: int, one: str, many: str = "") -> str:
    more = many or (one if one.endswith("s") else f"{one}s")
    return f"{number:,} {one if number == 1 else more}"


def _study_lines(study: Plain) -> list[str]:
    patient = " · ".join(filter(None, map(one_line, (study["patient_name"], study["patient_id"]))))
    what = " · ".join(filter(None, map(one_line, (study["date"], study["description"]))))
    lines = [f"{patient or 'no patient name'} · {what}" if what else patient or "no patient name"]
    lines += [f"  ! {words}" for words in study["warnings"]]
    for series in study["series"]:
        number = "" if series["number"] is None else f"{series['number']} "
        title = f"  {number}{series['modality']} {one_line(series['description'])}".rstrip()
        lines.append(f"{title} ({_count(series['instance_count'], 'file')})")
        for part in series["parts"]:
            lines += _part_lines(part)
        lines += [f"      {file['path']}" for file in series["files"]]
    return [*lines, ""]


def _part_lines(part: Plain) -> list[str]:
    label = f"{part['label']}: " if part["label"] else ""
    if part["kind"] == "object":
        line = part["object"]
    else:
        line = f"{label}{_count(part['frame_count'], 'frame')}"
        geometry = part["geometry"]
        if geometry:
            slices, rows, columns = geometry["shape"]
            step, row, column = geometry["spacing_mm"]
            line = (
                f"{label}{geometry['plane']}, {_count(slices, 'slice')} of {columns} × {rows},"
                f" {column:.4g} × {row:.4g} × {step:.4g} mm"
            )
        else:
            line += f", {part['object']}"
    marks = [words for words in (part["synthetic"], part["lossy"]) if words]
    lines = [f"    {line}{' [' + ', '.join(marks) + ']' if marks else ''}"]
    lines += [f"      ! {words}" for words in part["warnings"]]
    if part["not_drawn"]:
        lines.append(f"      not drawn: {', '.join(part['not_drawn'])}")
    return lines


def _skipped_lines(report: ScanReport) -> list[str]:
    if not report.skipped:
        return []
    lines = ["Other files"]
    lines += [f"  {one.origin} ({one.kind}): {one.reason}" for one in report.skipped]
    return [*lines, ""]
