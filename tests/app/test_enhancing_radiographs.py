"""Radiographs and other grey pictures are enhanced one by one; colours are not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.app.test_saving import opened
from tests.builders import cine, colour_image, radiograph, write
from viewer.app.enhancing import Enhancement, EnhanceRequest, enhance, gates_for
from viewer.app.saving import save_derived
from viewer.core.errors import Blocked
from viewer.core.provenance import MethodKind, label_for
from viewer.core.volume import Frames
from viewer.enhancement.catalogue import Catalogue, read_catalogue
from viewer.enhancement.checks import Verdict
from viewer.enhancement.engine import Engine
from viewer.io.assemble import load_part

SHIPPED = Path(__file__).parents[2] / "models"


@pytest.fixture
def engine() -> Engine:
    return Engine(Catalogue())


def noisy_radiograph(
    path: Path, rows: int = 320, columns: int = 384, detector_spacing_mm: float | None = 0.2
) -> Path:
    image = radiograph(rows, columns)
    if detector_spacing_mm is None:
        del image.ImagerPixelSpacing
    rng = np.random.default_rng(1)
    shade = np.linspace(900, 2400, columns)[None, :] + np.zeros((rows, 1))
    noisy = shade + 20 * rng.standard_normal((rows, columns))
    image.PixelData = np.clip(np.rint(noisy), 0, 4095).astype("<u2").tobytes()
    write(image, path)
    return path


def enhanced(engine: Engine, path: Path, method: str, scratch: Path) -> Enhancement:
    study, series, part = opened(path, scratch)
    return enhance(engine, EnhanceRequest(study, series, part, load_part(part), method, 0.4))


def test_a_radiograph_gets_the_noise_cut_that_was_asked(engine: Engine, tmp_path: Path) -> None:
    source = noisy_radiograph(tmp_path / "dx" / "a.dcm")
    result = enhanced(engine, source.parent, "gaussian", tmp_path / "x")
    found = result.volume()
    assert isinstance(found, Frames)
    assert found.spacing_origin == "detector"
    assert found.provenance is not None
    assert found.provenance.reached == pytest.approx(0.4, abs=0.05)
    assert label_for(found.provenance).title == "FILTERED"
    middle = np.s_[0, 16:-16, 16:-16]
    before, after = (
        np.diff(one.values[middle].astype(float)).std() for one in (result.plan.volume, found)
    )
    assert after < 0.7 * before


def test_it_is_saved_beside_the_original_and_known_again(engine: Engine, tmp_path: Path) -> None:
    source = noisy_radiograph(tmp_path / "dx" / "a.dcm")
    study, _, part = opened(source.parent, tmp_path / "x")
    made = enhanced(engine, source.parent, "gaussian", tmp_path / "x").volume()
    (path,) = save_derived(part, made, tmp_path / "out", study=study)
    _, series, again_part = opened(path.parent, tmp_path / "x")
    again = load_part(again_part)
    assert isinstance(again, Frames)
    assert again.provenance == made.provenance
    assert again.provenance is not None
    assert again.provenance.kind is MethodKind.FILTER
    assert np.array_equal(again.values, made.values)
    assert series.description.startswith("FILTER")


def test_what_is_enhanced_already_is_not_enhanced_again(engine: Engine, tmp_path: Path) -> None:
    source = noisy_radiograph(tmp_path / "dx" / "a.dcm")
    study, _, part = opened(source.parent, tmp_path / "x")
    made = enhanced(engine, source.parent, "gaussian", tmp_path / "x").volume()
    (path,) = save_derived(part, made, tmp_path / "out", study=study)
    with pytest.raises(Blocked, match="enhanced already"):
        enhanced(engine, path.parent, "gaussian", tmp_path / "x")


def test_frames_of_a_cine_never_see_each_other(engine: Engine, tmp_path: Path) -> None:
    write(cine(frames=3, rows=64, columns=64), tmp_path / "us" / "a.dcm")
    study, series, part = opened(tmp_path / "us", tmp_path / "x")
    volume = load_part(part)
    assert isinstance(volume, Frames)
    ask = EnhanceRequest(study, series, part, volume, "nlm", 1.0)
    alone = np.array(volume.values)
    alone[1] = 0
    whole, other = (
        enhance(engine, replace(ask, volume=one)).volume()
        for one in (volume, replace(volume, values=alone))
    )
    assert np.array_equal(whole.values[0], other.values[0])


def test_a_picture_in_colour_is_refused_in_words(engine: Engine, tmp_path: Path) -> None:
    write(colour_image(), tmp_path / "sc" / "a.dcm")
    with pytest.raises(Blocked, match="colours, not values that were measured"):
        enhanced(engine, tmp_path / "sc", "gaussian", tmp_path / "x")


def test_a_filter_says_that_it_takes_a_pixel_for_a_millimetre(
    engine: Engine, tmp_path: Path
) -> None:
    noisy_radiograph(tmp_path / "dx" / "a.dcm", detector_spacing_mm=None)
    found = enhanced(engine, tmp_path / "dx", "gaussian", tmp_path / "x").provenance()
    assert any("takes a pixel for a millimetre" in words for words in found.gates)


def test_a_model_for_ct_refuses_a_radiograph(engine: Engine, tmp_path: Path) -> None:
    shipped = Engine(read_catalogue(SHIPPED))
    source = noisy_radiograph(tmp_path / "dx" / "a.dcm")
    study, series, part = opened(source.parent, tmp_path / "x")
    ask = EnhanceRequest(study, series, part, load_part(part), "ct-denoise-s")
    refused = [gate for gate in gates_for(shipped, ask) if gate.verdict is Verdict.BLOCK]
    said = {gate.name: gate.words for gate in refused}
    assert said["modality"] == "made for CT, this series is DX"
