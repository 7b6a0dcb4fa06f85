"""Named transfer functions of volume rendering, read from a TOML file."""

import tomllib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from viewer.core.errors import DamagedStore


class Projection(Enum):
    """How the values along a ray become one pixel."""

    COMPOSITE = "composite"
    MIP = "MIP"


@dataclass(frozen=True, slots=True)
class VolumePreset:
    """One way to show a volume.

    `opacity` are (value, opacity per millimetre from 0 to 1) and `colour` (value, red, green,
    blue from 0 to 1), values rising. Values are in `unit` ("HU"), or, for the unit "relative",
    from 0 (the volume's 1st percentile) to 1 (its 99.8th). `modalities` are those it is offered
    for first; empty means all. `is_shaded` asks for light from the eye.
    """

    id: str
    name: str
    modalities: tuple[str, ...]
    unit: str
    projection: Projection
    opacity: tuple[tuple[float, float], ...]
    colour: tuple[tuple[float, float, float, float], ...]
    is_shaded: bool = False


def load_presets(path: Path) -> tuple[VolumePreset, ...]:
    """Return the presets of a file, in its order.

    Raises
    ------
    DamagedStore : no file, not TOML, or a preset lacks something; the message names it.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("preset", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DamagedStore(
            f"The volume presets in {path.name} could not be read: {error}.",
            "Volume views have no presets.",
        ) from error
    return tuple(_preset(table, path.name) for table in tables)


def _preset(table: dict[str, Any], file: str) -> VolumePreset:
    try:
        made = VolumePreset(
            id=str(table["id"]),
            name=str(table["name"]),
            modalities=tuple(str(name) for name in table.get("modalities", ())),
            unit=str(table["unit"]),
            projection=Projection(table.get("projection", "composite")),
            opacity=tuple((float(v), float(o)) for v, o in table["opacity"]),
            colour=tuple(
                (float(v), float(r), float(g), float(b)) for v, r, g, b in table["colour"]
            ),
            is_shaded=bool(table.get("is_shaded", False)),
        )
    except (KeyError, ValueError, TypeError) as error:
        name = table.get("id", "without a name")
        raise DamagedStore(f"The volume preset {name} in {file} is not valid: {error}.") from error
    for points in (made.opacity, made.colour):
        values = [place[0] for place in points]
        if len(values) < 2 or values != sorted(values):
            raise DamagedStore(f"The values of the volume preset {made.id} in {file} do not rise.")
    return made


def default_preset(
    presets: tuple[VolumePreset, ...], modality: str, unit: str
) -> VolumePreset | None:
    """Return the first preset for a modality that the unit allows, else the first that fits."""
    fitting = [preset for preset in presets if preset.unit in {unit, "relative"}]
    for preset in fitting:
        if modality in preset.modalities:
            return preset
    return next((preset for preset in fitting if not preset.modalities), None)
