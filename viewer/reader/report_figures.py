"""The figures of a report: bars of ratings, ROC curves, forest plots; the same bytes each time."""

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

Curve = tuple[tuple[float, float], ...]
ARM_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Okabe and Ito's colours, told apart by readers with any colour vision."""

SCALE = ("#b35806", "#f1a340", "#d8d8d8", "#998ec3", "#542788")
"""Five steps from low to high, told apart in print and without red-green vision."""

INK = "#222222"


def figure_svg(figure: Figure) -> str:
    """Return a figure as SVG for a page, the same for the same figure."""
    out = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "diptych", "svg.fonttype": "path"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def figure_png(figure: Figure, dpi: int = 200) -> bytes:
    """Return a figure as PNG."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def rating_bars(
    rows: Sequence[tuple[str, Sequence[int]]], labels: Sequence[str], title: str = ""
) -> Figure:
    """Return stacked bars of how often each point of a scale was given, one bar a row."""
    made = _figure(7.2, 0.95 + 0.36 * len(rows))
    axes = made.subplots()
    colours = scale_colours(len(labels))
    places = list(range(len(rows)))[::-1]
    lefts = [0.0] * len(rows)
    for point, label in enumerate(labels):
        shares = [100 * counts[point] / max(sum(counts), 1) for _, counts in rows]
        bars = axes.barh(places, shares, left=lefts, color=colours[point], label=label, height=0.72)
        for bar, (_, counts), share in zip(bars, rows, shares, strict=True):
            if share >= 6:
                x = bar.get_x() + bar.get_width() / 2
                ink = "white" if _is_dark(colours[point]) else INK
                y = bar.get_y() + bar.get_height() / 2
                axes.text(x, y, str(counts[point]), ha="center", va="center", color=ink, fontsize=8)
        lefts = [left + share for left, share in zip(lefts, shares, strict=True)]
    axes.set_yticks(places, [name for name, _ in rows], fontsize=9)
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of ratings (%), counts inside", fontsize=9)
    if title:
        axes.set_title(title, fontsize=10, loc="left")
    made.legend(loc="outside lower center", ncols=min(len(labels), 5), fontsize=8, frameon=False)
    _plain(axes)
    return made


def scale_colours(count: int) -> tuple[str, ...]:
    """Return colours for a scale of `count` points, from low to high."""
    picked = mpl.colors.LinearSegmentedColormap.from_list("scale", SCALE)
    steps = [place / max(count - 1, 1) for place in range(count)]
    return tuple(mpl.colors.to_hex(picked(step)) for step in steps)


def _is_dark(colour: str) -> bool:
    red, green, blue = mpl.colors.to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.5


def roc_curves(curves: Sequence[tuple[str, str, Curve]], across: str, up: str) -> Figure:
    """Return curves (reader, arm, points), a panel for each reader, arms in their colours."""
    readers = list(dict.fromkeys(reader for reader, _, _ in curves))
    arms = list(dict.fromkeys(arm for _, arm, _ in curves))
    columns = min(4, len(readers))
    lines = -(-len(readers) // columns)
    made = _figure(1.85 * columns + 0.6, 1.95 * lines + 0.6)
    panels = made.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
    for place, panel in enumerate(panels.flat):
        if place >= len(readers):
            panel.set_visible(False)
            continue
        panel.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=0.8, linestyle=":")
        for reader, arm, points in curves:
            if reader == readers[place]:
                number = arms.index(arm)
                panel.plot(
                    [x for x, _ in points],
                    [y for _, y in points],
                    color=ARM_COLOURS[number % len(ARM_COLOURS)],
                    linestyle=("-", "--", "-.")[number % 3],
                    marker="os^"[number % 3],
                    markersize=3,
                    linewidth=1.3,
                    label=arm if place == 0 else None,
                )
        panel.set_title(readers[place], fontsize=9)
        panel.set_aspect("equal")
        panel.set_xlim(-0.03, 1.03)
        panel.set_ylim(-0.03, 1.03)
        panel.tick_params(labelsize=7, labelbottom=place + columns >= len(readers))
    made.supxlabel(across, fontsize=9)
    made.supylabel(up, fontsize=9)
    made.legend(loc="outside upper center", ncols=len(arms), fontsize=8, frameon=False)
    return made


def forest(
    rows: Sequence[tuple[str, float, float, float]],
    across: str,
    nothing: float,
    *,
    is_log: bool = False,
) -> Figure:
    """Return estimates with intervals (name, estimate, low, high) beside a line of no effect."""
    made = _figure(7.2, 0.9 + 0.3 * len(rows))
    axes = made.subplots()
    places = list(range(len(rows)))[::-1]
    for place, (_, estimate, low, high) in zip(places, rows, strict=True):
        axes.plot([low, high], [place, place], color=ARM_COLOURS[0], linewidth=1.5)
        axes.plot([estimate], [place], "s", color=ARM_COLOURS[0], markersize=5)
        axes.annotate(
            f"{estimate:.2f} [{low:.2f}, {high:.2f}]",
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
        )
    axes.axvline(nothing, color="#888888", linewidth=0.9, linestyle=":")
    axes.set_yticks(places, [name for name, *_ in rows], fontsize=9)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel(across, fontsize=9)
    if is_log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
    _plain(axes)
    return made


def _plain(axes: mpl.axes.Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="x", labelsize=8)
