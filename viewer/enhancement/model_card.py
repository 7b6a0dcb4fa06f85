"""A model as its card describes it: what it is, what it was made for, its weights and figures."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from viewer.core.provenance import RESEARCH_CAUTION, MethodKind
from viewer.core.study import RADIOGRAPHS
from viewer.enhancement.audit import StructureLine
from viewer.enhancement.card_rules import ANY_UNIT, DEFAULT_BOUND_SD, RESEARCH, read_card_file
from viewer.enhancement.method import Effect, Method
from viewer.enhancement.through_plane import FACTOR, FINER_CUBIC
from viewer.enhancement.weights_file import (
    WeightsFile,
    WeightsState,
    trusted_weights,
    weights_state,
)

CARD = "card.toml"
ADDED_CAUTION = "This model was added on this machine: Diptych has not judged it"


@dataclass(frozen=True, slots=True)
class Span:
    """Inclusive range of a figure; a missing end is infinite."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def is_limited(self) -> bool:
        """True when at least one end is finite."""
        return math.isfinite(self.low) or math.isfinite(self.high)

    def has(self, value: float) -> bool:
        """True when the value lies inside."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class InputRange:
    """What a model was made for; the gates compare a series with it.

    Lengths in mm, noise SD in `unit`, noise frequency in cycles per mm, tube voltage in kV. An
    empty `unit` takes any; such a model states the ratio of signal and noise (`snr`) and the noise
    frequency in cycles per pixel instead. `noise_model` "counts" says that the variance of the
    noise follows the signal, as in PET, "levels" that its SD depends on the grey level; otherwise
    it is the same all over a slice. `regions` are the parts of the body that were trained on, ()
    where any was.
    """

    modality: str = ""
    unit: str = ""
    spacing_mm: Span = Span()
    slice_thickness_mm: Span = Span()
    noise_sd: Span = Span()
    kvp: Span = Span()
    noise_frequency_per_mm: Span = Span()
    noise_frequency_per_pixel: Span = Span()
    snr: Span = Span()
    noise_model: str = ""
    regions: tuple[str, ...] = ()
    age_years_min: float = 0.0

    def takes(self, modality: str) -> bool:
        """True for the modality it was made for; the two kinds of plain radiograph are one."""
        return modality == self.modality or {modality, self.modality} <= RADIOGRAPHS

    @property
    def gated_frequency_per_pixel(self) -> Span:
        """The range by pixel where it is a gate: where there is none by mm."""
        is_by_mm = self.noise_frequency_per_mm.is_limited
        return Span() if is_by_mm else self.noise_frequency_per_pixel


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the truth lies from a model's full-strength answer: a network, and its calibration.

    The network has the inputs of the model's own and answers with the SD of the error in the unit
    of the input. `factor` such SDs to both sides held `share` of the true values on calibration
    scenes, `coverage` of them on `scenes` others, and `worst_coverage` in the worst group of these;
    where it was measured, `lesion_coverage` inside their lesions, `elsewhere` on images of another
    kind.
    """

    file: WeightsFile
    share: float
    factor: float
    coverage: float
    worst_group: str
    worst_coverage: float
    scenes: int
    lesion_coverage: float | None = None
    elsewhere: float | None = None
    elsewhere_on: str = ""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model as its card describes it. Texts are as written; `metrics` are (name, value) pairs.

    At least one of `tensors` (for torch) and `onnx` (for ONNX Runtime) is there. `is_added` tells
    models that the user has added from those that come along: what these answer is held within
    `bound_sd` noise SDs outside the network, and they are verified before they run.
    `structure` is the red line of the residual audit, None where it was not measured; `spread` the
    calibrated uncertainty, None where there is none.
    """

    method: Method
    status: str
    tensors: WeightsFile | None
    onnx: WeightsFile | None
    input: InputRange
    is_synthetic_data: bool
    architecture: Mapping[str, Any]
    limits: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    training: tuple[tuple[str, str], ...] = ()
    metrics: tuple[tuple[str, str], ...] = ()
    structure: StructureLine | None = None
    spread: Spread | None = None
    path: Path = field(default_factory=Path)
    bound_sd: float = DEFAULT_BOUND_SD
    is_added: bool = False

    @property
    def files(self) -> tuple[WeightsFile, ...]:
        """Return every form of the weights that there is, and the network of the spread."""
        spread = self.spread.file if self.spread is not None else None
        return tuple(one for one in (self.tensors, self.onnx, spread) if one is not None)


def spread_form(card: ModelCard) -> ModelCard:
    """Return a model with the network of its spread, if any, in place of its own, for the CPU."""
    spread = card.spread
    return replace(card, tensors=None, onnx=spread.file if spread is not None else None)


def read_card(path: Path, *, is_added: bool = False) -> ModelCard:
    """Read one model card.

    Raises
    ------
    BadCard : it cannot be read, or breaks a rule of `card_rules`.
    """
    card = read_card_file(path)
    weights = card["weights"]
    tensors = _weights_file(path, weights, "file", "sha256")
    onnx = _weights_file(path, weights, "onnx", "onnx_sha256")
    research = (RESEARCH_CAUTION,) if card["status"] == RESEARCH else ()
    added = (ADDED_CAUTION,) if is_added else ()
    method = Method(
        id=str(card["id"]),
        name=str(card["name"]),
        version=str(card["version"]),
        kind=MethodKind.AI,
        effect=Effect.NOISE_CUT if card["operation"] == "denoise" else Effect.BLEND,
        operation=str(card["operation"]),
        purpose=str(card.get("purpose", "")),
        parameters=(FACTOR,) if card["operation"] == FINER_CUBIC.operation else (),
        weights_sha256=next(one.sha256 for one in (tensors, onnx) if one is not None),
        is_research=card["status"] == RESEARCH,
    )
    return ModelCard(
        method=method,
        status=str(card["status"]),
        tensors=tensors,
        onnx=onnx,
        input=replace(_input_range(card["input"]), regions=_regions(card)),
        architecture=dict(card.get("architecture", {})),
        is_synthetic_data=str(card.get("synthetic_data", "NO")).upper() == "YES",
        limits=_texts(card.get("limits", ())),
        cautions=(*research, *added, *_texts(card.get("cautions", ()))),
        training=_pairs(card.get("training", {})),
        metrics=_pairs(card.get("metrics", {})),
        structure=_structure_line(card.get("audit", {})),
        spread=_spread(path, card.get("spread", {})),
        path=path,
        bound_sd=float(card.get("bound_sd", DEFAULT_BOUND_SD)),
        is_added=is_added,
    )


def _weights_file(
    card: Path, weights: Mapping[str, Any], file: str, checksum: str
) -> WeightsFile | None:
    if file not in weights:
        return None
    return WeightsFile(card.parent / str(weights[file]), str(weights[checksum]))


def _structure_line(table: Mapping[str, Any]) -> StructureLine | None:
    if "structure_p95" not in table:
        return None
    return StructureLine(float(table["structure_p95"]), int(table["scenes"]), str(table["command"]))


def _spread(card: Path, table: Mapping[str, Any]) -> Spread | None:
    file = _weights_file(card, table, "onnx", "onnx_sha256")
    if file is None:
        return None
    return Spread(
        file=file,
        share=float(table["share"]),
        factor=float(table["factor"]),
        coverage=float(table["coverage"]),
        worst_group=str(table["worst_group"]),
        worst_coverage=float(table["worst_coverage"]),
        scenes=int(table["scenes"]),
        lesion_coverage=table.get("lesion_coverage"),
        elsewhere=table.get("elsewhere"),
        elsewhere_on=str(table.get("elsewhere_on", "")),
    )


def _regions(card: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the regions that a card names; none where it says that any will do."""
    named = _texts(card.get("body_regions", ()))
    return () if any(name.startswith("any") for name in named) else named


