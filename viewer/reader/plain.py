"""Frozen values as plain JSON and back, and the one way in which JSON is written for hashing."""

import json
import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from viewer.core.errors import DamagedRecord

T = typing.TypeVar("T")

Plain = Any
"""What JSON can say: dict, list, str, int, float, bool or None."""


def canonical(data: Plain) -> str:
    """Return JSON with sorted keys, without spaces, and letters as they are (no NaN)."""
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def to_plain(value: object) -> Plain:
    """Return a value of dataclasses, enums, tuples and scalars as what JSON can say."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [to_plain(part) for part in value]
    return value


def from_plain(kind: type[T], data: Plain) -> T:
    """Return the value of a type that `to_plain` wrote.

    Raises
    ------
    DamagedRecord : the data does not have the shape of the type.
    """
    try:
        return typing.cast("T", _value(kind, data))
    except (TypeError, ValueError, KeyError) as error:
        raise DamagedRecord(
            f"A stored {kind.__name__} cannot be read ({error}).",
            "The record was written by another version, or was changed.",
            "Verify it with diptych study verify.",
        ) from error


def _value(kind: Any, data: Plain) -> object:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        inner = next(part for part in typing.get_args(kind) if part is not type(None))
        return None if data is None else _value(inner, data)
    if origin is tuple:
        parts = typing.get_args(kind)
        if parts[-1] is Ellipsis:
            return tuple(_value(parts[0], entry) for entry in data)
        return tuple(_value(part, entry) for part, entry in zip(parts, data, strict=True))
    if is_dataclass(kind):
        hints = _hints(typing.cast("Any", kind))
        known = {name: _value(hints[name], entry) for name, entry in data.items() if name in hints}
        return kind(**known)  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    return float(data) if kind is float else data


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)
