"""Gates before slices are made finer: an even stack, something to gain, a known slice profile."""

from collections.abc import Iterator

from viewer.core.geometry import VolumeGeometry
from viewer.core.volume import Volume
from viewer.enhancement.checks import Candidate, GateResult, Verdict
from viewer.enhancement.through_plane import FEWEST_SLICES

TO_GAIN = 2.0
"""Below this many pixels between slices there is little to gain."""
OVERLAP = 1.05
"""Slices thicker than this many steps overlap: undoing the profile then lifts noise."""
TOO_THICK = 1.5
"""At this many steps it lifts the finest noise along the slices more than seven times."""
GAPPED = 0.5
"""Slices thinner than this share of a step leave more unseen than they show."""


def finer_gates(candidate: Candidate, factor: int) -> tuple[GateResult, ...]:
    """Return the gates about the slices of a series that shall become `factor` times finer."""
    volume = candidate.volume
    if not isinstance(volume, Volume):
        return ()
    stack = _stack_gate(volume.geometry)
    if stack.verdict is Verdict.BLOCK:
        return (stack,)
    step = volume.geometry.spacing_mm[0]
    thickness = _thickness_gate(step, candidate.stated_thickness_mm)
    return (stack, *_step_gates(volume.geometry, factor), thickness)


def _stack_gate(geometry: VolumeGeometry) -> GateResult:
    """Slices are never interpolated across a gap, nor from uneven steps."""
    if not geometry.is_patient:
        words = "these images do not say where they lie in the patient"
    elif geometry.has_gaps:
        words = "slices are missing: nothing is interpolated across a gap"
    elif not geometry.is_even:
        words = "the slices are unevenly spaced: finer slices need even steps"
    elif geometry.shape[0] < FEWEST_SLICES:
        words = f"there are {geometry.shape[0]} slices; finer ones need at least {FEWEST_SLICES}"
    else:
        words = f"{geometry.shape[0]} evenly spaced slices"
        return GateResult("slice steps", Verdict.OK, words)
    return GateResult("slice steps", Verdict.BLOCK, words)


def _step_gates(geometry: VolumeGeometry, factor: int) -> Iterator[GateResult]:
    """Yield whether there is something to gain, and whether the factor asks for too much."""
    step, pixel = geometry.spacing_mm[0], max(geometry.spacing_mm[1:])
    words = f"slices every {step:.2f} mm, pixels of {pixel:.2f} mm"
    if step < TO_GAIN * pixel:
        words = f"{words}: there is little to gain"
        yield GateResult("to gain", Verdict.WARN, words)
    else:
        yield GateResult("to gain", Verdict.OK, words)
    most = max(int(TO_GAIN), int(step / pixel + 0.01))
    words = f"{factor} times finer is {step / factor:.2f} mm"
    if factor > most:
        words = f"{words}, finer than the pixels of {pixel:.2f} mm: choose at most {most}"
        yield GateResult("factor", Verdict.BLOCK, words)
    else:
        yield GateResult("factor", Verdict.OK, words)


def _thickness_gate(step: float, thickness: float | None) -> GateResult:
    if thickness is None:
        words = "slice thickness is not stated: slices are taken to touch each other"
        return GateResult("slice profile", Verdict.WARN, words)
    words = f"slices {thickness:.2f} mm thick every {step:.2f} mm"
    if thickness > TOO_THICK * step:
        words = f"{words} overlap too far: undoing the slice profile would lift noise, not detail"
        return GateResult("slice profile", Verdict.BLOCK, words)
    if thickness > OVERLAP * step:
        return GateResult("slice profile", Verdict.WARN, f"{words} overlap: noise is lifted")
    if thickness < GAPPED * step:
        words = f"{words}: more than half of the patient lies between slices and was not measured"
        return GateResult("slice profile", Verdict.WARN, words)
    return GateResult("slice profile", Verdict.OK, words)
