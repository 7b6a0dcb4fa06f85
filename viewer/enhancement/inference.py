"""Running the network: ONNX Runtime on the CPU, torch on CUDA and Apple MPS, tiles for memory.

Measured on 2 cores of an AVX-512 server CPU with `ct-denoise-s` (0.5 M parameters, fp32), median
wall time of one 512 x 512 slice after a warm start:

====================  ========  =========
engine                1 thread  2 threads
====================  ========  =========
ONNX Runtime 1.32       166 ms     176 ms
torch channels_last     177 ms      95 ms
torch default           212 ms          -
====================  ========  =========

With one core left for the window ONNX Runtime is the fastest on such a machine; it also starts in
20 ms where importing torch takes seconds. torch is therefore imported only for CUDA and MPS.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from viewer.core.errors import OutOfMemory, WrongUsage
from viewer.enhancement.method import Float32Array
from viewer.enhancement.model_card import ModelCard, refuse_changed
from viewer.enhancement.weights_file import WeightsFile, trusted_weights

CHANNELS = 5
STRIDE = 8
SMALLEST = 32
GPU_SLAB = 8
CPU = "cpu"
ONNX_RUNTIME = "ONNX Runtime"
NO_GPU_FORM = ", as the model has no form for the GPU"


class Runner(Protocol):
    """A network on a device. Maps are float32 [batch, channel, row, column]."""

    @property
    def device(self) -> str:
        """Where it runs, in words."""
        ...

    @property
    def slab(self) -> int:
        """Slices that go best in one call."""
        ...

    def run(
        self, slices: Float32Array, noise_sd: Float32Array, frequency: Float32Array
    ) -> Float32Array:
        """Return the noise of the middle slices [batch, 1, row, column].

        Raises
        ------
        OutOfMemory : the device has no room for this batch; a smaller one may fit.
        """
        ...


def usable_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 2


def compute_threads() -> int:
    """Return how many threads may compute: every core but one, which is the window's."""
    return max(1, usable_cores() - 1)


