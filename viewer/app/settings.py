"""What the reader can set: one tree of values with default, range, unit and help, kept as JSON."""

import ctypes
import json
import os
import sys
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, cast

from viewer.app.messages import Message, Severity
from viewer.core.places import user_folder
from viewer.core.view import Interpolation
from viewer.io.safely import not_saved, private_folder, replace_file, set_aside

VERSION = 1
FILE_NAME = "settings.json"
RECENT_COUNT = 12
HIGHEST_FLICKER_HZ = 3.0
"""Flicker stays at or under 3 flashes a second (WCAG 2.3.1, photosensitive epilepsy)."""

_Range = tuple[float, float] | None


def _setting(
    default: Any,
    words: str,
    *,
    unit: str = "",
    limits: _Range = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a field with its default, help, unit, and allowed range or choices."""
    metadata = {"help": words, "unit": unit, "limits": limits, "choices": choices}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class OverlaySettings:
    """What is written on every view."""

    patient_name: bool = _setting(True, "Show the patient's name on every view.")
    patient_id: bool = _setting(True, "Show the patient ID on every view.")
    birth_date: bool = _setting(True, "Show the birth date on every view.")
    study_date: bool = _setting(True, "Show the study date on every view.")
    series: bool = _setting(True, "Show series number and description on every view.")
    orientation: bool = _setting(True, "Show orientation letters at the edges.")
    scale_bar: bool = _setting(True, "Show a scale bar.")
    reference_lines: bool = _setting(True, "Show where the other views cut this one.")
    crosshair: bool = _setting(True, "Show the crosshair in reformatted views.")


@dataclass(frozen=True, slots=True)
class ViewingSettings:
    """How images are drawn and moved."""

    interpolation: str = _setting(
        Interpolation.LINEAR.value,
        "How values between pixels are found when an image is enlarged.",
        choices=tuple(kind.value for kind in Interpolation),
    )
    cine_fps: float = _setting(
        15.0, "Speed of a cine that has no timing.", unit="frames/s", limits=(0.5, 120.0)
    )
    flicker_hz: float = _setting(
        1.5,
        "How often a second the flicker comparison changes sides; never above 3.",
        unit="Hz",
        limits=(0.2, HIGHEST_FLICKER_HZ),
    )
    window_presets: str = _setting(
        "", "A file with window presets of your own; empty for the ones that come along."
    )


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """How much of the machine is used."""

    cache_mb: int = _setting(
        0,
        "Memory for images; 0 for about 40 % of the machine's memory.",
        unit="MB",
        limits=(0, 4_000_000),
    )
    decoding_processes: int = _setting(
        0, "Processes that decode compressed images; 0 for one a core.", limits=(0, 64)
    )


@dataclass(frozen=True, slots=True)
class EnhancementSettings:
    """What the enhancement key does."""

    method: str = _setting("ct-denoise-s", "The method that the key E uses.")
    strength: float = _setting(
        0.4,
        "Cut of the noise in flat regions (denoisers) or blend fraction (other methods).",
        unit="fraction",
        limits=(0.0, 1.0),
    )
    factor: int = _setting(
        4, "How many times finer slices become, with methods that make finer ones.", limits=(2, 6)
    )
    device: str = _setting("auto", "Where models run.", choices=("auto", "cpu", "cuda", "mps"))
    research: bool = _setting(False, "Offer research models, too: they are not for reading.")
    log_uses: bool = _setting(
        True,
        "Log each enhancement, but for finer slices, on this machine, for the drift page. Kept are "
        "time, method, strength, noise before and after, structure index, gates, modality, "
        "scanner, kernel, slice thickness and dose: no name, ID, UID, date or description of a "
        "patient or study. Nothing is sent anywhere.",
    )


@dataclass(frozen=True, slots=True)
class AheadSettings:
    """Which series are enhanced before the reader asks for them."""

    rules: tuple[str, ...] = _setting(
        (),
        "One rule a line, such as: "
        'modality = "CT", slices = 20, method = "ct-denoise-s", strength = 0.4. '
        "It may also say description and body_part (with * for anything), ages = [18, 120], and a "
        "folder to store the result in. Series that fit are enhanced quietly when they are opened.",
    )


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Archives and other nodes that images come from and go to."""

    our_title: str = _setting("DIPTYCH", "AE title by which archives know this workstation.")
    nodes: tuple[str, ...] = _setting(
        (), 'One a line: name = "pacs", address = "PACS@10.0.0.2:104", and more: see the help.'
    )
    listen_port: int = _setting(0, "Port that archives send to by C-MOVE.", limits=(0, 65535))


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """Which panels are open, and how wide."""

    browser: bool = _setting(True, "Show the study browser on the left.")
    inspector: bool = _setting(True, "Show the inspector on the right.")
    tools: bool = _setting(True, "Show the tools at the top.")
    status: bool = _setting(True, "Show messages and jobs at the bottom.")
    browser_width: int = _setting(260, "Width of the browser.", unit="px", limits=(120, 2000))
    inspector_width: int = _setting(300, "Width of the inspector.", unit="px", limits=(120, 2000))


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the reader can set. Change it with `with_value` or `dataclasses.replace`."""

    overlays: OverlaySettings = field(default_factory=OverlaySettings)
    viewing: ViewingSettings = field(default_factory=ViewingSettings)
    memory: MemorySettings = field(default_factory=MemorySettings)
    enhancement: EnhancementSettings = field(default_factory=EnhancementSettings)
    enhance_ahead: AheadSettings = field(default_factory=AheadSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    panels: PanelSettings = field(default_factory=PanelSettings)
    recents: tuple[str, ...] = _setting((), "Folders and files opened last, the latest first.")
    index_folder: str = _setting("", "Folder of the library's index; empty for the program's own.")


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of the tree, described for a dialog.

    `path` is such as "viewing.cine_fps"; `limits` are inclusive, None where there are none.
    """

    path: str
    value: bool | int | float | str | tuple[str, ...]
    default: bool | int | float | str | tuple[str, ...]
    help: str
    unit: str
    limits: _Range
    choices: tuple[str, ...]


def described(settings: Settings) -> tuple[Setting, ...]:
    """Return every single value of the tree in its order, with what a dialog needs."""
    return tuple(_described(settings, Settings(), ""))


def _described(node: Any, default: Any, prefix: str) -> list[Setting]:
    found: list[Setting] = []
    for part in fields(node):
        value, usual = getattr(node, part.name), getattr(default, part.name)
        path = f"{prefix}{part.name}"
        if is_dataclass(value):
            found += _described(value, usual, f"{path}.")
        else:
            found.append(Setting(path, value, usual, **_about(part)))
    return found


def _about(part: "Field[Any]") -> dict[str, Any]:
    return {name: part.metadata[name] for name in ("help", "unit", "limits", "choices")}


def with_value(settings: Settings, path: str, value: object) -> Settings:
    """Return the settings with one value changed, such as ("viewing.cine_fps", 25.0).

    Raises
    ------
    ValueError : no such path, a wrong type, or a value outside its range or choices.
    """
    first, _, rest = path.partition(".")
    return cast("Settings", _with(settings, first, rest, value))


def _with(node: Any, name: str, rest: str, value: object) -> Any:
    part = next((part for part in fields(node) if part.name == name), None)
    if part is None:
        raise ValueError(f"there is no setting {name}")
    old = getattr(node, name)
    if rest:
        first, _, deeper = rest.partition(".")
        return replace(node, **{name: _with(old, first, deeper, value)})
    return replace(node, **{name: _checked(part, old, value)})


def _checked(part: "Field[Any]", old: object, value: Any) -> object:
    """Return the value as the field's type; ValueError with words where it does not fit."""
    if isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(old, tuple) and isinstance(value, list | tuple):
        if not all(isinstance(entry, str) for entry in value):
            raise ValueError(f"{part.name} must hold words only")
        value = tuple(value)
    if type(value) is not type(old) or is_dataclass(value):
        raise ValueError(f"{part.name} must be {type(old).__name__}, not {type(value).__name__}")
    limits, choices = part.metadata["limits"], part.metadata["choices"]
    if limits and not limits[0] <= value <= limits[1]:
        raise ValueError(f"{part.name} must lie between {limits[0]:g} and {limits[1]:g}")
    if choices and value not in choices:
        raise ValueError(f"{part.name} must be one of {', '.join(choices)}")
    return value


def with_recent(settings: Settings, path: str) -> Settings:
    """Return the settings with `path` at the head of the recent list."""
    others = tuple(entry for entry in settings.recents if entry != path)
    return replace(settings, recents=(path, *others)[:RECENT_COUNT])


def cache_bytes(settings: Settings) -> int:
    """Return the memory budget for images in bytes."""
    if settings.memory.cache_mb:
        return settings.memory.cache_mb * 1_000_000
    return int(0.4 * machine_memory_bytes())


def decoding_processes(settings: Settings) -> int:
    """Return how many processes decode compressed images; at least 1."""
    return settings.memory.decoding_processes or max(1, os.cpu_count() or 1)


def machine_memory_bytes() -> int:
    """Return the machine's memory in bytes; 4 GB where the system does not tell."""
    if sys.platform == "win32":
        installed_kb = ctypes.c_ulonglong(0)
        if ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(installed_kb)):
            return int(installed_kb.value) * 1024
        return 4_000_000_000
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 4_000_000_000


