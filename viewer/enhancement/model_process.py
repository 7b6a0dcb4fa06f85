"""A model in a process of its own, with limits: whatever it does, the window lives.

Models that were added are probed and run here. The child checks an ONNX file before opening it,
opens exactly the bytes that the card names, and answers with numbers and words, never with code.

Measured on 2 busy cores: starting it and opening `ct-denoise-s` takes 1.1 s once, and a slice of
512 x 512 takes 0.28 s where it takes 0.26 s inside the program.
"""

import json
import os
import pickle
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from viewer.core.confinement import ChildLost, ConfinedProcess, confine
from viewer.core.errors import DiptychError, OutOfMemory, UnfitModel, UntrustedWeights
from viewer.enhancement.inference import CHANNELS, CPU, OnnxRunner, Runner, torch_runner
from viewer.enhancement.method import Float32Array
from viewer.enhancement.model_card import ModelCard
from viewer.enhancement.onnx_file import refuse_foreign
from viewer.enhancement.weights_file import trusted_weights

NICENESS = 10
HEAD = 1 << 16
"""Most bytes of the words of an answer."""
LONGEST_WORDS = 2000
"""Most letters of each sentence of an error."""

INPUTS: Mapping[str, int] = {"slices": CHANNELS, "noise_sd": 1, "frequency": 1}
"""Each input with its channels."""
NOISE, SPREAD = "noise", "spread"
"""Names of the output of a model, and of the network of its spread."""
_ERRORS = {cls.__name__: cls for cls in (UnfitModel, UntrustedWeights, OutOfMemory)}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model may take: memory on top of its libraries, and time.

    A call on maps of n pixels in all (batch x rows x columns) may take `patience_s` plus
    `patience_per_megapixel_s` x n / 1e6; opening it `patience_s`.
    """

    memory_bytes: int = 3 << 30
    patience_s: float = 60.0
    patience_per_megapixel_s: float = 120.0


PROBE = Limits(patience_s=20.0)
RUN = Limits()


class ModelProcess:
    """A runner whose network lives in a process of its own, started when first needed.

    Parameters
    ----------
    is_onnx : which form of the weights to open on the CPU: ONNX, or torch's.
    output : the name that an ONNX network's output must have.
    note : added to the words of the device, which are known once the model is open.
    """

    slab = 1

    def __init__(
        self,
        card: ModelCard,
        limits: Limits = RUN,
        *,
        is_onnx: bool = True,
        note: str = "",
        output: str = NOISE,
    ) -> None:
        self._card = card
        self._limits = limits
        self._is_onnx = is_onnx
        self._output = output
        self._child = ConfinedProcess(serve, limits.memory_bytes, "diptych-model")
        self._opened: int | None = None
        self._is_busy = False
        self._one_at_a_time = threading.Lock()
        self._note = note
        self.device = "CPU"

    def open(self) -> None:
        """Start the process and open the model there, unless that is done.

        Raises
        ------
        UntrustedWeights, UnfitModel, OutOfMemory : it cannot be opened; in words.
        """
        if self._opened is not None and self._child.pid == self._opened:
            return
        request = ("open", self._card, self._is_onnx, self._output)
        answer = self._answer(request, self._limits.patience_s, HEAD)
        self.device = f"{str(answer.get('device', 'CPU'))[:200]} in a process of its own"
        self.device += self._note
        self._opened = self._child.pid

    def run(
        self, slices: Float32Array, noise_sd: Float32Array, frequency: Float32Array
    ) -> Float32Array:
        """Return the noise of the middle slices, float32 [batch, 1, row, column].

        Several threads may call it; the process answers one after the other.

        Raises
        ------
        UnfitModel : the model ended, hung, or answered with something else.
        OutOfMemory : it asked for more memory than the limit.
        """
        size = noise_sd.size
        patience_s = self._limits.patience_s + self._limits.patience_per_megapixel_s * size / 1e6
        request = ("run", slices, noise_sd, frequency)
        with self._one_at_a_time:
            self.open()
            answer = self._answer(request, patience_s, HEAD + 4 * size)
        if len(answer["payload"]) != 4 * size:
            raise self._unfit("answered with too few or too many numbers")
        return np.frombuffer(answer["payload"], np.float32).reshape(noise_sd.shape)

    def interrupt(self) -> None:
        """End a call that runs, from another thread; the next call starts afresh."""
        if self._is_busy:
            self._child.kill()

    def close(self) -> None:
        """End the process."""
        self._child.stop()

    def _answer(self, request: tuple[object, ...], patience_s: float, longest: int) -> Any:
        self._is_busy = True
        try:
            reply = self._child.ask(pickle.dumps(request, 5), patience_s, longest)
        except ChildLost as error:
            raise self._unfit(error.how) from error
        finally:
            self._is_busy = False
        head, _, payload = reply.partition(b"\n")
        try:
            answer = json.loads(head)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise self._unfit("answered with nonsense")
        if answer.get("kind") != "done":
            cls = _ERRORS.get(str(answer.get("kind")), UnfitModel)
            words = (str(answer.get(part, "")) for part in ("what", "means", "do"))
            raise cls(*(one[:LONGEST_WORDS] for one in words))
        return {**answer, "payload": payload}

    def _unfit(self, how: str) -> UnfitModel:
        return UnfitModel(
            f'The model "{self._card.method.id}" {how} and was stopped.',
            "Nothing was changed.",
            "Use another method, or ask whoever made the model.",
        )


# ------------------------------------------------------------------------------ in the child


def serve(connection: Connection, limit_bytes: int) -> None:
    """Open and run one model until the other end closes; runs in the child process.

    What libraries write to the terminal is dropped: whatever matters is in the answer.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    runner: Runner | None = None
    while True:
        try:
            request = pickle.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        payload = b""
        try:
            if request[0] == "open":
                runner = _opened(limit_bytes, *request[1:])
                answer: dict[str, object] = {"kind": "done", "device": runner.device}
            elif runner is not None:
                payload = _run(runner, *request[1:])
                answer = {"kind": "done"}
        except DiptychError as error:
            answer = _words(error)
        try:
            connection.send_bytes(json.dumps(answer).encode() + b"\n" + payload)
        except OSError:
            return


