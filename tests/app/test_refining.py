"""Finer slices from the gates to files and back: grid, label, provenance, consistency, strength."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from tests.app.test_saving import opened
from tests.builders import Acquisition, ct_series, enhanced_ct, write
from tests.enhancement.scenes import SmoothingRunner, study_of, tiny_model, volume_of
from viewer.app.enhancing import EnhanceRequest, enhance, gates_for, prepare, run
from viewer.app.recording import log_headless, log_path
from viewer.app.saving import save_enhancement
from viewer.core.errors import Blocked, Cancelled, UnfitModel, WrongUsage
from viewer.core.geometry import VolumeGeometry
from viewer.core.provenance import acquired_words, label_for
from viewer.core.volume import DerivedVolume
from viewer.enhancement.catalogue import Catalogue, read_catalogue
from viewer.enhancement.checks import Verdict
from viewer.enhancement.engine import Engine
from viewer.enhancement.through_plane import Profile, SliceSampling, through_plane
from viewer.io.assemble import load_part

SPACING = (4.0, 0.8, 0.8)
OBLIQUE = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)


def stack(count=10, spacing=SPACING, **changes):
    values = np.random.default_rng(0).normal(100, 30, (count, 40, 48)).astype(np.int16)
    volume = volume_of(values, spacing_mm=spacing, **changes)
    geometry = volume.geometry
    return replace(volume, geometry=replace(geometry, slice_thickness_mm=spacing[0]))


def request(volume, factor=4, method="finer-cubic", strength=0.4):
    study, series, part = study_of()
    settings = (("factor", float(factor)),)
    return EnhanceRequest(study, series, part, volume, method, strength, settings)


@pytest.fixture
def engine():
    return Engine(Catalogue())


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An engine with a model for finer slices that smooths across them."""
    folder = tmp_path_factory.mktemp("models")
    card = tiny_model(folder) / "card.toml"
    text = card.read_text().replace('"denoise"', '"resample"').replace("[4.0, 70.0]", "[0, 1000]")
    text = text.replace("[0.1, 0.8]", "[0, 9]")
    card.write_text(text)
    return Engine(read_catalogue(folder), open_model=lambda _card, device: SmoothingRunner())


# ------------------------------------------------------------------ what comes out


def test_finer_slices_lie_between_the_acquired_ones(engine):
    volume = stack()
    finer = enhance(engine, request(volume)).volume()
    assert isinstance(finer, DerivedVolume)
    assert finer.is_complete
    assert finer.geometry.shape == (37, 40, 48)
    assert finer.geometry.spacing_mm == pytest.approx((1.0, 0.8, 0.8))
    assert finer.geometry.slice_thickness_mm == 1.0
    for index in range(10):
        acquired, fine = volume.geometry, finer.geometry
        assert np.allclose(fine.slice_origin_mm(4 * index), acquired.slice_origin_mm(index))
        positions = (fine.slice_positions_mm[4 * index], acquired.slice_positions_mm[index])
        assert positions[0] == pytest.approx(positions[1])


def test_seen_through_the_profile_they_are_the_acquired_slices(engine):
    volume = stack()
    result = enhance(engine, request(volume))
    planes = through_plane(SliceSampling(10, 4.0, 4.0, 4, Profile.BOX))
    assert planes.misfit(result.volume().values, volume.values)[1] < 0.6
    assert float(dict(result.provenance().parameters)["consistency_largest"].split()[0]) < 0.6


def test_the_label_names_both_steps_and_no_strength(engine):
    label = label_for(enhance(engine, request(stack())).provenance())
    assert label.title == "FILTERED"
    assert label.detail == "Finer slices (cubic) · 1.0 mm slices, acquired 4.0 mm"


def test_each_slice_says_where_it_lies_among_the_acquired_ones(engine):
    known = enhance(engine, request(stack())).provenance()
    assert acquired_words(known, 0, 37, is_even=True) == "at acquired slice 1"
    assert acquired_words(known, 25, 37, is_even=True) == "between acquired slices 7 and 8"
    assert acquired_words(known, 36, 37, is_even=True) == "at acquired slice 10"
    assert acquired_words(None, 3, 37, is_even=True) == ""


def test_the_provenance_tells_how_the_slices_were_taken(engine):
    told = dict(enhance(engine, request(stack(), 3)).provenance().parameters)
    assert told["factor"] == "3"
    assert (told["slice_thickness_mm"], told["slice_gap_mm"]) == ("4", "0")
    assert (told["slice_profile"], told["self_tuned"]) == ("box", "no")


def test_mr_slices_are_taken_as_gaussian_ct_slices_as_a_box(engine):
    volume = replace(stack(), unit="stored")
    told = dict(enhance(engine, request(volume)).provenance().parameters)
    assert told["slice_profile"] == "Gaussian"


