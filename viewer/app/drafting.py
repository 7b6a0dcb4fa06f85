"""A study file while it is edited: values at their places, its comments kept, checked as it stands.

A place is a path of keys and positions, such as ("questions", 2, "choices").
"""

import json
import tomllib
from collections.abc import Mapping, MutableMapping, MutableSequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from viewer.app.designing import Checked, case_blocks
from viewer.core.errors import UnreadableFile, WrongUsage
from viewer.core.places import data_folder
from viewer.io.safely import not_saved, replace_file
from viewer.reader.study_file import parsed, study_text

Place = tuple[str | int, ...]


class Draft:
    """The content of a study file; `path` is where it lies, None before it was ever saved."""

    def __init__(self, text: str, path: Path | None = None) -> None:
        """Take over a text; one in JSON where the path says so.

        Raises
        ------
        UnreadableFile : it is no TOML, or no JSON.
        """
        self.path = path
        self.is_json = path is not None and path.suffix.lower() == ".json"
        try:
            told = json.loads(text) if self.is_json else tomlkit.parse(text)
        except (json.JSONDecodeError, TOMLKitError) as error:
            raise UnreadableFile(
                f"{path or 'The text'} is not {'JSON' if self.is_json else 'TOML'}: {error}.",
                "It cannot be edited here.",
                "Correct that line in an editor of text.",
            ) from error
        if not isinstance(told, MutableMapping):
            raise UnreadableFile(f"{path} is no study file.", "", "Start from a template.")
        self._told: MutableMapping[str, Any] = told
        self._saved = self.text

    @classmethod
    def read(cls, path: Path) -> "Draft":
        """Return the draft in a file; UnreadableFile where there is none."""
        return cls(study_text(path), path)

    @classmethod
    def from_template(cls, name: str) -> "Draft":
        """Return a new draft from a template."""
        source = data_folder("resources") / "studies" / f"{name}.toml"
        return cls(source.read_text(encoding="utf-8"))

    @property
    def text(self) -> str:
        """The whole file."""
        if self.is_json:
            return json.dumps(self._told, indent=1, ensure_ascii=False) + "\n"
        return tomlkit.dumps(self._told)

    @property
    def is_changed(self) -> bool:
        """True while there is something that was put in and not saved."""
        return self.text != self._saved

    def checked(self) -> Checked:
        """Return what the file describes, or every fault in it."""
        return Checked(*parsed(self.text, is_json=self.is_json))

    def save(self, path: Path | None = None) -> None:
        """Write the file, whole or not at all.

        Raises
        ------
        WrongUsage : it has no name yet and none is given, or the name is neither TOML nor JSON.
        NotSaved : the disk refuses.
        """
        target = path or self.path
        if target is None or target.suffix.lower() not in (".toml", ".json"):
            raise WrongUsage(
                "A study file ends in .toml or .json.", "Nothing was saved.", "Name it so."
            )
        if (target.suffix.lower() == ".json") != self.is_json:
            self._told = json.loads(json.dumps(_plain(self._told)))
            self.is_json = target.suffix.lower() == ".json"
            if not self.is_json:
                self._told = tomlkit.parse(tomlkit.dumps(self._told))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            replace_file(target, self.text.encode())
        except OSError as error:
            raise not_saved("The study file", error) from error
        self.path, self._saved = target, self.text

    # ---------------------------------------------------------------- values

    def value(self, place: Place) -> Any:
        """Return the plain value at a place, None where there is none."""
        here: Any = self._told
        for part in place:
            try:
                here = here[part]
            except (KeyError, IndexError, TypeError):
                return None
        return _plain(here)

    def count(self, place: Place) -> int:
        """Return how many entries a list has."""
        value = self.value(place)
        return len(value) if isinstance(value, list) else 0

    def set(self, place: Place, value: Any) -> None:
        """Put a plain value at a place; None takes away what is there."""
        around = self._container(place[:-1])
        if value is None:
            around.pop(place[-1], None)
        elif self.value(place) != value:
            around[place[-1]] = value if self.is_json else _item(value)

    def add(self, place: Place, entry: Mapping[str, Any]) -> int:
        """Add an entry to a list of tables, and return its position."""
        entries = self._entries(place)
        if self.is_json:
            entries.append(dict(entry))
        elif isinstance(entries, tomlkit.items.Array):
            entries.append(_item(dict(entry)))
        else:
            table = tomlkit.table()
            for name, value in entry.items():
                table[name] = _item(value)
            table.add(tomlkit.nl())
            entries.append(table)
        return len(entries) - 1

    def remove(self, place: Place, position: int) -> None:
        """Take an entry of a list away."""
        del self._entries(place)[position]

    def move(self, place: Place, position: int, step: int) -> int:
        """Move an entry of a list up (-1) or down (1); return its new position."""
        entries = self._entries(place)
        target = min(max(position + step, 0), len(entries) - 1)
        if target != position:
            entry = entries[position]
            del entries[position]
            entries.insert(target, entry)
        return target

    def add_cases(self, places: tuple[Path, ...]) -> int:
        """Add every series below some paths as a case; return how many came.

        Raises
        ------
        WrongUsage : the draft has no folder yet, which paths of cases are relative to.
        UnreadableFile : there is no series.
        """
        if self.path is None:
            raise WrongUsage(
                "The study file has no folder yet.",
                "Paths of images are relative to it.",
                "Save it first.",
            )
        known = {str(case.get("id")) for case in self.value(("cases",)) or ()}
        blocks = case_blocks(places, self.path.parent, known)
        for block in blocks:
            self.add(("cases",), tomllib.loads(block)["cases"][0])
        return len(blocks)

    def _container(self, place: Place) -> Any:
        """Return the table at a place, which is made where there is none."""
        here: Any = self._told
        for part in place:
            if isinstance(part, str) and part not in here:
                here[part] = {} if self.is_json else tomlkit.table()
            here = here[part]
        return here

    def _entries(self, place: Place) -> MutableSequence[Any]:
        around, name = self._container(place[:-1]), place[-1]
        if name not in around:
            around[name] = [] if self.is_json else tomlkit.aot()
        entries: MutableSequence[Any] = around[name]
        return entries


def arm_methods() -> tuple[tuple[str, str], ...]:
    """Return id and name of every method that an arm can be made by."""
    from viewer.app.cataloguing import known_models

    known = known_models(is_research=False).methods()
    return tuple((one.id, f"{one.name}  ({one.id})") for one in known if not one.makes_finer)


def _plain(value: Any) -> Any:
    """Return a value without what remembers its look in the file."""
    unwrap = getattr(value, "unwrap", None)
    return unwrap() if unwrap is not None else value


def _item(value: Any) -> Any:
    """Return a plain value as it stands in TOML: tables and lists within a line."""
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        for name, part in value.items():
            table[name] = _item(part)
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        for part in value:
            array.append(_item(part))
        return array.multiline(any(isinstance(part, dict) for part in value))
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    return tomlkit.item(value)
