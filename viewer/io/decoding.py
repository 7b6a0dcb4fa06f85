"""Compressed frames are decoded in child processes, so that no file can bring the window down.

Each child is long-lived, niced and limited in memory. It is told where a frame lies and where its
values belong, and writes them there itself: pixels never travel through a pipe. A child that dies
or takes too long costs one frame and is replaced.
"""

import json
import os
import pickle
import queue
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType

import numpy as np

from viewer.core.arrays import AnyArray
from viewer.core.confinement import ChildLost, ConfinedProcess, confine
from viewer.core.errors import (
    BadHeader,
    Cancelled,
    DamagedPixels,
    DiptychError,
    OutOfMemory,
    UnreadableFile,
    UnsupportedPixels,
)
from viewer.io.conversion import DoesNotFit, Recipe, converted
from viewer.io.pixels import FrameAddress, read_stored
from viewer.io.syntaxes import syntax_name

CHILD_BYTES = 3 << 29
"""Memory that a child may take on top of its own start, in bytes."""

PATIENCE_S = 20.0
"""Time for one frame, plus `PATIENCE_PER_MEGAPIXEL_S` for each million samples."""

PATIENCE_PER_MEGAPIXEL_S = 4.0
LONGEST_REPLY = 1 << 16
NICENESS = 5

_ERRORS = {
    cls.__name__: cls
    for cls in (UnreadableFile, BadHeader, UnsupportedPixels, DamagedPixels, OutOfMemory)
}


@dataclass(frozen=True, slots=True, eq=False)
class DecodeTask:
    """One frame to be decoded and where its values and its mask of real pixels belong.

    `block` and `mask_block` are paths of shared memory, with positions in bytes; without
    `mask_block` no mask is written.
    """

    address: FrameAddress
    recipe: Recipe
    slope: float
    intercept: float
    block: str
    position: int
    mask_block: str = ""
    mask_position: int = 0


class DecoderLost(DamagedPixels):
    """A frame ended the process that decoded it, or kept it busy for too long."""


