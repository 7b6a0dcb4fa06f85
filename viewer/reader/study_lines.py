"""On which line of a study file each key stands, for messages that name it."""

import json
import re
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
"""A place in a file: keys, and positions in arrays from 0."""

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*([A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*([A-Za-z0-9_.-]+))?\s*=""")
_STRINGS = re.compile(
    r'"""[\s\S]*?"""|' + r"'''[\s\S]*?'''|" + r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'|#[^\n]*"
)
_JSON = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{},:]|\n|[^\s\[\]{},:"]+')


def toml_lines(text: str) -> Mapping[Path, int]:
    """Return the line, from 1, of every table and key that begins a line, and of rows of arrays."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    here: Path = ()
    depth, value = 0, Path()
    for number, (line, bare) in enumerate(zip(text.splitlines(), _bare(text), strict=False), 1):
        if depth == 0 and (found := _TABLE.match(bare)):
            here = _table(found, counts)
            lines.setdefault(here, number)
            lines.setdefault(here[:1], number)
            continue
        if depth == 0 and (found := _KEY.match(bare) or _KEY.match(line)):
            names = [part.strip("\"' ") for part in found.group(1, 2) if part]
            value = (*here, *names)
            lines.setdefault(value, number)
            counts[value] = 0
        elif depth == 1 and re.match(r"\s*[\[{\"'0-9-]", bare):
            lines[(*value, counts.get(value, 0))] = number
            counts[value] = counts.get(value, 0) + 1
        depth += sum(bare.count(sign) for sign in "[{") - sum(bare.count(sign) for sign in "]}")
    return lines


def _bare(text: str) -> list[str]:
    """Return the lines with the insides of strings and comments blanked out."""

    def blank(found: re.Match[str]) -> str:
        inside = re.sub(r"[^\n]", " ", found.group())
        return inside if found.group().startswith("#") else '"' + inside[1:]

    return _STRINGS.sub(blank, text).splitlines()


def _table(found: re.Match[str], counts: dict[Path, int]) -> Path:
    names = [part.strip("\"' ") for part in found.group(2).split(".")]
    place: Path = ()
    for depth, name in enumerate(names, 1):
        place = (*place, name)
        if depth == len(names) and found.group(1) == "[[":
            counts[place] = counts.get(place, 0) + 1
            for inner in [
                known for known in counts if known[: depth + 1] == (*place, counts[place])
            ]:
                del counts[inner]
        if counts.get(place):
            place = (*place, counts[place] - 1)
    return place


def json_lines(text: str) -> Mapping[Path, int]:
    """Return the line, from 1, of every key and entry of a JSON text that is well formed."""
    lines: dict[Path, int] = {}
    for place, number, _ in _json_places(text):
        lines.setdefault(place, number)
    return lines


def json_doubles(text: str) -> tuple[tuple[Path, int], ...]:
    """Return keys of a JSON text that stand twice in one object, with the later's line."""
    seen, found = set[Path](), list[tuple[Path, int]]()
    for place, number, is_key in _json_places(text):
        if is_key and place in seen:
            found.append((place, number))
        seen |= {place} if is_key else set()
    return tuple(found)


def _json_places(text: str) -> Iterator[tuple[Path, int, bool]]:
    """Yield every place of a JSON text with its line, and whether a key stands there."""
    number, stack = 1, list[list[str | int]]()
    key = ""
    for token in _tokens(text):
        here = tuple(level[0] for level in stack)
        if token == "\n":
            number += 1
        elif token in "[{":
            yield here, number, False
            stack.append([0 if token == "[" else ""])
        elif token in "]}":
            stack.pop()
        elif token == ",":
            if isinstance(stack[-1][0], int):
                stack[-1][0] += 1
        elif token == ":":
            stack[-1][0] = json.loads(key)
            yield tuple(level[0] for level in stack), number, True
        else:
            key = token
            if stack and isinstance(stack[-1][0], int):
                yield here, number, False


def _tokens(text: str) -> Iterator[str]:
    return (found.group() for found in _JSON.finditer(text))
