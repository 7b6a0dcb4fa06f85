"""Volumes and frames from files; numbers in names are the rules of the viewing spec."""

import time
import tracemalloc
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.builders import (
    PADDING,
    build_series,
    cine,
    colour_image,
    ct_series,
    ct_slice,
    enhanced_ct,
    image_slice,
    palette_image,
    pattern,
    radiograph,
    set_pixels,
    write,
    write_all,
)
from tests.io.openings import encapsulated, noisy, parts_in
from tests.io.sources import enhanced_of
from tests.slices import CORONAL, Acquisition
from viewer.core.errors import (
    Cancelled,
    DamagedPixels,
    InvalidGeometry,
    OutOfMemory,
    UnsupportedPixels,
)
from viewer.core.study import PartKind
from viewer.core.view import Plane, ViewState, edge_letters
from viewer.core.volume import DerivedVolume, Frames, Volume
from viewer.core.windowing import WindowFunction
from viewer.io.addressing import load_order
from viewer.io.assemble import FOREIGN_AI, file_windows, load_part, memory_needed, thumbnail
from viewer.io.decoding import Decoders
from viewer.io.derived import write_derived

JLS = "1.2.840.10008.1.2.4.80"


@pytest.fixture(scope="module")
def decoders():
    with Decoders(2) as pool:
        yield pool


def loaded(*paths, **options):
    (part,) = parts_in(*paths)
    return load_part(part, **options)


def hounsfield(n, rows=24, columns=32):
    return np.stack([pattern(rows, columns, k) for k in range(n)]) - 1024


def jls_series(folder, n=6, bits=12, slopes=()):
    paths = []
    for index, dataset in enumerate(build_series(len(slopes) or n)):
        if slopes:
            dataset.RescaleSlope = slopes[index]
        values = noisy(40, 56, bits, index)
        set_pixels(dataset, values, bits_stored=bits)
        name = f"{index}.dcm"
        stream = imagecodecs.jpegls_encode(values)
        paths.append(encapsulated(dataset, [stream], JLS, folder, name=name))
    return paths


def wanted_jls(n=6, bits=12):
    return np.stack([noisy(40, 56, bits, k).astype(int) for k in range(n)]) - 1024


# ------------------------------------------------------------------------------ values


def test_slices_lie_where_their_positions_say_1_2(tmp_path):
    volume = loaded(*ct_series(tmp_path, 8))
    assert isinstance(volume, Volume)
    assert volume.values.dtype == np.int16
    assert np.array_equal(volume.values, hounsfield(8))
    assert volume.unit == "HU"
    assert volume.is_complete
    assert volume.geometry.spacing_mm == pytest.approx((2.0, 0.75, 0.5))


@pytest.mark.parametrize("orientation", [CORONAL])
def test_the_centre_of_a_voxel_is_where_its_header_says_31(tmp_path, orientation):
    settings = Acquisition(orientation=orientation)
    volume = loaded(*ct_series(tmp_path, 5, settings=settings))
    geometry = volume.geometry
    for index in range(5):
        plane = geometry.to_index(settings.position_mm(index))
        assert plane == pytest.approx((round(plane[0]), 0, 0), abs=1e-6)
        value = volume.values[round(plane[0]), 0, 0]
        assert value == 1000 + 20 * index - 1024
    second = np.asarray(settings.position_mm(0)) + 0.5 * np.asarray(orientation[:3])
    row, column = geometry.to_index(second)[1:]
    assert (row, column) == pytest.approx((0, 1), abs=1e-6)


def test_row_and_column_spacing_are_not_swapped_7(tmp_path):
    volume = loaded(*ct_series(tmp_path, 4))
    assert np.linalg.norm(volume.geometry.affine[:3, 1]) == pytest.approx(0.75)
    assert np.linalg.norm(volume.geometry.affine[:3, 2]) == pytest.approx(0.5)


def test_signed_and_unsigned_series_give_the_same_values_17(tmp_path):
    plain = loaded(*ct_series(tmp_path / "a", 4))
    signed = loaded(*ct_series(tmp_path / "b", 4, defects=["signed"]))
    assert np.array_equal(plain.values, signed.values)


