"""The words that set the parts of a series apart: plane, matrix, echo, phase."""

from dataclasses import replace

import numpy as np

from viewer.core import dimensions
from viewer.core.geometry import FrameGeometry
from viewer.core.moments import Group

LOCALIZER = "localizer"
"""Name of the facet that keeps localizers apart."""


def labelled(groups: list[Group]) -> list[Group]:
    """Give each group the words that set it apart from the others, main parts first."""
    ordered = sorted(groups, key=_rank)
    varying = _varying([group for group in ordered if not group.is_plain])
    cines = [group for group in ordered if group.is_plain]
    plain_varying = _varying(cines)
    named = []
    for group in ordered:
        words = [_facet_words(group, *facet, varying) for facet in group.facets]
        if group.is_plain:
            words = [_plain_words(cines, group, *facet, plain_varying) for facet in group.facets]
        named.append(replace(group, label=", ".join([*filter(None, words), *group.words])))
    return _numbered(named)


def _numbered(groups: list[Group]) -> list[Group]:
    """Count groups that have the same words."""
    labels = [group.label for group in groups]
    return [
        replace(group, label=f"{group.label} {labels[: place + 1].count(group.label)}".strip())
        if labels.count(group.label) > 1
        else group
        for place, group in enumerate(groups)
    ]


def _rank(group: Group) -> tuple[bool, bool, bool]:
    is_localizer = (LOCALIZER, LOCALIZER) in group.facets
    return (group.is_plain, is_localizer, group.is_duplicate)


def _varying(groups: list[Group]) -> set[str]:
    values: dict[str, set[str]] = {}
    for group in groups:
        for name, value in group.facets:
            values.setdefault(name, set()).add(value)
    return {name for name, found in values.items() if len(found) > 1}


def _facet_words(group: Group, name: str, value: str, varying: set[str]) -> str:
    if name == LOCALIZER:
        return value
    if name not in varying or not value:
        return ""
    if name == "orientation":
        plane = group.sources[0].facts.geometry
        return orientation_word(plane) if plane else ""
    words = {
        "spacing": _spacing_words(group),
        "frame of reference": f"frame of reference …{value[-6:]}",
        dimensions.B_VALUE: f"b {value}",
        dimensions.STACK: f"stack {value}",
        dimensions.FRAME_TYPE: "" if value == "LOCALIZER" else value,
    }
    return words.get(name, value)


def _spacing_words(group: Group) -> str:
    plane = group.sources[0].facts.geometry
    return f"{plane.spacing_mm[0]:.3g} × {plane.spacing_mm[1]:.3g} mm pixels" if plane else ""


def _plain_words(cines: list[Group], group: Group, name: str, value: str, varying: set[str]) -> str:
    if name == "cine" and value and name in varying:
        place = sum(("cine", "") not in other.facets for other in cines[: cines.index(group) + 1])
        return f"cine {place}"
    return value if name in ("matrix", "photometric") and name in varying else ""


def orientation_word(plane: FrameGeometry) -> str:
    """Return "axial", "coronal" or "sagittal", or "oblique" with the nearest of them.

    A plane counts as the pure one within about 10 degrees of its normal.
    """
    normal = np.abs(plane.normal)
    axis = int(np.argmax(normal))
    word = ("sagittal", "coronal", "axial")[axis]
    return word if normal[axis] > 0.985 else f"oblique {word}"
