"""The report on real scans as one HTML page: worst groups first, repeated scans, every series."""

import html
from collections.abc import Sequence

from viewer.app.peak_memory import HOW
from viewer.app.report_html import (
    Table,
    cell,
    html_table,
    line_plot,
    note,
    rows_of,
    turned,
    whole_page,
)
from viewer.app.scene_figures import Row

_FACTS = (
    "modality",
    "vendor",
    "model",
    "protocol",
    "kernel",
    "kvp",
    "exposure_mas",
    "ctdi_vol_mgy",
    "thickness_mm",
    "region",
    "sex",
    "age",
    "slices",
    "series",
)


def scans_page(table: Table) -> str:
    """Return the report on real scans as one HTML page."""
    strength = float(str(table["strength"]))
    parts = [
        f"<h1>Methods on real scans at a strength of {strength:.0%}</h1>",
        note(
            f"{table['program']}, <code>{html.escape(str(table['command']))}</code>. No truth is "
            "known here: noise is measured on the original and again on the enhanced pixels, in "
            "flat regions (cut flat) and by its fine detail (cut measured), which a coarser grain "
            "makes look larger. Structure near 0 means that the residual looks like noise. For "
            "research, not for diagnosis."
        ),
        *_group_parts(rows_of(table, "groups")),
        *_repeat_parts(table),
        *_series_parts(rows_of(table, "rows")),
    ]
    if memory := rows_of(table, "memory"):
        parts += ["<h2>Memory</h2>", note(f"{HOW.capitalize()}."), html_table(memory)]
    return whole_page(parts)


def gates_page(table: Table) -> str:
    """Return the report on the gates as one HTML page."""
    parts = [
        "<h1>What the gates say to real series</h1>",
        note(
            f"{table['program']}, <code>{html.escape(str(table['command']))}</code>. Nothing was "
            "enhanced. Expected is what a person wrote before the run: run, run with a warning, or "
            "refuse. For research, not for diagnosis."
        ),
        "<h2>Expected and said</h2>",
        html_table(rows_of(table, "confusion")),
        "<h2>Series</h2>",
        note("Where another verdict was expected comes first; series alike are counted."),
        html_table(rows_of(table, "gates")),
        "<h2>Each gate</h2>",
        html_table(rows_of(table, "gate_counts")),
    ]
    return whole_page(parts)


def _group_parts(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    words = (
        "Groups as the headers state them. The group with the largest share of structure in what "
        "was taken away comes first; groups in which no series ran come last."
    )
    return ["<h2>Where it looks worst</h2>", note(words), html_table(rows)]


def _repeat_parts(table: Table) -> list[str]:
    """Return the sections on repeated scans: how registered, what the difference shows."""
    found: list[str] = []
    repeats, spectra = rows_of(table, "repeats"), rows_of(table, "spectra")
    for registration in rows_of(table, "registrations"):
        pair = registration["pair"]
        found.append(f"<h2>Repeated scans: {html.escape(str(pair))}</h2>")
        if "refused" in registration:
            found.append(note(html.escape(str(registration["refused"]))))
            continue
        found += [note(_registration_words(registration)), note(_REPEAT_WORDS)]
        found.append(turned([row for row in repeats if row["pair"] == pair]))
        curves = {
            method: [
                (float(str(row["frequency_per_mm"])), float(str(row["power"])))
                for row in spectra
                if row["pair"] == pair and row["method"] == method
            ]
            for method in dict.fromkeys(str(row["method"]) for row in spectra)
        }
        unit = html.escape(str(registration["unit"]))
        found.append(line_plot(curves, "cycles per mm", f"noise power, {unit}² mm²"))
    return found


_REPEAT_WORDS = (
    "All figures are of one scan, from the difference of both over root two; cut is how far the SD "
    "fell. Beside is 3 to 12 pixels from an edge. Where the cut at edges is less than beside them, "
    "noise was left there or one structure was treated differently in two scans. Taken from both "
    "is the SD of what was taken away in both scans alike: noise is not alike, so this is "
    "structure, at edges and in flat regions (below 0: opposed, by chance)."
)


def _registration_words(row: Row) -> str:
    """Return how two scans were brought together, and what that leaves."""
    unit = html.escape(str(row["unit"]))
    words = (
        f"Registered on the originals: {row['registered_by']}. The headers say "
        f"{_mm(row['header_rows_mm'])} down and {_mm(row['header_columns_mm'])} across; found were "
        f"{_mm(row['shift_rows_mm'])} and {_mm(row['shift_columns_mm'])}, which vary from slice to "
        f"slice by up to {_mm(row['shift_varies_mm'])}. Remaining structure error at edges: "
        f"{cell(row['structure_error'])} {unit} (below 0: none that could be told from noise). "
        f"Fine detail in flat regions of both scans correlates by "
        f"{cell(row['noise_correlation'])}. {row['slices']} slices, "
        f"{float(str(row['flat_blocks'])):.0f} flat regions."
    )
    doubt = html.escape(str(row["note"]))
    return f"{words} {doubt.capitalize()}." if doubt else words


def _mm(value: object) -> str:
    return f"{float(str(value)):.2f} mm"


def _series_parts(rows: Sequence[Row]) -> list[str]:
    found: list[str] = []
    for name in dict.fromkeys(str(row.get("series", "")) for row in rows):
        some = [row for row in rows if str(row.get("series", "")) == name]
        known = [(one.replace("_", " "), some[0].get(one)) for one in _FACTS if some[0].get(one)]
        facts = ", ".join(f"{title} {cell(value)}" for title, value in known)
        found += [
            f"<h2>{html.escape(name or 'Series without a name')}</h2>",
            note(facts),
            turned([{k: v for k, v in row.items() if k not in _FACTS} for row in some]),
        ]
    return found
