"""Saving an enhanced series and opening it again: label, provenance, values, and refusals."""

from pathlib import Path

import numpy as np
import pytest

from tests.builders import Acquisition, ct_series
from viewer.app.enhancing import EnhanceRequest, enhance
from viewer.app.saving import refuse_source_folder, save_derived, save_enhancement
from viewer.core.errors import NotSaved
from viewer.core.partition import parts
from viewer.core.provenance import MethodKind, label_for
from viewer.core.study import Series, SeriesPart, Study
from viewer.core.volume import DerivedVolume, Volume, derive
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import Engine
from viewer.io.assemble import load_part
from viewer.io.scan import scan

MATRIX = Acquisition(rows=64, columns=64, spacing_mm=(0.7, 0.7), step_mm=1.0, thickness_mm=1.0)


def opened(path: Path, scratch: Path) -> tuple[Study, Series, SeriesPart]:
    """Open the first part of the first series below a path."""
    report = scan((path,), lambda _entries, _skipped: None, lambda: False, scratch)
    study = report.studies[0]
    part = parts(study, study.series[0])[0]
    return study, study.series[0], part


def enhanced_by_filter(
    study: Study, series: Series, part: SeriesPart, volume: Volume
) -> DerivedVolume:
    engine = Engine(read_catalogue(Path("absent")))
    return enhance(engine, EnhanceRequest(study, series, part, volume, "gaussian", 0.5)).volume()


def test_filtered_series_is_recognised_when_it_is_opened_again(tmp_path: Path) -> None:
    ct_series(tmp_path / "source", 6, settings=MATRIX)
    study, series, part = opened(tmp_path / "source", tmp_path / "x")
    volume = load_part(part)
    assert isinstance(volume, Volume)
    enhanced = enhanced_by_filter(study, series, part, volume)
    paths = save_derived(part, enhanced, tmp_path / "out", study=study)
    again_study, again_series, again_part = opened(tmp_path / "out", tmp_path / "x")
    again = load_part(again_part)
    assert len(paths) == 6
    assert isinstance(again, DerivedVolume)
    assert again.provenance == enhanced.provenance
    assert again.provenance.kind is MethodKind.FILTER
    assert label_for(again.provenance) == label_for(enhanced.provenance)
    assert np.array_equal(again.values, enhanced.values)
    assert again.unit == volume.unit == "HU"
    assert np.array_equal(again.geometry.affine, volume.geometry.affine)
    assert again.geometry.frame_of_reference_uid == volume.geometry.frame_of_reference_uid
    assert again_study.key == study.key
    assert again_series.uid != series.uid
    assert again_series.description == "FILTER " + series.description
    assert again_series.number == 101


def test_enhancement_is_saved_at_the_strength_that_is_shown(tmp_path: Path) -> None:
    ct_series(tmp_path / "source", 5, settings=MATRIX)
    study, series, part = opened(tmp_path / "source", tmp_path / "x")
    volume = load_part(part)
    engine = Engine(read_catalogue(tmp_path / "absent"))
    request = EnhanceRequest(study, series, part, volume, "gaussian", 0.4)
    enhancement = enhance(engine, request)
    told: list[float] = []
    save_enhancement(
        enhancement, 0.8, tmp_path / "out", report=lambda fraction, _: told.append(fraction)
    )
    again = load_part(opened(tmp_path / "out", tmp_path / "x")[2])
    assert isinstance(again, DerivedVolume)
    assert again.provenance.strength == 0.8
    assert np.array_equal(again.values, enhancement.volume(0.8).values)
    assert told[-1] == 1.0


