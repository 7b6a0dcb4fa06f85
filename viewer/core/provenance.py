"""Where synthetic pixels come from, and the words that mark them on every picture."""

import math
from dataclasses import dataclass, field, replace
from enum import Enum

AT_A_SLICE = 0.01
"""Share of an acquired step within which a finer slice lies where a slice was acquired."""

RESEARCH_CAUTION = "Research model: not for reading"
"""Stands among the cautions of what a comparator has made, on the screen and in files."""


class MethodKind(Enum):
    """What made the pixels: a trained model, or a classical filter."""

    AI = "AI"
    FILTER = "FILTER"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything needed to say how derived pixels were made, in DICOM's own terms.

    `method_id`, `version` and `weights_sha256` identify the method ("" for a filter; the file that
    ran may be another form of these weights, which `parameters` names as "weights_file");
    `parameters` are (name, value) pairs as text; `strength` is what the reader asked for (0 to 1)
    and `blend` the factor on the residual that was used for the whole series; `reached` is the
    noise cut in flat regions that the blend gives (None for methods without one).
    `source_uids` are the SOP Instance UIDs of the input in slice order; `time` is aware UTC,
    ISO 8601. `gates` are the warnings about this series, of the gates and of the residual audit,
    `cautions` those that hold for the method, both in words. `is_synthetic_data` follows Synthetic
    Data (0008,001C). `slice_steps_mm` are the steps of the slices (made, acquired) where a method
    made finer ones; the first lies where the first acquired one does.
    Source: DICOM PS3.3 C.12.1, C.12.4 and C.7.6.1.1.2.
    """

    kind: MethodKind
    method_id: str
    method_name: str
    version: str
    weights_sha256: str
    parameters: tuple[tuple[str, str], ...]
    strength: float
    blend: float
    reached: float | None
    input_range: tuple[float, float]
    source_uids: tuple[str, ...]
    device: str
    software_version: str
    time: str
    cautions: tuple[str, ...] = ()
    is_synthetic_data: bool = False
    gates: tuple[str, ...] = ()
    slice_steps_mm: tuple[float, float] | None = None

    @property
    def is_research(self) -> bool:
        """True for what a research model has made, which nobody should read from."""
        return RESEARCH_CAUTION in self.cautions


@dataclass(frozen=True, slots=True)
class Blinding:
    """The badge that a running blinded session shows instead of the label: "A" or "B"."""

    badge: str = field(default="")


@dataclass(frozen=True, slots=True)
class Label:
    """The words drawn on derived pixels.

    `title` is "AI-ENHANCED" or "FILTERED" (or the session's badge), `detail` names method and
    strength, `advice` says how to use it. `is_badge` marks a blinded session's badge, which must
    look the same whatever pixels it stands on.
    """

    title: str
    detail: str
    advice: str
    is_badge: bool = False


def step_words(mm: float) -> str:
    """Return a step of slices in words: one decimal, two where it needs them, as in "1.25 mm"."""
    words = f"{mm:.2f}"
    return f"{words.removesuffix('0')} mm"


def acquired_words(provenance: Provenance | None, index: int, count: int, *, is_even: bool) -> str:
    """Say where a finer slice lies, such as "between acquired slices 7 and 8"; "" for all others.

    `index` counts from 0, the words from 1. Nothing is said either where the `count` slices there
    are, evenly spaced or not, are not all that were made: then none can be counted.
    """
    steps = provenance.slice_steps_mm if provenance is not None else None
    if provenance is None or steps is None or not is_even:
        return ""
    if count != (len(provenance.source_uids) - 1) * round(steps[1] / steps[0]) + 1:
        return ""
    place = index * steps[0] / steps[1]
    if abs(place - round(place)) < AT_A_SLICE:
        return f"at acquired slice {round(place) + 1}"
    return f"between acquired slices {math.floor(place) + 1} and {math.floor(place) + 2}"


def strength_words(provenance: Provenance) -> str:
    """Say in words how strong the effect is, such as "noise −40 %" or "blend 40 %".

    Where the asked noise cut could not be reached the reached figure is shown with it. A strength
    that is NaN was lost on the way (files cleaned of their texts). Finer slices come with their
    steps; a filter that makes them has no strength.
    """
    if math.isnan(provenance.strength):
        return "strength not recorded"
    if provenance.slice_steps_mm is not None:
        made, acquired = provenance.slice_steps_mm
        finer = f"{step_words(made)} slices, acquired {step_words(acquired)}"
        is_filter = provenance.kind is MethodKind.FILTER
        return finer if is_filter else f"{finer} · blend {round(100 * provenance.strength)} %"
    asked = round(100 * provenance.strength)
    if provenance.reached is None:
        return f"blend {asked} %"
    reached = round(100 * provenance.reached)
    if abs(provenance.reached - provenance.strength) <= 0.02:
        return f"noise −{reached} %"
    return f"noise −{reached} % (asked −{asked} %)"


def label_for(provenance: Provenance | None, blinding: Blinding | None = None) -> Label | None:
    """Return the label of a picture: None for acquired pixels, words for derived ones.

    This is the only place that decides on them. In a blinded session both arms get the badge and
    nothing else.
    """
    if blinding is not None:
        return Label(title=blinding.badge, detail="", advice="", is_badge=True)
    if provenance is None:
        return None
    is_ai = provenance.kind is MethodKind.AI
    version = f" {provenance.version}" if is_ai and provenance.version else ""
    advice = "not the original – compare before reporting"
    if provenance.is_research:
        advice = RESEARCH_CAUTION.lower()
    return Label(
        title="AI-ENHANCED" if is_ai else "FILTERED",
        detail=f"{provenance.method_name}{version} · {strength_words(provenance)}",
        advice=advice,
    )


def residual_label(label: Label) -> Label:
    """Return the label of the residual: what was taken from what."""
    return label if label.is_badge else replace(label, title=f"{label.title} minus original")
