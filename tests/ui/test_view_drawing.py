"""Pixels of a view: every layer called what it is, and a failure shown instead of an old slice."""

from dataclasses import replace

import numpy as np
import pytest

from tests.grids import grid, volume
from tests.sessions import provenance
from viewer.app.jobs import Jobs
from viewer.app.spreading import NOT_ERROR, SpreadOverlay
from viewer.app.workspace import Layer
from viewer.core.provenance import label_for
from viewer.core.view import Comparison, Interpolation, Plane, SlabMode, ViewState, resolve
from viewer.core.volume import derive
from viewer.core.windowing import Window, WindowFunction
from viewer.render.drawing import draw_residual
from viewer.render.planar import PlaneValues, Reslicer
from viewer.ui.view_drawing import Drawn, DrawOrder, Show, ViewDrawer, drawn
from viewer.ui.view_layers import shown_layers

WINDOW = Window(50.0, 100.0, WindowFunction.LINEAR_EXACT)
LARGEST = 40.0


def noisy(seed=3, shape=(7, 24, 24)):
    values = np.random.default_rng(seed).normal(50, 20, shape).round().astype(np.int16)
    source = volume(values)
    steps = np.random.default_rng(seed + 1).normal(0, 80, shape).round().astype(np.int16)
    return source, Layer(derive(source, steps, provenance()), 0.125, 0.7, provenance())


def order_for(source, layer, show, **changes):
    state = replace(
        ViewState(focus_mm=source.geometry.centre_mm, interpolation=Interpolation.NEAREST),
        **changes,
    )
    request = resolve(state, source.geometry, (24, 24), WINDOW)
    return DrawOrder(request, source, layer, show, LARGEST)


@pytest.mark.parametrize("mode", list(SlabMode))
@pytest.mark.parametrize("slab_mm", [0.0, 8.0])
def test_a_residual_is_what_is_enhanced_minus_what_is_original_in_slabs_too(slab_mm, mode):
    source, layer = noisy()
    order = order_for(source, layer, Show.RESIDUAL, slab_mm=slab_mm, slab_mode=mode)
    reslicer = Reslicer()
    factor = layer.blend * layer.scale
    before = reslicer.plane(source, order.slice)
    after = reslicer.blended(source, layer.residual, factor, order.slice)
    change = after.values.astype(np.float32) - before.values
    wanted = draw_residual(PlaneValues(change, after.mask), LARGEST)
    found = drawn(order, reslicer).residual
    assert found is not None
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("show", list(Show))
@pytest.mark.parametrize("comparison", list(Comparison))
@pytest.mark.parametrize("shows_original", [False, True])
def test_derived_pixels_never_lack_their_label(show, comparison, shows_original):
    source, layer = noisy()
    picture = drawn(order_for(source, layer, show), Reslicer())
    layers = shown_layers(picture, comparison, shows_original=shows_original, beside=None)
    label = label_for(layer.provenance)
    for pixels in (layers.pixels, layers.right):
        if pixels is None or pixels.values is picture.original:
            continue
        assert pixels.label is not None
        assert label.title in pixels.label.title


def test_acquired_pixels_never_get_the_label_of_a_layer():
    source, layer = noisy()
    picture = drawn(order_for(source, layer, Show.BOTH), Reslicer())
    layers = shown_layers(picture, Comparison.FLICKER, shows_original=True, beside=None)
    assert layers.pixels.values is picture.original
    assert layers.pixels.label is None


def test_a_stored_enhanced_series_keeps_its_label_without_any_layer():
    source, _ = noisy()
    stored = derive(source, source.values, provenance())
    picture = drawn(order_for(stored, None, Show.ORIGINAL), Reslicer())
    layers = shown_layers(picture, Comparison.NONE, shows_original=False, beside=None)
    assert layers.pixels.label == label_for(provenance())


def test_what_cannot_be_drawn_is_said_and_no_older_picture_stays():
    far = volume(
        np.zeros((4, 24, 24), dtype=np.int16), grid((4, 24, 24), positions_mm=(0, 1, 2, 900))
    )
    arrived: list[Drawn] = []
    drawer = ViewDrawer(Jobs(lambda call: call(), is_inline=True), Reslicer(), arrived.append)
    drawer.ask(order_for(far, None, Show.ORIGINAL, plane=Plane.CORONAL))
    assert drawer.is_idle
    assert len(arrived) == 1
    assert arrived[0].problem is not None
    assert "too far apart" in arrived[0].problem.what
    layers = shown_layers(arrived[0], Comparison.NONE, shows_original=False, beside=None)
    assert layers.pixels is None


