"""Model cards: the training script fills in hashes and the run, people write the rest."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any


def update_card(
    path: Path, model: str, hashes: dict[str, str], training: dict[str, object]
) -> None:
    """Set the weights' hashes and merge `training` into the card; other entries stay.

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
    card["training"] = {**card.get("training", {}), **training}
    write_card(path, card)


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