def _input_range(table: Mapping[str, Any]) -> InputRange:
    return InputRange(
        modality=str(table["modality"]),
        unit="" if table["unit"] == ANY_UNIT else str(table["unit"]),
        spacing_mm=_span(table, "spacing_mm"),
        slice_thickness_mm=_span(table, "slice_thickness_mm"),
        noise_sd=_span(table, "noise_sd"),
        kvp=_span(table, "kvp"),
        noise_frequency_per_mm=_span(table, "nps_mean_frequency_per_mm"),
        noise_frequency_per_pixel=_span(table, "nps_mean_frequency_per_pixel"),
        snr=_span(table, "snr"),
        noise_model=str(table.get("noise_model", "")),
        age_years_min=float(table.get("age_years_min", 0.0)),
    )


def _span(table: Mapping[str, Any], name: str) -> Span:
    if name not in table:
        return Span()
    low, high = (float(end) for end in table[name])
    return Span(low, high)


def _texts(entry: object) -> tuple[str, ...]:
    """Return the sentences of a text, a list of texts or a table of them."""
    if isinstance(entry, str):
        return (entry,) if entry.strip() else ()
    if isinstance(entry, Mapping):
        entry = list(entry.values())
    return (
        tuple(text for one in entry for text in _texts(one))
        if isinstance(entry, list | tuple)
        else (str(entry),)
    )


def _pairs(table: Mapping[str, Any], prefix: str = "") -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            pairs += _pairs(value, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", str(value)))
    return tuple(pairs)


def refuse_changed(card: ModelCard) -> None:
    """Refuse a model of which any file is not the one that its card names, used or not.

    Raises
    ------
    UntrustedWeights : a file has another checksum.
    """
    for weights in card.files:
        if weights_state(weights) is WeightsState.MISMATCH:
            trusted_weights(weights)