def spread_over(source, index):
    """Half widths of 90 HU in the left half of one slice, to be drawn from 15 to 60 HU."""
    half = np.zeros(source.values.shape[1:], np.float32)
    half[:, :12] = 90.0
    values = np.broadcast_to(half, source.values.shape)
    there = np.arange(len(values)) == index
    shown = derive(source, values, provenance(), there)
    return SpreadOverlay(shown, 15.0, 60.0, "HU", (NOT_ERROR,))


@pytest.mark.parametrize("show", [Show.DERIVED, Show.BOTH])
def test_the_spread_is_laid_over_derived_pixels_and_never_over_acquired_ones(show):
    source, layer = noisy()
    order = order_for(source, layer, show)
    plain = drawn(order, Reslicer())
    spread = spread_over(source, order.slice.slice_index)
    covered = drawn(replace(order, spread=spread), Reslicer())
    changed = (covered.derived != plain.derived).any(axis=-1)
    assert changed[:, :11].all()
    assert not changed[:, 13:].any()
    assert show is Show.DERIVED or np.array_equal(covered.original, plain.original)


def test_the_spread_is_turned_and_flipped_with_the_image():
    source, layer = noisy()
    order = order_for(source, layer, Show.DERIVED, flip_horizontal=True)
    spread = spread_over(source, order.slice.slice_index)
    plain = drawn(order, Reslicer())
    covered = drawn(replace(order, spread=spread), Reslicer())
    changed = (covered.derived != plain.derived).any(axis=-1)
    assert changed[:, 13:].all()
    assert not changed[:, :11].any()


@pytest.mark.parametrize("comparison", [Comparison.NONE, Comparison.SWIPE, Comparison.FLICKER])
@pytest.mark.parametrize("shows_original", [False, True])
def test_pixels_with_a_spread_bring_its_bar_and_words_and_others_do_not(comparison, shows_original):
    source, layer = noisy()
    order = order_for(source, layer, Show.BOTH)
    spread = spread_over(source, order.slice.slice_index)
    picture = drawn(replace(order, spread=spread), Reslicer())
    layers = shown_layers(picture, comparison, shows_original=shows_original, beside=None)
    parts = (layers.pixels, layers.right)
    shows_derived = any(part is not None and part.values is picture.derived for part in parts)
    assert shows_derived is not shows_original
    assert (layers.bar is not None) is shows_derived
    if layers.bar is not None:
        assert (layers.bar.low, layers.bar.high, layers.bar.unit) == (15.0, 60.0, "HU")
        assert NOT_ERROR in layers.bar.words


def finer(source, factor=4):
    """A layer of finer slices, each with its own number as its value."""
    geometry = source.geometry.finer(factor)
    own = np.arange(geometry.shape[0], dtype=np.int16)[:, None, None]
    values = np.broadcast_to(own, geometry.shape)
    nothing = np.zeros(geometry.shape, np.int16)
    start = derive(source, values, provenance(), factor=factor)
    residual = derive(source, nothing, provenance(), factor=factor)
    return Layer(residual, 0.0, 1.0, provenance(), start)


def finer_order(source, layer, index, show=Show.BOTH):
    grid_mm = layer.start.geometry
    focus = grid_mm.on_slice(grid_mm.centre_mm, index)
    state = ViewState(focus_mm=focus, interpolation=Interpolation.NEAREST)
    request = resolve(state, grid_mm, (24, 24), WINDOW)
    return DrawOrder(request, source, layer, show, LARGEST, geometry=grid_mm)


def test_a_finer_slice_has_the_nearest_acquired_one_as_its_original_and_says_so():
    source, _ = noisy()
    layer = finer(source)
    order = finer_order(source, layer, 13)
    picture, reslicer = drawn(order, Reslicer()), Reslicer()
    own = reslicer.plane(source, replace(order.slice, slice_index=3))
    only = drawn(replace(order, layer=None, show=Show.ORIGINAL), reslicer).original
    assert np.array_equal(picture.original, only)
    assert own.values.std() > 0
    layers = shown_layers(picture, Comparison.FLICKER, shows_original=True, beside=None)
    assert layers.pixels.caption == "Original, nearest acquired slice"
    assert layers.pixels.label is None
    layers = shown_layers(picture, Comparison.FLICKER, shows_original=False, beside=None)
    assert layers.pixels.label == label_for(layer.provenance)


def test_finer_pixels_come_from_the_slice_that_the_view_shows():
    source, _ = noisy()
    layer = finer(source)
    grey = [drawn(finer_order(source, layer, k), Reslicer()).derived[12, 12, 0] for k in (4, 20)]
    assert grey[1] - grey[0] == pytest.approx(16 / WINDOW.width * 255, abs=2)
