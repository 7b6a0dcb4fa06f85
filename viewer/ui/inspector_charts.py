"""Histograms and profiles of the inspector, as curves."""

import math

import numpy as np

from viewer.app.measuring import of_part
from viewer.app.workspace import Layer, PartKey, Workspace
from viewer.core.arrays import AnyArray, BoolArray
from viewer.core.blending import with_residual
from viewer.core.measurement import Measurement, MeasurementKind
from viewer.core.regions import line_profile
from viewer.core.units import unit_words
from viewer.core.view import ViewState
from viewer.core.volume import AnyVolume, Frames
from viewer.core.windowing import Window
from viewer.ui.charts import ChartState, Curve

BINS = 128
MOST_VALUES = 1 << 18
"""Values of a slice that a histogram looks at (a CT's all); of larger images every n-th pixel."""


def slice_histogram(volume: AnyVolume, state: ViewState, window: Window) -> ChartState:
    """Return the histogram of the slice in view with the window's ends marked."""
    values = _slice_values(volume, state)
    if values is None:
        return ChartState(x_title=unit_words(volume.unit))
    return ChartState(
        (_histogram("this slice", values, "original", _limits(values)),),
        unit_words(volume.unit),
        "pixels",
        window.range,
    )


def _slice_values(volume: AnyVolume, state: ViewState) -> AnyArray | None:
    if isinstance(volume, Frames) and volume.is_colour:
        return None
    index = volume.geometry.slice_of(state.focus_mm)
    if not volume.loaded[index]:
        return None
    return _some(volume.values[index], None if volume.mask is None else volume.mask[index])


def _some(values: AnyArray, mask: BoolArray | None) -> AnyArray:
    """Return the values of a slice for its histogram, padding left out."""
    step = math.ceil(math.sqrt(values.size / MOST_VALUES))
    thin = values[::step, ::step]
    return np.asarray(thin[mask[::step, ::step]] if mask is not None else thin.ravel())


def _limits(values: AnyArray) -> tuple[float, float]:
    if not values.size:
        return (0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    return (low, high if high > low else low + 1)


def _histogram(name: str, values: AnyArray, role: str, limits: tuple[float, float]) -> Curve:
    counts, edges = np.histogram(values, bins=BINS, range=limits)
    return Curve(name, (edges[:-1] + edges[1:]) / 2, counts.astype(np.float64), role)


def both_histograms(workspace: Workspace, part: PartKey, layer: Layer | None) -> ChartState:
    """Return the histograms of original and enhanced values of the slice in view."""
    volume, state = workspace.volumes[part], workspace.active_state
    original = _slice_values(volume, state)
    if original is None or layer is None:
        return ChartState(x_title=unit_words(volume.unit))
    limits = _limits(original)
    curves = [_histogram("original", original, "original", limits)]
    index = layer.residual.geometry.slice_of(state.focus_mm)
    if layer.residual.loaded[index]:
        enhanced = _enhanced_slice(volume, layer, index)
        curves.append(_histogram("enhanced", enhanced, "enhanced", limits))
    return ChartState(tuple(curves), _both_units(volume, layer), "pixels")


def _both_units(volume: AnyVolume, layer: Layer | None) -> str:
    """Return the unit of an axis for original and enhanced values."""
    units = (volume.unit, layer.residual.unit if layer is not None else volume.unit)
    return ", enhanced in ".join(dict.fromkeys(unit_words(unit) for unit in units))


def _enhanced_slice(volume: AnyVolume, layer: Layer, index: int) -> AnyArray:
    factor, volume = layer.blend * layer.scale, layer.start or volume
    mixed = with_residual(volume.values[index], layer.residual.values[index], factor)
    return _some(mixed, None if volume.mask is None else volume.mask[index])


def profiles(workspace: Workspace, part: PartKey, layer: Layer | None) -> ChartState:
    """Return the profiles of original and enhanced values along the last length drawn."""
    volume = workspace.volumes[part]
    lengths = [m for m in of_part(workspace, part) if m.kind is MeasurementKind.LENGTH]
    if not lengths or not volume.is_finished or (isinstance(volume, Frames) and volume.is_colour):
        return ChartState(empty_text="Draw a length to see its profile.")
    return _profiles(volume, layer, lengths[-1])


def _profiles(volume: AnyVolume, layer: Layer | None, line: Measurement) -> ChartState:
    along, original = line_profile(volume, line)
    curves = [Curve("original", along, original)]
    if layer is not None and layer.residual.is_complete:
        _, steps = line_profile(layer.residual, line)
        if layer.start is not None:
            along, original = line_profile(layer.start, line)
        enhanced = original + steps * (layer.scale * layer.blend)
        curves.append(Curve("enhanced", along, enhanced, "enhanced"))
    return ChartState(tuple(curves), line.unit, _both_units(volume, layer))
