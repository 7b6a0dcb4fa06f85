"""Derived series of real CT, MR, PET and X-ray images, judged by the validators of dicom3tools."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from tests.io.sources import enhanced_of, modality_of, part_of, volume_of
from tests.io.validators import SYNTHETIC_DATA, entity_errors_of, errors_of
from viewer.core.errors import Blocked
from viewer.io.derivation import read_provenance
from viewer.io.derived import write_derived

pytestmark = [pytest.mark.realdata, pytest.mark.peer]

SERIES = (
    ("ct/acr_phantom_ge_repeat_a", "HU"),
    ("ct/acr_phantom_siemens_80kvp", "HU"),
    ("ct/catphan_elekta_cbct_3slices", "HU"),
    ("ct/chest_lidc0314_1mm_jls", "HU"),
    ("ct/chest_siemens_two_studies", "HU"),
    ("ct/misc_single", "HU"),
    ("ct/osirix_single", "HU"),
    ("ct/spine_ge_tilt5_1slice", "HU"),
    ("geometry/head_ge_tilt18", "HU"),
    ("transfer_syntax/wg04_ct1", "HU"),
    ("transfer_syntax/ct_ge_chest_all_ts", "HU"),
    ("mr/brain_ge_pd_axobl", "stored"),
    ("mr/brain_philips_flair", "stored"),
    ("mr/brain_philips_t2epi", "stored"),
    ("mr/brain_siemens_mprage_3d", "stored"),
    ("mr/brain_siemens_perfusion_maps", "stored"),
    ("mr/brain_siemens_t2_tse", "stored"),
    ("geometry/dwi_ge_14dirs_same_positions", "stored"),
    ("pet/pet_ge_discovery_1slice", "BQML"),
    ("pet/qin_headneck_pet_wb", "BQML"),
    ("pet/qin_headneck_pet_wb", "SUVbw"),
    ("radiograph/cr_chest_fuji", "stored"),
    ("radiograph/cr_rg1_thorax_j2k", "stored"),
    ("radiograph/cr_teeth_modality_lut", "stored"),
    ("radiograph/dx_chest_canon_j2k", "stored"),
    ("mg/mg_ge_senographe", "stored"),
)
SLICES = 3


def first_slices(folder: Path) -> list[Path]:
    """Return the first files of a folder that are of one series and one matrix."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())[:SLICES]
    headers = [pydicom.dcmread(path, stop_before_pixels=True, force=True) for path in files]
    kinds = [(h.SeriesInstanceUID, h.SOPInstanceUID, h.Rows, h.Columns) for h in headers]
    chosen: dict[str, Path] = {}
    for path, (series, instance, *shape) in zip(files, kinds, strict=True):
        if (series, *shape) == (kinds[0][0], *kinds[0][2:]):
            chosen.setdefault(instance, path)
    return list(chosen.values())


@pytest.mark.parametrize(("name", "unit"), SERIES)
def test_no_error_that_the_source_does_not_have(
    real_data: Path, tmp_path: Path, name: str, unit: str
) -> None:
    paths = first_slices(real_data / name)
    before = [path.read_bytes() for path in paths]
    volume = volume_of(paths, unit=unit)
    enhanced = enhanced_of(volume, 3 if volume.values.dtype == np.int16 else 0.37)
    written = write_derived(part_of(paths), enhanced, tmp_path / "out")
    assert len(written) == len(paths)
    for index, (source, new) in enumerate(zip(paths, written, strict=True)):
        added = errors_of(new) - errors_of(source)
        assert [line for line in added if SYNTHETIC_DATA not in line] == []
        assert sum(added.values()) == 1
        assert read_provenance(new) == enhanced.provenance
        dataset = pydicom.dcmread(new)
        values = modality_of(dataset, dataset.pixel_array.astype(np.int32))
        error = np.abs(values - enhanced.values[index])
        error = error if enhanced.mask is None else error[enhanced.mask[index]]
        slope = float(dataset.get("RescaleSlope") or 1)
        is_whole = enhanced.values.dtype == np.int16
        is_limited = "limited to the range" in dataset.DerivationDescription
        assert error.max() <= (4 if is_limited else 0 if is_whole else slope * 0.51)
    assert entity_errors_of([*paths, *written]) - entity_errors_of(paths) == {}
    assert [path.read_bytes() for path in paths] == before


def test_fewer_errors_than_the_source_where_the_right_value_is_known(
    real_data: Path, tmp_path: Path
) -> None:
    known = {
        "radiograph/cr_chest_fuji": ("ImageType", "AcquisitionDate", "AcquisitionTime"),
        "mr/brain_philips_flair": ("PixelAspectRatio",),
        "mr/brain_ge_pd_axobl": ("WindowWidth",),
        "ct/spine_ge_tilt5_1slice": ("SpacingBetweenSlices",),
        "ct/chest_lidc0314_1mm_jls": ("RescaleType",),
        "pet/pet_ge_discovery_1slice": ("PatientPosition", "NumberOfTimeSlices"),
        "radiograph/cr_rg1_thorax_j2k": ("PixelSpacing",),
        "radiograph/cr_teeth_modality_lut": ("ModalityLUTSequence", "RescaleIntercept"),
        "radiograph/dx_chest_canon_j2k": ("AnatomicRegionSequence",),
    }
    for name, words in known.items():
        paths = first_slices(real_data / name)[:1]
        enhanced = enhanced_of(volume_of(paths), 3)
        (new,) = write_derived(part_of(paths), enhanced, tmp_path / name)
        for word in words:
            assert any(word in line for line in errors_of(paths[0])), (name, word)
            assert not any(word in line for line in errors_of(new)), (name, word)


@pytest.mark.parametrize("name", ["mr/mr_multiframe_old_philips/multiframe-test1.dcm"])
def test_multi_frame_objects_are_refused(real_data: Path, tmp_path: Path, name: str) -> None:
    path = real_data / name
    frame = pydicom.dcmread(path).pixel_array[:1].astype(np.int16)
    volume = volume_of_frame(path, frame)
    with pytest.raises(Blocked, match="multi-frame"):
        write_derived(part_of([path]), enhanced_of(volume), tmp_path / "out")


def volume_of_frame(path: Path, values: np.ndarray) -> object:
    from viewer.core.geometry import VolumeGeometry
    from viewer.core.volume import Volume

    uid = str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)
    geometry = VolumeGeometry(np.eye(4), values.shape)
    return Volume(values, geometry, "stored", (uid,), np.ones(1, dtype=np.bool_))
