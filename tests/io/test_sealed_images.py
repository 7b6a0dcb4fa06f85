"""Images of a study at rest: alike outside, and with their provenance inside."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from tests.core.test_volume import MADE
from tests.grids import smooth, volume
from viewer.core.errors import DamagedRecord, InvalidGeometry
from viewer.core.volume import DerivedVolume, Frames, Volume, derive, frames_geometry
from viewer.io.sealed_images import new_image_key, read_sealed, write_sealed

KEY = bytes(range(32))


def original() -> Volume:
    values = np.rint(smooth((3, 4, 5))).astype(np.int16)
    return volume(values, mask=values > 0)


def enhanced() -> DerivedVolume:
    source = original()
    made = derive(source, source.values + 0.25, replace(MADE, cautions=("one", "two")))
    assert isinstance(made, DerivedVolume)
    return made


def test_an_image_comes_back_as_it_was(tmp_path: Path):
    write_sealed(tmp_path / "x", original(), KEY)
    back, source = read_sealed(tmp_path / "x", KEY), original()
    assert isinstance(back, Volume)
    assert back.values.dtype == np.int16
    np.testing.assert_array_equal(back.values, source.values)
    np.testing.assert_array_equal(back.mask, source.mask)
    assert (back.unit, back.sources, back.is_complete) == ("HU", source.sources, True)
    for item in (item for item in fields(source.geometry) if item.init):
        told, expected = getattr(back.geometry, item.name), getattr(source.geometry, item.name)
        assert np.array_equal(told, expected), item.name


def test_computed_pixels_come_back_with_their_whole_provenance(tmp_path: Path):
    write_sealed(tmp_path / "x", enhanced(), KEY)
    back = read_sealed(tmp_path / "x", KEY)
    assert isinstance(back, DerivedVolume)
    assert back.provenance == enhanced().provenance
    np.testing.assert_array_equal(back.values, enhanced().values)


def test_both_arms_of_a_case_are_equally_long(tmp_path: Path):
    write_sealed(tmp_path / "a", original(), KEY, "float32")
    write_sealed(tmp_path / "b", enhanced(), KEY, "float32")
    assert (tmp_path / "a").stat().st_size == (tmp_path / "b").stat().st_size


def test_frames_without_patient_geometry_come_back(tmp_path: Path):
    values = np.arange(24, dtype=np.float32).reshape(1, 4, 6)
    geometry = frames_geometry((1, 4, 6), (0.2, 0.2))
    made = Frames(
        *(values, geometry, "stored", ("1.2",), np.array([True]), "detector", None),
        patient_orientation=("L", "F"),
    )
    write_sealed(tmp_path / "x", made, KEY)
    back = read_sealed(tmp_path / "x", KEY)
    assert isinstance(back, Frames)
    assert (back.spacing_origin, back.geometry.is_patient) == ("detector", geometry.is_patient)
    assert back.patient_orientation == ("L", "F")
    np.testing.assert_array_equal(back.values, values)


def test_nothing_of_the_method_can_be_read_without_the_key(tmp_path: Path):
    write_sealed(tmp_path / "x", enhanced(), KEY)
    content = (tmp_path / "x").read_bytes()
    for words in ("method_id", "source_uids", "provenance", "geometry"):
        assert words.encode() not in content


@pytest.mark.parametrize("place", [3, 18, 40, -1])
def test_a_changed_byte_is_noticed(tmp_path: Path, place: int):
    write_sealed(tmp_path / "x", original(), KEY)
    content = bytearray((tmp_path / "x").read_bytes())
    content[place] ^= 1
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DamagedRecord, match="image of the study"):
        read_sealed(tmp_path / "x", KEY)


@pytest.mark.parametrize("kept", [0, 10, 30, 200])
def test_a_file_that_is_cut_off_is_noticed(tmp_path: Path, kept: int):
    write_sealed(tmp_path / "x", original(), KEY)
    (tmp_path / "x").write_bytes((tmp_path / "x").read_bytes()[:kept])
    with pytest.raises(DamagedRecord):
        read_sealed(tmp_path / "x", KEY)


def test_another_studys_key_is_refused(tmp_path: Path):
    write_sealed(tmp_path / "x", original(), KEY)
    with pytest.raises(DamagedRecord, match="another study"):
        read_sealed(tmp_path / "x", new_image_key())
    with pytest.raises(DamagedRecord, match="not there"):
        read_sealed(tmp_path / "y", KEY)


def test_an_incomplete_series_is_refused(tmp_path: Path):
    part = volume(smooth((3, 4, 5)), loaded=[True, False, True])
    with pytest.raises(InvalidGeometry, match="every slice"):
        write_sealed(tmp_path / "x", part, KEY)


def test_an_image_of_several_pieces_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("viewer.io.sealed_images.PIECE", 1000)
    write_sealed(tmp_path / "x", original(), KEY)
    np.testing.assert_array_equal(read_sealed(tmp_path / "x", KEY).values, original().values)
