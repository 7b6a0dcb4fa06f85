"""Judging on real scans: noise before and after, refusals with their reason."""

from pathlib import Path

import pytest

from tests.builders import ct_series
from tests.journeys.noisy import write_noisy_ct
from viewer.app.judging_scans import judge_scans
from viewer.app.reporting import rows_of, scans_page
from viewer.core.errors import UnknownMethod, UnreadableFile
from viewer.core.places import data_folder
from viewer.enhancement.catalogue import Catalogue, read_catalogue
from viewer.enhancement.engine import Engine


@pytest.fixture
def engine() -> Engine:
    return Engine(Catalogue())


def test_noise_before_and_after_is_stated_with_what_the_header_says(
    engine: Engine, tmp_path: Path
) -> None:
    write_noisy_ct(tmp_path)
    table = judge_scans(engine, (tmp_path,), ("gaussian",), 0.3)
    (row,) = rows_of(table, "rows")
    assert row["method"] == "gaussian"
    assert row["modality"] == "CT"
    assert row["cut_flat"] == pytest.approx(0.3, abs=0.02)
    assert float(str(row["cut_measured"])) > 0.2
    assert abs(float(str(row["bias"]))) < 1.0
    assert float(str(row["noise_sd"])) > 0
    assert float(str(row["largest_change"])) > 0


def test_every_denoiser_is_judged_when_none_is_named(engine: Engine, tmp_path: Path) -> None:
    write_noisy_ct(tmp_path)
    rows = rows_of(judge_scans(engine, (tmp_path,)), "rows")
    assert [row["method"] for row in rows] == ["gaussian", "bilateral", "nlm", "tv", "wavelet"]


def test_a_series_that_a_gate_refuses_says_why(tmp_path: Path) -> None:
    ct_series(tmp_path, 4, Modality="MR")
    engine = Engine(read_catalogue(data_folder("models")))
    (row,) = rows_of(judge_scans(engine, (tmp_path,), ("ct-denoise-s",)), "rows")
    assert "was not run" in str(row["refused"])
    assert "noise_sd" not in row


def test_a_folder_without_volumes_and_an_unknown_method_are_named(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(UnreadableFile, match="no series of slices"):
        judge_scans(engine, (tmp_path,), ("gaussian",))
    with pytest.raises(UnknownMethod):
        judge_scans(engine, (tmp_path,), ("nobody",))


def test_the_page_groups_methods_by_series(engine: Engine, tmp_path: Path) -> None:
    write_noisy_ct(tmp_path)
    table = judge_scans(engine, (tmp_path,), ("gaussian", "nlm"))
    text = scans_page({"program": "Diptych 1", "command": "diptych evaluate", **table})
    assert text.count("<h2>") == 1
    assert "<th>gaussian</th><th>nlm</th>" in text
