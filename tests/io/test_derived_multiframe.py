"""Enhanced multi-frame sources: one derived file, groups kept, each frame's own source."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from tests.builders import Acquisition, enhanced_ct, write
from tests.io.sources import provenance_for
from tests.io.validators import SYNTHETIC_DATA, entity_errors_of, errors_of
from viewer.core.errors import Blocked
from viewer.core.partition import parts
from viewer.core.study import SeriesPart
from viewer.core.volume import ARBITRARY, AnyVolume, DerivedVolume, Frames, Volume, derive
from viewer.io.assemble import load_part
from viewer.io.derivation import read_provenance
from viewer.io.derived import write_derived
from viewer.io.scan import scan


def parts_below(path: Path, scratch: Path) -> list[SeriesPart]:
    report = scan((path,), lambda _entries, _skipped: None, lambda: False, scratch)
    return [
        part for study in report.studies for series in study.series for part in parts(study, series)
    ]


def enhanced_by(volume: AnyVolume, change: int) -> DerivedVolume | Frames:
    """Return the volume with a chequered change, as whatever it is."""
    grid = np.indices(volume.values.shape).sum(axis=0) % 2 * 2 - 1
    values = volume.values + (grid * change).astype(volume.values.dtype)
    provenance = provenance_for(volume)
    if isinstance(volume, Frames):
        return replace(volume, values=values, provenance=provenance)
    assert isinstance(volume, Volume)
    return derive(volume, values, provenance)


def test_frames_of_no_unit_are_never_called_hu(tmp_path: Path) -> None:
    path = write(enhanced_ct(3), tmp_path / "source" / "1.dcm")
    (part,) = parts_below(path, tmp_path / "x")
    volume = load_part(part)
    assert volume.unit == "HU"
    grey = replace(enhanced_by(volume, 5), unit=ARBITRARY)
    write_derived(part, grey, tmp_path / "out")
    (again,) = parts_below(tmp_path / "out", tmp_path / "x")
    assert load_part(again).unit == "stored"


@pytest.mark.parametrize("slopes", [None, (1.0, 0.5, 0.25, 2.0, 1.0)])
def test_frames_in_any_order_come_back_at_their_places(
    tmp_path: Path, slopes: tuple[float, ...] | None
) -> None:
    source = enhanced_ct(5, order=(3, 0, 4, 1, 2), slopes=slopes)
    path = write(source, tmp_path / "source" / "1.dcm")
    before = path.read_bytes()
    (part,) = parts_below(path, tmp_path / "x")
    volume = load_part(part)
    enhanced = enhanced_by(volume, 5)
    (written,) = write_derived(part, enhanced, tmp_path / "out")
    (again_part,) = parts_below(tmp_path / "out", tmp_path / "x")
    again = load_part(again_part)
    assert isinstance(again, DerivedVolume)
    assert again.provenance == enhanced.provenance == read_provenance(written)
    step = 0.0 if slopes is None else float(np.ptp(enhanced.values)) / 65000
    assert np.abs(again.values - enhanced.values).max() <= step
    assert np.allclose(again.geometry.affine, volume.geometry.affine)
    assert path.read_bytes() == before


def test_each_frame_names_its_own_source_and_type(tmp_path: Path) -> None:
    source = enhanced_ct(4, order=(2, 0, 3, 1))
    path = write(source, tmp_path / "source" / "1.dcm")
    (part,) = parts_below(path, tmp_path / "x")
    (written,) = write_derived(part, enhanced_by(load_part(part), 5), tmp_path / "out")
    new = pydicom.dcmread(written)
    assert list(new.ImageType) == ["DERIVED", "PRIMARY", "VOLUME", "AI_ENHANCED"]
    assert new.ContentQualification == "RESEARCH"
    assert new.NumberOfFrames == 4
    for number, group in enumerate(new.PerFrameFunctionalGroupsSequence, start=1):
        (derivation,) = group.DerivationImageSequence
        (reference,) = derivation.SourceImageSequence
        assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert reference.ReferencedFrameNumber == number
        (transformation,) = group.PixelValueTransformationSequence
        assert transformation.RescaleType == "HU"
    assert "RescaleSlope" not in new
    evidence = new.SourceImageEvidenceSequence[0].ReferencedSeriesSequence[0]
    assert evidence.SeriesInstanceUID == source.SeriesInstanceUID


def test_a_frame_made_from_its_neighbours_names_them_and_the_object_names_itself_once(
    tmp_path: Path,
) -> None:
    source = enhanced_ct(4, order=(2, 0, 3, 1))
    path = write(source, tmp_path / "source" / "1.dcm")
    (part,) = parts_below(path, tmp_path / "x")
    others = ((1,), (0, 2), (1, 3), (2,))
    enhanced = enhanced_by(load_part(part), 5)
    (written,) = write_derived(part, enhanced, tmp_path / "out", inputs=others)
    new = pydicom.dcmread(written)
    (whole,) = new.SourceImageSequence
    assert whole.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert "ReferencedFrameNumber" not in whole
    numbers = [frame.index + 1 for frame in part.sources]
    expected = {
        numbers[n]: [numbers[n], *(numbers[m] for m in row)] for n, row in enumerate(others)
    }
    for number, group in enumerate(new.PerFrameFunctionalGroupsSequence, start=1):
        items = group.DerivationImageSequence[0].SourceImageSequence
        assert [item.ReferencedFrameNumber for item in items] == expected[number]


def test_part_of_the_frames_is_written_alone_and_counted_anew(tmp_path: Path) -> None:
    source = enhanced_ct(6)
    for index, group in enumerate(source.PerFrameFunctionalGroupsSequence):
        group.FrameContentSequence[0].DimensionIndexValues = [1 + index % 2, 1 + index]
    path = write(source, tmp_path / "source" / "1.dcm")
    (part,) = parts_below(path, tmp_path / "x")
    volume = load_part(part)
    some = replace(part, sources=part.sources[1::2])
    values = np.asarray(volume.values)[1::2]
    geometry = volume.geometry
    half = Frames(
        values=values + np.int16(1),
        geometry=replace(geometry, shape=values.shape, slice_positions_mm=()),
        unit="HU",
        sources=volume.sources[1::2],
        loaded=np.ones(3, dtype=np.bool_),
        provenance=provenance_for(volume),
    )
    (written,) = write_derived(some, half, tmp_path / "out")
    new = pydicom.dcmread(written)
    groups = new.PerFrameFunctionalGroupsSequence
    indices = [list(g.FrameContentSequence[0].DimensionIndexValues) for g in groups]
    assert indices == [[1, 1], [1, 2], [1, 3]]
    numbers = [
        g.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber for g in groups
    ]
    assert numbers == [2, 4, 6]
    stored = new.pixel_array * groups[0].PixelValueTransformationSequence[0].RescaleSlope
    found = stored + groups[0].PixelValueTransformationSequence[0].RescaleIntercept
    assert np.array_equal(found, half.values)


def test_values_outside_the_source_range_keep_their_meaning(tmp_path: Path) -> None:
    path = write(enhanced_ct(3, settings=Acquisition(intercept=0)), tmp_path / "s" / "1.dcm")
    (part,) = parts_below(path, tmp_path / "x")
    enhanced = enhanced_by(load_part(part), 2000)
    write_derived(part, enhanced, tmp_path / "out")
    again = load_part(parts_below(tmp_path / "out", tmp_path / "x")[0])
    assert enhanced.values.min() < 0
    assert np.array_equal(again.values, enhanced.values)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"PerFrameFunctionalGroupsSequence": []}, "without functional groups"),
        ({"ConcatenationUID": "1.2.3"}, "cut up"),
        ({"PixelPresentation": "COLOR"}, "colours beside grey"),
    ],
)
def test_objects_that_would_come_out_wrong_are_refused(
    tmp_path: Path, attributes: dict[str, object], words: str
) -> None:
    path = write(enhanced_ct(3), tmp_path / "s" / "1.dcm")
    (part,) = parts_below(path, tmp_path / "x")
    enhanced = enhanced_by(load_part(part), 5)
    write(enhanced_ct(3, **attributes), path)
    with pytest.raises(Blocked, match=words):
        write_derived(part, enhanced, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.realdata
@pytest.mark.peer
@pytest.mark.parametrize(
    ("name", "count"),
    [("ct_legacy_converted_tiny", 2), ("mr_moving_knee", 1), ("mr_philips_fieldmap", 2)],
)
def test_real_objects_get_no_error_that_the_source_does_not_have(
    real_data: Path, tmp_path: Path, name: str, count: int
) -> None:
    found = parts_below(real_data / "enhanced" / name, tmp_path / "x")
    assert len(found) == count
    for number, part in enumerate(found):
        source = Path(part.sources[0].instance.path)
        enhanced = enhanced_by(load_part(part), 2)
        (written,) = write_derived(part, enhanced, tmp_path / str(number))
        added = errors_of(written) - errors_of(source)
        assert [line for line in added if SYNTHETIC_DATA not in line] == []
        assert entity_errors_of([source, written]) - entity_errors_of([source]) == {}
        again = load_part(parts_below(written, tmp_path / "x")[0])
        step = float(np.ptp(enhanced.values)) / 65000
        is_whole = enhanced.values.dtype == np.int16
        assert np.abs(again.values - enhanced.values).max() <= (0 if is_whole else step)
        assert read_provenance(written) == enhanced.provenance