@pytest.mark.parametrize("is_signed", [False, True])
def test_spare_bits_of_a_series_are_no_part_of_its_values_16(tmp_path, is_signed):
    slices = build_series(3, RescaleIntercept=-100)
    low = -2048 if is_signed else 0
    wanted = [np.arange(24 * 32).reshape(24, 32) * 5 % 4096 + low - k for k in range(3)]
    wanted = [np.clip(values, low, low + 4095) for values in wanted]
    for dataset, values in zip(slices, wanted, strict=True):
        set_pixels(dataset, values, bits_stored=12, is_signed=is_signed)
        junk = np.frombuffer(dataset.PixelData, np.uint16) ^ 0xA000
        junk[::3] ^= 0xF000
        dataset.PixelData = junk.tobytes()
    volume = loaded(*write_all(slices, tmp_path))
    assert volume.values.dtype == np.int16
    assert np.array_equal(volume.values, np.stack(wanted) - 100)


def test_animals_get_the_letters_of_animals_25(tmp_path):
    volume = loaded(*ct_series(tmp_path, 2, AnatomicalOrientationType="QUADRUPED"))
    assert edge_letters(ViewState(plane=Plane.AXIAL), volume.geometry) == ("RT", "V", "LE", "D")


def test_pet_slopes_are_applied_slice_by_slice_9(tmp_path):
    settings = Acquisition("PT", intercept=0.0)
    slices = build_series(4, settings=settings, Units="BQML")
    for index, dataset in enumerate(slices):
        dataset.RescaleSlope = 0.5 + 0.25 * index
    volume = loaded(*write_all(slices, tmp_path))
    assert volume.values.dtype == np.float32
    assert volume.unit == "BQML"
    assert any(warning.startswith("no SUV:") for warning in volume.geometry.warnings)
    for index in range(4):
        wanted = pattern(24, 32, index) * (0.5 + 0.25 * index)
        assert np.allclose(volume.values[index], wanted)


def test_a_fractional_rescale_gives_floats(tmp_path):
    volume = loaded(*ct_series(tmp_path, 2, RescaleSlope=0.1, RescaleIntercept=-5.5))
    assert volume.values.dtype == np.float32
    assert volume.values[1] == pytest.approx(pattern(24, 32, 1) * 0.1 - 5.5, abs=1e-3)


def test_frames_of_an_enhanced_image_take_their_own_rescale_and_place_21(tmp_path):
    slopes = [1.0, 2.0, 1.0, 3.0]
    order = [2, 0, 3, 1]
    dataset = enhanced_ct(4, order=order, slopes=slopes)
    volume = loaded(write(dataset, tmp_path / "e.dcm"))
    assert volume.values.dtype == np.float32
    for frame, place in enumerate(order):
        wanted = pattern(24, 32, place) * slopes[frame] - 1024
        assert np.allclose(volume.values[place], wanted)


def test_a_modality_lut_is_used_instead_of_the_rescale_11(tmp_path):
    dataset = radiograph()
    item = Dataset()
    item.add_new(0x00283002, "US", [4096, 0, 16])
    item.add_new(0x00283006, "OW", (np.arange(4096) * 10).astype("<u2").tobytes())
    item.ModalityLUTType = "OD"
    dataset.ModalityLUTSequence = [item]
    frames = loaded(write(dataset, tmp_path / "m.dcm"))
    assert frames.unit == "OD"
    assert np.array_equal(frames.values[0], pattern(24, 32) * 10)


def test_values_beyond_int16_widen_the_volume_and_lose_nothing(tmp_path):
    paths = []
    for index, dataset in enumerate(build_series(5, RescaleIntercept=0)):
        values = pattern(24, 32, index) + (40000 if index == 3 else 0)
        set_pixels(dataset, values)
        paths.append(write(dataset, tmp_path / f"{index}.dcm"))
    volume = loaded(*paths)
    assert volume.values.dtype == np.float32
    wanted = np.stack([pattern(24, 32, k) + (40000 if k == 3 else 0) for k in range(5)])
    assert np.array_equal(volume.values, wanted)


