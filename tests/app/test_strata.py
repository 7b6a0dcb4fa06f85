"""Groups of real scans: named after the headers, the one that looks worst on top."""

from viewer.app.strata import age_band, dose_group, strata


def row(method: str = "x", structure: float = 0.0, **facts: object) -> dict[str, object]:
    figures = {"cut_flat": 0.4, "nps_frequency": 0.9, "bias": 0.0, "structure": structure}
    return {"method": method, **figures, **facts}


def test_the_group_with_most_structure_in_its_residual_comes_first() -> None:
    rows = [row(vendor="A", structure=0.1), row(vendor="B", structure=0.4), row(vendor="B")]
    found = strata(rows)
    assert [one["group"] for one in found] == ["vendor B", "vendor A"]
    assert found[0]["series"] == 2
    assert found[0]["structure"] == 0.2


def test_groups_in_which_nothing_ran_are_named_last() -> None:
    rows = [row(kernel="B30f"), {"method": "x", "kernel": "B70f", "refused": "too noisy"}]
    last = strata(rows)[-1]
    assert (last["group"], last["series"], last["ran"]) == ("kernel B70f", 1, 0)
    assert "structure" not in last


def test_a_single_group_says_nothing() -> None:
    assert strata([row(vendor="A"), row(vendor="A")]) == []


def test_dose_is_grouped_by_ctdi_where_stated_and_else_by_mas() -> None:
    assert dose_group([{"ctdi_vol_mgy": "1.4", "exposure_mas": "200"}]) == "below 2 mGy CTDIvol"
    assert dose_group([{"ctdi_vol_mgy": "", "exposure_mas": "200"}]) == "200 to 400 mAs"
    assert dose_group([{}]) == ""


def test_ages_are_banded_and_those_of_pseudonymisers_are_none() -> None:
    assert age_band({"age": "042Y"}) == "40 to 64"
    assert age_band({"age": "003M"}) == "under 18"
    assert age_band({"age": "240M"}) == "18 to 39"
    assert age_band({"age": "000Y"}) == ""
    assert age_band({"age": ""}) == ""
