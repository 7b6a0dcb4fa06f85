"""The methods that are there: filters, and models read from cards with verified weights."""

import errno
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from viewer.core.errors import BadCard, UnknownMethod, UntrustedWeights, WrongUsage
from viewer.core.provenance import RESEARCH_CAUTION, MethodKind
from viewer.enhancement.audit import StructureLine
from viewer.enhancement.card_rules import ANY_UNIT, DEFAULT_BOUND_SD, RESEARCH, read_card_file
from viewer.enhancement.filters import filter_methods
from viewer.enhancement.method import Effect, Method
from viewer.enhancement.through_plane import FACTOR, FINER_CUBIC

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
    noise follows the signal, as in PET; otherwise it is the same all over a slice.
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
    age_years_min: float = 0.0


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One form of the weights: where it is and the SHA-256 that the card states."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model as its card describes it. Texts are as written; `metrics` are (name, value) pairs.

    At least one of `tensors` (for torch) and `onnx` (for ONNX Runtime) is there. `is_added` tells
    models that the user has added from those that come along: what these answer is held within
    `bound_sd` noise SDs outside the network, and they are verified before they run.
    `structure` is the red line of the residual audit, None where it was not measured.
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
    path: Path = field(default_factory=Path)
    bound_sd: float = DEFAULT_BOUND_SD
    is_added: bool = False

    @property
    def files(self) -> tuple[WeightsFile, ...]:
        """Return every form of the weights that there is."""
        return tuple(one for one in (self.tensors, self.onnx) if one is not None)