class Decoders:
    """A pool of decoding processes, started when first needed; use from any thread."""

    def __init__(
        self,
        count: int | None = None,
        *,
        child_bytes: int = CHILD_BYTES,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Plan for `count` processes (as many as cores) without starting any."""
        self.count = count or _cores()
        self._limits = (child_bytes, patience_s)
        self._idle: queue.LifoQueue[_Child] = queue.LifoQueue()
        self._is_closed = threading.Event()
        self._children = tuple(_Child(child_bytes) for _ in range(self.count))
        for child in self._children:
            self._idle.put(child)

    def start(self) -> None:
        """Start all idle processes now, so that the first frame need not wait for them."""
        waiting: list[_Child] = []
        with suppress(queue.Empty):
            while True:
                waiting.append(self._idle.get_nowait())
        for child in waiting:
            if not self._is_closed.is_set():
                child.start()
            self._idle.put(child)

    def decode(self, task: DecodeTask) -> bool:
        """Decode one frame into the shared memory; waits for a free process.

        Returns
        -------
        True when the frame has padding and its mask was written.

        Raises
        ------
        DoesNotFit : the values do not fit the type of the volume.
        DiptychError : what is wrong with the frame; `DecoderLost` when the process died on it or
            took too long.
        Cancelled : the pool has been closed.
        """
        child = self._idle.get()
        try:
            if self._is_closed.is_set():
                raise Cancelled
            return child.decode(task, self._patience_s(task))
        except DamagedPixels:
            if self._is_closed.is_set():
                raise Cancelled from None
            raise
        finally:
            self._idle.put(child)

    def _patience_s(self, task: DecodeTask) -> float:
        layout = task.address.layout
        samples = layout.rows * layout.columns * layout.samples
        return self._limits[1] + PATIENCE_PER_MEGAPIXEL_S * samples / 1e6

    def process_ids(self) -> tuple[int, ...]:
        """Return the ids of the processes that run now."""
        return tuple(child.pid for child in self._children if child.pid is not None)

    def close(self) -> None:
        """End all processes at once; whoever waits for a frame gets `Cancelled`."""
        self._is_closed.set()
        for child in self._children:
            child.kill()
        for child in [self._idle.get() for _ in self._children]:
            child.stop()
            self._idle.put(child)

    def __enter__(self) -> "Decoders":
        """Use the pool and close it at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the pool."""
        self.close()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


class _Child(ConfinedProcess):
    """One decoding process."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(serve, limit_bytes, "diptych-decoder")

    def decode(self, task: DecodeTask, patience_s: float) -> bool:
        request = pickle.dumps(task, pickle.HIGHEST_PROTOCOL)
        try:
            return _understood(self.ask(request, patience_s, LONGEST_REPLY))
        except ChildLost as error:
            raise _given_up(task, error.how) from error


def _given_up(task: DecodeTask, how: str) -> DecoderLost:
    return DecoderLost(
        f"A frame in {syntax_name(task.address.syntax_uid)} {how}.",
        "It is left out; the file is probably damaged.",
    )


def _understood(reply: bytes) -> bool:
    """Turn a child's answer into a value or an error. It is data, never code."""
    try:
        answer = json.loads(reply)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise DecoderLost("The decoding process answered with nonsense.", "A frame is left out.")
    kind = answer.get("kind")
    if kind == "done":
        return bool(answer.get("has_padding"))
    if kind == "does not fit":
        raise DoesNotFit
    cls = _ERRORS.get(str(kind), DamagedPixels)
    raise cls(*(str(answer.get(part, "")) for part in ("what", "means", "do")))


# ------------------------------------------------------------------------------ in the child


def serve(connection: Connection, limit_bytes: int) -> None:
    """Decode frames until the other end closes; runs in the child process."""
    _settle(limit_bytes)
    while True:
        try:
            task: DecodeTask = pickle.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            connection.send_bytes(json.dumps(_answer(task)).encode())
        except OSError:
            return


def _settle(limit_bytes: int) -> None:
    """Load the codecs, then step back in priority and limit memory."""
    import imagecodecs

    for name in ("jpeg8_decode", "jpegls_decode", "jpeg2k_decode", "packbits_decode"):
        getattr(imagecodecs, name)
    confine(limit_bytes, NICENESS)


def _answer(task: DecodeTask) -> dict[str, object]:
    try:
        return {"kind": "done", "has_padding": decode_into(task)}
    except DoesNotFit:
        return {"kind": "does not fit"}
    except MemoryError:
        error: DiptychError = OutOfMemory("Decoding a frame needs more memory than is allowed.")
    except DiptychError as found:
        error = found
    except (ValueError, OSError, OverflowError, RuntimeError, TypeError) as found:
        error = DamagedPixels(f"A frame could not be decoded ({found}).")
    return {
        "kind": type(error).__name__,
        "what": error.what[:2000],
        "means": error.means[:2000],
        "do": error.do[:2000],
    }


def decode_into(task: DecodeTask) -> bool:
    """Read, decode and convert a frame, and write values and mask to their blocks."""
    frame = read_stored(task.address)
    values, mask = converted(frame, task.address.layout, task.recipe, task.slope, task.intercept)
    _write(task.block, values, task.position)
    if mask is None or not task.mask_block:
        return False
    _write(task.mask_block, mask, task.mask_position)
    return True


def _write(path: str, values: AnyArray, position: int) -> None:
    """Write an array at a position of a block; cheaper than mapping it here.

    The block is opened for each frame: a descriptor kept here would keep its memory alive.
    """
    view = np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
    file = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        while view:
            if hasattr(os, "pwrite"):
                count = os.pwrite(file, view, position)
            else:
                os.lseek(file, position, os.SEEK_SET)
                count = os.write(file, view)
            view = view[count:]
            position += count
    finally:
        os.close(file)
