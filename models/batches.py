"""Pools of training patches, made by background processes, and batches drawn from them."""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import dataclass, fields, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from viewer.simulation.kernels import FloatArray

STACKS_PER_FILE = 4
MOST_WAITING = 320

Arrays = dict[str, npt.NDArray[Any]]
"""Patches by name; the first axis of every array counts them."""


class Family(Protocol):
    """A kind of training data: how patches are made, and how one becomes a sample."""

    def make(self, rng: np.random.Generator) -> Arrays:
        """Draw one person or pattern and cut patches from it."""
        ...

    def sample(self, rng: np.random.Generator, patches: Arrays, index: int) -> Batch:
        """One patch with what changes at every use, without the leading batch axis."""
        ...


def length(patches: Arrays) -> int:
    """How many patches there are."""
    return len(next(iter(patches.values()))) if patches else 0


def joined(parts: list[Arrays]) -> Arrays:
    """All patches of several sets."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def loaded(path: Path) -> Arrays:
    """Read one file of patches (no pickled objects)."""
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def saved(patches: Arrays, path: Path) -> None:
    """Write patches to one .npz file, complete or not at all."""
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **patches)  # type: ignore[arg-type]
    partial.replace(path)


def produce(
    family: Family,
    folder: Path,
    seed: int,
    worker: int,
    files: int | None = None,
    stacks: int = STACKS_PER_FILE,
) -> None:
    """Write files of patches to `folder` until `files` are there or the parent process has ended.

    File number k of a worker depends on (seed, worker, k) alone; the next number is kept in the
    folder, so that a resumed run goes on with other patches. While very many files wait, nothing
    is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"next-{worker}.txt"
    number, parent = int(place.read_text()) if place.exists() else 0, os.getppid()
    while (files is None or number < files) and os.getppid() == parent:
        if len(list(folder.glob("patches-*.npz"))) >= MOST_WAITING:
            time.sleep(2.0)
            continue
        path = folder / f"patches-{worker}-{number:05d}.npz"
        rng = np.random.default_rng([seed, worker, number])
        saved(joined([family.make(rng) for _ in range(stacks)]), path)
        number += 1
        place.write_text(str(number))


def _produce_politely(family: str, folder: Path, seed: int, worker: int) -> None:
    from families import FAMILIES

    if hasattr(os, "nice"):
        os.nice(3)
    produce(FAMILIES[family](), folder, seed, worker)


def start_producers(family: str, folder: Path, seed: int, count: int) -> list[BaseProcess]:
    """Start `count` processes that fill `folder`; they end when told to or when the parent ends.

    `family` is a key of `families.FAMILIES`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    started: list[BaseProcess] = []
    for worker in range(count):
        process = context.Process(
            target=_produce_politely, args=(family, folder, seed, worker), daemon=True
        )
        process.start()
        started.append(process)
    return started


class Pool:
    """The newest patches, at most `capacity`; the oldest make room.

    Parameters
    ----------
    folder : where producers write; a file is removed when its patches have left the pool, so that
        a resumed run finds its pool again.
    """

    def __init__(self, folder: Path, capacity: int) -> None:
        self.folder = folder
        self.capacity = capacity
        self.patches: Arrays = {}
        self.seen = 0
        self._files: list[tuple[Path, int]] = []

    def __len__(self) -> int:
        return length(self.patches)

    def refresh(self, most_files: int = 40) -> int:
        """Take in up to `most_files` waiting files; returns how many patches came."""
        known = {path for path, _ in self._files}
        waiting = [path for path in self.folder.glob("patches-*[0-9].npz") if path not in known]
        waiting.sort(key=lambda path: path.stat().st_mtime)
        parts = [self.patches] if self.patches else []
        came = 0
        for path in waiting[:most_files]:
            parts.append(loaded(path))
            self._files.append((path, length(parts[-1])))
            came += length(parts[-1])
        if came:
            whole = joined(parts)
            surplus = self._forget_oldest(length(whole))
            self.patches = {name: values[surplus:] for name, values in whole.items()}
            self.seen += came
        return came

    def _forget_oldest(self, total: int) -> int:
        """Remove whole files until the capacity is kept; returns how many patches went."""
        gone = 0
        while total - gone > self.capacity and len(self._files) > 1:
            path, count = self._files.pop(0)
            path.unlink(missing_ok=True)
            gone += count
        return gone


@dataclass(frozen=True, slots=True)
class Batch:
    """What one training step needs, float32, in the unit of the family's images.

    Attributes
    ----------
    slices : input [sample, 5, row, column].
    noise_sd, frequency : conditioning maps [sample, 1, row, column].
    noise : what is to be subtracted from the middle slice, same shape as `noise_sd`.
    true_sd : [sample, 1, 1, 1], the unit of the loss: root mean square of the local noise SD, or
        what a family without noise takes for it.
    lesion : coverage by lesions [sample, 1, row, column].
    """

    slices: FloatArray
    noise_sd: FloatArray
    frequency: FloatArray
    noise: FloatArray
    true_sd: FloatArray
    lesion: FloatArray


def draw(rng: np.random.Generator, family: Family, patches: Arrays, count: int) -> Batch:
    """`count` random patches with fresh noise, orientation, offset and conditioning."""
    chosen = rng.integers(0, length(patches), count)
    return collate([family.sample(rng, patches, int(index)) for index in chosen])


def collate(samples: list[Batch]) -> Batch:
    """One batch of several single samples."""
    return Batch(
        **{
            one.name: np.stack([getattr(part, one.name) for part in samples])
            for one in fields(Batch)
        }
    )


def turned(batch: Batch, way: int) -> Batch:
    """The sample in one of the eight orientations of a square, `way` 0 to 7."""

    def turn(values: FloatArray) -> FloatArray:
        if values.shape[-1] == 1:
            return values
        result = np.rot90(values, way % 4, axes=(-2, -1))
        return np.ascontiguousarray(result[..., ::-1] if way >= 4 else result)

    return replace(batch, **{one.name: turn(getattr(batch, one.name)) for one in fields(Batch)})


def without_far_neighbours(
    rng: np.random.Generator, slices: FloatArray, spacing_mm: float
) -> FloatArray:
    """Copies of the middle slice where the input contract of the network asks for them."""
    result, centre = slices.copy(), len(slices) // 2
    middle = slices[centre]
    if spacing_mm > 4.0 or rng.random() < 0.08:
        result[:] = middle
    elif spacing_mm > 2.5 or rng.random() < 0.08:
        result[[0, -1]] = middle
    elif rng.random() < 0.06:
        result[: int(rng.integers(1, centre + 1))] = middle
    return result if rng.random() < 0.5 else result[::-1].copy()


def conditioning_sd(
    rng: np.random.Generator, local_sd: FloatArray, true_sd: np.float32, even: float
) -> FloatArray:
    """What the estimator might say of a noise SD: wrong by up to a quarter or so.

    In a share `even` of cases it is one figure for the patch, else a map.
    """
    jitter = np.float32(np.exp(rng.uniform(np.log(0.78), np.log(1.28))))
    if rng.random() < even:
        return np.full_like(local_sd, true_sd * jitter)
    return np.asarray(local_sd * jitter, np.float32)
