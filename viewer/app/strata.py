"""Figures of real scans by group: vendor, kernel, dose and so on, the worst group on top."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from viewer.app.scene_figures import Row
from viewer.app.scene_figures import means as mean_figures
from viewer.enhancement.checks import stated_age_years

FIGURES = ("cut_flat", "nps_frequency", "bias", "structure")
AGE_BANDS = ((18.0, "under 18"), (40.0, "18 to 39"), (65.0, "40 to 64"), (80.0, "65 to 79"))
DOSES = (
    ("ctdi_vol_mgy", (2.0, 5.0, 10.0, 20.0), "mGy CTDIvol"),
    ("exposure_mas", (25.0, 50.0, 100.0, 200.0, 400.0), "mAs"),
)
"""Fact of a scan, the ends of its bands, unit; the first one that is stated counts."""
THICKNESS_BANDS = ((1.5, "below 1.5 mm"), (3.5, "1.5 to 3.5 mm"))


def strata(rows: Sequence[Row]) -> list[Row]:
    """Return mean figures by method and group, the group that looks worst first.

    Worst is the largest share of structure in what was taken away, since no truth is known; groups
    in which no series ran come last. Groups that hold every series of a method say nothing and are
    left out, as is a single series.
    """
    found: list[Row] = []
    for method in dict.fromkeys(str(row["method"]) for row in rows):
        mine = [row for row in rows if row["method"] == method]
        for name, group_of in _GROUPS.items():
            names = list(dict.fromkeys(group_of(row) for row in mine))
            if len(names) > 1:
                found += [
                    _stratum(method, f"{name} {group or 'not stated'}", some)
                    for group in names
                    if (some := [row for row in mine if group_of(row) == group])
                ]
    return sorted(found, key=_goodness)


def _stratum(method: str, name: str, rows: Sequence[Row]) -> Row:
    ran = [{key: row[key] for key in FIGURES} for row in rows if "refused" not in row]
    head: Row = {"method": method, "group": name, "series": len(rows), "ran": len(ran)}
    return {**head, **(mean_figures(ran) if ran else {})}


def _goodness(row: Row) -> float:
    structure = row.get("structure")
    is_known = isinstance(structure, float) and math.isfinite(structure)
    return -float(str(structure)) if is_known else math.inf


def banded(value: object, bands: Sequence[tuple[float, str]], above: str) -> str:
    """Return the first band whose upper end lies above a number, "" where it is none."""
    try:
        figure = float(str(value))
    except ValueError:
        return ""
    return next((words for end, words in bands if figure < end), above)


def age_band(row: Mapping[str, object]) -> str:
    """Return the age band of an age as DICOM writes it, "" where it is not stated."""
    years = stated_age_years(str(row.get("age", "")))
    return "" if years is None else banded(years, AGE_BANDS, "80 and more")


def dose_group(facts: Sequence[Mapping[str, object]]) -> str:
    """Return the band of dose of some facts: of their median CTDIvol, else of their tube load.

    "" where they state neither, as in MR.
    """
    for name, ends, unit in DOSES:
        found = [value for one in facts if (value := _positive(one.get(name, ""))) is not None]
        if found:
            return _dose_band(median(found), ends, unit)
    return ""


def _positive(value: object) -> float | None:
    try:
        figure = float(str(value))
    except ValueError:
        return None
    return figure if math.isfinite(figure) and figure > 0 else None


def _dose_band(value: float, ends: Sequence[float], unit: str) -> str:
    above = [end for end in ends if value < end]
    below = [end for end in ends if value >= end]
    if not below:
        return f"below {ends[0]:g} {unit}"
    return f"{below[-1]:g} to {above[0]:g} {unit}" if above else f"{ends[-1]:g} {unit} or more"


def _plainly(name: str) -> Callable[[Mapping[str, object]], str]:
    return lambda row: str(row.get(name, "")).strip()


_GROUPS: dict[str, Callable[[Mapping[str, object]], str]] = {
    "vendor": _plainly("vendor"),
    "kernel": _plainly("kernel"),
    "dose": lambda row: dose_group((row,)),
    "region": _plainly("region"),
    "thickness": lambda row: banded(row.get("thickness_mm", ""), THICKNESS_BANDS, "above 3.5 mm"),
    "sex": _plainly("sex"),
    "age": age_band,
}
