"""What an ONNX file asks for, read without running it: its operators, and files outside it.

A reader of the few fields that matter, so that no library has to open a file that may be hostile.
Source: the messages of onnx/onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto,
TensorProto, FunctionProto) and the wire format of Protocol Buffers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from viewer.core.errors import UnfitModel

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
EXTERNAL = 1
_PARTS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""For each message the fields that hold others worth looking into."""
_NAMES: dict[str, tuple[int, int]] = {"node": (7, 4), "function": (10, 1)}
"""Fields with the domain and the name of an operator or a function."""
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14


@dataclass(frozen=True, slots=True)
class OnnxFacts:
    """Operators and the file's own functions as (domain, name), and whether data lies outside."""

    operators: frozenset[tuple[str, str]]
    functions: frozenset[tuple[str, str]]
    has_external_data: bool

    def foreign(self) -> tuple[str, ...]:
        """Return the operators that are neither standard nor made of such in the file itself."""
        needed = self.operators - self.functions
        return tuple(sorted(f"{at}:{name}" for at, name in needed if at not in STANDARD_DOMAINS))


def onnx_facts(content: bytes) -> OnnxFacts:
    """Read what a model file asks for.

    Raises
    ------
    UnfitModel : the bytes are no ONNX model.
    """
    operators: set[tuple[str, str]] = set()
    functions: set[tuple[str, str]] = set()
    has_external, graphs = False, 0
    left: list[tuple[str, memoryview]] = [("model", memoryview(content))]
    try:
        while left:
            kind, message = left.pop()
            texts: dict[int, str] = {}
            for number, value in _fields(message):
                if isinstance(value, int):
                    is_outside = kind == "tensor" and (number, value) == (_DATA_LOCATION, EXTERNAL)
                    has_external |= is_outside
                elif part := _PARTS[kind].get(number):
                    left.append((part, value))
                elif number in _NAMES.get(kind, ()):
                    texts[number] = bytes(value).decode("utf-8", "replace")
                has_external |= kind == "tensor" and number == _EXTERNAL_DATA
            if kind in _NAMES:
                domain, name = (texts.get(number, "") for number in _NAMES[kind])
                (operators if kind == "node" else functions).add((domain, name))
            graphs += kind == "graph"
    except (ValueError, IndexError) as error:
        raise UnfitModel("The weights are not an ONNX file.") from error
    if not graphs:
        raise UnfitModel("The weights are not an ONNX file.")
    return OnnxFacts(frozenset(operators), frozenset(functions), has_external)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield (number, value) of every field; ValueError or IndexError where the bytes are none."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, place = _varint(message, place)
            yield number, value
        elif wire == BYTES:
            length, place = _varint(message, place)
            if place + length > len(message):
                raise ValueError("a field ends behind the file")
            yield number, message[place : place + length]
            place += length
        elif wire in (FIXED64, FIXED32):
            place += 8 if wire == FIXED64 else 4
        else:
            raise ValueError("no field of this kind")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number without an end")


def refuse_foreign(content: bytes) -> None:
    """Refuse a model that needs files beside it, or operators that are not of the standard.

    Raises
    ------
    UnfitModel : it does, or the bytes are no ONNX model.
    """
    facts = onnx_facts(content)
    if facts.has_external_data:
        raise UnfitModel(
            "The ONNX file keeps weights in files outside itself.",
            "Their content could not be checked.",
            "Save the model in one file.",
        )
    if foreign := facts.foreign():
        raise UnfitModel(
            f"The ONNX file needs operators of its own: {', '.join(foreign[:5])}.",
            "Only those of the ONNX standard are run.",
            "Export the model with standard operators only.",
        )
