"""Models that the user has added: verified before they run, confined, and held within bounds."""

from collections.abc import Callable

import numpy as np

from viewer.core.errors import UnfitModel
from viewer.enhancement.inference import CPU, NO_GPU_FORM, Runner, best_device, open_runner
from viewer.enhancement.method import Float32Array
from viewer.enhancement.model_card import ModelCard, spread_form
from viewer.enhancement.model_process import SPREAD, ModelProcess
from viewer.enhancement.tiles import PatientRunner
from viewer.enhancement.verifying import refuse_unverified

LARGEST_SPREAD = 1e30
"""More is no standard deviation of any pixels, and a card's factor could make it infinite."""


class CheckedRunner:
    """A runner whose answers are checked outside the network.

    Parameters
    ----------
    checked : from the network's answer and the noise SD that it was told to what is let through.
    """

    def __init__(
        self, runner: Runner, checked: Callable[[Float32Array, Float32Array], Float32Array]
    ) -> None:
        self._runner = runner
        self._checked = checked

    @property
    def device(self) -> str:
        """Where it runs, in words."""
        return self._runner.device

    @property
    def slab(self) -> int:
        """Slices that go best in one call."""
        return self._runner.slab

    def run(
        self, slices: Float32Array, noise_sd: Float32Array, frequency: Float32Array
    ) -> Float32Array:
        """Return the checked answer for the middle slices.

        Raises
        ------
        UnfitModel : the answer has another size, or values that cannot be.
        """
        return self._checked(self._runner.run(slices, noise_sd, frequency), noise_sd)


def bounded(runner: Runner, bound_sd: float, model_id: str) -> CheckedRunner:
    """Return a runner that lets through at most `bound_sd` noise SDs.

    What comes along has this bound inside its network; of a model that was added nobody knows, so
    it is applied to what the model answers. Where the noise SD is 0 (outside the body) the answer
    is 0; padding is set to 0 by whoever asks.
    """

    def checked(noise: Float32Array, noise_sd: Float32Array) -> Float32Array:
        if not _is_usable(noise, noise_sd):
            raise _unusable(f'model "{model_id}"')
        limit = np.float32(bound_sd) * noise_sd
        return np.asarray(np.clip(noise, -limit, limit), dtype=np.float32)

    return CheckedRunner(runner, checked)


def standard_deviations(runner: Runner, model_id: str) -> CheckedRunner:
    """Return a runner of a spread, whose answer must be of its size, 0 and above.

    It is not held within a bound: an interval cut short would hold less than is said of it.
    """

    def checked(spread: Float32Array, noise_sd: Float32Array) -> Float32Array:
        is_usable = _is_usable(spread, noise_sd)
        if not is_usable or not ((spread >= 0) & (spread <= LARGEST_SPREAD)).all():
            raise _unusable(f'spread of the model "{model_id}"')
        return spread

    return CheckedRunner(runner, checked)


def open_added(card: ModelCard, device: str = "auto") -> PatientRunner:
    """Return an added model on a device, once it is verified.

    On the CPU it runs in a process of its own. On a GPU only weights of a registered network run,
    whose code is Diptych's own; an ONNX file runs on the CPU and says so.

    Raises
    ------
    UntrustedWeights, UnfitModel : it may not run; in words.
    """
    refuse_unverified(card)
    place = best_device() if device == "auto" else device
    is_on_gpu = place != CPU and card.tensors is not None
    note = NO_GPU_FORM if place != CPU and not is_on_gpu else ""
    process = ModelProcess(card, is_onnx=card.onnx is not None, note=note)
    if not is_on_gpu:
        return PatientRunner(_bounded(card, process), interrupt=process.interrupt)
    first = _bounded(card, open_runner(card, place))
    return PatientRunner(first, lambda: _bounded(card, process), process.interrupt)


def open_added_spread(card: ModelCard) -> PatientRunner:
    """Return the network of an added model's spread in a process of its own, once it is verified.

    Raises
    ------
    UntrustedWeights, UnfitModel : it may not run, or there is none; in words.
    """
    refuse_unverified(card)
    process = ModelProcess(spread_form(card), output=SPREAD)
    return PatientRunner(standard_deviations(process, card.method.id), interrupt=process.interrupt)


def _is_usable(answer: Float32Array, asked: Float32Array) -> bool:
    return answer.shape == asked.shape and bool(np.isfinite(answer).all())


def _unusable(what: str) -> UnfitModel:
    return UnfitModel(
        f"The {what} answered with values that cannot be used.",
        "It was stopped, and nothing was changed.",
        "Use another method, or ask whoever made the model.",
    )


def _bounded(card: ModelCard, runner: Runner) -> Runner:
    return bounded(runner, card.bound_sd, card.method.id)
