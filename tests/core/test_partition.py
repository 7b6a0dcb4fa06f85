"""Splitting and ordering series; tests of a rule of the viewing specification carry its number."""

import copy
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.builders import (
    CORONAL,
    SAGITTAL,
    TILT_RAD,
    Acquisition,
    build_series,
    cine,
    colour_image,
    ct_series,
    ct_slice,
    enhanced_ct,
    radiograph,
    text_report,
    uid,
    write,
    write_all,
)
from tests.found import parts_of, series_of, studies_of
from viewer.core.partition import geometry_of, geometry_warnings, parts
from viewer.core.study import Instance, PartKind, Series, SeriesPart, Study


def z_of(part: SeriesPart) -> list[float]:
    found = []
    for source in part.sources:
        assert source.facts.geometry is not None
        found.append(source.facts.geometry.position_mm[2])
    return found


def numbers_of(part: SeriesPart) -> list[int | None]:
    return [source.instance.instance_number for source in part.sources]


# ------------------------------------------------------------------------------ rules 1 to 7


def test_rule_1_slices_are_ordered_by_position_along_the_normal(tmp_path: Path) -> None:
    (part,) = parts_of(ct_series(tmp_path, 8, defects=["wrong_order"]))
    steps = np.diff(z_of(part))
    assert part.kind is PartKind.VOLUME
    assert np.allclose(np.abs(steps), 2.0)
    assert len(set(np.sign(steps))) == 1


