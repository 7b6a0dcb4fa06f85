"""Peak memory of a method, measured in a child process, and what else its time depends on."""

import math
import multiprocessing
import os
import platform
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from viewer.enhancement.method import SourceSlices

PATIENCE_S = 600.0
HOW = (
    "peak resident memory of a child process that loads the method and runs it on simulated slices "
    "of this shape, libraries and the slices themselves included; with a model that was added, "
    "plus the peak of the process that it is confined to"
)
_BACKGROUND_HU, _BODY_HU, _NOISE_HU = -1000.0, 40.0, 20.0
_AT_ONCE = 16


def peak_memory_mib(shape: tuple[int, int, int], method_id: str) -> float:
    """Return the peak of the resident memory, in MiB, of running a method; NaN if unknown.

    Parameters
    ----------
    shape : (slices, rows, columns) of a disc of water in noise.

    Notes
    -----
    Linux: VmHWM of the child, and of the process that confines a model that was added. On other
    systems nothing is known of that one, so there the sum is not known either. The peak that
    getrusage tells on Linux starts at what the parent had when the child was started, and is not
    used.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_measured, args=(there, shape, method_id))  # may have children
    child.start()
    there.close()
    try:
        found = here.recv() if here.poll(PATIENCE_S) else math.nan
    except EOFError:  # it died, such as for want of memory
        found = math.nan
    finally:
        child.kill()
        child.join()
        child.close()
        here.close()
    return float(found)


def _measured(there: Connection, shape: tuple[int, int, int], method_id: str) -> None:
    """Run a method in this process and send its peak; the child's whole life."""
    from viewer.app.headless import new_engine

    engine = new_engine(is_research=True)
    method = engine.catalogue.method(method_id)
    processor = engine.processor(method, _slices(shape), method.settings(()))
    for start in range(0, shape[0], _AT_ONCE):
        processor.residuals(range(start, min(start + _AT_ONCE, shape[0])))
    confined = [one.pid for one in multiprocessing.active_children()]
    there.send(own_peak_mib() + sum(_peak_mib_of(f"{pid}") for pid in confined))
    there.close()


def _slices(shape: tuple[int, int, int]) -> SourceSlices:
    row, column = np.mgrid[: shape[1], : shape[2]]
    disc = np.hypot(row - shape[1] / 2, column - shape[2] / 2) < 0.4 * min(shape[1:])
    flat = np.where(disc, _BODY_HU, _BACKGROUND_HU)
    draw = np.random.default_rng(1)
    values = np.empty(shape, np.int16)
    for place in range(shape[0]):
        values[place] = np.rint(flat + _NOISE_HU * draw.standard_normal(flat.shape))
    sds = np.full(shape[0], _NOISE_HU, np.float32)
    return SourceSlices(
        values=values, spacing_mm=(1.0, 0.7, 0.7), noise_sd=sds, noise_frequency_per_mm=0.3
    )


def machine_words() -> str:
    """Return what a time depends on besides the method: processors, and how busy they are now."""
    words = f"{os.cpu_count()} {platform.machine()} cores"
    if hasattr(os, "getloadavg"):
        words += f", load {os.getloadavg()[0]:.1f} when the run began"
    return words


def own_peak_mib() -> float:
    """Return the peak of this process's resident memory so far in MiB; NaN where unknown."""
    if Path("/proc/self").exists():
        return _peak_mib_of("self")
    if sys.platform == "win32":
        return math.nan
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _peak_mib_of(process: str) -> float:
    """Return the peak of a process by its name in /proc; NaN where the system does not tell."""
    try:
        status = Path("/proc", process, "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return math.nan
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0]) / 1024 if peaks else math.nan