class OnnxRunner:
    """The exported network under ONNX Runtime on the CPU; `note` is added to its device's words."""

    slab = 1

    def __init__(self, model: bytes, threads: int | None = None, note: str = "") -> None:
        import onnxruntime as ort

        count = threads or compute_threads()
        options = ort.SessionOptions()
        options.intra_op_num_threads = count
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is raised, and said once
        # Waiting threads must sleep: spinning would take the core that is left for the window.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        engine = f"{ONNX_RUNTIME} {ort.__version__}"
        self.device = f"CPU ({engine}, {count} thread{'s' * (count > 1)}{note})"

    def maps(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return the network's inputs and its outputs, each with `name`, `type` and `shape`."""
        return tuple(self._session.get_inputs()), tuple(self._session.get_outputs())

    def run(
        self, slices: Float32Array, noise_sd: Float32Array, frequency: Float32Array
    ) -> Float32Array:
        """Return the noise of the middle slices."""
        from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

        feed = {"slices": slices, "noise_sd": noise_sd, "frequency": frequency}
        try:
            return np.asarray(self._session.run(None, feed)[0], dtype=np.float32)
        except (MemoryError, RuntimeException) as error:
            if isinstance(error, MemoryError) or "allocate" in str(error).lower():
                raise _out_of_memory(self.device) from error
            raise


class TorchRunner:
    """The network under torch on "cuda", "mps" or "cpu", channels last, fp32.

    Parameters
    ----------
    tensors : safetensors of the learned part alone.
    architecture : as in the card, see `viewer.enhancement.architectures`.
    """

    def __init__(self, tensors: bytes, architecture: Mapping[str, Any], device: str) -> None:
        import torch
        from safetensors.torch import load

        from viewer.enhancement.architectures import build

        network = build(architecture)
        network.network.load_state_dict(load(tensors))
        if device == "cuda":
            # TF32 keeps ten bits of mantissa: half a HU at 1000 HU is more than noise can hide.
            torch.backends.cudnn.allow_tf32 = False
        self._torch = torch
        self._place = device
        self._network = network.eval().to(device)
        _channels_last(torch, self._network)
        self.slab = 1 if device == CPU else GPU_SLAB
        self.device = f"{_device_words(torch, device)} (torch {torch.__version__})"

    def run(
        self, slices: Float32Array, noise_sd: Float32Array, frequency: Float32Array
    ) -> Float32Array:
        """Return the noise of the middle slices."""
        torch = self._torch
        try:
            with torch.inference_mode():
                maps = [
                    torch.from_numpy(array)
                    .to(self._place)
                    .contiguous(memory_format=torch.channels_last)
                    for array in (slices, noise_sd, frequency)
                ]
                answer = self._network(*maps)
                return np.asarray(answer.float().cpu().numpy(), dtype=np.float32)
        except (MemoryError, RuntimeError) as error:
            if is_out_of_memory(error):
                self._release()
                raise _out_of_memory(self.device) from error
            raise

    def _release(self) -> None:
        """Give cached blocks back to the device, so that a smaller batch can fit."""
        torch = self._torch
        if self._place == "cuda":
            torch.cuda.empty_cache()
        elif self._place == "mps":
            torch.mps.empty_cache()


def _channels_last(torch: Any, network: Any) -> None:
    """Lay the weights out as the convolutions like them."""
    network.to(memory_format=torch.channels_last)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of a device means that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    words = str(error).lower()
    return "out of memory" in words or "can't allocate memory" in words


def _device_words(torch: Any, device: str) -> str:
    if device == "cuda":
        return f"CUDA ({torch.cuda.get_device_name(0)})"
    return "Apple GPU (MPS)" if device == "mps" else "CPU"


def _out_of_memory(device: str) -> OutOfMemory:
    return OutOfMemory(
        f"There is not enough memory on {device} to enhance one part of a slice.",
        "The series was not enhanced.",
        "Close other programs or series, or choose the CPU.",
    )


def gpu_is_likely() -> bool:
    """Return whether it is worth importing torch: a driver is there and a build that can use it."""
    try:
        build = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return False
    if sys.platform == "darwin":
        return os.uname().machine == "arm64"
    if build.endswith("+cpu"):
        return False
    if sys.platform == "win32":
        system = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32"
        return (system / "nvcuda.dll").exists()
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidia0").exists()


def best_device(probe: Callable[[], Any] | None = None) -> str:
    """Return "cuda", "mps" or "cpu".

    Parameters
    ----------
    probe : returns torch, or something with its ``cuda`` and ``backends.mps``; by default torch
        itself, imported only where a GPU is likely.
    """
    if probe is None:
        if not gpu_is_likely():
            return CPU
        import torch

        return best_device(lambda: torch)
    library = probe()
    if library.cuda.is_available():
        return "cuda"
    return "mps" if library.backends.mps.is_available() else CPU


def open_runner(card: ModelCard, device: str = "auto", threads: int | None = None) -> Runner:
    """Return the model on a device: "auto", "cuda", "mps" or "cpu".

    `threads` compute on the CPU, by default `compute_threads`.

    Raises
    ------
    UntrustedWeights : the weights are missing, or any file of the model has another checksum than
        the card states.
    WrongUsage : a device of another name.
    """
    place = best_device() if device == "auto" else device
    if place not in ("cuda", "mps", CPU):
        raise WrongUsage(f'There is no device called "{device}".', do="Use auto, cuda, mps or cpu.")
    refuse_changed(card)
    if card.onnx is not None and (place == CPU or card.tensors is None):
        note = "" if place == CPU else NO_GPU_FORM
        return OnnxRunner(trusted_weights(card.onnx), threads, note=note)
    return torch_runner(card, place)


def torch_runner(card: ModelCard, place: str) -> TorchRunner:
    """Return the model under torch on "cuda", "mps" or "cpu".

    Raises
    ------
    UntrustedWeights : its safetensors are missing, or have another checksum than the card states.
    """
    return TorchRunner(trusted_weights(card.tensors), card.architecture, place)


def weights_used(card: ModelCard, device: str) -> WeightsFile:
    """Return the form of the weights behind a runner that calls its device so."""
    forms = (card.onnx, card.tensors) if ONNX_RUNTIME in device else (card.tensors, card.onnx)
    return next(one for one in forms if one is not None)
