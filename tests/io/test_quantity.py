"""Units of values: HU, SUV and what must be said instead."""

import pytest
from pydicom.dataset import Dataset

from tests.builders import ct_slice, image_slice, set_attributes, write
from tests.io.openings import parts_in
from tests.slices import Acquisition
from viewer.io.quantity import quantity_of


def quantity(folder, dataset):
    (part,) = parts_in(write(dataset, folder / "a.dcm"))
    return quantity_of(part)


def pet(**changes):
    """Return a PET slice: 70 kg, 370 MBq one half-life of 6,586 s before the scan."""
    dataset = image_slice(Acquisition("PT", slope=2.0, intercept=0.0))
    drug = set_attributes(
        Dataset(),
        {
            "RadiopharmaceuticalStartTime": "074114",
            "RadionuclideTotalDose": 370e6,
            "RadionuclideHalfLife": 6586.0,
        },
    )
    values = {
        "Units": "BQML",
        "CorrectedImage": ["ATTN", "DECY"],
        "DecayCorrection": "START",
        "PatientWeight": 70.0,
        "SeriesTime": "093100",
        "AcquisitionTime": "093100",
        "RadiopharmaceuticalInformationSequence": [drug],
    }
    for key in tuple(changes):
        if key.startswith("Radio") and not key.endswith("Sequence"):
            set_attributes(drug, {key: changes.pop(key)})
    return set_attributes(dataset, values | changes)


HALF = 70e3 / (370e6 / 2)


def test_suv_counts_the_decay_from_injection_to_scan_10(tmp_path):
    found = quantity(tmp_path, pet())
    assert found.unit == "SUVbw"
    assert found.factor == pytest.approx(HALF, rel=1e-9)
    assert found.warnings == ()


def test_suv_is_not_decayed_again_when_corrected_to_administration_10(tmp_path):
    found = quantity(tmp_path, pet(DecayCorrection="ADMIN"))
    assert found.factor == pytest.approx(70e3 / 370e6)


def test_an_injection_before_midnight_belongs_to_the_day_before_10(tmp_path):
    dataset = pet(
        RadiopharmaceuticalStartTime="230000", SeriesTime="004946", AcquisitionTime="004946"
    )
    assert quantity(tmp_path, dataset).factor == pytest.approx(HALF, rel=1e-9)


def test_a_whole_date_and_time_of_injection_wins_10(tmp_path):
    dataset = pet(
        RadiopharmaceuticalStartTime="010000",
        RadiopharmaceuticalStartDateTime="20240229074114.00+0100",
    )
    assert quantity(tmp_path, dataset).factor == pytest.approx(HALF, rel=1e-9)


def test_a_series_made_later_counts_from_its_acquisition_10(tmp_path):
    dataset = pet(SeriesTime="120000", AcquisitionTime="093100")
    assert quantity(tmp_path, dataset).factor == pytest.approx(HALF, rel=1e-9)


def test_grams_per_millilitre_are_suv_already_10(tmp_path):
    found = quantity(tmp_path, pet(Units="GML", PatientWeight=None))
    assert (found.unit, found.factor) == ("SUVbw", 1.0)
    other = quantity(tmp_path, pet(Units="GML", SUVType="LBM"))
    assert other.unit == "GML"
    assert "LBM" in other.warnings[0]


def test_philips_counts_have_a_factor_of_their_own_10(tmp_path):
    def counts(**private):
        dataset = pet(Units="CNTS")
        block = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
        for element, value in private.items():
            block.add_new(int(element, 16), "DS", value)
        return quantity(tmp_path, dataset)

    assert counts(**{"00": "0.25"}).factor == pytest.approx(0.25)
    assert counts(**{"09": "2"}).factor == pytest.approx(2 * HALF)
    assert "7053,1000" in counts().warnings[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"CorrectedImage": ["DECY"]}, "not corrected for attenuation (0028,0051)"),
        ({"CorrectedImage": ["ATTN"]}, "not corrected for decay (0028,0051)"),
        ({"PatientWeight": None}, "weight (0010,1030) is missing"),
        ({"RadionuclideTotalDose": None}, "dose (0018,1074) is missing"),
        ({"RadionuclideHalfLife": None}, "half-life (0018,1075) is missing"),
        ({"RadiopharmaceuticalStartTime": None}, "injection (0018,1072) is missing"),
        ({"DecayCorrection": "NONE"}, "NONE (0054,1102)"),
        ({"Units": "PROPCPS"}, "PROPCPS (0054,1001)"),
        ({"RadiopharmaceuticalInformationSequence": None}, "dose (0018,1074) is missing"),
    ],
)
def test_without_what_suv_needs_the_raw_unit_is_shown_with_the_reason_10(tmp_path, changes, words):
    found = quantity(tmp_path, pet(**changes))
    assert found.factor == 1
    assert found.unit == changes.get("Units", "BQML")
    assert words in found.warnings[0]


@pytest.mark.parametrize(
    ("changes", "unit"),
    [
        ({}, "HU"),
        ({"RescaleType": None}, "HU"),
        ({"RescaleType": "US"}, "HU"),
        ({"RescaleType": "US", "ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}, "stored"),
        ({"RescaleType": "US", "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "stored"),
        ({"RescaleType": "Z_EFF"}, "Z_EFF"),
        ({"RescaleType": None, "RescaleSlope": None, "RescaleIntercept": None}, "stored"),
        ({"RescaleType": None, "RescaleIntercept": 0}, "HU"),
    ],
)
def test_ct_is_in_hounsfield_units_only_where_the_header_means_it_11(tmp_path, changes, unit):
    assert quantity(tmp_path, ct_slice(**changes)).unit == unit


def test_mr_never_becomes_hounsfield_units_11(tmp_path):
    dataset = image_slice(Acquisition("MR"), RescaleSlope=1, RescaleIntercept=0)
    assert quantity(tmp_path, dataset).unit == "stored"


@pytest.mark.realdata
def test_suv_of_a_real_series_agrees_with_the_dose_in_its_header(real_data):
    import pydicom

    paths = sorted((real_data / "pet" / "qin_headneck_pet_wb").glob("*"))
    (part,) = parts_in(*paths)
    header = pydicom.dcmread(paths[0], stop_before_pixels=True)
    drug = header.RadiopharmaceuticalInformationSequence[0]

    def seconds(text):
        text = str(text)
        return int(text[:2]) * 3600 + int(text[2:4]) * 60 + float(text[4:])

    waited = seconds(header.SeriesTime) - seconds(drug.RadiopharmaceuticalStartTime)
    dose = drug.RadionuclideTotalDose * 0.5 ** (waited / float(drug.RadionuclideHalfLife))
    wanted = float(header.PatientWeight) * 1000 / dose
    assert quantity_of(part).factor == pytest.approx(wanted, rel=1e-6)
