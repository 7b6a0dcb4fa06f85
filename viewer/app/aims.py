"""What a method should reach, what it reached, and whether it is ever worse than the input."""

import math
from collections.abc import Mapping, Sequence

from viewer.app.report_html import Table, rows_of
from viewer.app.scene_figures import Row

CUT, FULL, CHECK = "at the cut", "at full strength", "self-check"
AT_LEAST, AT_MOST = "at least", "at most"
LARGEST_ERROR = "largest error of a lesion"

_CT: tuple[tuple[str, str, str, str, float], ...] = (
    ("kept 5 mm -20 HU", "contrast kept, 5 mm, -20 HU", CUT, AT_LEAST, 0.85),
    (LARGEST_ERROR, "largest contrast error of a kind of lesion, HU", CUT, AT_MOST, 2.0),
    ("ttf50 30 HU", "resolution (TTF50) at 30 HU", CUT, AT_LEAST, 0.85),
    ("ttf50 100 HU", "resolution (TTF50) at 100 HU", CUT, AT_LEAST, 0.95),
    ("ttf50 400 HU", "resolution (TTF50) at 400 HU", CUT, AT_LEAST, 0.95),
    ("ttf50 900 HU", "resolution (TTF50) at 900 HU", CUT, AT_LEAST, 0.95),
    ("bias_hu soft tissue", "bias in soft tissue, HU", CUT, AT_MOST, 1.0),
    ("nps_frequency 100 HU", "grain (NPS mean frequency)", CUT, AT_LEAST, 0.85),
    ("identity_hu", "change of a noiseless image, HU", CHECK, AT_MOST, 1.0),
    ("shift_8_hu", "change when moved by 8 pixels, HU", CHECK, AT_MOST, 0.5),
)
_OTHERS: dict[str, tuple[tuple[str, str, str, str, float], ...]] = {
    "MR": (("nps_frequency 25 %", "grain (NPS mean frequency)", CUT, AT_LEAST, 0.85),),
    "DX": (("nps_frequency 20 %", "grain (NPS mean frequency)", CUT, AT_LEAST, 0.85),),
    "PT": (("nps_frequency 200 %", "grain (NPS mean frequency)", CUT, AT_LEAST, 0.85),),
}
_EVERY: tuple[tuple[str, str, str, str, float], ...] = (
    ("shift_1_sd", "change when moved by 1 pixel, noise SDs", CHECK, AT_MOST, 0.1),
    ("flip_sd", "change when mirrored, noise SDs", CHECK, AT_MOST, 0.1),
)
"""Figure, words, where it is taken, sense and limit. Source: the evaluation protocol's targets."""


def aims(table: Table) -> list[Row]:
    """Return a row for every aim and method: figure, limit, and met, missed or not measured."""
    found: list[Row] = []
    modality = str(table.get("modality", "CT"))
    wanted = (*(_CT if modality == "CT" else _OTHERS.get(modality, ())), *_EVERY)
    methods = dict.fromkeys(str(row["method"]) for row in rows_of(table, "rows"))
    for method in methods:
        if method == "input":
            continue
        rows = _rows_of_method(table, method)
        for key, words, place, sense, limit in wanted:
            found.append(_aim(method, words, place, sense, limit, rows[place].get(key)))
        share = _share_of_ceiling(table, rows[FULL])
        ratios = _lowest(rows_of(table, "inserts"), method, "d_ratio_low")
        found += [
            _aim(method, "lowest interval end of d' over the input's", CUT, AT_LEAST, 0.95, ratios),
            _aim(method, "share of the possible gain in dB", FULL, AT_LEAST, 0.75, share),
        ]
        extra = rows[CUT].get("false_structures")
        limit = float(str(rows[CUT].get("false_structures_gaussian", math.nan)))
        found.append(_aim(method, "structures in plain water", CUT, AT_MOST, limit, extra))
    return found