# ------------------------------------------------------------------------------ padding


def test_padding_is_matched_on_stored_values_and_masked_15(tmp_path):
    volume = loaded(*ct_series(tmp_path, 5, defects=["padding"]))
    assert volume.mask is not None
    assert not volume.mask[:, :2].any()
    assert volume.mask[:, 2:].all()
    assert np.all(volume.values[:, :2] == PADDING - 1024)
    assert np.array_equal(volume.values[:, 2:], hounsfield(5)[:, 2:])


def test_a_padding_value_that_no_pixel_has_leaves_no_mask_15(tmp_path):
    volume = loaded(*ct_series(tmp_path, 3, PixelPaddingValue=7))
    assert volume.mask is None


def test_a_range_of_padding_is_masked_in_some_slices_only_15(tmp_path):
    slices = build_series(4, PixelPaddingValue=10, PixelPaddingRangeLimit=20)
    values = pattern(24, 32, 2)
    values[:3] = 15
    set_pixels(slices[2], values, bits_stored=12)
    volume = loaded(*write_all(slices, tmp_path))
    assert not volume.mask[2, :3].any()
    assert volume.mask[2, 3:].all()
    assert volume.mask[[0, 1, 3]].all()


def test_padding_outside_int16_does_not_widen_the_volume_15(tmp_path):
    slices = build_series(3)
    for dataset in slices:
        values = pattern(24, 32) - 1000
        values[0] = -32768
        set_pixels(dataset, values, is_signed=True)
        dataset.add_new(0x00280120, "SS", -32768)
    for index, dataset in enumerate(slices):
        dataset.InstanceNumber = index + 1
    volume = loaded(*write_all(slices, tmp_path))
    assert volume.values.dtype == np.int16
    assert np.all(volume.values[:, 0] == -32768)
    assert not volume.mask[:, 0].any()
    assert np.array_equal(volume.values[0, 1:], pattern(24, 32)[1:] - 2024)


# ------------------------------------------------------------------------------ geometry


def test_gaps_and_tilt_are_told_by_the_geometry_5_6(tmp_path):
    gap = loaded(*ct_series(tmp_path / "gap", 8, defects=["gap"]))
    assert gap.geometry.has_gaps
    assert any("missing" in warning for warning in gap.geometry.warnings)
    tilt = loaded(*ct_series(tmp_path / "tilt", 8, defects=["tilt"]))
    assert tilt.geometry.is_tilted


def test_a_radiograph_becomes_frames_without_a_place_24(tmp_path):
    frames = loaded(write(radiograph(), tmp_path / "r.dcm"))
    assert isinstance(frames, Frames)
    assert not frames.geometry.is_patient
    assert frames.spacing_origin == "detector"
    assert frames.geometry.spacing_mm[1:] == pytest.approx((0.2, 0.2))


def test_a_cine_keeps_its_frames_and_its_timing_22(tmp_path):
    frames = loaded(write(cine(5), tmp_path / "c.dcm"))
    assert frames.values.shape == (5, 24, 32)
    assert frames.frame_time_ms == 40.0
    row, column = np.mgrid[:24, :32]
    assert np.array_equal(frames.values[3], 30 + row + column)


def test_colour_and_palette_become_rgb_bytes_19(tmp_path):
    colour = loaded(write(colour_image(), tmp_path / "a.dcm"))
    assert colour.is_colour
    assert colour.values.dtype == np.uint8
    assert colour.values[0, 3, 4].tolist() == [15, 16, 50]
    palette = loaded(write(palette_image(), tmp_path / "b.dcm"))
    assert palette.values[0, 3, 4].tolist() == [7, 248, 0]


def test_each_file_of_a_part_is_read_with_its_own_palette(tmp_path):
    first, second = palette_image(), palette_image(InstanceNumber=2, SOPInstanceUID="1.2.3.9")
    second.RedPaletteColorLookupTableData = bytes(512)
    (part,) = parts_in(write(first, tmp_path / "a.dcm"), write(second, tmp_path / "b.dcm"))
    frames = load_part(part)
    assert frames.values[0, 3, 4, 0] == 7
    assert frames.values[1, 3, 4, 0] == 0


