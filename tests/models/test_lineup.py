"""The page of the line-up says what the cards say, and has a row for every model of the plan."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture
def lineup(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(MODELS))
    import lineup

    return lineup


def card(folder: Path, name: str, more: str = "") -> None:
    (folder / name).mkdir()
    (folder / name / "card.toml").write_text(
        f'id = "{name}"\nstatus = "ship"\noperation = "denoise"\n'
        f'[input]\nmodality = "{name[:2].upper()}"\n{more}',
        encoding="utf-8",
    )


def row_of(page: str, start: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(f"| {start}"))


def test_the_page_is_up_to_date_with_the_cards(lineup: ModuleType) -> None:
    found = (MODELS / lineup.PAGE).read_text(encoding="utf-8")
    assert found == lineup.page(MODELS), "run: python models/lineup.py"


def test_models_that_are_not_trained_have_a_row(
    lineup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = {name: plan for name, plan in lineup.PLANS.items() if name != "xr-denoise-s"}
    monkeypatch.setattr(lineup, "PLANS", plans)
    page = lineup.page(tmp_path)
    assert "not trained: recipe ready" in row_of(page, "ct-denoise-l ")
    assert "not trained: no recipe yet" in row_of(page, "xr-denoise-s ")
    assert "(research)" in row_of(page, "ct-denoise-gan ")
    assert all(name in page for name in (*lineup.JOBS, *lineup.FILTERS))


def test_a_card_without_figures_is_not_measured(lineup: ModuleType, tmp_path: Path) -> None:
    card(tmp_path, "mr-denoise-s")
    card(tmp_path, "pt-new")
    page = lineup.page(tmp_path)
    assert "| mr-denoise-s | not measured |" in page
    assert "- mr-denoise-s: not judged on simulation yet" in page
    assert "[pt-new](pt-new/card.toml)" in page


def test_figures_of_a_card_stand_beside_those_of_its_filters(
    lineup: ModuleType, tmp_path: Path
) -> None:
    more = """
[metrics.simulated]
command = "diptych evaluate mr-denoise-s nlm --on simulated"
ceiling_db = 6.0
missed = ["change when mirrored: 0.2 (at most 0.1)"]
[metrics.simulated.mr_denoise_s_at_the_cut]
kept_5_mm_20 = 0.91
lowest_d_ratio_low = 0.98
[metrics.simulated.mr_denoise_s_full]
gain_db_full_dose = 4.5
is_below_the_input = false
[metrics.simulated.nlm_at_the_cut]
kept_5_mm_20 = 0.72
"""
    card(tmp_path, "mr-denoise-s", more)
    page = lineup.page(tmp_path)
    row = row_of(page, "mr-denoise-s |")
    assert "0.91" in row
    assert "0.98" in row
    assert "75 %" in row
    assert "never" in row
    after = page[page.index("## Denoising MR") :]
    assert "0.72" in row_of(after, "nlm (filter)")
    assert "`diptych evaluate mr-denoise-s nlm --on simulated`" in page
    assert "- mr-denoise-s: change when mirrored: 0.2 (at most 0.1)" in page


def test_figures_of_other_jobs_are_shown_with_their_command(
    lineup: ModuleType, tmp_path: Path
) -> None:
    card(tmp_path, "ct-sharpen")
    path = tmp_path / "ct-sharpen" / "card.toml"
    text = path.read_text("utf-8").replace('"denoise"', '"sharpen"')
    figures = '[metrics.simulated]\ncommand = "diptych x"\n[metrics.simulated.ct_sharpen_full]\n'
    path.write_text(f"{text}{figures}gain_db = 1.25\n", encoding="utf-8")
    assert "| ct-sharpen | gain db 1.25 | `diptych x` |" in lineup.page(tmp_path)


def figures_without_command(table: Mapping[str, Any], where: str = "") -> Iterator[str]:
    if "command" in table:
        return
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from figures_without_command(value, f"{where}.{name}")
        else:
            yield f"{where}.{name}"


def test_every_figure_on_a_card_has_the_command_that_gave_it(lineup: ModuleType) -> None:
    for name, found in lineup.read_cards(MODELS).items():
        for part in ("metrics", "audit"):
            assert list(figures_without_command(found.get(part, {}), f"{name}.{part}")) == []
