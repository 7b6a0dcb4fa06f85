"""A CT series that is worth denoising: a disc in noise."""

from pathlib import Path

import numpy as np

from tests.builders import Acquisition, build_series, set_pixels, write_all

SIDE = 96
NOISE = 30.0
SLICES = 6


def write_noisy_ct(folder: Path, *, series: str = "noisy", seed: int = 1, **more: object) -> None:
    """Write slices of a disc of 40 HU in air-like -100 HU with white noise of 30 HU."""
    settings = Acquisition(
        rows=SIDE,
        columns=SIDE,
        spacing_mm=(0.7, 0.7),
        step_mm=1.0,
        thickness_mm=1.0,
        series=series,
        origin_mm=(-SIDE * 0.35, -SIDE * 0.35, 0.0),
    )
    row, column = np.mgrid[:SIDE, :SIDE]
    disc = np.hypot(row - SIDE / 2, column - SIDE / 2) < SIDE / 3
    flat = np.where(disc, 40, -100) + 1024
    noise = np.random.default_rng(seed)
    slices = build_series(SLICES, settings=settings, **more)
    for dataset in slices:
        values = np.rint(flat + noise.normal(0, NOISE, flat.shape)).astype(np.int32)
        set_pixels(dataset, values, bits_stored=12)
    write_all(slices, folder)
