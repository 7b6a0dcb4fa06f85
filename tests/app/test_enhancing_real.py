"""Real scans: the noise cut is checked on two scans of one phantom, the gates on many series."""

from pathlib import Path

import numpy as np
import pytest

from viewer.app.enhancing import EnhanceRequest, enhance, gates_for, prepare
from viewer.core.errors import Blocked
from viewer.core.partition import parts
from viewer.core.places import data_folder
from viewer.core.study import PartKind
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.checks import Verdict
from viewer.enhancement.engine import Engine
from viewer.io.assemble import load_part
from viewer.io.scan import scan

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def engine():
    return Engine(read_catalogue(data_folder("models")))


def request_for(folder: Path, method_id: str, unpacked: Path) -> EnhanceRequest:
    """A request for the first volume in a folder."""
    report = scan((folder,), lambda *_: None, lambda: False, unpacked)
    for study in report.studies:
        for series in study.series:
            for part in parts(study, series):
                if part.kind is PartKind.VOLUME:
                    volume = load_part(part)
                    return EnhanceRequest(study, series, part, volume, method_id, device="cpu")
    raise AssertionError(f"no volume in {folder}")


@pytest.mark.parametrize("method_id", ["ct-denoise-s", "gaussian"])
def test_two_scans_of_a_phantom_differ_by_as_much_less_as_was_asked(
    engine, real_data, tmp_path, method_id
):
    scans = [
        enhance(
            engine,
            request_for(real_data / "ct" / f"acr_phantom_ge_repeat_{name}", method_id, tmp_path),
        )
        for name in "ab"
    ]
    before = [scan.plan.volume.values.astype(np.float32) for scan in scans]
    after = [scan.volume().values.astype(np.float32) for scan in scans]
    row, column = np.mgrid[:512, :512]
    phantom = (row - 256) ** 2 + (column - 256) ** 2 < 150**2
    noise = [np.std((pair[0] - pair[1])[:, phantom]) for pair in (before, after)]
    assert 1 - noise[1] / noise[0] == pytest.approx(0.4, abs=0.04)
    bias = [np.mean(a[:, phantom] - b[:, phantom]) for a, b in zip(after, before, strict=True)]
    assert np.abs(bias).max() < 0.5


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("mr/brain_philips_flair", "made for CT"),
        ("pet/qin_headneck_pet_wb", "made for CT"),
        ("ct/spine_ge_tilt5_1slice", "pixel size"),
    ],
)
def test_series_that_the_model_was_not_made_for_are_refused(
    engine, real_data, tmp_path, folder, reason
):
    with pytest.raises(Blocked, match=reason):
        prepare(engine, request_for(real_data / folder, "ct-denoise-s", tmp_path))


@pytest.mark.parametrize(
    ("folder", "gate"),
    [
        ("ct/acr_phantom_siemens_80kvp", "reconstruction"),
        ("geometry/head_ge_tilt18", "slice steps"),
    ],
)
def test_doubtful_series_run_with_a_warning(engine, real_data, tmp_path, folder, gate):
    gates = gates_for(engine, request_for(real_data / folder, "ct-denoise-s", tmp_path))
    verdicts = {one.name: one.verdict for one in gates if one.verdict is not Verdict.OK}
    assert verdicts == {gate: Verdict.WARN}
