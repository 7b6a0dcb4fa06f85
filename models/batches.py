"""Pools of training patches, made by background processes, and batches drawn from them."""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import dataclass, fields, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

from viewer.simulation.kernels import FloatArray, Kernel
from viewer.simulation.noise import NoiseCharacter, unit_noise
from viewer.simulation.patches import (
    FIXED_POINT,
    PATCH,
    SLICES,
    STACK,
    VIEWS,
    PatchSet,
    make_patches,
)
from viewer.simulation.projection import ParallelBeam

PROJECTED_SHARE = 0.4
STACKS_PER_FILE = 4
MOST_WAITING = 320
MIDDLE = SLICES // 2
MARGIN = 16


def produce(
    folder: Path, seed: int, worker: int, files: int | None = None, stacks: int = STACKS_PER_FILE
) -> None:
    """Write files of patches to `folder` until `files` are there or the parent process has ended.

    File number k of a worker depends on (seed, worker, k) alone; the next number is kept in the
    folder, so that a resumed run goes on with other patches. While very many files wait, nothing
    is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    beam = ParallelBeam.build(STACK, VIEWS)
    place = folder / f"next-{worker}.txt"
    number, parent = int(place.read_text()) if place.exists() else 0, os.getppid()
    while (files is None or number < files) and os.getppid() == parent:
        if len(list(folder.glob("patches-*.npz"))) >= MOST_WAITING:
            time.sleep(2.0)
            continue
        path = folder / f"patches-{worker}-{number:05d}.npz"
        rng = np.random.default_rng([seed, worker, number])
        parts = [
            make_patches(rng, beam if rng.random() < PROJECTED_SHARE else None)
            for _ in range(stacks)
        ]
        PatchSet.joined(parts).save(path)
        number += 1
        place.write_text(str(number))


def _produce_politely(folder: Path, seed: int, worker: int) -> None:
    if hasattr(os, "nice"):
        os.nice(3)
    produce(folder, seed, worker)


def start_producers(folder: Path, seed: int, count: int) -> list[BaseProcess]:
    """Start `count` processes that fill `folder`; they end when told to or when the parent ends."""
    folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    started: list[BaseProcess] = []
    for worker in range(count):
        process = context.Process(
            target=_produce_politely, args=(folder, seed, worker), daemon=True
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
        self.patches: PatchSet | None = None
        self.seen = 0
        self._files: list[tuple[Path, int]] = []

    def __len__(self) -> int:
        return 0 if self.patches is None else len(self.patches)

    def refresh(self, most_files: int = 40) -> int:
        """Take in up to `most_files` waiting files; returns how many patches came."""
        known = {path for path, _ in self._files}
        waiting = [path for path in self.folder.glob("patches-*[0-9].npz") if path not in known]
        waiting.sort(key=lambda path: path.stat().st_mtime)
        parts = [] if self.patches is None else [self.patches]
        came = 0
        for path in waiting[:most_files]:
            parts.append(PatchSet.load(path))
            self._files.append((path, len(parts[-1])))
            came += len(parts[-1])
        if came:
            joined = PatchSet.joined(parts)
            surplus = self._forget_oldest(len(joined))
            self.patches = PatchSet(
                **{one.name: getattr(joined, one.name)[surplus:] for one in fields(joined)}
            )
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
    """What one training step needs, float32.

    Attributes
    ----------
    slices : noisy input HU [sample, 5, row, column].
    noise_sd, frequency : conditioning maps [sample, 1, row, column].
    noise : true noise of the middle slice, HU, same shape as `noise_sd`.
    true_sd : root mean square of the local noise SD, HU [sample, 1, 1, 1]; the unit of the loss.
    lesion : coverage by lesions [sample, 1, row, column].
    """

    slices: FloatArray
    noise_sd: FloatArray
    frequency: FloatArray
    noise: FloatArray
    true_sd: FloatArray
    lesion: FloatArray


def draw(rng: np.random.Generator, patches: PatchSet, count: int) -> Batch:
    """`count` random patches with fresh noise, orientation, offset and conditioning."""
    chosen = rng.integers(0, len(patches), count)
    return collate([sample(rng, patches, int(index)) for index in chosen])


def collate(samples: list[Batch]) -> Batch:
    """One batch of several single samples."""
    return Batch(
        **{
            one.name: np.stack([getattr(part, one.name) for part in samples])
            for one in fields(Batch)
        }
    )


def sample(rng: np.random.Generator, patches: PatchSet, index: int) -> Batch:
    """One patch with noise, without the leading batch axis."""
    clean = patches.clean[index].astype(np.float32) / np.float32(FIXED_POINT)
    relative = patches.sd[index].astype(np.float32)
    if patches.projected[index]:
        scale = np.float32(np.exp(rng.uniform(np.log(0.6), np.log(1.5))))
        noise = patches.noise[index].astype(np.float32) * scale
        local_sd = relative * scale
    else:
        local_sd = relative * np.float32(np.exp(rng.uniform(np.log(3.5), np.log(80.0))))
        noise = _fast_noise(rng, patches, index) * local_sd
    true_sd = np.float32(np.sqrt(np.mean(local_sd**2)))
    if rng.random() < 0.08:
        noise = noise * np.float32(max(rng.uniform(-0.2, 0.4), 0.0))
    stacked = np.round(clean + noise + np.float32(rng.uniform(-60.0, 60.0)))
    noise_map = _conditioning_sd(rng, local_sd, true_sd)
    frequency = patches.frequency[index] * _frequency_error(rng)
    ready = Batch(
        slices=_without_far_neighbours(rng, stacked, float(patches.spacing_mm[index])),
        noise_sd=noise_map[None],
        frequency=np.full((1, PATCH, PATCH), frequency, np.float32),
        noise=noise[MIDDLE : MIDDLE + 1],
        true_sd=np.maximum(true_sd, np.float32(1.0)).reshape(1, 1, 1),
        lesion=patches.lesion[index].astype(np.float32)[None] / np.float32(255.0),
    )
    return _turned(ready, int(rng.integers(8)))


def _fast_noise(rng: np.random.Generator, patches: PatchSet, index: int) -> FloatArray:
    half, boost, order = (float(value) for value in patches.kernel[index])
    character = NoiseCharacter(
        Kernel(half, boost, order),
        1.0,
        float(rng.uniform(0.0, 0.35)),
        float(rng.uniform(0.0, np.pi)),
        float(patches.correlation[index]),
    )
    size = PATCH + MARGIN
    return unit_noise(rng, (SLICES, size, size), character)[:, :PATCH, :PATCH]


def _frequency_error(rng: np.random.Generator) -> np.float32:
    """Mostly within 8 %; at times much too low, as when tissue texture is taken for noise."""
    low, high = (0.92, 1.08) if rng.random() < 0.7 else (0.55, 1.12)
    return np.float32(rng.uniform(low, high))


def _conditioning_sd(
    rng: np.random.Generator, local_sd: FloatArray, true_sd: np.float32
) -> FloatArray:
    """What the estimator might say: one figure or a map, wrong by up to a quarter or so."""
    jitter = np.float32(np.exp(rng.uniform(np.log(0.78), np.log(1.28))))
    if rng.random() < 0.6:
        return np.full_like(local_sd, true_sd * jitter)
    return local_sd * jitter


def _without_far_neighbours(
    rng: np.random.Generator, slices: FloatArray, spacing_mm: float
) -> FloatArray:
    """Copies of the middle slice where the input contract of the network asks for them."""
    result = slices.copy()
    middle = slices[MIDDLE]
    if spacing_mm > 4.0 or rng.random() < 0.08:
        result[:] = middle
    elif spacing_mm > 2.5 or rng.random() < 0.08:
        result[[0, -1]] = middle
    elif rng.random() < 0.06:
        result[: int(rng.integers(1, MIDDLE + 1))] = middle
    return result if rng.random() < 0.5 else result[::-1].copy()


def _turned(batch: Batch, way: int) -> Batch:
    def turn(values: FloatArray) -> FloatArray:
        if values.shape[-1] == 1:
            return values
        turned = np.rot90(values, way % 4, axes=(-2, -1))
        return np.ascontiguousarray(turned[..., ::-1] if way >= 4 else turned)

    return replace(batch, **{one.name: turn(getattr(batch, one.name)) for one in fields(Batch)})
