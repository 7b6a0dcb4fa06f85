"""Zoomed-out radiographs show what is in them, at its place."""

import numpy as np
import pytest

from viewer.core.arrays import AnyArray
from viewer.core.view import Interpolation, SliceRequest, ViewState, resolve
from viewer.core.volume import Frames, frames_geometry
from viewer.core.windowing import Window
from viewer.render.grid import IndexPlane
from viewer.render.planar import Reslicer
from viewer.render.reduced import ReducedImages, halved, reduction

WINDOW = Window(2048, 4096)
SHAPE = (1, 1600, 1200)


def radiograph(values: AnyArray) -> Frames:
    geometry = frames_geometry((1, values.shape[1], values.shape[2]), (0.1, 0.1))
    return Frames(values, geometry, "stored", ("1",), np.ones(1, np.bool_))


def whole(frames: Frames, size: int, zoom: float = 1.0) -> SliceRequest:
    return resolve(ViewState(zoom=zoom), frames.geometry, (size, size), WINDOW)


def test_a_fine_pattern_becomes_grey_and_not_another_pattern() -> None:
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]]
    board = np.where((y + x) % 2, 4000, 0).astype(np.uint16)[None]
    frames = radiograph(board)
    found = Reslicer().plane(frames, whole(frames, 330))
    assert np.abs(found.values[found.mask].astype(int) - 2000).max() <= 1


def test_a_single_bright_pixel_is_never_lost() -> None:
    for place in range(8):
        values = np.zeros(SHAPE, dtype=np.uint16)
        values[0, 700 + place, 500 + place] = 4000
        frames = radiograph(values)
        assert Reslicer().plane(frames, whole(frames, 400)).values.max() > 30


@pytest.mark.parametrize("size", [800, 400, 210, 97])
def test_a_disc_stays_at_its_place(size: int) -> None:
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]]
    disc = (((x - 431) ** 2 + (y - 977) ** 2) < 120**2).astype(np.uint16)[None] * 4000
    frames = radiograph(disc)
    request = whole(frames, size)
    weights = Reslicer().plane(frames, request).values.astype(float)
    rows, columns = np.mgrid[: request.height, : request.width]
    centre = ((columns * weights).sum() / weights.sum(), (rows * weights).sum() / weights.sum())
    assert centre == pytest.approx(request.to_pixel((43.1, 97.7, 0.0)), abs=0.05)


def test_at_full_size_the_pixels_are_the_stored_ones() -> None:
    values = np.random.default_rng(0).integers(0, 4096, SHAPE, dtype=np.uint16)
    frames = radiograph(values)
    request = whole(frames, 400, zoom=4.0)  # one pixel of the image for one of the screen
    assert request.mm_per_pixel == pytest.approx(0.1)
    found = Reslicer().plane(frames, request)
    column, row = (round(place / 0.1) for place in request.to_mm(10, 20)[:2])
    near = values[0, row - 1 : row + 2, column - 1 : column + 2]
    assert near.min() <= found.values[20, 10] <= near.max()


def test_nearest_neighbour_shows_stored_values_only() -> None:
    values = np.random.default_rng(0).integers(0, 2, SHAPE, dtype=np.uint16) * 4000
    frames = radiograph(values)
    state = ViewState(interpolation=Interpolation.NEAREST)
    found = Reslicer().plane(frames, resolve(state, frames.geometry, (300, 300), WINDOW))
    assert set(np.unique(found.values)) <= {0, 4000}


@pytest.mark.parametrize(
    ("step", "factor"), [(0.5, 1), (1.9, 1), (2.0, 2), (3.9, 2), (4.0, 4), (50.0, 8)]
)
def test_an_image_is_never_reduced_below_what_the_screen_shows(step: float, factor: int) -> None:
    plane = IndexPlane(
        np.zeros(3), np.asarray((0.0, 0.0, step)), np.asarray((0.0, step, 0.0)), 9, 9
    )
    assert reduction(plane, (1, 2000, 2000)) == factor
    assert reduction(plane, (1, 512, 512)) == 1


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.float32])
def test_halving_gives_the_mean_of_four_pixels(kind: type) -> None:
    image = np.asarray([[[0, 4, 9], [8, 8, 9], [9, 9, 9]]], dtype=kind)
    assert halved(image).dtype == kind
    assert halved(image).tolist() == [[[5]]]
    colours = np.repeat(image[..., None], 3, axis=3)
    assert halved(colours).tolist() == [[[[5, 5, 5]]]]


def test_reduced_copies_are_kept_for_the_last_images_only() -> None:
    values = np.random.default_rng(1).integers(0, 99, (9, 8, 8), dtype=np.uint16)
    images = ReducedImages()
    first = images.image(values, 0, 4)
    assert images.image(values, 0, 4) is first
    for index in range(1, 9):
        images.image(values, index, 2)
    assert images.image(values, 0, 4) is not first
    assert np.array_equal(images.image(values, 0, 4), first)