@pytest.mark.parametrize("orientation", [CORONAL, SAGITTAL])
def test_rule_1_holds_in_every_plane(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    settings = Acquisition(orientation=orientation)
    datasets = build_series(6, settings=settings)
    (part,) = parts_of(write_all([datasets[i] for i in (3, 0, 5, 1, 4, 2)], tmp_path))
    assert numbers_of(part) == [1, 2, 3, 4, 5, 6]


def test_rule_1_direction_follows_the_instance_numbers_where_they_follow_the_positions(
    tmp_path: Path,
) -> None:
    datasets = build_series(6)
    for index, dataset in enumerate(datasets):
        dataset.InstanceNumber = 6 - index
    (part,) = parts_of(write_all(datasets, tmp_path))
    assert numbers_of(part) == [1, 2, 3, 4, 5, 6]
    assert z_of(part) == sorted(z_of(part), reverse=True)


def test_rule_1_direction_is_upwards_where_instance_numbers_say_nothing(tmp_path: Path) -> None:
    datasets = build_series(6)
    for number, dataset in zip((4, 1, 6, 2, 5, 3), datasets, strict=True):
        dataset.InstanceNumber = number
    (part,) = parts_of(write_all(datasets, tmp_path))
    assert z_of(part) == sorted(z_of(part))


def test_rule_2_spacing_comes_from_positions_not_from_thickness(tmp_path: Path) -> None:
    (part,) = parts_of(ct_series(tmp_path, 8, defects=["wrong_thickness"]))
    geometry = geometry_of(part)
    assert geometry is not None
    assert geometry.spacing_mm[0] == pytest.approx(2.0)
    assert geometry.is_even


def test_rule_3_orientations_become_parts(tmp_path: Path) -> None:
    first, second = parts_of(ct_series(tmp_path, 6, defects=["second_orientation"]))
    assert [first.label, second.label] == ["axial", "sagittal"]
    assert len(first.sources) == len(second.sources) == 6


def test_rule_3_nearly_parallel_planes_stay_together(tmp_path: Path) -> None:
    datasets = build_series(6)
    for dataset in datasets[::2]:
        dataset.ImageOrientationPatient = [1, 0.0004, 0, -0.0004, 1, 0]
    (part,) = parts_of(write_all(datasets, tmp_path))
    assert len(part.sources) == 6


def test_rule_3_a_localizer_is_pulled_out(tmp_path: Path) -> None:
    volume, scout = parts_of(ct_series(tmp_path, 6, defects=["localizer"]))
    assert len(volume.sources) == 6
    assert len(scout.sources) == 1
    assert "localizer" in scout.label


def test_rule_3_a_localizer_of_the_same_plane_and_size_is_pulled_out_by_its_type(
    tmp_path: Path,
) -> None:
    datasets = build_series(6)
    datasets[0].ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    volume, scout = parts_of(write_all(datasets, tmp_path))
    assert (len(volume.sources), scout.label) == (5, "localizer")


def test_rule_4_echoes_are_never_interleaved(tmp_path: Path) -> None:
    settings = Acquisition("MR")
    first, second = parts_of(ct_series(tmp_path, 5, settings=settings, defects=["two_echoes"]))
    assert [first.label, second.label] == ["TE 10 ms", "TE 80 ms"]
    assert z_of(first) == z_of(second)
    assert len(set(z_of(first))) == 5


def test_rule_4_phases_are_never_interleaved(tmp_path: Path) -> None:
    first, second = parts_of(ct_series(tmp_path, 5, defects=["two_phases"]))
    assert [first.label, second.label] == ["phase 1 of 2", "phase 2 of 2"]
    assert all(
        dict(source.facts.dimensions)["temporal position"] == "2" for source in second.sources
    )


def test_rule_4_b_values_become_parts(tmp_path: Path) -> None:
    settings = Acquisition("MR")
    paths = ct_series(tmp_path, 5, settings=settings, defects=["two_b_values"])
    assert [part.label for part in parts_of(paths)] == ["b 0", "b 1000"]


def test_rule_4_gradient_directions_become_parts(tmp_path: Path) -> None:
    datasets = []
    for direction in range(3):
        for dataset in build_series(4, settings=Acquisition("MR", series="dwi")):
            dataset.SOPInstanceUID = uid(dataset.SOPInstanceUID, direction)
            dataset.DiffusionBValue = 1000.0
            dataset.DiffusionGradientOrientation = [float(direction == axis) for axis in range(3)]
            datasets.append(dataset)
    found = parts_of(write_all(datasets, tmp_path))
    assert [part.label for part in found] == [f"direction {k} of 3" for k in (1, 2, 3)]
    assert all(len(set(z_of(part))) == len(part.sources) == 4 for part in found)


def test_rule_4_trigger_times_that_differ_by_slice_become_phases_by_their_order(
    tmp_path: Path,
) -> None:
    datasets = []
    for phase in range(3):
        for place, dataset in enumerate(build_series(4, settings=Acquisition("MR"))):
            dataset.SOPInstanceUID = uid(dataset.SOPInstanceUID, phase)
            dataset.TriggerTime = 100 * phase + place
            datasets.append(dataset)
    found = parts_of(write_all(datasets, tmp_path))
    assert [part.label for part in found] == [f"phase {k} of 3" for k in (1, 2, 3)]
    assert all(len(part.sources) == 4 for part in found)


def test_rule_4_acquisition_times_part_repeated_positions(tmp_path: Path) -> None:
    datasets = build_series(4)
    again = build_series(4, AcquisitionTime="101500")
    for dataset in again:
        dataset.SOPInstanceUID = uid(dataset.SOPInstanceUID, "later")
    found = parts_of(write_all(datasets + again, tmp_path))
    assert [part.label for part in found] == ["time point 1 of 2", "time point 2 of 2"]


def test_rule_4_image_type_part_3_parts_a_series(tmp_path: Path) -> None:
    datasets = build_series(6, settings=Acquisition("MR"))
    for dataset in datasets[::2]:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "P"]
    assert sorted(part.label for part in parts_of(write_all(datasets, tmp_path))) == ["M", "P"]


def test_rule_4_what_nothing_tells_apart_becomes_a_part_of_its_own(tmp_path: Path) -> None:
    first, second = parts_of(ct_series(tmp_path, 6, defects=["duplicate"]))
    assert (first.label, second.label) == ("", "duplicate positions")
    assert (len(first.sources), len(second.sources)) == (6, 1)
    assert "more than once" in first.warnings[0]
    assert geometry_of(first) is not None