def test_second_save_takes_the_next_series_number(tmp_path: Path) -> None:
    ct_series(tmp_path / "source", 5, settings=MATRIX)
    study, series, part = opened(tmp_path / "source", tmp_path / "x")
    volume = load_part(part)
    assert isinstance(volume, Volume)
    enhanced = enhanced_by_filter(study, series, part, volume)
    save_derived(part, enhanced, tmp_path / "all" / "1", study=study)
    ct_series(tmp_path / "all" / "source", 5, settings=MATRIX)
    report = scan((tmp_path / "all",), lambda _e, _s: None, lambda: False, tmp_path / "x")
    assert {one.number for one in report.studies[0].series} == {1, 101}
    save_derived(part, enhanced, tmp_path / "2", study=report.studies[0])
    assert opened(tmp_path / "2", tmp_path / "x")[1].number == 102


@pytest.mark.parametrize("place", ["source", "source/deeper/out", "source/../source"])
def test_folder_of_the_original_is_refused(tmp_path: Path, place: str) -> None:
    ct_series(tmp_path / "source", 2)
    _, _, part = opened(tmp_path / "source", tmp_path / "x")
    with pytest.raises(NotSaved, match="holds the original"):
        refuse_source_folder(part, tmp_path / place)
    refuse_source_folder(part, tmp_path / "elsewhere")


def test_folder_that_was_opened_is_refused_at_any_depth(tmp_path: Path) -> None:
    ct_series(tmp_path / "study" / "series", 2)
    _, _, part = opened(tmp_path / "study", tmp_path / "x")
    with pytest.raises(NotSaved, match="holds the original"):
        refuse_source_folder(part, tmp_path / "study" / "out", (tmp_path / "study",))
    refuse_source_folder(part, tmp_path / "study" / "out")


def test_way_around_by_a_link_is_refused(tmp_path: Path) -> None:
    ct_series(tmp_path / "source", 2)
    (tmp_path / "link").symlink_to(tmp_path / "source", target_is_directory=True)
    _, _, part = opened(tmp_path / "source", tmp_path / "x")
    with pytest.raises(NotSaved, match="holds the original"):
        refuse_source_folder(part, tmp_path / "link" / "out")


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name",
    ["ct/acr_phantom_siemens_80kvp", "mr/brain_siemens_t2_tse", "ct/catphan_elekta_cbct_3slices"],
)
def test_real_series_come_back_with_the_same_values(
    real_data: Path, tmp_path: Path, name: str
) -> None:
    before = {p: p.stat().st_mtime_ns for p in (real_data / name).iterdir()}
    study, _, part = opened(real_data / name, tmp_path / "x")
    volume = load_part(part)
    assert isinstance(volume, Volume)
    provenance = label_provenance(volume)
    enhanced = derive(volume, volume.values // 2, provenance)
    save_derived(part, enhanced, tmp_path / "out", study=study)
    again = load_part(opened(tmp_path / "out", tmp_path / "x")[2])
    assert isinstance(again, DerivedVolume)
    assert np.array_equal(again.values, enhanced.values)
    assert again.unit == volume.unit
    assert {p: p.stat().st_mtime_ns for p in (real_data / name).iterdir()} == before


@pytest.mark.realdata
def test_real_pet_comes_back_as_suv(real_data: Path, tmp_path: Path) -> None:
    study, _, part = opened(real_data / "pet" / "qin_headneck_pet_wb", tmp_path / "x")
    volume = load_part(part)
    assert isinstance(volume, Volume)
    assert volume.unit == "SUVbw"
    enhanced = derive(volume, volume.values * np.float32(0.9), label_provenance(volume))
    save_derived(part, enhanced, tmp_path / "out", study=study)
    again = load_part(opened(tmp_path / "out", tmp_path / "x")[2])
    assert isinstance(again, DerivedVolume)
    assert again.unit == "SUVbw"
    largest = np.abs(enhanced.values).max(axis=(1, 2), keepdims=True)
    assert (np.abs(again.values - enhanced.values) <= largest / 65000 * 1.01 + 1e-6).all()


def label_provenance(volume: Volume) -> object:
    from tests.io.sources import provenance_for

    return provenance_for(volume)