def test_padding_stays_padding_between_slices(engine):
    mask = np.ones((10, 40, 48), dtype=np.bool_)
    mask[:, :4] = mask[3, 10, 10] = False
    volume = stack(mask=mask)
    finer = enhance(engine, request(volume)).volume()
    assert not finer.mask[:, :4].any()
    assert finer.mask[:, 10, 10].tolist() == [not 8 < place < 16 for place in range(37)]


# ------------------------------------------------------------------ models


def test_a_model_adds_what_the_acquired_slices_do_not_see(model):
    volume = stack()
    result = enhance(model, request(volume, method="tiny"))
    planes = through_plane(SliceSampling(10, 4.0, 4.0, 4, Profile.BOX))
    for strength in (0.0, 0.5, 1.0):
        assert planes.misfit(result.volume(strength).values, volume.values)[1] < 1
    assert np.abs(result.volume(1.0).values - result.volume(0.0).values).max() > 2
    cubic = enhance(model, request(volume)).volume().values
    assert np.array_equal(result.volume(0.0).values, cubic)


def test_a_models_label_says_that_it_is_ai_and_how_much_of_it_is_there(model):
    label = label_for(enhance(model, request(stack(), method="tiny")).provenance(0.6))
    assert label.title == "AI-ENHANCED"
    assert label.detail == "Tiny 0.1 · 1.0 mm slices, acquired 4.0 mm · blend 60 %"


def test_a_models_detail_is_kept_for_the_next_time(model):
    volume = stack()
    first = enhance(model, request(volume, 2, "tiny"))
    assert enhance(model, request(volume, 2, "tiny")).residual is first.residual
    assert enhance(model, request(volume, 3, "tiny")).residual is not first.residual


def test_it_can_be_stopped(model):
    plan = prepare(model, request(stack(seed := 12), 5, "tiny"))
    assert seed == plan.volume.geometry.shape[0]
    with pytest.raises(Cancelled):
        run(model, plan, is_cancelled=lambda: True)


def test_finer_slices_add_no_line_to_the_log_of_uses(engine, model, fresh_home):
    for one, method in ((engine, "finer-cubic"), (model, "tiny")):
        assert log_headless(enhance(one, request(stack(), 4, method))) == ()
    assert not log_path(fresh_home).exists()


def test_a_model_that_hangs_is_ended_when_it_is_cancelled(model, monkeypatch):
    plan = prepare(model, request(stack(12), 5, "tiny"))
    is_running, is_ended = threading.Event(), threading.Event()
    monkeypatch.setattr(model, "interrupt", is_ended.set)

    def hanging(*_):
        is_running.set()
        is_ended.wait(3.0)
        raise UnfitModel("ended its process")

    monkeypatch.setattr("viewer.app.refining.unseen_detail", hanging)
    with pytest.raises(Cancelled):
        run(model, plan, is_cancelled=is_running.is_set)
    assert is_ended.is_set()


# ------------------------------------------------------------------ gates


@pytest.mark.parametrize(
    ("volume", "factor", "words"),
    [
        (stack(7), 4, "there are 7 slices; finer ones need at least 8"),
        (stack(positions_mm=(0, 4, 8, 12, 16, 20, 28, 32, 36, 40)), 2, "across a gap"),
        (stack(positions_mm=(0, 4, 8, 12, 16, 20, 25, 29, 33, 37)), 2, "unevenly spaced"),
        (stack(spacing=(2.5, 0.8, 0.8)), 4, "choose at most 3"),
    ],
)
def test_what_cannot_become_finer_is_refused_in_words(engine, volume, factor, words):
    with pytest.raises(Blocked, match=words):
        prepare(engine, request(volume, factor))


def test_slices_that_overlap_too_far_are_refused(engine):
    volume = stack()
    thick = replace(volume, geometry=replace(volume.geometry, slice_thickness_mm=7.0))
    with pytest.raises(Blocked, match="overlap too far"):
        prepare(engine, request(thick))


def test_a_stack_with_little_to_gain_is_warned_about(engine):
    gates = gates_for(engine, request(stack(spacing=(1.5, 0.8, 0.8)), 2))
    warned = {gate.name for gate in gates if gate.verdict is Verdict.WARN}
    assert warned == {"to gain"}


def test_a_factor_out_of_range_is_wrong_usage(engine):
    with pytest.raises(WrongUsage, match="from 2 to 6"):
        prepare(engine, request(stack(), 8))


# ------------------------------------------------------------------ files


def saved(folder: Path, factor: int = 3, **settings):
    """Write a series, make its slices finer, save it; return (volume, result, files)."""
    ct_series(
        folder / "source", 9, settings=Acquisition(step_mm=3.0, orientation=OBLIQUE), **settings
    )
    study, series, part = opened(folder / "source", folder / "x")
    volume = load_part(part)
    asked = EnhanceRequest(
        study, series, part, volume, "finer-cubic", settings=(("factor", float(factor)),)
    )
    result = enhance(Engine(Catalogue()), asked)
    return volume, result, save_enhancement(result, None, folder / "out")


