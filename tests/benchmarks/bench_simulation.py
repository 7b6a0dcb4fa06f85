"""Simulated training data: milliseconds a patch and patches a second, in one process.

Run as ``python -m tests.benchmarks.bench_simulation [NAME ...]``; names are row names. Each row
draws the same stacks anew, one of every region in turn, and states the mean over all patches: wall
time, and processor time (`cpu_ms`), which a busy machine changes less.
"""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from viewer.simulation import patches, radiograph
from viewer.simulation.mr import Contrast
from viewer.simulation.mr_patches import REGIONS as MR_REGIONS
from viewer.simulation.mr_patches import make_mr_patches
from viewer.simulation.patches import PATCH, SLICES, STACK, VIEWS, make_patches
from viewer.simulation.pet import PetScan, counted
from viewer.simulation.phantom import Region, Sampling, random_stack
from viewer.simulation.projection import ParallelBeam

ROUNDS = 2
PET_SIZE, PET_PATCHES = 128, 4

Row = dict[str, Any]
Maker = Callable[[np.random.Generator, Region], int]
"""Draws one stack of a region and returns how many patches it gave."""


def ct_fast() -> Maker:
    """Return what makes patches whose noise the fast mode makes later."""
    return lambda rng, region: len(make_patches(rng, None, region=region))


def ct_projected() -> Maker:
    """Return what makes patches with noise from projections; the operator is built before."""
    beam = ParallelBeam.build(STACK, VIEWS)
    return lambda rng, region: len(make_patches(rng, beam, region=region))


def mr() -> Maker:
    """Return what makes MR patches without their noise."""
    return lambda rng, region: len(make_mr_patches(rng, region=region)["clean"])


def pet() -> Maker:
    """Return what makes noisy PET patches: activity of one stack, counted a patch at a time."""

    def make(rng: np.random.Generator, region: Region) -> int:
        stack = random_stack(rng, region, Sampling(SLICES + 4, PET_SIZE, 2.8, 3.0, 3.0))
        activity = Contrast.random(rng).signal(stack.values) / 100.0
        for corner in rng.integers(0, PET_SIZE - PATCH + 1, (PET_PATCHES, 2)):
            row, column = (int(one) for one in corner)
            window = activity[:, row : row + PATCH, column : column + PATCH]
            counted(rng, window, PetScan.random(rng), (3.0, 2.8))
        return PET_PATCHES

    return make


def xr() -> Maker:
    """Return what makes patches of radiographs with their noise."""
    return lambda rng, region: len(radiograph.make_radiograph_patches(rng, region=region)["clean"])


MAKERS: dict[str, tuple[Callable[[], Maker], tuple[Region, ...]]] = {
    "patches_ct_fast": (ct_fast, patches.REGIONS),
    "patches_ct_projected": (ct_projected, patches.REGIONS),
    "patches_mr": (mr, MR_REGIONS),
    "patches_pet": (pet, patches.REGIONS),
    "patches_xr": (xr, radiograph.REGIONS),
}


def row(name: str) -> Row:
    """Return the row of one kind of patches."""
    build, regions = MAKERS[name]
    make = build()
    make(np.random.default_rng(0), regions[-1])
    rng = np.random.default_rng(1)
    wall, cpu = time.perf_counter(), time.process_time()
    made = sum(make(rng, region) for _ in range(ROUNDS) for region in regions)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "name": name,
        "ours_ms": round(1000 * wall / made, 1),
        "cpu_ms": round(1000 * cpu / made, 1),
        "per_second": round(made / wall, 1),
        "peer": f"{made / wall:.1f} patches/s, {1000 * cpu / made:.1f} ms of processor each",
    }


def rows(*names: str) -> Iterator[Row]:
    """Yield the rows whose names begin with one of these; all when there are none."""
    for name in MAKERS:
        if not names or any(name.startswith(one) for one in names):
            yield row(name)


if __name__ == "__main__":
    for one in rows(*sys.argv[1:]):
        print(one)
