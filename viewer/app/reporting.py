"""A table of figures as a report that anyone can read and check: JSON, CSV and one HTML page."""

import csv
import html
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from viewer import __version__
from viewer.app.peak_memory import HOW
from viewer.app.report_html import (
    COLOURS,
    Table,
    cell,
    html_table,
    note,
    rows_of,
    svg,
    turned,
    whole_page,
)
from viewer.app.reporting_scans import gates_page, scans_page
from viewer.app.scene_figures import Row
from viewer.io.safely import not_saved, replace_file

PARTS = (
    *("rows", "inserts", "groups", "checks", "aims", "floors"),
    *("registrations", "repeats", "spectra", "memory"),
    *("gates", "confusion", "gate_counts", "verdicts"),
)
"""Parts of a table that become a CSV file each."""


def write_report(table: Table, folder: Path, command: str) -> tuple[Path, ...]:
    """Write `report.json`, one CSV for each part of the table, and `report.html`; return them.

    Files of an earlier report are replaced, each as a whole.

    Raises
    ------
    NotSaved : the folder cannot be made or written.
    """
    stated = {"program": f"Diptych {__version__}", "command": command, **table}
    texts = {"report.json": json.dumps(stated, indent=1, ensure_ascii=False, default=str)}
    for name in PARTS:
        if rows_of(table, name):
            texts[f"{name}.csv"] = csv_text(rows_of(table, name))
    texts["report.html"] = _page_of(table)(stated)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            replace_file(folder / name, text.encode("utf-8"))
            written.append(folder / name)
    except OSError as error:
        raise not_saved("The report", error) from error
    return tuple(written)


def _page_of(table: Table) -> Callable[[Table], str]:
    """Return what makes the page for a kind of table."""
    kinds = {"verdicts": gates_page, "series": scans_page, "operation": detail_page}
    return next((made for part, made in kinds.items() if part in table), page)


