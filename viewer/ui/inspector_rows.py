"""Rows and words of the enhancement panel, made from methods, gates, provenance and regions."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from viewer.app.regions import RegionRow, region_rows
from viewer.app.session import Session
from viewer.app.spreading import SpreadFacts
from viewer.app.workspace import Layer, PartKey, Workspace
from viewer.core.measurement import RegionStatistics
from viewer.core.provenance import MethodKind, step_words, strength_words
from viewer.core.units import figure_with_unit, unit_words
from viewer.ui.audit_list import AuditState, SpotRow
from viewer.ui.enhancement_panel import Figures, GateRow, MethodRow
from viewer.ui.spread_box import SpreadState

NOISE_CUT = "noise cut"
WHOLE = "whole"


class ListedMethod(Protocol):
    """A method as lists show it; see `viewer.enhancement.method.Method`."""

    @property
    def id(self) -> str:
        """Stable id."""

    @property
    def name(self) -> str:
        """Name for people."""

    @property
    def kind(self) -> MethodKind:
        """AI or filter."""

    @property
    def purpose(self) -> str:
        """One sentence."""

    @property
    def is_research(self) -> bool:
        """True for a comparator, which is not for reading."""


class ListedGate(Protocol):
    """A gate as lists show it; see `viewer.enhancement.checks.GateResult`."""

    @property
    def name(self) -> str:
        """What was looked at."""

    @property
    def verdict(self) -> Any:
        """An enumeration of "ok", "warn" and "block"."""

    @property
    def words(self) -> str:
        """The reason."""


def method_rows(methods: Iterable[ListedMethod]) -> tuple[MethodRow, ...]:
    """Return the methods as the chooser lists them, AI and filters told apart."""
    return tuple(
        MethodRow(
            method.id,
            f"{method.name} (research)" if method.is_research else method.name,
            "AI" if method.kind is MethodKind.AI else "filter",
            method.purpose,
        )
        for method in methods
    )


def gate_rows(gates: Iterable[ListedGate]) -> tuple[GateRow, ...]:
    """Return the gates with their verdicts."""
    return tuple(GateRow(gate.verdict.value, gate.name, gate.words) for gate in gates)


_KIND_TIPS = {
    "change along an edge": "The change is larger than the noise of the change around it, and "
    "follows the edges of the image.",
    "only in the original": "Stands out of the noise in the original and not in the image at "
    "full strength.",
    "only in the enhanced": "Stands out of the noise at full strength and not in the original; at "
    "least half of it was added.",
}


def audit_state(facts: Mapping[str, Any]) -> AuditState:
    """Return what the audit found in words; `facts` are those of `audit_facts`, {} before it."""
    if not facts:
        return AuditState("The residual is being looked at…")
    structure, line = float(facts["structure"]), facts["structure_p95"]
    against = "no red line for this method" if line is None else f"red line {_signed(line)}"
    rows = tuple(_spot_row(place) for place in facts["places"])
    note = "No place stands out of the noise."
    if rows:
        note = "Places least like noise, at full strength whatever the strength in use (J: next)"
    warning = ABOVE if facts["is_above"] else ""
    return AuditState(f"Structure index {_signed(structure)} · {against}", warning, note, rows)


def spread_state(facts: SpreadFacts) -> SpreadState:
    """Return what is said of the model's spread."""
    if facts.refusal:
        return SpreadState(facts.refusal)
    percent = f"{100 * facts.share:.0f} %"
    figure = "Switch it on to compute it for the slice in view."
    if facts.is_on:
        figure = "It is being computed for the slice in view…"
        figure = figure if facts.is_drawn else "It is computed for acquired slices only."
    if facts.median is not None:
        half = figure_with_unit(facts.median, facts.unit)
        figure = (
            f"± {half}: half width of the {percent} interval around the full-strength image, "
            "median of the body on this slice"
        )
    coverage = f"{facts.coverage} Of an image at a lower strength no interval is known."
    return SpreadState("", facts.is_on, figure, coverage)


ABOVE = (
    "Above the red line: more structure in what was taken away than in 95 % of the validation set."
)