def _rows_of_method(table: Table, method: str) -> Mapping[str, Row]:
    """Return the rows of a method by where its figures are taken."""
    places: dict[str, Row] = {CUT: {}, FULL: {}, CHECK: {}}
    for row in rows_of(table, "rows"):
        if row["method"] == method:
            places[FULL if row["strength"] == "full" else CUT] = row
    for row in rows_of(table, "checks"):
        if row["method"] == method:
            places[CHECK] = row
    errors = [
        float(str(figure))
        for name, figure in places[CUT].items()
        if name.startswith("bias_hu ") and " mm " in name
    ]
    if errors:
        places[CUT] = {**places[CUT], LARGEST_ERROR: max(errors, key=abs)}
    return places


def _share_of_ceiling(table: Table, row: Row) -> object:
    gain = row.get("gain_db_full_dose")
    ceiling = float(str(table.get("ceiling_db", math.nan)))
    return float(str(gain)) / ceiling if isinstance(gain, float) else None


def _lowest(rows: Sequence[Row], method: str, name: str) -> object:
    figures = [float(str(row[name])) for row in rows if row["method"] == method and name in row]
    return min(figures, default=None)


def _aim(method: str, words: str, place: str, sense: str, limit: float, figure: object) -> Row:
    row: Row = {"method": method, "aim": words, "at": place, "sense": sense, "limit": limit}
    if not isinstance(figure, float) or not math.isfinite(figure) or not math.isfinite(limit):
        return {**row, "figure": math.nan, "verdict": "not measured"}
    is_met = abs(figure) <= limit if sense == AT_MOST else figure >= limit
    return {**row, "figure": figure, "verdict": "met" if is_met else "missed"}


def floors(table: Table) -> list[Row]:
    """Return for each method whether it is anywhere below the input, in words.

    Looked at are the RMSE in the body, PSNR and SSIM in every window over all scenes, and RMSE and
    PSNR in every window for every group, at the cut and at full strength.
    """
    source = next((row for row in rows_of(table, "rows") if row["method"] == "input"), {})
    found: list[Row] = []
    methods = dict.fromkeys(str(row["method"]) for row in rows_of(table, "rows"))
    for method in methods:
        if method == "input":
            continue
        places = [*_window_gains(table, method, source), *_group_gains(table, method)]
        places = [place for place in places if math.isfinite(place[0])]
        below = sorted((one for one in places if one[0] < 0), key=lambda one: (one[2], one[0]))
        lowest = min((gain for gain, _, unit in places if unit == "dB"), default=math.nan)
        found.append(
            {
                "method": method,
                "is_below": bool(below),
                "places": len(places),
                "lowest_gain_db": lowest,
                "words": _floor_words(method, below, len(places), lowest),
            }
        )
    return found


_Place = tuple[float, str, str]


def _window_gains(table: Table, method: str, source: Row) -> list[_Place]:
    gains: list[_Place] = []
    for row in rows_of(table, "rows"):
        if row["method"] != method:
            continue
        strength = str(row["strength"])
        for name, figure in row.items():
            if name.startswith("psnr_gain_db") or name == "gain_db":
                gains.append((float(str(figure)), f"{_plain(name)}, {strength}", "dB"))
            elif name.startswith("ssim") and name in source:
                rise = float(str(figure)) - float(str(source[name]))
                gains.append((rise, f"{name}, {strength}", "SSIM"))
    return gains


def _group_gains(table: Table, method: str) -> list[_Place]:
    return [
        (float(str(figure)), f"{row['group']}, {_plain(name)}, {row.get('strength', '')}", "dB")
        for row in rows_of(table, "groups")
        if row["method"] == method
        for name, figure in row.items()
        if name == "gain_db" or name.startswith("psnr_gain_db")
    ]


def _plain(name: str) -> str:
    window = name.removeprefix("psnr_gain_db").strip()
    return f"{window} window" if name != "gain_db" else "RMSE"


def _floor_words(method: str, below: Sequence[_Place], places: int, lowest: float) -> str:
    if not below:
        return (
            f"{method} is never below the input in any window or group ({places} looked at, the "
            f"smallest gain {lowest:.1f} dB)."
        )
    gain, place, unit = below[0]
    return (
        f"{method} is below the input in {len(below)} of {places} windows and groups, most in "
        f"{place} ({gain:.2g} {unit})."
    )
