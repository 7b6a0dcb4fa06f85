"""Judging on real scans: noise before and after, refusals with their reason."""

import math
from pathlib import Path

import pytest

from tests.builders import ct_series
from tests.journeys.noisy import write_noisy_ct
from viewer.app.judging_scans import judge_scans
from viewer.app.report_html import rows_of
from viewer.app.reporting_scans import scans_page
from viewer.core.errors import UnknownMethod, UnreadableFile
from viewer.core.places import data_folder
from viewer.enhancement.catalogue import Catalogue, read_catalogue
from viewer.enhancement.engine import Engine


def no_peak(shape: tuple[int, int, int], method_id: str) -> float:
    return math.nan


@pytest.fixture
def engine() -> Engine:
    return Engine(Catalogue())


def test_noise_before_and_after_is_stated_with_what_the_header_says(
    engine: Engine, tmp_path: Path
) -> None:
    write_noisy_ct(tmp_path)
    table = judge_scans(engine, (tmp_path,), ("gaussian",), 0.3, peak=no_peak)
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
    rows = rows_of(judge_scans(engine, (tmp_path,), peak=no_peak), "rows")
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
    with pytest.raises(UnreadableFile, match="no slices or radiographs"):
        judge_scans(engine, (tmp_path,), ("gaussian",))
    with pytest.raises(UnknownMethod):
        judge_scans(engine, (tmp_path,), ("nobody",))


def test_the_page_groups_methods_by_series(engine: Engine, tmp_path: Path) -> None:
    write_noisy_ct(tmp_path)
    table = judge_scans(engine, (tmp_path,), ("gaussian", "nlm"), peak=no_peak)
    text = scans_page({"program": "Diptych 1", "command": "diptych evaluate", **table})
    assert text.count("<h2>") == 2  # the series, and memory
    assert "<th>gaussian</th><th>nlm</th>" in text


def test_two_scans_of_one_object_are_compared(engine: Engine, tmp_path: Path) -> None:
    write_noisy_ct(tmp_path / "a", series="first", seed=1)
    write_noisy_ct(tmp_path / "b", series="second", seed=2)
    repeat = tmp_path / "b"
    table = judge_scans(engine, (tmp_path / "a",), ("gaussian",), 0.4, repeat, peak=no_peak)
    (registration,) = rows_of(table, "registrations")
    assert registration["shift_rows_mm"] == pytest.approx(0.0, abs=0.1)
    (row,) = rows_of(table, "repeats")
    assert row["noise_flat_before"] == pytest.approx(30.0, rel=0.1)
    assert row["cut_flat"] == pytest.approx(0.4, abs=0.05)
    assert {one["method"] for one in rows_of(table, "spectra")} == {"original", "gaussian"}
    text = scans_page({"program": "Diptych 1", "command": "diptych evaluate", **table})
    assert "Registered on the originals" in text
    assert "<polyline" in text


def test_repeats_are_found_among_series_of_one_protocol(engine: Engine, tmp_path: Path) -> None:
    write_noisy_ct(tmp_path / "a", series="first", seed=1)
    write_noisy_ct(tmp_path / "b", series="second", seed=2)
    write_noisy_ct(tmp_path / "c", series="third", seed=3, ConvolutionKernel="B70f")
    table = judge_scans(engine, (tmp_path,), ("gaussian",), peak=no_peak)
    assert len(rows_of(table, "registrations")) == 1
    assert {row["group"] for row in rows_of(table, "groups")} >= {"kernel B70f"}


def test_scans_that_cannot_be_compared_say_why(engine: Engine, tmp_path: Path) -> None:
    write_noisy_ct(tmp_path / "a", series="first")
    ct_series(tmp_path / "b", 4)
    repeat = tmp_path / "b"
    table = judge_scans(engine, (tmp_path / "a",), ("gaussian",), 0.4, repeat, peak=no_peak)
    (registration,) = rows_of(table, "registrations")
    assert "do not lie on one grid" in str(registration["refused"])
    text = scans_page({"program": "Diptych 1", "command": "diptych evaluate", **table})
    assert "do not lie on one grid" in text
