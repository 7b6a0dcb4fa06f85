"""Resolution and grain of a method at a matched cut of the noise, from a rod in water."""

from __future__ import annotations

import numpy as np
from contenders import Answer
from scenes import MIDDLE, EdgeScene

from viewer.enhancement.noise import mean_frequency
from viewer.simulation.kernels import FloatArray


def edge_frequency(image: FloatArray, scene: EdgeScene) -> float:
    """Frequency per mm at which the edge's transfer function falls to one half."""
    size = image.shape[0]
    axis = (np.arange(size) - (size - 1) / 2) * scene.pixel_mm
    distance = np.hypot(axis[None, :], axis[:, None]) - scene.radius_mm
    step, reach = 0.1, 6.0
    bins = np.arange(-reach, reach + step, step)
    place = np.digitize(distance.ravel(), bins)
    count = np.bincount(place, minlength=len(bins) + 1)[1:-1]
    total = np.bincount(place, image.ravel(), minlength=len(bins) + 1)[1:-1]
    centres = bins[:-1] + step / 2
    seen = count > 0
    profile = np.interp(centres, centres[seen], total[seen] / count[seen])
    spread = -np.gradient(np.convolve(profile, np.ones(5) / 5, "valid"), step)
    transfer = np.abs(np.fft.rfft(spread * np.hanning(len(spread)), 4096))
    transfer /= transfer[0]
    below = int(np.argmax(transfer < 0.5))
    return float(np.fft.rfftfreq(4096, step)[below])


def edge_figures(answer: Answer, scene: EdgeScene, cut: float) -> dict[str, float]:
    """TTF50 of the mean image and NPS mean frequency of the rest, over those of the input.

    Both at a matched cut of the noise inside the rod.
    """
    answers = np.stack([answer(one, scene.noise, scene.pixel_mm) for one in scene.noisy])
    sources = scene.noisy[:, MIDDLE]
    size = scene.truth.shape[0]
    axis = (np.arange(size) - (size - 1) / 2) * scene.pixel_mm
    inside = np.hypot(axis[None, :], axis[:, None]) < scene.radius_mm - 4.0
    blended = sources
    for factor in np.linspace(0.0, 1.0, 101):
        blended = sources + np.float32(factor) * (answers - sources)
        if blended[:, inside].std() <= (1.0 - cut) * sources[:, inside].std():
            break
    name = f"{scene.contrast_hu:g} HU"
    frequencies = [edge_frequency(one.mean(axis=0), scene) for one in (blended, sources)]
    grain = [mean_frequency(_corners(one - one.mean(axis=0)), 1.0) for one in (blended, sources)]
    return {
        f"ttf50 {name}": frequencies[0] / frequencies[1],
        f"nps frequency {name}": grain[0] / grain[1],
    }


def _corners(noise: FloatArray, size: int = 24, margin: int = 4) -> FloatArray:
    """The four corner blocks of every draw [block, row, column]: water without the rod."""
    first, last = slice(margin, margin + size), slice(-margin - size, -margin)
    blocks = [noise[:, rows, columns] for rows in (first, last) for columns in (first, last)]
    joined = np.concatenate(blocks)
    return np.asarray(joined - joined.mean(axis=(1, 2), keepdims=True), np.float32)