def _signed(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def _spot_row(place: Mapping[str, Any]) -> SpotRow:
    there = place["lps_mm"]
    where = f"{'slice' if there else 'frame'} {place['slice']}, "
    where += f"row {place['row']}, column {place['column']}"
    if there:
        x, y, z = (f"{mm:.1f}".replace("-", "−") for mm in there)
        where += f"\nLPS {x}, {y}, {z} mm"
    kind = str(place["kind"])
    title = kind[:1].upper() + kind[1:]
    return SpotRow(title, where, f"{place['size_sd']:.1f} SD", _KIND_TIPS[kind])


def strength_meaning(session: Session, method_id: str) -> str:
    """Say what the strength of a method means."""
    for method in session.enhancements.methods():
        if method.id == method_id:
            is_cut = method.effect.value == NOISE_CUT
            return "Noise cut in flat regions" if is_cut else "Blend fraction"
    return "Noise cut in flat regions"


def has_strength(session: Session, method_id: str) -> bool:
    """False for a method that is applied as a whole."""
    methods = session.enhancements.methods()
    return all(method.effect.value != WHOLE for method in methods if method.id == method_id)


def finer_factor(
    session: Session, method_id: str, part: PartKey, layer: Layer | None
) -> tuple[int | None, str]:
    """Return how many times finer a method makes slices, and of what; (None, "") for others."""
    methods = session.enhancements.methods()
    if not any(method.makes_finer for method in methods if method.id == method_id):
        return (None, "")
    workspace = session.workspace
    factor, geometry = workspace.settings.enhancement.factor, workspace.volumes[part].geometry
    step = geometry.spacing_mm[0]
    words = f"{step_words(step / factor)} slices from {step_words(step)}"
    if layer is not None and layer.start is not None:
        words = f"{words}, {layer.start.geometry.shape[0]} from {geometry.shape[0]}"
    return (factor, words)


def strength_reached(layer: Layer | None) -> str:
    """Say what the strength reaches and the one blend factor of the series."""
    if layer is None:
        return ""
    return f"{strength_words(layer.provenance)} · blend factor {layer.blend:.2f}"


def provenance_rows(layer: Layer | None) -> tuple[tuple[str, str], ...]:
    """Return the provenance as (name, value) pairs, the most important first."""
    if layer is None:
        return ()
    known = layer.provenance
    rows = [
        ("Method", f"{known.method_name} ({known.method_id})"),
        ("Version", known.version),
        ("Weights SHA-256", known.weights_sha256[:16] + "…" if known.weights_sha256 else ""),
        ("Strength", strength_words(known)),
        ("Blend factor", f"{known.blend:.3f}"),
        ("Computed on", known.device),
        ("Computed at", known.time),
        *known.parameters,
        *(("Caution", words) for words in (*known.gates, *known.cautions)),
    ]
    return tuple((name, value) for name, value in rows if value)


def region_figures(workspace: Workspace, part: PartKey, layer: Layer | None) -> Figures:
    """Return the table of regions: original, enhanced and residual side by side.

    The last area drawn is the background that CNR is measured against.
    """
    rows = region_rows(workspace, part, layer)
    if not rows:
        return Figures()
    rows = region_rows(workspace, part, layer, rows[-1].id) if len(rows) > 1 else rows
    unit = workspace.volumes[part].unit
    digits = 1 if unit == "HU" else 2
    columns = ("", *(row.title for row in rows))
    changed = layer.residual.unit if layer is not None else unit
    return Figures(columns, tuple(_lines(rows, (unit, changed), digits)))


def _lines(
    rows: tuple[RegionRow, ...], units: tuple[str, str], digits: int
) -> list[tuple[str, ...]]:
    """Return the lines of the table; `units` are those of original and enhanced values."""
    unit, changed = (unit_words(one) for one in units)
    kept = "" if changed == unit else f" ({changed})"

    def numbers(title: str, values: list[float | None], form: str) -> tuple[str, ...]:
        return (title, *("–" if v is None else format(v, form) for v in values))

    def of(layers: list[RegionStatistics | None], name: str) -> list[float | None]:
        return [None if layer is None else float(getattr(layer, name)) for layer in layers]

    original: list[RegionStatistics | None] = [row.original for row in rows]
    enhanced, residual = [row.enhanced for row in rows], [row.residual for row in rows]
    plain = f".{digits}f"
    lines = [
        numbers(f"Original mean ({unit})", of(original, "mean"), plain),
        numbers("Original SD", of(original, "sd"), plain),
    ]
    if any(enhanced):
        lines += [
            numbers(f"Enhanced mean{kept}", of(enhanced, "mean"), plain),
            numbers(f"Enhanced SD{kept}", of(enhanced, "sd"), plain),
            numbers("Residual mean (bias)", of(residual, "mean"), f"+{plain}"),
            numbers("Residual SD", of(residual, "sd"), plain),
            numbers("Noise change", [row.noise_change for row in rows], "+.0%"),
        ]
    if any(row.cnr for row in rows):
        lines.append(
            numbers("CNR original", [row.cnr[0] if row.cnr else None for row in rows], ".2f")
        )
    if any(row.cnr and row.cnr[1] is not None for row in rows):
        lines.append(
            numbers("CNR enhanced", [row.cnr[1] if row.cnr else None for row in rows], ".2f")
        )
    return lines