# ------------------------------------------------------------------ on disk


def load_settings(folder: Path | None = None) -> tuple[Settings, tuple[Message, ...]]:
    """Read the settings from a folder (by default the user's); messages say what was wrong.

    A missing file gives the defaults. A damaged file is set aside and the defaults are used. A
    single value that does not fit is replaced by its default; keys that this version does not know
    are left alone (and kept by `save_settings`).
    """
    path = (folder or user_folder()) / FILE_NAME
    try:
        content = _read(path)
    except FileNotFoundError:
        return Settings(), ()
    except OSError as error:
        words = f"The settings could not be read: {error.strerror or type(error).__name__}."
        return Settings(), (Message(Severity.WARNING, words, "The defaults are used."),)
    except ValueError:
        return Settings(), (_aside_message(path),)
    settings, refused = _filled(Settings(), content, "")
    messages = [
        Message(
            Severity.WARNING,
            "Some settings could not be used: " + "; ".join(refused) + ".",
            "Their defaults are used.",
        )
    ]
    return cast("Settings", settings), tuple(messages if refused else ())


def _read(path: Path) -> dict[str, Any]:
    """Return the JSON object of the file; ValueError when it is something else."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the content is at fault, not a type
    return content


def _aside_message(path: Path) -> Message:
    try:
        aside = set_aside(path)
    except OSError as error:
        means = f"The defaults are used; the file could not be moved ({error.strerror})."
    else:
        means = f"The defaults are used; the damaged file is kept as {aside.name}."
    return Message(Severity.WARNING, "The settings file is damaged.", means)


def _filled(node: Any, content: dict[str, Any], prefix: str) -> tuple[Any, list[str]]:
    """Return the node with the values of a JSON object, and what did not fit in words."""
    refused: list[str] = []
    changes: dict[str, object] = {}
    for part in fields(node):
        if part.name not in content:
            continue
        old, value = getattr(node, part.name), content[part.name]
        if is_dataclass(old):
            if isinstance(value, dict):
                changes[part.name], deeper = _filled(old, value, f"{prefix}{part.name}.")
                refused += deeper
            else:
                refused.append(f"{prefix}{part.name} is not a group of values")
            continue
        try:
            changes[part.name] = _checked(part, old, value)
        except ValueError as error:
            refused.append(prefix + str(error))
    return replace(node, **changes), refused


def save_settings(
    settings: Settings, folder: Path | None = None, before: Settings | None = None
) -> None:
    """Write the settings atomically; keys in the file that this version does not know stay.

    With `before` only what has changed since is written: what another window has changed stays.

    Raises
    ------
    NotSaved : the folder cannot be written; the old file is untouched.
    """
    path = (folder or user_folder()) / FILE_NAME
    try:
        private_folder(path.parent)
        try:
            old = _read(path)
        except (FileNotFoundError, ValueError):
            old = {}
        version = old.get("version")
        newest = max(VERSION, version) if isinstance(version, int) else VERSION
        since = _plain(before) if before is not None else {}
        changes = _changed(since, _plain(settings))
        content = _merged(old, {**changes, "version": newest})
        replace_file(path, json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise not_saved("The settings", error) from error


def _plain(node: Any) -> dict[str, Any]:
    """Return a dataclass as a dictionary for JSON."""
    values = {part.name: getattr(node, part.name) for part in fields(node)}
    return {name: _plain(v) if is_dataclass(v) else v for name, v in values.items()}


def _changed(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return the values of `now` that differ from `before`, group by group."""
    found: dict[str, Any] = {}
    for name, value in now.items():
        if isinstance(value, dict):
            if deeper := _changed(before.get(name, {}), value):
                found[name] = deeper
        elif name not in before or value != before[name]:
            found[name] = value
    return found


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return `old` with the values of `new` put over it, group by group."""
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        is_group = isinstance(value, dict) and isinstance(before, dict)
        merged[name] = _merged(before, value) if is_group else value  # type: ignore[arg-type]
    return merged
