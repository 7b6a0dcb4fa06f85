"""Whether a model does what its card says: checksums, shapes, and a probe in a confined process.

What was found is kept beside a model that was added, under a key of exactly its bytes, and is asked
for anew when these or the libraries change.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata

import numpy as np

from viewer.core.errors import DiptychError, OutOfMemory, UnfitModel
from viewer.enhancement.method import Float32Array
from viewer.enhancement.model_card import ModelCard, refuse_changed, spread_form
from viewer.enhancement.model_process import PROBE, SPREAD, Limits, ModelProcess
from viewer.enhancement.weights_file import trusted_weights

Maps = tuple[Float32Array, Float32Array, Float32Array]
"""What a network is given: slices, noise SD and noise frequency."""

KEPT = "verified.json"
PROBE_VERSION = 2
"""Counts up when the probe asks for more, so that models are looked at again."""
SIZES = ((1, 64, 64), (2, 48, 96))
"""Batch, rows and columns of the two probes."""
QUIET = 1e-3
AGREEMENT = 0.05
"""Most by which two forms of the same weights may differ, in noise SDs."""
USUAL_SD = {"HU": 20.0, "SUVbw": 0.2}

ZEROED = (
    "it changes pixels where the noise is said to be 0 (by up to {} noise SDs of the probe); "
    "Diptych sets these back"
)
CLIPPED = "it changes pixels by up to {} noise SDs; Diptych lets {:g} through"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found: `problem` is "" where the model passed; `notes` are worth knowing.

    `key` names the bytes of card and weights, `runtime` the libraries that it was tried with.
    """

    key: str
    runtime: str
    problem: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_passed(self) -> bool:
        """True when the model may run."""
        return not self.problem


def model_key(card: ModelCard) -> str:
    """Return the SHA-256 over the card and the checksums of its weights."""
    digest = hashlib.sha256(card.path.read_bytes())
    for one in card.files:
        digest.update(one.sha256.lower().encode())
    return digest.hexdigest()


def runtime(card: ModelCard) -> str:
    """Return the libraries that run a model, with their versions."""
    names = ("onnxruntime",) if card.tensors is None else ("onnxruntime", "torch")
    found = [f"{name} {metadata.version(name)}" for name in names]
    return ", ".join((*found, f"probe {PROBE_VERSION}"))


def kept_verification(card: ModelCard) -> Verification | None:
    """Return what was found about exactly these bytes with these libraries, None if nothing was."""
    try:
        known = json.loads((card.path.parent / KEPT).read_text(encoding="utf-8"))
        found = Verification(
            str(known["key"]),
            str(known["runtime"]),
            str(known["problem"]),
            tuple(str(note) for note in known["notes"]),
        )
        is_same = (found.key, found.runtime) == (model_key(card), runtime(card))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if is_same else None


def keep(card: ModelCard, found: Verification) -> None:
    """Keep what was found beside the model; a folder that cannot be written is left as it is."""
    path = card.path.parent / KEPT
    partial = path.with_suffix(".part")
    with suppress(OSError):
        partial.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
        partial.replace(path)


def refuse_unverified(card: ModelCard) -> None:
    """Let a model that was added run only if it passed, trying it now where that was not done.

    Raises
    ------
    UntrustedWeights, UnfitModel : it may not run; in words.
    """
    refuse_changed(card)
    found = kept_verification(card)
    if found is None:
        found = verification(card)
        keep(card, found)
    if found.problem:
        raise UnfitModel(
            f'The model "{card.method.id}" was not run: it failed its checks.',
            found.problem,
            f"Correct it, then run: diptych models verify {card.method.id}",
        )


