"""Pieces of a report as HTML that needs nothing else: a page, tables, notes, plots."""

import html
import math
from collections.abc import Iterable, Mapping, Sequence

from viewer.app.scene_figures import Row

Table = dict[str, object]
Curve = Sequence[tuple[float, float]]

COLOURS = ("#b3541e", "#2f6f9f", "#5a7d2a", "#7a4a99", "#8a6d1c", "#4d5a66", "#a33a5b", "#1f7a72")

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f24; margin: 2rem auto; max-width: 72rem;
       padding: 0 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.86rem; }
th, td { padding: 0.25rem 0.7rem; text-align: right; vertical-align: top; max-width: 20rem;
         border-bottom: 1px solid #d9dee4; }
th { vertical-align: bottom; font-weight: 600; }
th:first-child, td:first-child { text-align: left; }
th.words, td.words { text-align: left; }
.missed { color: #a3261b; font-weight: 600; } .note { color: #57606a; max-width: 50rem; }
.wide { overflow-x: auto; }
"""


def whole_page(parts: Iterable[str]) -> str:
    """Return parts as one page."""
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Diptych: methods judged</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def rows_of(table: Table, name: str) -> list[Row]:
    """Return one part of a table: "rows", "inserts", "groups" or "checks"."""
    found = table.get(name, [])
    return list(found) if isinstance(found, list) else []


def note(text: str) -> str:
    """Return a paragraph of small print; the text is HTML already."""
    return f'<p class="note">{text}</p>'


def columns(rows: Sequence[Row]) -> list[str]:
    """Return the names of all figures in rows, in order."""
    return list(dict.fromkeys(name for row in rows for name in row if name != "kind"))


def html_table(rows: Sequence[Row], names: Sequence[str] = ()) -> str:
    """Return rows as a table with these columns (default: all), words left and figures right."""
    names = names or columns(rows)
    sides = {
        name: ' class="words"' if all(isinstance(row.get(name, ""), str) for row in rows) else ""
        for name in names
    }
    head = "".join(f"<th{sides[name]}>{html.escape(name.replace('_', ' '))}</th>" for name in names)
    lines = [
        "<tr>"
        + "".join(f"<td{sides[name]}>{cell(row.get(name, ''))}</td>" for name in names)
        + "</tr>"
        for row in rows
    ]
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def turned(rows: Sequence[Row]) -> str:
    """Return rows as the columns of a table, so that many figures fit beside few methods."""
    head = "".join(f"<th>{html.escape(str(row['method']))}</th>" for row in rows)
    lines = [
        f"<tr><td>{html.escape(name.replace('_', ' '))}</td>"
        + "".join(f"<td>{cell(row.get(name, ''))}</td>" for row in rows)
        + "</tr>"
        for name in columns(rows)
        if name not in ("method", "strength", "pair")
    ]
    return (
        f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def cell(value: object) -> str:
    """Return a value as text, figures with three digits."""
    if isinstance(value, float):
        return (
            "–"
            if not math.isfinite(value)
            else f"{value:.3g}"
            if abs(value) < 100
            else f"{value:.0f}"
        )
    return html.escape(str(value))


_WIDE_PX, _HIGH_PX, _LEFT_PX, _TOP_PX = 760, 260, 70, 30


def line_plot(curves: Mapping[str, Curve], across: str, up: str) -> str:
    """Return curves of (x, y) pairs as a plot from 0, with a legend."""
    every = [point for curve in curves.values() for point in curve]
    right = max((x for x, _ in every), default=1.0) or 1.0
    top = max((y for _, y in every), default=1.0) or 1.0
    parts = [_axes(right, top, across, up)]
    for place, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[place % len(COLOURS)]
        points = " ".join(
            f"{_LEFT_PX + _WIDE_PX * x / right:.1f},{_TOP_PX + _HIGH_PX * (1 - y / top):.1f}"
            for x, y in curve
        )
        y = _TOP_PX + 14 + 17 * place
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{_LEFT_PX + _WIDE_PX - 8}" y="{y}" text-anchor="end" fill="{colour}">'
            f"{html.escape(name)}</text>"
        )
    return svg("".join(parts), _LEFT_PX + _WIDE_PX + 20, _TOP_PX + _HIGH_PX + 48, f"{up} {across}")


def _axes(right: float, top: float, across: str, up: str) -> str:
    base, end = _TOP_PX + _HIGH_PX, _LEFT_PX + _WIDE_PX
    ticks = "".join(
        f'<text x="{_LEFT_PX + _WIDE_PX * share:.0f}" y="{base + 18}" text-anchor="middle" '
        f'fill="#57606a">{right * share:.2g}</text>'
        f'<text x="{_LEFT_PX - 8}" y="{base - _HIGH_PX * share + 4:.0f}" text-anchor="end" '
        f'fill="#57606a">{top * share:.2g}</text>'
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    return (
        f'<path d="M{_LEFT_PX} {_TOP_PX}V{base}H{end}" fill="none" stroke="#9aa4af"/>{ticks}'
        f'<text x="{end}" y="{base + 38}" text-anchor="end" fill="#57606a">{across}</text>'
        f'<text x="{_LEFT_PX - 40}" y="{_TOP_PX - 14}" fill="#57606a">{up}</text>'
    )


def svg(inner: str, wide: float, high: float, words: str) -> str:
    """Return a drawing of a size in pixels, with words for those who cannot see it."""
    return (
        f'<div class="wide"><svg width="{wide}" height="{high}" role="img" '
        f'aria-label="{html.escape(words)}" font-size="12" '
        f'font-family="system-ui, sans-serif">{inner}</svg></div>'
    )
