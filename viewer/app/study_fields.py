"""What a study file can say, as fields to fill in: from its schema, and how each is written.

What is more than a word or a number is written in lines, such as one choice of a scale in each.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from viewer.core.places import data_folder
from viewer.reader.protocol import (
    AnalysisPlan,
    Arm,
    BlindingRule,
    Case,
    Design,
    DisplayCheck,
    Endpoint,
    Protocol,
    Question,
    Randomisation,
    Reader,
    StudyFacts,
    Timing,
)
from viewer.reader.study_rules import SCALES

KINDS: dict[str, type] = {
    "": Protocol,
    "study": StudyFacts,
    "arms": Arm,
    "cases": Case,
    "readers": Reader,
    "design": Design,
    "randomisation": Randomisation,
    "blinding": BlindingRule,
    "questions": Question,
    "timing": Timing,
    "display_check": DisplayCheck,
    "analysis": AnalysisPlan,
    "endpoints": Endpoint,
}
"""The protocol's type behind each part of the file; "" is the file itself."""

FILLED_AT_LOCK = frozenset({"version", "weights_sha256"})


class FieldKind(Enum):
    """How a field is filled in."""

    TEXT = "text"
    LINES = "lines"
    CHOICE = "choice"
    FLAG = "flag"
    WHOLE = "whole number"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be filled in.

    `options` are what a choice can be; `default` is what holds where nothing is said, as it is
    written; `told` and `read` turn a value into what is written and back (ValueError: words why
    not; None for nothing).
    """

    name: str
    kind: FieldKind
    help: str
    options: tuple[str, ...] = ()
    default: str = ""
    is_needed: bool = False
    told: Callable[[Any], str] = str
    read: Callable[[str], Any] = str

    @property
    def title(self) -> str:
        """The name in words."""
        words = self.name.removeprefix("is_").replace("_", " ")
        return "ID" if words == "id" else words[:1].upper() + words[1:]


@cache
def fields_of(part: str) -> tuple[Field, ...]:
    """Return the fields of a part such as "arms", or of the file itself ("").

    What the lock fills in, and lists of tables, are not among them.
    """
    schema = _schema(part)
    needed = set(schema.get("required", ()))
    defaults = {one.name: one.default for one in dataclasses.fields(KINDS[part])}
    found = []
    for name, rule in schema["properties"].items():
        if (part == "arms" and name in FILLED_AT_LOCK) or name == "schema_version":
            continue
        field = _field(name, rule)
        if field is None:
            continue
        default = defaults.get(name, dataclasses.MISSING)
        is_said = default is not dataclasses.MISSING and default not in (None, ())
        found.append(
            dataclasses.replace(
                field, is_needed=name in needed, default=_default(default) if is_said else ""
            )
        )
    return tuple(found)


_OF_KINDS = {
    "choices": (*(kind.value for kind in SCALES),),
    "least": ("number",),
    "most": ("number",),
    "step": ("number",),
    "unit": ("number",),
    "ends": ("visual_analogue",),
    "most_marks": ("marks",),
    "mark_shape": ("marks",),
}
"""Kinds of question that a field is for."""


def idle_fields(part: str, values: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields that mean nothing for an entry as it stands, and say nothing."""
    kind = values.get("kind")
    if part == "questions":
        others = {name for name, kinds in _OF_KINDS.items() if kind not in kinds}
    elif part == "arms" and not values.get("method"):
        others = {"strength", "settings"}
    elif part == "cases" and not values.get("is_training"):
        others = {"feedback"}
    else:
        others = set()
    return frozenset(name for name in others if values.get(name) is None)


