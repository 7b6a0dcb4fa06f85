"""A study file (TOML or JSON) read into a protocol, every fault at once and in words."""

import hashlib
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from viewer.core.errors import InvalidProtocol, UnreadableFile
from viewer.core.places import data_folder
from viewer.reader.plain import canonical, from_plain, to_plain
from viewer.reader.protocol import Protocol
from viewer.reader.study_lines import Path as Place
from viewer.reader.study_lines import json_doubles, json_lines, toml_lines
from viewer.reader.study_rules import broken_rules

PAIRS = (("cases", "strata"), ("arms", "settings"))
"""Tables of the file that are (name, value) pairs in the protocol."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a study file: where, which rule it breaks, and the remedy.

    `path` is the place as keys and positions, () for the whole file.
    """

    line: int
    place: str
    rule: str
    remedy: str
    path: Place = ()

    def words(self, file: str) -> str:
        """Return the fault as one line."""
        return f"{file}, line {self.line}, {self.place}: {self.rule} {self.remedy}".strip()


def read_study_file(path: Path) -> Protocol:
    """Return the protocol that a file describes.

    Raises
    ------
    UnreadableFile : it cannot be read.
    InvalidProtocol : it is not TOML or JSON, or breaks rules; every fault with its line.
    """
    text = study_text(path)
    protocol, faults = parsed(text, is_json=path.suffix.lower() == ".json")
    if faults or protocol is None:
        lines = [fault.words(path.name) for fault in faults]
        count = f"{len(lines)} faults" if len(lines) > 1 else "a fault"
        raise InvalidProtocol(f"{path.name} has {count}:\n" + "\n".join(lines))
    return protocol


def study_text(path: Path) -> str:
    """Return the text of a study file; UnreadableFile where there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(
            f"The study file {path} cannot be read ({type(error).__name__}).",
            "",
            "Check the path; the file must be UTF-8 text.",
        ) from error


def parsed(text: str, *, is_json: bool = False) -> tuple[Protocol | None, tuple[Fault, ...]]:
    """Return the protocol in a text, or None and what is wrong with it, in the order of lines."""
    try:
        told = json.loads(text) if is_json else tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        return None, (_not_written(error, text, is_json=is_json),)
    except RecursionError:
        return None, (Fault(1, "file", "It is nested too deeply.", "Start from a template."),)
    lines = json_lines(text) if is_json else toml_lines(text)
    faults = [
        _at(place, lines, "This is no finite number.", "Write a number.")
        for place in _endless(told)
    ]
    if is_json:
        faults += [
            Fault(line, _named(place), "This key stands twice.", "Take one away.", place)
            for place, line in json_doubles(text)
        ]
    faults = faults or [_fault(error, lines) for error in _schema_errors(told)]
    protocol = None
    if not faults:
        protocol = from_plain(Protocol, _as_stored(told))
        faults = [
            _at(broken.place, lines, broken.rule, broken.remedy)
            for broken in broken_rules(protocol)
        ]
    ordered = tuple(sorted(faults, key=lambda fault: fault.line))
    return (None if faults else protocol), ordered


def _endless(told: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the places of numbers that are infinite or none."""
    if isinstance(told, dict | list):
        parts = told.items() if isinstance(told, dict) else enumerate(told)
        for key, value in parts:
            yield from _endless(value, (*place, key))
    elif isinstance(told, float) and not math.isfinite(told):
        yield place


def protocol_id(protocol: Protocol) -> str:
    """Return the SHA-256 of a protocol's canonical JSON, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(to_plain(protocol)).encode()).hexdigest()


def study_json(protocol: Protocol) -> str:
    """Return a protocol as a study file in JSON that reads back as the same protocol."""
    told = _without_nothing(to_plain(protocol))
    for part, name in PAIRS:
        for entry in told[part]:
            entry[name] = dict(entry[name])
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _without_nothing(told: Any) -> Any:
    if isinstance(told, dict):
        return {
            name: _without_nothing(value)
            for name, value in told.items()
            if value is not None and not (name in ("choices",) and not value)
        }
    return [_without_nothing(entry) for entry in told] if isinstance(told, list) else told


# ---------------------------------------------------------------- faults


def _not_written(error: Exception, text: str, *, is_json: bool) -> Fault:
    """Return the fault of a text that is no TOML or JSON at all."""
    kind = "JSON" if is_json else "TOML"
    line = getattr(error, "lineno", None)
    words = str(error)
    if line is None:
        _, _, after = words.partition("at line ")
        digits = after.split(",")[0]
        line = int(digits) if digits.isdigit() else text.count("\n") + 1
    said = words.split(" (at ", maxsplit=1)[0].split(": line ", maxsplit=1)[0]
    return Fault(
        line, "file", f"This is not {kind}: {said}.", "Correct the line or what precedes it."
    )


@cache
def _validator() -> Any:
    text = (data_folder("resources") / "study.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _schema_errors(told: Any) -> list[ValidationError]:
    return list(_validator().iter_errors(told))


def _fault(error: ValidationError, lines: Mapping[Place, int]) -> Fault:
    place: Place = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        extra = sorted(name for name in error.instance if name not in known)
        return _at(
            (*place, extra[0]),
            lines,
            f"There is no {' or '.join(extra)} here.",
            f"Known are: {', '.join(sorted(known))}.",
        )
    return _at(place, lines, *_rule(error))


def _at(place: Place, lines: Mapping[Place, int], rule: str, remedy: str) -> Fault:
    return Fault(_line(place, lines), _named(place), rule, remedy, place)


def _rule(error: ValidationError) -> tuple[str, str]:
    """Return the rule that is broken and the remedy."""
    value, given = error.validator_value, json.dumps(error.instance, ensure_ascii=False)[:60]
    match error.validator:
        case "required":
            missing = [name for name in value if name not in error.instance]
            return f"{', '.join(missing)} is missing.", "Add it."
        case "enum":
            return f"{given} is none of what can stand here.", f"Write one of: {', '.join(value)}."
        case "const":
            return f"{given} is not known to this version.", f"Write {value}."
        case "type":
            return f"{given} should be of type {value}.", error.schema.get("description", "")
        case "pattern":
            return f"{given} is no code.", "Use letters, digits, dot, dash and underscore only."
        case "minItems" | "maxItems" | "minLength":
            return f"{given} is too short or too long.", error.schema.get("description", "")
        case _:
            return f"{given} is out of range ({error.validator} {value}).", ""


def _named(place: Place) -> str:
    """Return a place as it is written in TOML, counting from 1: cases[3].path."""
    words = ""
    for part in place:
        words += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return words.removeprefix(".") or "file"


def _line(place: Place, lines: Mapping[Place, int]) -> int:
    """Return the line of a place, or of the nearest thing around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


# ---------------------------------------------------------------- as the protocol stores it


def _as_stored(told: dict[str, Any]) -> dict[str, Any]:
    stored = json.loads(json.dumps(told))
    for part, name in PAIRS:
        for entry in stored[part]:
            if name in entry:
                entry[name] = sorted(entry[name].items())
    for question in stored["questions"]:
        if "choices" in question:
            question["choices"] = [
                {"value": number, "text": choice} if isinstance(choice, str) else choice
                for number, choice in enumerate(question["choices"], 1)
            ]
    return dict(stored)