class WeightsState(Enum):
    """Whether a model's weights are what its card says."""

    VERIFIED = "verified"
    MISSING = "missing"
    MISMATCH = "checksum mismatch"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every method by id. `problems` names model folders whose card cannot be used, and why.

    Comparators are listed and can be named only where `is_research` is on.
    """

    cards: tuple[ModelCard, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    is_research: bool = False

    def methods(self) -> tuple[Method, ...]:
        """Return every method, models first, then filters; comparators in research mode only."""
        shown = (
            card.method for card in self.cards if self.is_research or not card.method.is_research
        )
        return (*shown, *filter_methods(), FINER_CUBIC)

    def method(self, method_id: str) -> Method:
        """Return the method of this id.

        Raises
        ------
        UnknownMethod : none has this name; the words list those that there are.
        WrongUsage : it is a research comparator, and research mode is off.
        """
        for method in self.methods():
            if method.id == method_id:
                return method
        if self.card(method_id) is not None:
            raise WrongUsage(
                f'"{method_id}" is a research comparator, and research mode is off.',
                "Comparators are there to be compared with, not to be read from.",
                "Add --research, or turn on Research in the preferences under Enhancement.",
            )
        reasons = [reason for name, reason in self.problems if name == method_id]
        raise UnknownMethod(
            f'There is no enhancement method called "{method_id}".',
            reasons[0] if reasons else "",
            f"There are: {', '.join(method.id for method in self.methods())}.",
        )

    def card(self, method_id: str) -> ModelCard | None:
        """Return the card of a model, None for a filter."""
        return next((card for card in self.cards if card.method.id == method_id), None)

    def is_taken(self, method_id: str) -> bool:
        """True where a model, usable or not, or a filter has this id."""
        named = {card.method.id for card in self.cards} | {name for name, _ in self.problems}
        return method_id in named | {method.id for method in filter_methods()}


def read_catalogue(
    models: Path, own: Path | None = None, *, is_research: bool = False
) -> Catalogue:
    """Read every ``<id>/card.toml`` in a folder; a missing folder gives filters only.

    `own` holds the models that the user has added. One whose id is taken by a shipped model or a
    filter is a problem and is not used: nothing that came along can be replaced.
    """
    shipped = Catalogue(*_cards(models, is_added=False))
    cards, problems = _cards(own, is_added=True) if own is not None else ((), ())
    kept: list[ModelCard] = []
    for card in cards:
        name, folder = card.method.id, card.path.parent.name
        if shipped.is_taken(name):
            words = f'Another method is called "{name}" already; choose another id.'
            problems += ((folder, words),)
        elif name != folder:
            words = f'Its card says that it is called "{name}"; name the folder so.'
            problems += ((folder, words),)
        else:
            kept.append(card)
    return Catalogue((*shipped.cards, *kept), (*shipped.problems, *problems), is_research)


def _cards(
    folder: Path, *, is_added: bool
) -> tuple[tuple[ModelCard, ...], tuple[tuple[str, str], ...]]:
    """Return the cards in a folder, and what is wrong with those that cannot be used."""
    cards: list[ModelCard] = []
    problems: list[tuple[str, str]] = []
    for path in sorted(folder.glob(f"*/{CARD}")):
        if path.parent.name.startswith("."):  # a folder that is being made
            continue
        try:
            cards.append(read_card(path, is_added=is_added))
        except BadCard as error:
            problems.append((path.parent.name, str(error)))
    return tuple(cards), tuple(problems)


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
        input=_input_range(card["input"]),
        architecture=dict(card.get("architecture", {})),
        is_synthetic_data=str(card.get("synthetic_data", "NO")).upper() == "YES",
        limits=_texts(card.get("limits", ())),
        cautions=(*research, *added, *_texts(card.get("cautions", ()))),
        training=_pairs(card.get("training", {})),
        metrics=_pairs(card.get("metrics", {})),
        structure=_structure_line(card["audit"]) if "audit" in card else None,
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


def _structure_line(table: Mapping[str, Any]) -> StructureLine:
    return StructureLine(float(table["structure_p95"]), int(table["scenes"]), str(table["command"]))


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


_RESTORE = "Install Diptych again, or restore the folder of the model."
LARGEST_FILE = 1 << 30


def _content(path: Path) -> bytes:
    """Return what a file holds; OSError where it is none, or is larger than 1 GB."""
    if not path.is_file() or path.stat().st_size > LARGEST_FILE:
        raise FileNotFoundError(errno.ENOENT, "no file of at most 1 GB", str(path))
    return path.read_bytes()


def weights_state(weights: WeightsFile) -> WeightsState:
    """Return whether a weights file is there and has the checksum that its card states."""
    try:
        content = _content(weights.path)
    except OSError:
        return WeightsState.MISSING
    matches = hashlib.sha256(content).hexdigest() == weights.sha256.lower()
    return WeightsState.VERIFIED if matches else WeightsState.MISMATCH


def trusted_weights(weights: WeightsFile | None) -> bytes:
    """Return the content of a weights file once its SHA-256 has been checked.

    The bytes that were checked are the bytes that are used: the file is not read twice.

    Raises
    ------
    UntrustedWeights : it is missing, or its checksum is another; None: the card names none.
    """
    if weights is None:
        raise UntrustedWeights("The model has no weights of the form that is needed here.")
    try:
        content = _content(weights.path)
    except OSError as error:
        raise UntrustedWeights(
            f"The weights {weights.path.name} of {weights.path.parent.name} cannot be read.",
            "The model was not run.",
            _RESTORE,
        ) from error
    if hashlib.sha256(content).hexdigest() != weights.sha256.lower():
        raise UntrustedWeights(
            f"The weights {weights.path.name} of {weights.path.parent.name} are not those that "
            "its card names: the checksum differs.",
            "They were changed or damaged, and the model was not run.",
            _RESTORE,
        )
    return content


def refuse_changed(card: ModelCard) -> None:
    """Refuse a model of which any file is not the one that its card names, used or not.

    Raises
    ------
    UntrustedWeights : a file has another checksum.
    """
    for weights in card.files:
        if weights_state(weights) is WeightsState.MISMATCH:
            trusted_weights(weights)
