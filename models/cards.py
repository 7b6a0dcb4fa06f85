"""Model cards: training fills in hashes and the run, a report the figures, people the rest.

`python models/cards.py MODEL FILE.json` copies what `diptych evaluate` found: a report on simulated
scenes (`--report`), the table of the demo study (`--json`), or the red line of the residual audit
(`--on residuals --json`).
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def update_card(
    path: Path,
    model: str,
    hashes: dict[str, str],
    training: Mapping[str, object],
    architecture: Mapping[str, object],
) -> None:
    """Set the weights' hashes, merge run and architecture into the card; other entries stay.

    A card that does not exist is begun with the model's id alone.
    """
    card = read_card(path) if path.exists() else {"id": model}
    weights = dict(card.get("weights", {}))
    weights.update(
        file="weights.safetensors",
        sha256=hashes["weights.safetensors"],
        onnx="weights.onnx",
        onnx_sha256=hashes["weights.onnx"],
    )
    card["weights"] = weights
    card["architecture"] = {**card.get("architecture", {}), **architecture}
    card["training"] = {**card.get("training", {}), **training}
    write_card(path, card)


_ROWS = {"none": "", "full": "_full"}
_STATED = ("command", "modality", "cut", "scenes", "pairs", "ceiling_db", "explanation", "machine")


def take_figures(card: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """Return the card with a report's figures of its model and of every other method in it.

    A report of any modality and any job: what it does not hold is left out.
    """
    found: dict[str, Any] = {name: report[name] for name in _STATED if name in report}
    found["filters_tuned_to"] = ", ".join(
        f"{name}: {words}" for name, words in report.get("settings", {}).items()
    )
    if "aims" in report:
        found["missed"] = [_missed(row) for row in _own(card, report, "aims") if _is_missed(row)]
    for row in report["rows"]:
        strength = _ROWS.get(row["strength"], "_at_the_cut")
        found[_plain(row["method"] + strength)] = {
            **_figures(row),
            **_more_figures(report, row["method"], strength),
        }
    for part, naming in (("inserts", "insert"), ("checks", "method")):
        for row in _own(card, report, part):
            found[_plain(f"{part} {row[naming]}")] = _figures(row)
    return {**card, "metrics": {**card.get("metrics", {}), "simulated": found}}


def _own(card: dict[str, Any], report: dict[str, Any], part: str) -> list[dict[str, Any]]:
    return [row for row in report.get(part, []) if row["method"] == card["id"]]


def _is_missed(row: dict[str, Any]) -> bool:
    return row["verdict"] == "missed"


def _missed(row: dict[str, Any]) -> str:
    return f"{row['aim']}, {row['at']}: {row['figure']:.3g} ({row['sense']} {row['limit']:.3g})"


def _more_figures(report: dict[str, Any], method: str, strength: str) -> dict[str, Any]:
    """Return what other parts of a report say about a method at a strength."""
    if strength == "_at_the_cut":
        rows = [row for row in report.get("inserts", []) if row["method"] == method]
        ratios = [row["d_ratio_low"] for row in rows if "d_ratio_low" in row]
        return {"lowest_d_ratio_low": round(min(ratios), 4)} if ratios else {}
    found: dict[str, Any] = {}
    for row in report.get("memory", []):
        if row["method"] == method and math.isfinite(row["peak_memory_mib"]):
            found["peak_memory_mib"] = round(row["peak_memory_mib"], 1)
    for row in report.get("floors", []):
        if row["method"] == method:
            found["is_below_the_input"] = row["is_below"]
    return found


def take_repeats(card: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """Return the card with the figures of every method on two real scans of one object.

    Of the paths in the command only the names are kept.
    """
    words = shlex.split(report["command"])
    names = [Path(word).name if "/" in word else word for word in words]
    found: dict[str, Any] = {"command": shlex.join(names)}
    for row in report["registrations"]:
        found["registration"] = {**_figures(row), "slices": row["slices"]}
        found["registered_by"] = row["registered_by"]
    for row in report["repeats"]:
        found[_plain(row["method"])] = _figures(row)
    return {**card, "metrics": {**card.get("metrics", {}), "repeated_scans": found}}


def take_demo_figures(card: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Return the card with the figures of every method on the demo study."""
    found: dict[str, Any] = {"command": table["command"]}
    for row in table["rows"]:
        strength = {0.0: "", 1.0: "_full"}.get(row["strength"], "_at_the_strength")
        found[_plain(row["method"] + strength)] = _figures(row)
    return {**card, "metrics": {**card.get("metrics", {}), "demo_chest_quarter_dose": found}}


def take_red_line(card: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Return the card with the red line of its model's residual audit."""
    for row in table["rows"]:
        if row["method"] == card["id"]:
            line = {name: row[name] for name in ("structure_p95", "structure_median", "scenes")}
            found = {name: round(v, 4) if isinstance(v, float) else v for name, v in line.items()}
            return {**card, "audit": {**found, "seed": table["seed"], "command": table["command"]}}
    raise SystemExit(f"The table has no row of {card['id']}.")


def _figures(row: dict[str, Any]) -> dict[str, float]:
    return {
        _plain(name): round(value, 4)
        for name, value in row.items()
        if isinstance(value, float) and math.isfinite(value)
    }


def _plain(name: str) -> str:
    """A name with nothing in it that a TOML key would have to quote."""
    return "_".join("".join(s if s.isalnum() or s == "+" else " " for s in name).split()).replace(
        "+", "plus_"
    )


def read_card(path: Path) -> dict[str, Any]:
    """The card as nested dictionaries."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def write_card(path: Path, card: dict[str, Any]) -> None:
    """Write the card atomically: plain entries first, then one table per dictionary."""
    partial = path.with_suffix(".partial")
    partial.write_text("\n".join(_lines(card, "")) + "\n", encoding="utf-8")
    partial.replace(path)


def _lines(table: dict[str, Any], prefix: str) -> list[str]:
    lines = [
        f"{_key(name)} = {_value(value)}"
        for name, value in table.items()
        if not isinstance(value, dict)
    ]
    for name, value in table.items():
        if isinstance(value, dict):
            path = f"{prefix}{_key(name)}"
            lines += ["", f"[{path}]", *_lines(value, f"{path}.")]
    return lines


def _key(name: str) -> str:
    """A key as TOML wants it: bare where that is allowed, else quoted."""
    is_bare = name.replace("-", "").replace("_", "").isalnum() and name.isascii()
    return name if is_bare else json.dumps(name, ensure_ascii=False)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "nan"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        if all(isinstance(one, str) and len(one) > 12 for one in value) and value:
            return "[\n" + "".join(f"    {_value(one)},\n" for one in value) + "]"
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(str(value), ensure_ascii=False)


def _taking(report: dict[str, Any]) -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Return what takes the figures of a kind of report."""
    if report.get("registrations"):
        return take_repeats
    if "structure_p95" in report["rows"][0]:
        return take_red_line
    return take_demo_figures if "lesions" in report else take_figures


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("report", type=Path, help="JSON of diptych evaluate")
    options = parser.parse_args(arguments)
    path = Path(__file__).resolve().parent / options.model / "card.toml"
    report = json.loads(options.report.read_text(encoding="utf-8"))
    write_card(path, _taking(report)(read_card(path), report))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