def test_rule_4_acquisitions_that_overlap_between_positions_are_not_interleaved(
    tmp_path: Path,
) -> None:
    datasets = build_series(5)
    second = build_series(5, AcquisitionNumber=2)
    for dataset in second:
        dataset.SOPInstanceUID = uid(dataset.SOPInstanceUID, "second")
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, float(z) + 0.5]
    found = parts_of(write_all(datasets + second, tmp_path))
    assert [part.label for part in found] == ["acquisition 1 of 2", "acquisition 2 of 2"]


def test_rule_4_consecutive_acquisitions_stay_one_volume(tmp_path: Path) -> None:
    datasets = build_series(8)
    for place, dataset in enumerate(datasets):
        dataset.AcquisitionNumber = 1 + place // 4
    (part,) = parts_of(write_all(datasets, tmp_path))
    assert len(part.sources) == 8


def test_time_points_of_one_slice_stay_together_as_frames(tmp_path: Path) -> None:
    datasets = []
    for phase in (3, 1, 2):
        dataset = ct_slice(0, settings=Acquisition("MR"), TemporalPositionIdentifier=phase)
        dataset.SOPInstanceUID = uid("cine", phase)
        datasets.append(dataset)
    (part,) = parts_of(write_all(datasets, tmp_path))
    assert part.kind is PartKind.FRAMES
    assert part.label == "3 time points at one position"
    times = [dict(source.facts.dimensions)["temporal position"] for source in part.sources]
    assert times == ["1", "2", "3"]


def test_rule_5_gantry_tilt_is_found_from_positions(tmp_path: Path) -> None:
    (part,) = parts_of(ct_series(tmp_path, 8, defects=["tilt"]))
    geometry = geometry_of(part)
    assert geometry is not None
    assert geometry.is_tilted
    assert geometry.spacing_mm[0] == pytest.approx(2.0)
    assert f"{np.rad2deg(TILT_RAD):.1f}°" in " ".join(geometry_warnings(part))


def test_rule_5_slices_that_wander_within_their_plane_get_a_warning(tmp_path: Path) -> None:
    datasets = build_series(6)
    x, y, z = datasets[3].ImagePositionPatient
    datasets[3].ImagePositionPatient = [float(x) + 5, y, z]
    (part,) = parts_of(write_all(datasets, tmp_path))
    assert any("shifted against each other" in words for words in part.warnings)


def test_rule_6_a_gap_is_reported_and_not_stretched(tmp_path: Path) -> None:
    (part,) = parts_of(ct_series(tmp_path, 9, defects=["gap"]))
    geometry = geometry_of(part)
    assert geometry is not None
    assert geometry.has_gaps
    assert geometry.spacing_mm[0] == pytest.approx(2.0)
    assert geometry_warnings(part) == ("gap: 1 slice is missing",)


def test_rule_7_rows_and_columns_keep_their_own_spacing(tmp_path: Path) -> None:
    settings = Acquisition(spacing_mm=(1.5, 0.5))
    (part,) = parts_of(ct_series(tmp_path, 4, settings=settings))
    geometry = geometry_of(part)
    assert geometry is not None
    assert geometry.spacing_mm[1:] == pytest.approx((1.5, 0.5))
    assert np.allclose(geometry.affine[:3, 1], (0, 1.5, 0))  # one row down is +y
    assert np.allclose(geometry.affine[:3, 2], (0.5, 0, 0))  # one column on is +x


def test_rule_7_other_spacing_or_matrix_is_another_part(tmp_path: Path) -> None:
    small = build_series(3, settings=Acquisition(rows=12))
    coarse = build_series(3, settings=Acquisition(spacing_mm=(1.5, 1.0)))
    for word, datasets in (("small", small), ("coarse", coarse)):
        for dataset in datasets:
            dataset.SOPInstanceUID = uid(dataset.SOPInstanceUID, word)
    found = parts_of(write_all(build_series(3) + small + coarse, tmp_path))
    assert [len(part.sources) for part in found] == [3, 3, 3]
    assert len({part.label for part in found}) == 3


@pytest.mark.parametrize("spacing", [[-0.5, 0.5], [0, 0]])
def test_rule_7_negative_or_zero_spacing_is_refused(tmp_path: Path, spacing: list[float]) -> None:
    (part,) = parts_of(ct_series(tmp_path, 2, PixelSpacing=spacing))
    assert part.kind is PartKind.FRAMES
    assert any("pixel spacing" in words for words in part.warnings)
    assert part.sources[0].instance.pixel_spacing_mm is None