# ------------------------------------------------------------------------------ progress


def test_the_wanted_slice_comes_first_then_its_neighbours_then_every_fifth():
    order = load_order(100, 50)
    assert order[0] == 50
    assert set(order[:17]) == set(range(42, 59))
    assert all(place % 5 == 0 for place in order[17:34])
    assert sorted(order) == list(range(100))
    assert load_order(1, 7) == (0,)


def test_slices_are_published_while_they_arrive(tmp_path, decoders, monkeypatch):
    monkeypatch.setattr("viewer.io.loading.PUBLISH_EVERY_S", 0.0)
    seen = []
    (part,) = parts_in(*jls_series(tmp_path, 12))
    volume = load_part(part, first=6, publish=seen.append, decoders=decoders)
    assert seen[-1] is volume
    counts = [int(view.loaded.sum()) for view in seen]
    assert counts == sorted(counts)
    assert counts[0] <= 2
    assert not seen[0].is_complete
    assert seen[0].loaded[5:8].any()
    for view in seen:
        assert not view.values.flags.writeable
        assert np.shares_memory(view.values, volume.values)


def test_publishing_is_limited_to_ten_times_a_second(tmp_path):
    seen = []
    (part,) = parts_in(*ct_series(tmp_path, 60))
    start = time.monotonic()
    load_part(part, publish=seen.append)
    assert len(seen) <= 2 + 10 * (time.monotonic() - start)


def test_loading_stops_when_it_is_cancelled(tmp_path, decoders):
    for paths in (ct_series(tmp_path / "raw", 30), jls_series(tmp_path / "jls", 12)):
        (part,) = parts_in(*paths)
        calls = []

        def is_cancelled(calls=calls):
            calls.append(1)
            return len(calls) > 3

        with pytest.raises(Cancelled):
            load_part(part, is_cancelled=is_cancelled, decoders=decoders)


def test_cold_files_are_read_by_several_threads_with_the_same_result(tmp_path, monkeypatch):
    monkeypatch.setattr("viewer.io.loading._COLD_BYTES_PER_S", 1e18)
    volume = loaded(*ct_series(tmp_path, 40, defects=["padding"]))
    assert np.array_equal(volume.values[:, 2:], hounsfield(40)[:, 2:])
    assert not volume.mask[:, :2].any()


# ------------------------------------------------------------------------------ compressed


def test_compressed_slices_arrive_through_the_processes(tmp_path, decoders):
    volume = loaded(*jls_series(tmp_path), decoders=decoders)
    assert np.array_equal(volume.values, wanted_jls())


def test_slopes_differ_by_slice_in_compressed_series_too_9(tmp_path, decoders):
    slopes = [0.5, 0.75, 2.0]
    paths = jls_series(tmp_path, slopes=slopes)
    volume = loaded(*paths, decoders=decoders)
    for place, slope in enumerate(slopes):
        assert np.allclose(volume.values[place], noisy(40, 56, 12, place) * slope - 1024)


def test_without_a_pool_one_is_started_for_the_call(tmp_path):
    volume = loaded(*jls_series(tmp_path, 2))
    assert np.array_equal(volume.values, wanted_jls(2))


def test_compressed_values_beyond_int16_widen_the_volume(tmp_path, decoders):
    volume = loaded(*jls_series(tmp_path, 4, bits=16), decoders=decoders)
    assert volume.values.dtype == np.float32
    assert np.array_equal(volume.values, wanted_jls(4, bits=16))


def test_many_frames_of_one_compressed_file_are_found_once(tmp_path, decoders, monkeypatch):
    from viewer.io import addressing

    walks = []
    original = addressing.frame_fragments
    monkeypatch.setattr(
        addressing, "frame_fragments", lambda *args: walks.append(1) or original(*args)
    )
    frames = [noisy(40, 56, 8, k) for k in range(9)]
    dataset = cine(9)
    set_pixels(dataset, np.stack(frames))
    streams = [imagecodecs.jpegls_encode(frame) for frame in frames]
    loaded_frames = loaded(encapsulated(dataset, streams, JLS, tmp_path), decoders=decoders)
    assert np.array_equal(loaded_frames.values, np.stack(frames))
    assert len(walks) == 1


