"""Named windows from resources/window_presets.toml, or from a file of the reader's own."""

import tomllib
from pathlib import Path

from viewer.app.session import WindowPreset
from viewer.core.errors import DamagedStore, DiptychError
from viewer.core.windowing import Window, WindowFunction


def read_presets(path: Path) -> tuple[WindowPreset, ...]:
    """Return the presets of a file, in its order.

    Raises
    ------
    DamagedStore : the file cannot be read, is not TOML, or a preset lacks key, centre or width.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return tuple(_preset(entry) for entry in content.get("preset", ()))
    except (
        OSError,
        tomllib.TOMLDecodeError,
        KeyError,
        ValueError,
        TypeError,
        DiptychError,
    ) as error:
        raise DamagedStore(
            f"The window presets in {path.name} cannot be used: {error}.",
            "The digit keys have no windows.",
            "Correct the file, or clear its name in the preferences.",
        ) from error


def _preset(entry: dict[str, object]) -> WindowPreset:
    function = WindowFunction(str(entry.get("function", "LINEAR_EXACT")))
    window = Window(
        float(str(entry["centre"])), float(str(entry["width"])), function, str(entry["name"])
    )
    return WindowPreset(
        str(entry["key"]), str(entry.get("modality", "")), window, str(entry.get("unit", ""))
    )
