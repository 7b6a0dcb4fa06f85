"""The methods that are there: filters, and models read from cards with verified weights."""

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from viewer.core.errors import UnknownMethod, UntrustedWeights
from viewer.core.provenance import MethodKind
from viewer.enhancement.audit import StructureLine
from viewer.enhancement.filters import filter_methods
from viewer.enhancement.method import Effect, Method

CARD = "card.toml"


@dataclass(frozen=True, slots=True)
class Span:
    """Inclusive range of a figure; a missing end is infinite."""

    low: float = -math.inf
    high: float = math.inf

    def has(self, value: float) -> bool:
        """True when the value lies inside."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class InputRange:
    """What a model was made for; the gates compare a series with it.

    Lengths in mm, noise SD in `unit`, noise frequency in cycles per mm, tube voltage in kV.
    """

    modality: str = ""
    unit: str = ""
    spacing_mm: Span = Span()
    slice_thickness_mm: Span = Span()
    noise_sd: Span = Span()
    kvp: Span = Span()
    noise_frequency_per_mm: Span = Span()
    age_years_min: float = 0.0


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One form of the weights: where it is and the SHA-256 that the card states."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model as its card describes it. Texts are as written; `metrics` are (name, value) pairs.

    `structure` is the red line of the residual audit, None where it was not measured.
    """

    method: Method
    status: str
    tensors: WeightsFile
    onnx: WeightsFile
    input: InputRange
    is_synthetic_data: bool
    limits: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    training: tuple[tuple[str, str], ...] = ()
    metrics: tuple[tuple[str, str], ...] = ()
    structure: StructureLine | None = None


class WeightsState(Enum):
    """Whether a model's weights are what its card says."""

    VERIFIED = "verified"
    MISSING = "missing"
    MISMATCH = "checksum mismatch"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every method by id. `problems` names model folders whose card cannot be used, and why."""

    cards: tuple[ModelCard, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()

    def methods(self) -> tuple[Method, ...]:
        """Return every method, models first, then filters."""
        return (*(card.method for card in self.cards), *filter_methods())

    def method(self, method_id: str) -> Method:
        """Return the method of this id.

        Raises
        ------
        UnknownMethod : none has this name; the words list those that there are.
        """
        for method in self.methods():
            if method.id == method_id:
                return method
        reasons = [reason for name, reason in self.problems if name == method_id]
        raise UnknownMethod(
            f'There is no enhancement method called "{method_id}".',
            reasons[0] if reasons else "",
            f"There are: {', '.join(method.id for method in self.methods())}.",
        )

    def card(self, method_id: str) -> ModelCard | None:
        """Return the card of a model, None for a filter."""
        return next((card for card in self.cards if card.method.id == method_id), None)


def read_catalogue(models: Path) -> Catalogue:
    """Read every ``<id>/card.toml`` in a folder; a missing folder gives filters only."""
    cards: list[ModelCard] = []
    problems: list[tuple[str, str]] = []
    for path in sorted(models.glob(f"*/{CARD}")):
        try:
            cards.append(read_card(path))
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            problems.append((path.parent.name, f"Its card cannot be used: {_reason(error)}."))
    return Catalogue(tuple(cards), tuple(problems))


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")


def read_card(path: Path) -> ModelCard:
    """Read one model card.

    Raises
    ------
    KeyError, TypeError, ValueError, tomllib.TOMLDecodeError : entries missing or of another kind.
    """
    card = tomllib.loads(path.read_text(encoding="utf-8"))
    weights = card["weights"]
    if card["kind"] != "cnn":
        raise ValueError(f'kind "{card["kind"]}" is not known')
    tensors = WeightsFile(path.parent / str(weights["file"]), str(weights["sha256"]))
    method = Method(
        id=str(card["id"]),
        name=str(card["name"]),
        version=str(card["version"]),
        kind=MethodKind.AI,
        effect=Effect.NOISE_CUT if card["operation"] == "denoise" else Effect.BLEND,
        operation=str(card["operation"]),
        purpose=str(card.get("purpose", "")),
        weights_sha256=tensors.sha256,
    )
    return ModelCard(
        method=method,
        status=str(card["status"]),
        tensors=tensors,
        onnx=WeightsFile(path.parent / str(weights["onnx"]), str(weights["onnx_sha256"])),
        input=_input_range(card["input"]),
        is_synthetic_data=str(card.get("synthetic_data", "NO")).upper() == "YES",
        limits=_texts(card.get("limits", ())),
        cautions=_texts(card.get("cautions", ())),
        training=_pairs(card.get("training", {})),
        metrics=_pairs(card.get("metrics", {})),
        structure=_structure_line(card["audit"]) if "audit" in card else None,
    )


def _structure_line(table: Mapping[str, Any]) -> StructureLine:
    p95 = float(table["structure_p95"])
    if not -1.0 <= p95 <= 1.0:
        raise ValueError(f"the red line of the audit is {p95:g}: a correlation is from -1 to 1")
    return StructureLine(p95, int(table["scenes"]), str(table["command"]))


def _input_range(table: Mapping[str, Any]) -> InputRange:
    return InputRange(
        modality=str(table["modality"]),
        unit=str(table["unit"]),
        spacing_mm=_span(table, "spacing_mm"),
        slice_thickness_mm=_span(table, "slice_thickness_mm"),
        noise_sd=_span(table, "noise_sd"),
        kvp=_span(table, "kvp"),
        noise_frequency_per_mm=_span(table, "nps_mean_frequency_per_mm"),
        age_years_min=float(table.get("age_years_min", 0.0)),
    )


def _span(table: Mapping[str, Any], name: str) -> Span:
    if name not in table:
        return Span()
    low, high = (float(end) for end in table[name])
    if low > high:
        raise ValueError(f"{name} runs from {low:g} down to {high:g}")
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


def weights_state(weights: WeightsFile) -> WeightsState:
    """Return whether a weights file is there and has the checksum that its card states."""
    try:
        content = weights.path.read_bytes()
    except OSError:
        return WeightsState.MISSING
    matches = hashlib.sha256(content).hexdigest() == weights.sha256.lower()
    return WeightsState.VERIFIED if matches else WeightsState.MISMATCH


def trusted_weights(weights: WeightsFile) -> bytes:
    """Return the content of a weights file once its SHA-256 has been checked.

    The bytes that were checked are the bytes that are used: the file is not read twice.

    Raises
    ------
    UntrustedWeights : it is missing, or its checksum is another.
    """
    try:
        content = weights.path.read_bytes()
    except OSError as error:
        raise UntrustedWeights(
            f"The weights {weights.path.name} of {weights.path.parent.name} cannot be read.",
            "The model was not run.",
            "Install Diptych again, or restore the models folder.",
        ) from error
    if hashlib.sha256(content).hexdigest() != weights.sha256.lower():
        raise UntrustedWeights(
            f"The weights {weights.path.name} of {weights.path.parent.name} are not those that "
            "its card names: the checksum differs.",
            "They were changed or damaged, and the model was not run.",
            "Install Diptych again, or restore the models folder.",
        )
    return content


def refuse_changed(card: ModelCard) -> None:
    """Refuse a model of which any file is not the one that its card names, used or not.

    Raises
    ------
    UntrustedWeights : a file has another checksum.
    """
    for weights in (card.tensors, card.onnx):
        if weights_state(weights) is WeightsState.MISMATCH:
            trusted_weights(weights)
