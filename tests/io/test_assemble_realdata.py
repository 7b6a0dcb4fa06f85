"""Real series as volumes, and every damaged file as a picture or a reason in words."""

import resource
import time

import numpy as np
import pydicom
import pytest

from tests.io.openings import parts_in
from viewer.core.errors import DiptychError
from viewer.core.partition import parts
from viewer.core.study import PartKind
from viewer.core.volume import Frames, Volume
from viewer.io.assemble import file_windows, load_part, thumbnail
from viewer.io.decoding import Decoders
from viewer.io.header import read_entry
from viewer.io.library import Library

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def decoders():
    with Decoders(2) as pool:
        yield pool


def image_parts(folder):
    entries = []
    for path in sorted(folder.rglob("*")):
        try:
            entries.append(read_entry(str(path)))
        except DiptychError:
            continue
    library = Library()
    library.add(entries)
    found = (
        part
        for study in library.studies()
        for series in study.series
        for part in parts(study, series)
    )
    return [part for part in found if part.kind is not PartKind.OBJECT]


def outcome(part, decoders):
    try:
        return load_part(part, decoders=decoders)
    except DiptychError as error:
        return error


def test_a_real_chest_ct_lies_where_its_headers_say(real_data, decoders):
    paths = sorted((real_data / "ct" / "chest_lidc0314_1mm_jls").glob("*.dcm"))
    (part,) = parts_in(*paths)
    volume = load_part(part, first=75, decoders=decoders)
    assert isinstance(volume, Volume)
    assert (volume.values.shape, volume.unit) == ((150, 512, 512), "HU")
    assert volume.geometry.spacing_mm == pytest.approx((1.0, 0.78125, 0.78125))
    for path in paths[::40]:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        place = volume.sources.index(header.SOPInstanceUID)
        position = [float(value) for value in header.ImagePositionPatient]
        assert volume.geometry.to_index(position) == pytest.approx((place, 0, 0), abs=1e-3)


def test_a_tilted_head_and_a_whole_body_pet_keep_their_warnings_and_units(real_data, decoders):
    (head,) = parts_in(*(real_data / "geometry" / "head_ge_tilt18").glob("*"))
    volume = load_part(head, decoders=decoders)
    assert any("gantry tilt 18" in warning for warning in volume.geometry.warnings)
    assert volume.mask is not None
    (pet,) = parts_in(*(real_data / "pet" / "qin_headneck_pet_wb").glob("*"))
    body = load_part(pet)
    assert (body.unit, body.values.dtype) == ("SUVbw", np.float32)
    assert 5 < float(body.values.max()) < 60
    assert file_windows(pet, 0)[0].width < 60


@pytest.mark.parametrize(
    ("name", "shape", "is_colour"),
    [
        ("xa/xa_rubo_96frames", (96, 512, 512), False),
        ("us/us_cine_hp_pediatric_echo", (34, 430, 480, 3), True),
        ("us/us_cine_sonosite_ybr422", (30, 240, 320, 3), True),
    ],
)
def test_real_cines_have_all_their_frames(real_data, decoders, name, shape, is_colour):
    (part,) = image_parts(real_data / name)
    frames = load_part(part, decoders=decoders)
    assert isinstance(frames, Frames)
    assert frames.values.shape == shape
    assert frames.is_colour is is_colour
    assert frames.is_complete
    assert not np.array_equal(frames.values[0], frames.values[-1])


def test_the_same_picture_in_every_coding_gives_the_same_colours(real_data, decoders):
    folder = real_data / "transfer_syntax" / "testpattern_colour"
    pictures = {}
    for path in sorted(folder.iterdir()):
        (part,) = parts_in(path)
        pictures[path.stem] = load_part(part, decoders=decoders).values[0].astype(int)
    reference = pictures["TestPattern_RGB"]
    for name, picture in pictures.items():
        is_lossless = name.split("_")[1] in ("RGB", "JPEG-LS-Lossless", "JPEG-Lossless")
        difference = np.abs(picture - reference)
        # A palette has 256 colours and lossy JPEG halves the colour's resolution.
        limit = 0 if is_lossless else 12
        assert difference.mean() <= limit, name


def test_every_damaged_file_is_shown_or_refused_in_words_in_bounded_time(real_data, decoders):
    seen = 0
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for folder in sorted((real_data / "malformed").iterdir()):
        for part in image_parts(folder):
            start = time.monotonic()
            result = outcome(part, decoders)
            assert time.monotonic() - start < 20, folder
            seen += 1
            if isinstance(result, DiptychError):
                assert len(str(result)) > 20
            else:
                assert result.loaded.any()
                assert thumbnail(part, 32, decoders).pixels.size
    assert seen > 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before_kb + 500_000


def test_tiles_of_the_wrong_size_are_left_out_and_counted(real_data, decoders):
    (part,) = image_parts(real_data / "malformed" / "wsi_frames_wrong_size")
    frames = load_part(part, decoders=decoders)
    lost = int((~frames.loaded).sum())
    assert 0 < lost < 140
    assert f"{lost} frames could not be read" in frames.geometry.warnings
    assert not frames.values[~frames.loaded].any()