# ------------------------------------------------------------------------------ what fails


def test_slices_that_cannot_be_read_are_counted_and_not_guessed(tmp_path, decoders):
    paths = jls_series(tmp_path)
    for bad in (paths[1], paths[4]):
        bad.write_bytes(bad.read_bytes()[:-400])
    volume = loaded(*paths, decoders=decoders)
    assert volume.loaded.tolist() == [True, False, True, True, False, True]
    assert not volume.is_complete
    assert "2 slices could not be read" in volume.geometry.warnings
    assert not volume.values[1].any()
    assert np.array_equal(volume.values[2], wanted_jls()[2])


def test_a_series_of_which_nothing_can_be_read_says_why(tmp_path, decoders):
    paths = jls_series(tmp_path, 2)
    for path in paths:
        path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(DamagedPixels, match="ends before"):
        loaded(*paths, decoders=decoders)


def test_a_folder_that_disappears_while_loading_leaves_what_was_read(tmp_path):
    paths = ct_series(tmp_path, 30)
    (part,) = parts_in(*paths)
    seen = []

    def publish(view):
        seen.append(view)
        for path in paths[20:]:
            path.unlink(missing_ok=True)

    volume = load_part(part, publish=publish)
    assert "10 slices could not be read" in volume.geometry.warnings
    assert np.array_equal(volume.values[:20], hounsfield(30)[:20])


def test_an_unknown_transfer_syntax_is_named_before_memory_is_taken(tmp_path):
    dataset = ct_slice()
    path = encapsulated(dataset, [b"\0" * 100], "1.2.840.10008.1.2.4.102", tmp_path)
    with pytest.raises(UnsupportedPixels, match="MPEG-4"):
        loaded(path)


def test_an_enormous_header_takes_no_memory(tmp_path):
    dataset = ct_slice(Rows=65535, Columns=65535)
    (part,) = parts_in(write(dataset, tmp_path / "a.dcm"))
    tracemalloc.start()
    with pytest.raises((DamagedPixels, OutOfMemory)):
        load_part(part)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_stalling_series_is_given_up_after_three_frames(tmp_path, decoders, monkeypatch):
    from viewer.io.decoding import DecoderLost

    tried = []

    def decode(self, task):
        tried.append(task)
        raise DecoderLost("A frame took longer than 20 s.")

    monkeypatch.setattr(Decoders, "decode", decode)
    with pytest.raises(DamagedPixels):
        loaded(*jls_series(tmp_path, 12), decoders=decoders)
    assert 3 <= len(tried) <= 4


def test_frames_of_another_matrix_have_no_place(tmp_path):
    (part,) = parts_in(*ct_series(tmp_path / "a", 3))
    (other,) = parts_in(*ct_series(tmp_path / "b", 1, settings=Acquisition(rows=12)))
    sources = (
        *part.sources[:2],
        replace(
            part.sources[2],
            instance=replace(part.sources[2].instance, pixels=other.sources[0].instance.pixels),
        ),
    )
    volume = load_part(replace(part, sources=sources))
    assert volume.loaded.tolist() == [True, True, False]
    assert "1 slice could not be read" in volume.geometry.warnings


def test_images_without_a_position_are_no_volume(tmp_path):
    (part,) = parts_in(write(radiograph(), tmp_path / "r.dcm"))
    with pytest.raises((DamagedPixels, InvalidGeometry)):
        load_part(replace(part, kind=PartKind.VOLUME))


# ------------------------------------------------------------------------------ windows, AI