def test_a_saved_series_comes_back_with_the_same_grid_values_and_label(tmp_path):
    _, result, files = saved(tmp_path)
    again, made = load_part(opened(tmp_path / "out", tmp_path / "x")[2]), result.volume()
    assert isinstance(again, DerivedVolume)
    assert len(files) == 25
    assert np.allclose(again.geometry.affine, made.geometry.affine, atol=1e-5)
    assert again.geometry.slice_positions_mm == pytest.approx(made.geometry.slice_positions_mm)
    assert again.geometry.slice_thickness_mm == 1.0
    assert not again.geometry.warnings
    assert np.array_equal(again.values, made.values)
    assert again.provenance == made.provenance
    words = acquired_words(again.provenance, 4, 25, is_even=again.geometry.is_even)
    assert words == "between acquired slices 2 and 3"


@pytest.mark.parametrize("lost", [(0,), (24,), (10,)])
def test_a_saved_series_with_files_missing_says_nothing_of_acquired_slices(tmp_path, lost):
    *_, files = saved(tmp_path)
    for index in lost:
        files[index].unlink()
    again = load_part(opened(tmp_path / "out", tmp_path / "x")[2])
    count, is_even = again.geometry.shape[0], again.geometry.is_even
    told = {acquired_words(again.provenance, k, count, is_even=is_even) for k in range(count)}
    assert count == 24
    assert told == {""}


def test_another_reader_finds_the_finer_slices_in_the_same_place(tmp_path):
    _, result, _ = saved(tmp_path)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "out")))
    image = reader.Execute()
    geometry: VolumeGeometry = result.volume().geometry
    assert image.GetSize() == (32, 24, 25)
    assert image.GetSpacing() == pytest.approx((0.5, 0.75, 1.0), abs=1e-5)
    ends = [image.TransformIndexToPhysicalPoint((0, 0, place)) for place in (0, 24)]
    mine = [geometry.slice_origin_mm(place) for place in (0, 24)]
    assert np.allclose(sorted(ends), sorted(map(tuple, mine)), atol=1e-4)


def test_each_file_names_its_place_and_the_acquired_slices_it_came_from(tmp_path):
    volume, result, files = saved(tmp_path)
    sets = [pydicom.dcmread(file) for file in files]
    source = pydicom.dcmread(tmp_path / "source" / "0001.dcm")
    assert len({one.SOPInstanceUID for one in sets}) == 25
    assert len({one.SeriesInstanceUID for one in sets}) == 1
    assert sorted(one.InstanceNumber for one in sets) == list(range(1, 26))
    for place, one in enumerate(sets):
        where = result.volume().geometry.slice_origin_mm(place)
        assert np.allclose(one.ImagePositionPatient, where, atol=1e-5)
        assert one.ImageOrientationPatient == source.ImageOrientationPatient
        assert one.FrameOfReferenceUID == source.FrameOfReferenceUID
        assert (one.SliceThickness, one.SpacingBetweenSlices) == (1.0, 1.0)
        assert "SliceLocation" not in one
        items = one.SourceImageSequence
        assert items[0].ReferencedSOPInstanceUID == volume.sources[round(place / 3)]
        assert (items[0].SpatialLocationsPreserved == "YES") == (place % 3 == 0)
        named = {item.ReferencedSOPInstanceUID for item in items}
        assert {volume.sources[place // 3], volume.sources[-(-place // 3)]} <= named
        assert "1.0 mm slices, acquired 3.0 mm" in one.DerivationDescription
        codes = [code.CodeMeaning for code in one.DerivationCodeSequence]
        assert "Spatial resampling" in codes


@pytest.mark.realdata
@pytest.mark.peer
@pytest.mark.parametrize("name", ["mr/brain_philips_flair", "mr/brain_philips_t2epi"])
def test_real_mr_is_saved_without_errors_that_the_source_has_not(real_data, tmp_path, name):
    from tests.io.validators import SYNTHETIC_DATA, errors_of

    study, series, part = opened(real_data / name, tmp_path / "x")
    asked = EnhanceRequest(study, series, part, load_part(part), "finer-cubic")
    files = save_enhancement(enhance(Engine(Catalogue()), asked), None, tmp_path / "out")
    allowed = errors_of(Path(part.sources[0].instance.path))
    for file in files[::20]:
        assert not [words for words in errors_of(file) - allowed if SYNTHETIC_DATA not in words]


def test_finer_slices_of_a_multi_frame_object_are_not_saved_and_say_why(tmp_path):
    settings = Acquisition(step_mm=3.0, thickness_mm=3.0)
    write(enhanced_ct(9, settings=settings), tmp_path / "source" / "1.dcm")
    study, series, part = opened(tmp_path / "source", tmp_path / "x")
    asked = EnhanceRequest(study, series, part, load_part(part), "finer-cubic")
    result = enhance(Engine(Catalogue()), asked)
    with pytest.raises(Blocked, match="one multi-frame object"):
        save_enhancement(result, None, tmp_path / "out")
    assert not (tmp_path / "out").exists()
