"""Aims are met or missed by their figures; a method below its input anywhere is told so."""

from viewer.app.aims import aims, floors

ROWS = [
    {"method": "input", "strength": "none", "ssim lung": 0.8},
    {
        "method": "x",
        "strength": "full",
        "gain_db_full_dose": 4.0,
        "gain_db": 6.0,
        "ssim lung": 0.9,
    },
    {
        "method": "x",
        "strength": "40% cut",
        "kept 5 mm -20 HU": 0.86,
        "bias_hu soft tissue": -1.4,
        "bias_hu 5 mm -20 HU": 1.9,
        "bias_hu 5 mm +60 HU": -2.9,
        "psnr_gain_db lung": 1.5,
        "false_structures": 50.0,
        "false_structures_gaussian": 48.0,
    },
]
INSERTS = [
    {"method": "x", "d_ratio_low": 0.97},
    {"method": "x", "d_ratio_low": 0.93},
    {"method": "y", "d_ratio_low": 0.5},
]
GROUPS = [{"method": "x", "strength": "full", "group": "region head", "gain_db": 0.4}]
TABLE = {
    "modality": "CT",
    "ceiling_db": 5.0,
    "rows": ROWS,
    "inserts": INSERTS,
    "groups": GROUPS,
    "checks": [{"method": "x", "flip_sd": 0.2}],
}


def test_each_aim_is_met_missed_or_not_measured() -> None:
    found = {str(row["aim"]): (row["figure"], row["verdict"]) for row in aims(TABLE)}
    assert found["contrast kept, 5 mm, -20 HU"] == (0.86, "met")
    assert found["bias in soft tissue, HU"] == (-1.4, "missed")
    assert found["largest contrast error of a kind of lesion, HU"] == (-2.9, "missed")
    assert found["lowest interval end of d' over the input's"] == (0.93, "missed")
    assert found["share of the possible gain in dB"] == (0.8, "met")
    assert found["change when mirrored, noise SDs"] == (0.2, "missed")
    assert found["structures in plain water"] == (50.0, "missed")
    assert found["resolution (TTF50) at 30 HU"][1] == "not measured"


def test_aims_in_hu_are_for_ct_alone() -> None:
    found = [row["aim"] for row in aims({**TABLE, "modality": "MR"})]
    assert not [aim for aim in found if "HU" in str(aim)]
    assert "change when mirrored, noise SDs" in found


def test_a_method_that_is_nowhere_below_the_input_is_told_so() -> None:
    (floor,) = floors(TABLE)
    assert floor["is_below"] is False
    assert floor["lowest_gain_db"] == 0.4
    assert "never below the input" in str(floor["words"])


def test_the_worst_place_below_the_input_is_named() -> None:
    bad = {"method": "x", "strength": "full", "group": "kernel soft", "psnr_gain_db lung": -2.0}
    (floor,) = floors({**TABLE, "groups": [*GROUPS, bad]})
    assert floor["is_below"] is True
    assert "below the input in 1 of" in str(floor["words"])
    assert "kernel soft, lung window, full (-2 dB)" in str(floor["words"])
