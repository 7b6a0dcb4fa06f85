"""Derived series: how they were made, in words, codes and data, and read back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from tests.builders import (
    ct_series,
)
from tests.io.sources import (
    SHA256,
    enhanced_of,
    part_of,
    provenance_for,
    saved,
    volume_of,
)
from viewer.core.provenance import RESEARCH_CAUTION, MethodKind, label_for
from viewer.core.volume import derive
from viewer.io import derivation
from viewer.io.derivation import (
    description,
    is_marked_ai,
    is_ours,
    packed,
    read_provenance,
    unpacked,
)
from viewer.io.derived import write_derived


@pytest.mark.parametrize("kind", list(MethodKind))
def test_every_field_of_the_provenance_comes_back(tmp_path: Path, kind: MethodKind) -> None:
    paths = ct_series(tmp_path / "source", 3)
    enhanced = enhanced_of(volume_of(paths), kind=kind, is_synthetic_data=True)
    for path in write_derived(part_of(paths), enhanced, tmp_path / "out"):
        assert read_provenance(path) == enhanced.provenance


def test_text_for_people_says_what_matters(tmp_path: Path) -> None:
    (new, *_) = saved(ct_series(tmp_path / "source", 2), tmp_path / "out")
    text = new.DerivationDescription
    assert len(text) <= 1024
    for word in (
        "For research use, not for diagnosis",
        "AI-ENHANCED",
        "ct-denoise-s 1.0",
        SHA256,
        "0.5235",
        "thicker than trained",
    ):
        assert word in text


def test_very_long_record_is_cut_in_the_text_but_whole_in_the_data(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1)
    volume = volume_of(paths)
    provenance = provenance_for(volume)
    words = tuple(f"caution {n} with some words in it" for n in range(80))
    long = replace(provenance, cautions=words)
    (path,) = write_derived(part_of(paths), derive(volume, volume.values, long), tmp_path / "out")
    assert len(pydicom.dcmread(path).DerivationDescription) <= 1024
    assert read_provenance(path) == long


def test_codes_name_ai_method_and_purpose(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1)
    (ai,) = saved(paths, tmp_path / "ai")
    (gauss,) = saved(paths, tmp_path / "gauss", kind=MethodKind.FILTER)
    codes = [(c.CodeValue, c.CodingSchemeDesignator) for c in ai.DerivationCodeSequence]
    assert codes == [("AI-ENHANCED", "99DIPTYCH"), ("ct-denoise-s", "99DIPTYCH"), ("123110", "DCM")]
    codes = [(c.CodeValue, c.CodingSchemeDesignator) for c in gauss.DerivationCodeSequence]
    assert codes == [("FILTERED", "99DIPTYCH"), ("gaussian", "99DIPTYCH"), ("113088", "DCM")]
    assert ai.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == "99DIPTYCH"
    assert is_marked_ai(ai)
    assert not is_marked_ai(gauss)
    assert is_ours(gauss)
    assert not is_ours(pydicom.dcmread(paths[0]))


def test_each_image_names_its_own_source(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 3)
    for path, new in zip(paths, saved(paths, tmp_path / "out"), strict=True):
        (item,) = new.SourceImageSequence
        assert item.ReferencedSOPInstanceUID == pydicom.dcmread(path).SOPInstanceUID
        assert item.SpatialLocationsPreserved == "YES"
        assert item.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"


def test_every_slice_that_took_part_is_named_the_own_one_first(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 3)
    uids = [pydicom.dcmread(path).SOPInstanceUID for path in paths]
    new = saved(paths, tmp_path / "out", inputs=((1,), (0, 2), (1,)))
    named = [[i.ReferencedSOPInstanceUID for i in one.SourceImageSequence] for one in new]
    assert named == [[uids[0], uids[1]], [uids[1], uids[0], uids[2]], [uids[2], uids[1]]]
    own, *others = new[1].SourceImageSequence
    assert own.SpatialLocationsPreserved == "YES"
    assert {item.SpatialLocationsPreserved for item in others} == {"NO"}
    assert {i.PurposeOfReferenceCodeSequence[0].CodeValue for i in others} == {"121322"}


def test_gates_and_cautions_stand_apart_in_the_description(tmp_path: Path) -> None:
    volume = volume_of(ct_series(tmp_path / "source", 1))
    known = replace(provenance_for(volume), cautions=("Measure on the original.",))
    assert "Gates: passed without a warning. Cautions: Measure on the original." in description(
        known
    )
    warned = replace(known, gates=("slices of 6 mm", "lossy."))
    text = description(warned)
    assert "Gates: slices of 6 mm; lossy. Cautions: Measure on the original." in text
    assert unpacked(packed(warned), warned.source_uids) == warned


def test_equipment_names_the_scanner_and_diptych(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1, ManufacturerModelName="Scanner 9")
    (new,) = saved(paths, tmp_path / "out")
    scanner, ours = new.ContributingEquipmentSequence
    assert scanner.PurposeOfReferenceCodeSequence[0].CodeValue == "109101"
    assert scanner.ManufacturerModelName == "Scanner 9"
    assert ours.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
    assert ours.Manufacturer == "Diptych"
    assert list(ours.SoftwareVersions) == ["Diptych 0.1.0", "1.0"]
    assert ours.ContributionDateTime == "20260304050607.123456+0000"
    assert new.Manufacturer == "Diptych tests"


def test_scanner_without_a_name_is_not_made_up(tmp_path: Path) -> None:
    (new,) = saved(ct_series(tmp_path / "source", 1, Manufacturer=""), tmp_path / "out")
    assert [item.Manufacturer for item in new.ContributingEquipmentSequence] == ["Diptych"]


@pytest.mark.parametrize(
    ("source", "method", "written"),
    [(None, False, "NO"), ("NO", False, "NO"), ("YES", False, "YES"), (None, True, "YES")],
)
def test_synthetic_data_is_always_said_and_inherited(
    tmp_path: Path, source: str | None, method: bool, written: str
) -> None:
    paths = ct_series(tmp_path / "source", 1, SyntheticData=source)
    enhanced = enhanced_of(volume_of(paths), is_synthetic_data=method)
    (path,) = write_derived(part_of(paths), enhanced, tmp_path / "out")
    assert pydicom.dcmread(path).SyntheticData == written


def test_recognised_after_the_texts_were_removed(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 2)
    (new, _) = saved(paths, tmp_path / "out")
    new.remove_private_tags()
    del new.DerivationDescription
    del new.SeriesDescription
    del new.ContributingEquipmentSequence
    new.save_as(tmp_path / "cleaned.dcm")
    provenance = read_provenance(tmp_path / "cleaned.dcm")
    assert provenance is not None
    assert provenance.kind is MethodKind.AI
    assert (provenance.method_id, provenance.version) == ("ct-denoise-s", "1.0")
    assert provenance.source_uids == (pydicom.dcmread(paths[0]).SOPInstanceUID,)
    label = label_for(provenance)
    assert label is not None
    assert label.title == "AI-ENHANCED"
    assert "strength not recorded" in label.detail


def test_what_a_research_model_made_is_not_for_reading_after_the_texts_were_removed(
    tmp_path: Path,
) -> None:
    paths = ct_series(tmp_path / "source", 1)
    enhanced = enhanced_of(volume_of(paths))
    research = replace(enhanced.provenance, cautions=(RESEARCH_CAUTION,))
    marked = replace(enhanced, provenance=research)
    (path,) = write_derived(part_of(paths), marked, tmp_path / "out")
    new = pydicom.dcmread(path)
    new.remove_private_tags()
    del new.DerivationDescription
    new.save_as(tmp_path / "cleaned.dcm")
    provenance = read_provenance(tmp_path / "cleaned.dcm")
    assert provenance is not None
    assert provenance.is_research
    assert provenance.method_id == "ct-denoise-s"
    label = label_for(provenance)
    assert label is not None
    assert label.advice == RESEARCH_CAUTION.lower()


@pytest.mark.parametrize("text", ["{", "[]", '{"kind":"AI"}', "\0", '{"format":1,"kind":"?"}'])
def test_damaged_record_falls_back_to_the_codes(tmp_path: Path, text: str) -> None:
    (new,) = saved(ct_series(tmp_path / "source", 1), tmp_path / "out")
    new.private_block(0x0009, "DIPTYCH")[1].value = text
    new.save_as(tmp_path / "damaged.dcm")
    provenance = read_provenance(tmp_path / "damaged.dcm")
    assert provenance is not None
    assert provenance.method_id == "ct-denoise-s"


def test_acquired_image_has_no_provenance(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, 1)
    assert read_provenance(path) is None


def test_uid_list_of_a_huge_series_stays_small(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "source", 1)
    provenance = provenance_for(volume_of(paths))
    regular = tuple(f"1.2.826.0.1.3680043.8.498.11.{n}" for n in range(5000))
    whole = derivation.packed(replace(provenance, source_uids=regular))
    assert len(whole) < derivation.LONGEST_UID_LIST + 2000
    assert derivation.unpacked(whole).source_uids == regular
    rng = np.random.default_rng(3)
    random = tuple(f"2.25.{int(n)}{int(m)}" for n, m in rng.integers(2**62, size=(5000, 2)))
    cut = derivation.packed(replace(provenance, source_uids=random))
    assert len(cut) < 2000
    assert derivation.unpacked(cut, ("1.2.3",)).source_uids == ("1.2.3",)


def test_bomb_in_the_record_is_refused(tmp_path: Path) -> None:
    import base64
    import json
    import zlib

    paths = ct_series(tmp_path / "source", 1)
    content = json.loads(derivation.packed(provenance_for(volume_of(paths))))
    content["sources"] = base64.b64encode(zlib.compress(b"1" * 100_000_000)).decode()
    assert derivation.unpacked(json.dumps(content)) is None


def test_earlier_derivation_steps_stay_in_front(tmp_path: Path) -> None:
    step = Dataset()
    step.CodeValue, step.CodingSchemeDesignator, step.CodeMeaning = "113072", "DCM", "MPR"
    paths = ct_series(tmp_path / "source", 1, DerivationCodeSequence=[step])
    (new,) = saved(paths, tmp_path / "out")
    assert [item.CodeValue for item in new.DerivationCodeSequence][:2] == ["113072", "AI-ENHANCED"]