def csv_text(rows: Sequence[Row]) -> str:
    """Return rows as CSV with full precision; a figure that a row lacks is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def detail_page(table: Table) -> str:
    """Return the report on methods that add detail as one HTML page."""
    parts = [
        f"<h1>{html.escape(str(table['title']))}</h1>",
        note(
            f"{table['program']}, <code>{html.escape(str(table['command']))}</code>. "
            f"{table['scenes']} simulated scenes, none used in training or tuning. "
            f"{html.escape(str(table['explanation']))} For research, not for diagnosis."
        ),
        turned(rows_of(table, "rows")),
        note(
            f"Parameters: {html.escape(str(table.get('settings', '')))}. "
            f"Seeds: {html.escape(str(table.get('seeds', '')))}."
        ),
    ]
    return whole_page(parts)


def page(table: Table) -> str:
    """Return the report as one HTML page that needs nothing else, plots included."""
    cut = float(str(table["cut"]))
    matched = [row for row in rows_of(table, "rows") if str(row["strength"]).endswith("cut")]
    full = [row for row in rows_of(table, "rows") if row["strength"] in ("none", "full")]
    parts = [
        f"<h1>Denoising judged at a {cut:.0%} cut of the noise</h1>",
        note(
            f"{table['program']}, <code>{html.escape(str(table['command']))}</code>. "
            f"{table['scenes']} simulated scenes and {table['pairs']} pairs for each insert, none "
            "used in training or tuning. Every method is blended back to the same cut in flat "
            "tissue, so that none gains by smoothing less. For research, not for diagnosis."
        ),
        *(f"<p>{html.escape(str(row['words']))}</p>" for row in rows_of(table, "floors")),
        "<h2>Aims</h2>",
        _aims(rows_of(table, "aims")),
        f"<h2>At a {cut:.0%} cut</h2>",
        turned(matched),
        "<h2>At full strength</h2>",
        note(
            "Gain against the full dose is against an image that has noise of its own: "
            f"{float(str(table['ceiling_db'])):.1f} dB are the most that is possible."
        ),
        turned(full),
        "<h2>Can a lesion of known place be told from none?</h2>",
        note(
            "A channelised Hotelling observer on a rod in water, at the cut. d' over the input's "
            "with its 95 % interval (1,000 joint resamplings of the pairs)."
        ),
        _svg_inserts(rows_of(table, "inserts")),
        html_table(rows_of(table, "inserts")),
        "<h2>Where it does worst</h2>",
        note("Groups of scenes by region, kernel and noise; the smallest gain comes first."),
        html_table(sorted(rows_of(table, "groups"), key=lambda row: float(str(row["gain_db"])))),
        "<h2>Where there is nothing to do</h2>",
        turned(rows_of(table, "checks")),
        "<h2>Memory</h2>",
        note(f"{HOW.capitalize()}."),
        html_table(rows_of(table, "memory")),
        note(
            f"Parameters: {html.escape(str(table.get('settings', '')))}. "
            f"Seeds: {html.escape(str(table.get('seeds', '')))}."
        ),
    ]
    return whole_page(parts)


def _aims(rows: Sequence[Row]) -> str:
    """Return a table of the aims with each method's figure, those missed marked by a word."""
    methods = list(dict.fromkeys(str(row["method"]) for row in rows))
    wanted = list(dict.fromkeys((row["aim"], row["at"], row["sense"]) for row in rows))
    head = "".join(f"<th>{html.escape(one)}</th>" for one in methods)
    lines = []
    for aim in wanted:
        some = [row for row in rows if (row["aim"], row["at"], row["sense"]) == aim]
        cells = {str(row["method"]): _aim_cell(row) for row in some}
        words = html.escape(f"{aim[0]}, {aim[1]}, {aim[2]} {cell(some[0]['limit'])}")
        inner = "".join(cells.get(one, "<td></td>") for one in methods)
        lines.append(f"<tr><td>{words}</td>{inner}</tr>")
    return (
        f'<div class="wide"><table><thead><tr><th>aim</th>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _aim_cell(row: Row) -> str:
    if row["verdict"] == "not measured":
        return "<td>–</td>"
    text = f"{float(str(row['figure'])):.3f}"
    return (
        f"<td>{text}</td>" if row["verdict"] == "met" else f'<td class="missed">{text} missed</td>'
    )


_ROW_PX, _LEFT_PX, _WIDE_PX, _TOP_PX = 22, 210, 760, 30
_LOW, _HIGH = 0.6, 1.3


def _svg_inserts(rows: Sequence[Row]) -> str:
    """Return a plot of d' over the input's with its interval, a row for each method and insert."""
    height = _TOP_PX + _ROW_PX * len(rows) + 10
    methods = list(dict.fromkeys(str(row["method"]) for row in rows))
    lines = [_gridline(value, height) for value in (0.6, 0.8, 0.95, 1.0, 1.2)]
    for place, row in enumerate(rows):
        y = _TOP_PX + _ROW_PX * (place + 0.5)
        colour = COLOURS[methods.index(str(row["method"])) % len(COLOURS)]
        low, high, middle = (
            _x(float(str(row[name]))) for name in ("d_ratio_low", "d_ratio_high", "d_ratio")
        )
        words = html.escape(f"{row['method']}  {row['insert']}")
        lines.append(
            f'<text x="{_LEFT_PX - 10}" y="{y + 4}" text-anchor="end">{words}</text>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{colour}" '
            f'stroke-width="2"/><circle cx="{middle:.1f}" cy="{y}" r="4" fill="{colour}"/>'
        )
    return svg("".join(lines), _LEFT_PX + _WIDE_PX + 20, height, "d prime over that of the input")


def _gridline(value: float, height: int) -> str:
    x = _x(value)
    dash = "" if value == 1.0 else ' stroke-dasharray="3 3"'
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP_PX}" y2="{height}" stroke="#9aa4af"{dash}/>'
        f'<text x="{x:.1f}" y="{_TOP_PX - 10}" text-anchor="middle" fill="#57606a">{value:g}</text>'
    )


def _x(value: float) -> float:
    share = (min(max(value, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)
    return _LEFT_PX + _WIDE_PX * share