def test_all_windows_of_the_file_and_its_voi_luts_are_offered_12(tmp_path):
    dataset = ct_slice(
        WindowCenter=[40, -600],
        WindowWidth=[400, 1500],
        WindowCenterWidthExplanation=["SOFT", "LUNG"],
    )
    item = Dataset()
    item.add_new(0x00283002, "SS", [3, -1000, 8])
    item.add_new(0x00283006, "US", [0, 100, 255])
    item.LUTExplanation = "BONE"
    dataset.VOILUTSequence = [item]
    (part,) = parts_in(write(dataset, tmp_path / "a.dcm"))
    windows = file_windows(part, 0)
    assert [window.name for window in windows] == ["SOFT", "LUNG", "BONE"]
    assert windows[2].function is WindowFunction.TABLE
    assert (windows[1].centre, windows[1].width) == (-600, 1500)


def test_windows_of_a_pet_series_are_in_suv_like_its_values_12(tmp_path):
    from tests.io.test_quantity import HALF, pet

    dataset = pet(WindowCenter=20000, WindowWidth=40000)
    (part,) = parts_in(write(dataset, tmp_path / "a.dcm"))
    (window,) = file_windows(part, 0)
    assert window.centre == pytest.approx(19999.5 * HALF)
    assert window.width == pytest.approx(39999 * HALF)
    volume = load_part(part)
    assert volume.unit == "SUVbw"
    assert volume.values[0] == pytest.approx(pattern(24, 32) * 2.0 * HALF, rel=1e-5)


def test_a_narrow_window_of_a_pet_series_is_narrower_than_one_suv_12(tmp_path):
    from tests.io.test_quantity import HALF, pet

    (part,) = parts_in(write(pet(WindowCenter=500, WindowWidth=1000), tmp_path / "a.dcm"))
    (window,) = file_windows(part, 0)
    assert window.width == pytest.approx(999 * HALF)
    assert window.width < 1


def test_a_series_that_another_maker_marks_as_ai_warns(tmp_path):
    dataset = image_slice(Acquisition("CT"), ImageType=["DERIVED", "SECONDARY", "AXIAL", "AI"])
    (part,) = parts_in(write(dataset, tmp_path / "a.dcm"))
    instance = replace(part.sources[0].instance, is_ai=True)
    marked = replace(part, sources=(replace(part.sources[0], instance=instance),))
    volume = load_part(marked)
    assert FOREIGN_AI in volume.geometry.warnings
    assert volume.provenance is None
    assert thumbnail(marked, 32).is_ai


def test_a_stored_series_of_ours_comes_back_with_its_provenance(tmp_path):
    (part,) = parts_in(*ct_series(tmp_path / "in", 3))
    enhanced = enhanced_of(load_part(part))
    (stored,) = parts_in(*write_derived(part, enhanced, tmp_path / "out"))
    seen = []
    volume = load_part(stored, publish=seen.append)
    assert isinstance(volume, DerivedVolume)
    assert volume.provenance == enhanced.provenance
    assert all(view.provenance is not None for view in seen)
    assert volume.unit == "HU"
    assert np.array_equal(volume.values, enhanced.values)
    assert thumbnail(stored, 16).provenance == enhanced.provenance


def test_a_thumbnail_shows_the_middle_slice_in_its_proportions(tmp_path):
    (part,) = parts_in(*ct_series(tmp_path, 5, WindowCenter=40, WindowWidth=200))
    picture = thumbnail(part, 20)
    # 24 rows of 0.75 mm and 32 columns of 0.5 mm: 18 x 16 mm.
    assert picture.pixels.shape == (20, 18, 3)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels[0, 0, 0] < picture.pixels[-1, -1, 0]
    inverse = loaded_thumbnail(tmp_path / "m", PhotometricInterpretation="MONOCHROME1")
    assert inverse[0, 0, 0] > inverse[-1, -1, 0]


def loaded_thumbnail(folder, **changes):
    (part,) = parts_in(*ct_series(folder, 5, WindowCenter=40, WindowWidth=200, **changes))
    return thumbnail(part, 20).pixels


def test_the_memory_told_is_the_memory_of_the_volume(tmp_path):
    (part,) = parts_in(*ct_series(tmp_path, 6, defects=["padding"]))
    volume = load_part(part)
    told = memory_needed(part) - 20_000_000
    assert told == volume.values.nbytes + volume.mask.nbytes
