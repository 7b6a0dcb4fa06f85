"""Lengths on ultrasound: millimetres inside a region, pixels elsewhere (rule 27)."""

import copy
from pathlib import Path

import numpy as np
import pytest

from tests.builders import cine, write
from tests.found import parts_of
from viewer.app.measuring import in_true_units, numbers_in_words
from viewer.core.measurement import Measurement, MeasurementKind
from viewer.core.volume import Frames
from viewer.io.assemble import load_part


def frames_of(tmp_path: Path, *scales: float, top: int = 12) -> Frames:
    """A cine with one region, or one more from row `top` for each scale (cm per pixel)."""
    dataset = cine()
    first = dataset.SequenceOfUltrasoundRegions[0]
    for scale in scales:
        first.RegionLocationMaxY1 = 9
        other = copy.deepcopy(first)
        other.RegionLocationMinY0, other.RegionLocationMaxY1 = top, 19
        other.PhysicalDeltaX = other.PhysicalDeltaY = scale
        dataset.SequenceOfUltrasoundRegions.append(other)
    (part,) = parts_of([write(dataset, tmp_path / "us.dcm")])
    found = load_part(part)
    assert isinstance(found, Frames)
    return found


def words(frames: Frames, first: tuple[float, float], last: tuple[float, float]) -> str:
    """Return the words of a length between two pixels (column, row)."""
    ends = frames.geometry.to_mm(np.array([(0, y, x) for x, y in (first, last)], float))
    points = tuple((float(x), float(y), float(z)) for x, y, z in ends)
    drawn = Measurement("m", MeasurementKind.LENGTH, ("s", 0), points, (1, 0, 0), (0, 1, 0))
    return numbers_in_words(in_true_units(drawn, frames), None, "")[0]


def test_rule_27_a_length_inside_the_region_is_in_millimetres(tmp_path: Path) -> None:
    frames = frames_of(tmp_path)
    assert words(frames, (5, 4), (25, 4)) == "10.0 mm"
    assert words(frames, (5, 4), (5, 14)) == "10.0 mm"


def test_rule_27_a_length_that_leaves_the_region_is_in_pixels(tmp_path: Path) -> None:
    frames = frames_of(tmp_path)
    assert words(frames, (1, 4), (21, 4)) == "20.0 px"
    assert words(frames, (0, 4), (2, 4)) == "2.0 px"


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [
        ((5, 4), (25, 4), "10.0 mm"),
        ((5, 14), (25, 14), "40.0 mm"),
        ((5, 4), (5, 14), "10.0 px"),
        ((5, 11), (25, 11), "20.0 px"),
    ],
)
def test_rule_27_each_region_has_its_own_scale(
    tmp_path: Path, first: tuple[float, float], last: tuple[float, float], wanted: str
) -> None:
    assert words(frames_of(tmp_path, 0.2), first, last) == wanted


def test_rule_27_where_regions_of_two_scales_overlap_only_pixels_are_sure(tmp_path: Path) -> None:
    frames = frames_of(tmp_path, 0.2, top=6)
    assert words(frames, (5, 8), (25, 8)) == "20.0 px"
    assert words(frames, (5, 4), (25, 4)) == "10.0 mm"


def test_rule_27_images_without_regions_keep_their_unit(tmp_path: Path) -> None:
    dataset = cine()
    del dataset.SequenceOfUltrasoundRegions
    (part,) = parts_of([write(dataset, tmp_path / "us.dcm")])
    frames = load_part(part)
    drawn = Measurement(
        "m", MeasurementKind.LENGTH, ("s", 0), ((0, 0, 0), (3, 4, 0)), (1, 0, 0), (0, 1, 0)
    )
    assert in_true_units(drawn, frames) is drawn
    assert in_true_units(drawn, None) is drawn