def verification(card: ModelCard, limits: Limits = PROBE) -> Verification:
    """Check the checksums, open each form of the weights in a confined process, and try it.

    Every form gets the same noise on two sizes: its answer must have the right size and be finite,
    and all forms must agree. Takes a few seconds.
    """
    key, libraries = model_key(card), runtime(card)
    try:
        for one in card.files:
            trusted_weights(one)
        notes = _probed(card, limits)
    except OutOfMemory:
        words = f"It asks for more than {limits.memory_bytes / 1e9:.1f} GB of memory"
        return Verification(key, libraries, f"{words} for a picture of 64 x 64 pixels.")
    except DiptychError as error:
        problem = f"{error.what} {error.means}".strip()
        return Verification(key, libraries, problem)
    return Verification(key, libraries, notes=notes)


def _probed(card: ModelCard, limits: Limits) -> tuple[str, ...]:
    """Return what is worth knowing; UnfitModel and others where the model fails."""
    sd = _probe_sd(card)
    probes = _probes(card, sd)
    answers = [
        _answers(ModelProcess(card, limits, is_onnx=is_onnx), probes)
        for file, is_onnx in ((card.onnx, True), (card.tensors, False))
        if file is not None
    ]
    if len(answers) == 2:
        _refuse_different(*answers, sd=sd)
    if card.spread is not None:
        process = ModelProcess(spread_form(card), limits, output=SPREAD)
        _refuse_negative(_answers(process, probes))
    return _notes(card, answers[0], sd)


def _answers(process: ModelProcess, probes: Sequence[Maps]) -> list[Float32Array]:
    """Return what one network answers to the probes, and end its process."""
    try:
        process.open()
        return [_finite(process.run(*maps)) for maps in probes]
    finally:
        process.close()


def _refuse_negative(spreads: Sequence[Float32Array]) -> None:
    if any(float(one.min()) < 0 for one in spreads):
        raise UnfitModel("Its spread is below 0, which no standard deviation can be.")


def _probe_sd(card: ModelCard) -> float:
    """Return a noise SD that the card allows."""
    span = card.input.noise_sd
    if np.isfinite(span.low) and np.isfinite(span.high) and span.high > 0:
        return float(np.sqrt(max(span.low, span.high / 100) * span.high))
    return USUAL_SD.get(card.input.unit, 20.0)


def _probes(card: ModelCard, sd: float) -> list[Maps]:
    """Return two noisy pictures with an edge, and the first once more with no noise to remove."""
    random = np.random.default_rng(5)
    made = []
    for batch, rows, columns in SIZES:
        slices = random.normal(0, sd, (batch, 5, rows, columns))
        slices += 50.0 if card.input.unit == "HU" else 5 * sd
        slices[..., columns // 2 :] += 3 * sd
        level = np.full((batch, 1, rows, columns), sd, np.float32)
        made.append((slices.astype(np.float32), level, np.full_like(level, 0.25)))
    first = made[0]
    return [*made, (first[0], np.zeros_like(first[1]), first[2])]


def _finite(noise: Float32Array) -> Float32Array:
    if not np.isfinite(noise).all():
        raise UnfitModel("The network answers with values that are no numbers (NaN or infinite).")
    return noise


def _refuse_different(
    one: Sequence[Float32Array], other: Sequence[Float32Array], *, sd: float
) -> None:
    apart = max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True)) / sd
    if apart > AGREEMENT:
        raise UnfitModel(
            f"Its two files of weights are not the same network: they differ by {apart:.2g} "
            "noise SDs.",
            "What ran would depend on the machine.",
            "Export both from one network.",
        )


def _notes(card: ModelCard, answers: Sequence[Float32Array], sd: float) -> tuple[str, ...]:
    notes = []
    largest = max(float(np.abs(one).max()) for one in answers[:-1]) / sd
    if largest > card.bound_sd * (1 + QUIET) and card.is_added:
        notes.append(CLIPPED.format(_figure(largest), card.bound_sd))
    changed = float(np.abs(answers[-1]).max()) / sd
    if changed > QUIET:
        notes.append(ZEROED.format(_figure(changed)))
    return tuple(notes)


def _figure(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"