def _words(error: DiptychError) -> dict[str, object]:
    parts = {"what": error.what, "means": error.means, "do": error.do}
    return {
        "kind": type(error).__name__,
        **{name: text[:LONGEST_WORDS] for name, text in parts.items()},
    }


def _opened(limit_bytes: int, card: ModelCard, is_onnx: bool, output: str) -> Runner:
    """Load the libraries, take the limits upon this process, and open the model."""
    if is_onnx:
        import onnxruntime  # noqa: F401
    else:
        import torch  # noqa: F401
    confine(limit_bytes, NICENESS)
    try:
        if not is_onnx:
            refuse_no_tensors(trusted_weights(card.tensors))
            return torch_runner(card, CPU)
        refuse_foreign(trusted_weights(card.onnx))
        runner = OnnxRunner(trusted_weights(card.onnx))
        _refuse_other_maps(runner, output)
        return runner
    except _failures() as error:
        raise _failed(error, "could not be opened") from error


def refuse_no_tensors(content: bytes) -> None:
    """Refuse what is no safetensors file; a pickle, which is code, above all.

    Raises
    ------
    UnfitModel : it is none.
    """
    if content[:2] == b"PK" or content[:1] == b"\x80":
        raise UnfitModel(
            "The weights are a Python pickle under another name.",
            "A pickle can run code of its own, so none is ever loaded.",
            "Save the weights as safetensors.",
        )
    length = int.from_bytes(content[:8], "little")
    if len(content) < 10 or length > len(content) - 8 or content[8:9] != b"{":
        raise UnfitModel("The weights are not a safetensors file.")


def _refuse_other_maps(runner: OnnxRunner, output: str) -> None:
    """Refuse a network whose inputs and output are not those of the contract."""
    found, answers = runner.maps()
    if {one.name for one in found} != set(INPUTS) or [one.name for one in answers] != [output]:
        names = ", ".join(str(one.name)[:40] for one in found[:8])
        gives = ", ".join(str(one.name)[:40] for one in answers[:8])
        raise UnfitModel(
            f"The network takes {names} and gives {gives}.",
            f"It must take {', '.join(INPUTS)} and give {output}.",
            "Export it with these names; models/README.md describes them.",
        )
    for one in (*found, *answers):
        channels = INPUTS.get(one.name, 1)
        shape = list(one.shape)
        is_free = len(shape) == 4 and not any(isinstance(shape[axis], int) for axis in (0, 2, 3))
        is_right = is_free and (not isinstance(shape[1], int) or shape[1] == channels)
        if one.type != "tensor(float)" or not is_right:
            raise UnfitModel(
                f"The network's {one.name} is {one.type} {shape}.",
                f"It must be float32 [batch, {channels}, row, column] with batch, row and column "
                "free.",
                "Export it with dynamic axes; models/README.md describes them.",
            )


def _run(
    runner: Runner, slices: Float32Array, noise_sd: Float32Array, frequency: Float32Array
) -> bytes:
    try:
        noise = runner.run(slices, noise_sd, frequency)
    except _failures() as error:
        raise _failed(error, "failed while it ran") from error
    if noise.shape != noise_sd.shape:
        raise UnfitModel(
            f"The network gives {list(noise.shape)} where {list(noise_sd.shape)} is needed.",
            "Its answer must have one channel and the size of its input.",
        )
    return np.ascontiguousarray(noise, np.float32).tobytes()


def _failures() -> tuple[type[BaseException], ...]:
    """Return what the libraries raise; ONNX Runtime's errors share no class but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state
    from safetensors import SafetensorError

    own = [one for one in vars(state).values() if isinstance(one, type)]
    raised = tuple(one for one in own if issubclass(one, Exception))
    return (
        *raised,
        SafetensorError,
        MemoryError,
        ValueError,
        RuntimeError,
        KeyError,
        TypeError,
        OSError,
    )


def _failed(error: BaseException, how: str) -> DiptychError:
    """Return in words why a network failed."""
    words = " ".join(str(error).split())
    is_memory = isinstance(error, MemoryError) or any(
        hint in words.lower() for hint in ("bad alloc", "bad_alloc", "allocate memory", "allocate")
    )
    if is_memory:
        return OutOfMemory("The model asks for more memory than it is allowed.")
    return UnfitModel(f"The model {how}: {words[:300].rstrip('.')}.")
