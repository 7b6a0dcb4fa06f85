"""Sharpening is judged by what a sharper kernel would have shown."""

import json
from pathlib import Path

import numpy as np
import pytest

from viewer.app.judging_sharpness import judge_sharpness
from viewer.app.report_html import rows_of
from viewer.app.reporting import write_report
from viewer.core.errors import WrongUsage
from viewer.enhancement.catalogue import Catalogue
from viewer.enhancement.engine import Engine
from viewer.simulation.kernel_scenes import kernel_scenes
from viewer.simulation.kernels import Kernel, sharper


@pytest.fixture(scope="module")
def table() -> dict[str, object]:
    return judge_sharpness(Engine(Catalogue()), ("unsharp",), 3)


def test_the_input_gains_nothing_and_a_tuned_filter_something(table: dict[str, object]) -> None:
    source, unsharp = rows_of(table, "rows")
    assert source["gain_db"] == pytest.approx(0.0, abs=1e-9)
    assert float(str(unsharp["gain_db"])) > 0.2
    assert float(str(unsharp["noise_growth"])) > 0.02


def test_the_report_says_what_its_figures_are(table: dict[str, object], tmp_path: Path) -> None:
    write_report(table, tmp_path, "diptych evaluate unsharp --on simulated")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "noise_growth: rise of the SD in flat tissue" in page
    assert json.loads((tmp_path / "report.json").read_text())["rows"][1]["method"] == "unsharp"


def test_a_denoiser_is_refused() -> None:
    with pytest.raises(WrongUsage, match="does not sharpen"):
        judge_sharpness(Engine(Catalogue()), ("gaussian",), 1)


def test_the_ideal_holds_the_sharper_detail_and_the_same_noise() -> None:
    scene = kernel_scenes(5, 1)[0]
    np.testing.assert_allclose(scene.ideal - scene.noise, scene.sharp, atol=1e-3)
    edges = [np.abs(np.diff(one, axis=1)).max() for one in (scene.soft, scene.sharp)]
    assert edges[1] > 1.2 * edges[0]


def test_a_sharper_kernel_passes_higher_frequencies() -> None:
    soft = Kernel(0.3, 0.05)
    assert sharper(soft).response(0.48)[()] > 0.4 > soft.response(0.48)[()]