# ------------------------------------------------------------------------- rules 21 to 24


def test_rule_21_frames_of_enhanced_objects_are_ordered_by_position(tmp_path: Path) -> None:
    dataset = enhanced_ct(6, order=[4, 0, 5, 2, 1, 3], slopes=[1, 2, 3, 4, 5, 6])
    (part,) = parts_of([write(dataset, tmp_path / "e.dcm")])
    assert part.kind is PartKind.VOLUME
    steps = np.diff(z_of(part))
    assert np.allclose(np.abs(steps), 2.0)
    by_place = {source.index: source.facts.slope for source in part.sources}
    assert by_place == {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0, 4: 5.0, 5: 6.0}


def test_rule_21_stacks_and_time_points_of_enhanced_objects_are_parted(tmp_path: Path) -> None:
    dataset = enhanced_ct(8, order=[0, 1, 2, 3, 0, 1, 2, 3])
    for place, groups in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        groups.FrameContentSequence[0].TemporalPositionIndex = 1 + place // 4
    found = parts_of([write(dataset, tmp_path / "e.dcm")])
    assert [part.label for part in found] == ["phase 1 of 2", "phase 2 of 2"]
    for place, groups in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        del groups.FrameContentSequence[0].TemporalPositionIndex
        groups.FrameContentSequence[0].StackID = str(1 + place // 4)
    found = parts_of([write(dataset, tmp_path / "s.dcm")])
    assert [part.label for part in found] == ["stack 1", "stack 2"]


def test_rule_21_further_dimensions_part_repeated_positions(tmp_path: Path) -> None:
    dataset = enhanced_ct(6, order=[0, 1, 2, 0, 1, 2])
    pointer = dataset.DimensionIndexSequence[0]
    pointer.DimensionIndexPointer = 0x00189337  # keV of a spectral image
    for place, groups in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        groups.FrameContentSequence[0].DimensionIndexValues = [1 + place // 3]
    found = parts_of([write(dataset, tmp_path / "e.dcm")])
    assert [part.label for part in found] == ["set 1 of 2", "set 2 of 2"]


def test_rule_22_a_cine_keeps_its_frame_order_and_time(tmp_path: Path) -> None:
    (part,) = parts_of([write(cine(5), tmp_path / "c.dcm")])
    assert part.kind is PartKind.FRAMES
    assert [source.index for source in part.sources] == [0, 1, 2, 3, 4]
    assert part.sources[0].instance.frame_time_ms == 40.0


def test_rule_22_vectors_of_offsets_give_old_frames_their_place(tmp_path: Path) -> None:
    dataset = ct_slice(0, NumberOfFrames=3, SliceLocationVector=None)
    dataset.PixelData = dataset.PixelData * 3
    dataset.add_new(0x00182005, "DS", ["0", "4", "8"])
    dataset.FrameIncrementPointer = 0x00182005
    (part,) = parts_of([write(dataset, tmp_path / "v.dcm")])
    assert part.kind is PartKind.VOLUME
    assert z_of(part) == pytest.approx([-30, -26, -22])


@pytest.mark.parametrize("offsets", [["0", "2.5", "5"], ["-30", "-27.5", "-25"]])
def test_rule_22_dose_planes_lie_where_their_offsets_say(
    tmp_path: Path, offsets: list[str]
) -> None:
    dataset = ct_slice(0, SOPClassUID="1.2.840.10008.5.1.4.1.1.481.2", NumberOfFrames=3)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.PixelData = dataset.PixelData * 3
    dataset.GridFrameOffsetVector = offsets
    dataset.DoseGridScaling, dataset.DoseUnits = 0.5, "GY"
    (part,) = parts_of([write(dataset, tmp_path / "d.dcm")])
    assert z_of(part) == pytest.approx([-30, -27.5, -25])
    assert part.sources[0].facts.slope == 0.5
    assert part.sources[0].instance.rescale_type == "GY"


def test_rule_22_reconstructed_nuclear_medicine_is_stacked_from_its_detector(
    tmp_path: Path,
) -> None:
    dataset = ct_slice(0, NumberOfFrames=3, SpacingBetweenSlices=4.5)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    detector = Dataset()
    detector.ImagePositionPatient = dataset.ImagePositionPatient
    detector.ImageOrientationPatient = dataset.ImageOrientationPatient
    dataset.DetectorInformationSequence = [detector]
    del dataset.ImagePositionPatient, dataset.ImageOrientationPatient
    dataset.PixelData = dataset.PixelData * 3
    (part,) = parts_of([write(dataset, tmp_path / "n.dcm")])
    assert part.kind is PartKind.VOLUME
    assert z_of(part) == pytest.approx([-30, -25.5, -21])


def test_rule_22_frames_without_a_place_of_their_own_are_not_stacked(tmp_path: Path) -> None:
    dataset = ct_slice(0, NumberOfFrames=3)
    dataset.PixelData = dataset.PixelData * 3
    (part,) = parts_of([write(dataset, tmp_path / "v.dcm")])
    assert part.kind is PartKind.FRAMES
    assert any("place of one frame only" in words for words in part.warnings)


def mosaic(tmp_path: Path, tiles: int, rows: int = 24) -> SeriesPart:
    dataset = ct_slice(0, settings=Acquisition("MR", rows=rows, columns=rows))
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0A, "US", tiles)
    (part,) = parts_of([write(dataset, tmp_path / "m.dcm")])
    return part


def test_rule_23_a_mosaic_is_a_plain_image_and_says_so(tmp_path: Path) -> None:
    part = mosaic(tmp_path, tiles=36)
    assert part.kind is PartKind.FRAMES
    assert "mosaic of 36 tiles, shown as one plain image" in part.warnings


def test_rule_23_the_word_mosaic_alone_is_not_believed(tmp_path: Path) -> None:
    assert mosaic(tmp_path, tiles=1).kind is PartKind.VOLUME
    assert mosaic(tmp_path, tiles=36, rows=25).kind is PartKind.VOLUME


def test_rule_24_images_without_position_keep_the_order_of_their_numbers(tmp_path: Path) -> None:
    datasets = build_series(5, defects=["no_position"])
    (part,) = parts_of(write_all([datasets[i] for i in (3, 0, 4, 1, 2)], tmp_path))
    assert part.kind is PartKind.FRAMES
    assert numbers_of(part) == [1, 2, 3, 4, 5]
    assert geometry_of(part) is None
    assert any("no position" in words for words in part.warnings)


def test_rule_24_a_radiograph_is_a_plain_frame(tmp_path: Path) -> None:
    (part,) = parts_of([write(radiograph(), tmp_path / "r.dcm")])
    assert (part.kind, part.warnings) == (PartKind.FRAMES, ())


# ------------------------------------------------------------------------ rules 30 and 32


def test_rule_30_frames_of_reference_are_kept_apart(tmp_path: Path) -> None:
    datasets = build_series(6)
    for dataset in datasets[3:]:
        dataset.FrameOfReferenceUID = uid("another")
    found = parts_of(write_all(datasets, tmp_path))
    assert [len(part.sources) for part in found] == [3, 3]
    assert all("frame of reference" in part.label for part in found)


def test_rule_30_a_frame_of_reference_of_its_own_for_every_slice_says_nothing(
    tmp_path: Path,
) -> None:
    datasets = build_series(6)
    for place, dataset in enumerate(datasets):
        dataset.FrameOfReferenceUID = uid("own", place)
    (part,) = parts_of(write_all(datasets, tmp_path))
    assert len(part.sources) == 6
    assert any("own frame of reference" in words for words in part.warnings)


def test_a_second_version_of_one_slice_does_not_scatter_a_stack_of_own_frames_of_reference(
    tmp_path: Path,
) -> None:
    datasets = build_series(6)
    for place, dataset in enumerate(datasets):
        dataset.FrameOfReferenceUID = uid("own", place)
    again = copy.deepcopy(datasets[2])
    again.ContentTime = "235959"
    found = parts_of(write_all([*datasets, again], tmp_path))
    assert sorted(len(part.sources) for part in found) == [1, 6]


def test_rule_32_two_patients_under_one_study_are_kept_apart_with_a_warning(
    tmp_path: Path,
) -> None:
    studies = studies_of(ct_series(tmp_path, 6, defects=["two_patients"]))
    assert [study.patient_id for study in studies] == ["DIP-1", "DIP-2"]
    assert len({study.uid for study in studies}) == 1
    assert all("kept apart" in study.warnings[0] for study in studies)
    assert [len(study.series[0].instances) for study in studies] == [3, 3]


# -------------------------------------------------------------------------------- others


def test_two_parallel_slices_and_one_slice_are_volumes(tmp_path: Path) -> None:
    two = parts_of(ct_series(tmp_path / "two", 2))
    one = parts_of(ct_series(tmp_path / "one", 1))
    assert [part.kind for part in (*two, *one)] == [PartKind.VOLUME, PartKind.VOLUME]
    geometry = geometry_of(one[0])
    assert geometry is not None
    assert geometry.shape == (1, 24, 32)


def test_polarity_and_colour_are_kept_apart(tmp_path: Path) -> None:
    datasets = build_series(4)
    datasets[3].PhotometricInterpretation = "MONOCHROME1"
    capture = colour_image(SeriesInstanceUID=datasets[0].SeriesInstanceUID)
    found = parts_of(write_all([*datasets, capture], tmp_path))
    kinds = [(part.kind.value, len(part.sources)) for part in found]
    assert sorted(kinds) == [("frames", 1), ("volume", 1), ("volume", 3)]


def test_objects_are_parts_that_say_what_they_are(tmp_path: Path) -> None:
    (part,) = parts_of([write(text_report(), tmp_path / "sr.dcm")])
    assert part.kind is PartKind.OBJECT
    assert part.object_name == "structured report (text)"


def test_a_copy_of_a_file_is_shown_once_and_named(tmp_path: Path) -> None:
    paths = ct_series(tmp_path, 4)
    copy = tmp_path / "copy.dcm"
    copy.write_bytes(paths[1].read_bytes())
    (part,) = parts_of([*paths, copy])
    assert len(part.sources) == 4
    assert part.warnings == ("1 file holds a copy of an image that is shown once",)


def test_different_images_of_one_uid_are_both_kept(tmp_path: Path) -> None:
    datasets = build_series(4)
    datasets[3].SOPInstanceUID = datasets[2].SOPInstanceUID
    (part,) = parts_of(write_all(datasets, tmp_path))
    assert len(part.sources) == 4
    assert part.warnings == ("different images carry the same SOP Instance UID",)


def test_a_presentation_state_that_is_not_applied_is_named_on_its_images(tmp_path: Path) -> None:
    study, series = series_of(ct_series(tmp_path, 2))
    state = Instance(
        path="pr",
        origin="pr",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.11.1",
        sop_instance_uid="1.2.3",
        transfer_syntax_uid="",
        modality="PR",
        acquisition=(("referenced_series", f"1.2 {series.uid}"),),
    )
    both = replace(study, series=(series, Series(uid="9.9", instances=(state,))))
    (part,) = parts(both, series)
    assert part.warnings == ("a presentation state refers to these images and is not applied",)


def test_five_thousand_slices_are_parted_in_well_under_a_second(tmp_path: Path) -> None:
    study, series = series_of(ct_series(tmp_path, 1))
    (first,) = series.instances
    plane = first.frames[0].geometry
    assert plane is not None
    many = tuple(
        replace(
            first,
            path=str(place),
            sop_instance_uid=f"1.2.{place}",
            instance_number=place,
            frames=(
                replace(
                    first.frames[0],
                    geometry=replace(plane, position_mm=(0.0, 0.0, 0.5 * (place * 37 % 5000))),
                ),
            ),
        )
        for place in range(5000)
    )
    start = time.process_time()
    (part,) = parts(study, replace(series, instances=many))
    assert time.process_time() - start < 0.5
    assert len(part.sources) == 5000


def test_a_series_without_instances_has_no_parts() -> None:
    assert parts(Study(uid="1"), Series(uid="2")) == ()