def _default(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "" if isinstance(value, tuple) else str(value)


def _schema(part: str) -> dict[str, Any]:
    text = (data_folder("resources") / "study.schema.json").read_text(encoding="utf-8")
    whole: dict[str, Any] = json.loads(text)
    if not part:
        return whole
    around = whole["properties"]["analysis"] if part == "endpoints" else whole
    rule: dict[str, Any] = around["properties"][part]
    items: dict[str, Any] = rule.get("items", rule)
    return items


def _field(name: str, rule: dict[str, Any]) -> Field | None:
    """Return the field of a property, None for a part of its own."""
    told = str(rule.get("description", ""))
    if name in _WRITTEN:
        words, write, read = _WRITTEN[name]
        return Field(name, FieldKind.LINES, f"{told}. {words}", told=write, read=read)
    if "enum" in rule:
        return Field(name, FieldKind.CHOICE, told, tuple(rule["enum"]))
    match rule.get("type"):
        case "boolean":
            return Field(name, FieldKind.FLAG, told)
        case "integer":
            return Field(name, FieldKind.WHOLE, told, read=_whole)
        case "number":
            return Field(name, FieldKind.NUMBER, told, told=_number_told, read=_number)
        case "string":
            is_long = name in ("consent", "justification", "amendment", "feedback", "help")
            return Field(name, FieldKind.LINES if is_long else FieldKind.TEXT, told)
    return None


# ---------------------------------------------------------------- how they are written


def _whole(text: str) -> int:
    if not re.fullmatch(r"[-+]?\d+", text.strip()):
        raise ValueError("Write a whole number.")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise ValueError("Write a number.") from None


def _number_told(value: float) -> str:
    return f"{value:g}"


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _numbers(text: str) -> list[float]:
    return [_number(word) for word in text.split()]


def _choices_told(choices: list[Any]) -> str:
    return "\n".join(
        one if isinstance(one, str) else f"{one.get('value', 0):g}: {one.get('text', '')}"
        for one in choices
    )


def _choices(text: str) -> list[Any]:
    """Return plain words, or values with words where every line begins with a value."""
    lines = _lines(text)
    found = [re.fullmatch(r"([-+]?\d+(?:\.\d+)?)\s*:\s*(.+)", line) for line in lines]
    if not all(found):
        return lines
    return [{"value": float(one[1]), "text": one[2]} for one in found if one]


def _pairs_told(pairs: dict[str, Any]) -> str:
    return "\n".join(
        f"{name} = {value:g}" if isinstance(value, float | int) else f"{name} = {value}"
        for name, value in pairs.items()
    )


def _pairs(text: str) -> dict[str, str]:
    found = [line.partition("=") for line in _lines(text)]
    if not all(sign and name.strip() and value.strip() for name, sign, value in found):
        raise ValueError("Write a name, =, and a value in each line.")
    return {name.strip(): value.strip() for name, _, value in found}


def _settings(text: str) -> dict[str, float]:
    return {name: _number(value) for name, value in _pairs(text).items()}


def _lesions_told(lesions: list[dict[str, Any]]) -> str:
    rows = [
        (one.get("id", ""), *one.get("centre_mm", ()), one.get("radius_mm", ""), one.get("weight"))
        for one in lesions
    ]
    return "\n".join(" ".join(str(part) for part in row if part is not None) for row in rows)


def _lesions(text: str) -> list[dict[str, Any]]:
    found = []
    for line in _lines(text):
        name, *rest = line.split()
        numbers = [_number(word) for word in rest]
        if len(numbers) not in (4, 5):
            raise ValueError("Write id, x, y, z, radius and, if you like, a weight in each line.")
        entry = {"id": name, "centre_mm": numbers[:3], "radius_mm": numbers[3]}
        found.append(entry | ({"weight": numbers[4]} if len(numbers) == 5 else {}))
    return found


def _condition_told(condition: dict[str, Any]) -> str:
    values = " ".join(f"{value:g}" for value in condition.get("values", ()))
    return f"{condition.get('question', '')}: {values}"


def _condition(text: str) -> dict[str, Any]:
    question, sign, values = text.strip().partition(":")
    if not sign:
        raise ValueError("Write the id of a question, a colon, and its values.")
    return {"question": question.strip(), "values": _numbers(values)}


def _words_told(words: list[str]) -> str:
    return "\n".join(map(str, words))


def _numbers_told(numbers: list[float]) -> str:
    return " ".join(f"{number:g}" for number in numbers)


_WRITTEN: dict[str, tuple[str, Callable[[Any], str], Callable[[str], Any]]] = {
    "choices": ("One in each line; “-2: words” gives a value.", _choices_told, _choices),
    "strata": ("One in each line, such as vendor = A.", _pairs_told, _pairs),
    "settings": ("One in each line, such as name = 2.", _pairs_told, _settings),
    "lesions": (
        "One in each line: id, x, y, z and radius in mm, and a weight.",
        _lesions_told,
        _lesions,
    ),
    "window": ("Two numbers.", _numbers_told, _numbers),
    "ends": ("Two lines, the low end first.", _words_told, _lines),
    "show_if": ("Such as quality: 1 2.", _condition_told, _condition),
    "subgroups": ("One in each line.", _words_told, _lines),
}
