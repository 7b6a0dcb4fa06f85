"""What a model card must say: every entry with its rule, for its reader and its description."""

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewer.core.errors import BadCard
from viewer.enhancement.noise_models import COUNTS, EVEN, LEVELS

KINDS = ("cnn", "gan", "transformer", "diffusion")
OPERATIONS = ("denoise", "sharpen", "artefact", "resample")
SHIP, RESEARCH = "ship", "research"
ANY_UNIT = "any"
UNITS = ("HU", "SUVbw", "BQML", "CNTS", "GML", "stored", ANY_UNIT)
LONGEST_CARD = 1_000_000
DEFAULT_BOUND_SD, WIDEST_BOUND_SD = 3.0, 10.0
_STRICT = ("", "input", "weights")
"""Tables in which an entry that is not listed is an error; "" is what stands above all tables."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be: `words` complete "must be"."""

    words: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a card; `name` has its table before a dot."""

    name: str
    rule: Rule
    explanation: str
    is_required: bool = False


def _matching(words: str, pattern: str) -> Rule:
    return Rule(words, lambda v: isinstance(v, str) and re.fullmatch(pattern, v) is not None)


def _one_of(choices: tuple[str, ...]) -> Rule:
    return Rule(f"one of {', '.join(choices)}", lambda v: isinstance(v, str) and v in choices)


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)  # type: ignore[arg-type]


def _number(low: float, high: float) -> Rule:
    words = f"a number from {low:g} to {high:g}"
    return Rule(words, lambda v: _is_number(v) and low <= v <= high)


def _is_text(value: object) -> bool:
    """True for words; a control character could do harm where they are shown."""
    is_words = isinstance(value, str) and value.strip() != ""
    return is_words and all(one.isprintable() or one == "\n" for one in value)  # type: ignore[attr-defined]


def _is_texts(value: object) -> bool:
    if isinstance(value, Mapping):
        value = list(value.values())
    return _is_text(value) or (isinstance(value, list) and all(_is_text(one) for one in value))


def _is_span(value: object) -> bool:
    is_pair = isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))
    return is_pair and 0 <= value[0] <= value[1]  # type: ignore[index]


_TEXT = Rule("a text", _is_text)
_TEXTS = Rule("a text or a list of texts", _is_texts)
_SPAN = Rule("two numbers, the smaller first", _is_span)
_SHARE = _number(0, 1)
_COUNT = Rule("a whole number above 0", lambda v: type(v) is int and v > 0)
_SHA256 = _matching("the SHA-256 of the file, 64 hexadecimal digits", r"[0-9a-fA-F]{64}")

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "id",
        _matching("2 to 40 lower-case letters, digits and hyphens", r"[a-z][a-z0-9-]{1,39}"),
        "the name of the method and of its folder",
        is_required=True,
    ),
    Entry("version", _TEXT, "your own count of versions", is_required=True),
    Entry(
        "name",
        Rule("a text of at most 60 letters", lambda v: _is_text(v) and len(v) <= 60),
        "its title",
        is_required=True,
    ),
    Entry("kind", _one_of(KINDS), "kind of network; the label says AI for all", is_required=True),
    Entry("operation", _one_of(OPERATIONS), "what it does", is_required=True),
    Entry(
        "status",
        _one_of((SHIP, RESEARCH)),
        "`research` hides it unless research mode is on, and adds a caution",
        is_required=True,
    ),
    Entry("limits", _TEXTS, "what it was not made for and what it does badly", is_required=True),
    Entry("purpose", _TEXT, "what it is for, in a sentence"),
    Entry("cautions", _TEXTS, "said on every result and stored with it"),
    Entry("body_regions", _TEXTS, "what it was trained on"),
    Entry("synthetic_data", _one_of(("YES", "NO")), "whether its output is synthetic data"),
    Entry(
        "bound_sd",
        _number(0.1, WIDEST_BOUND_SD),
        "largest change in noise SDs that is let through; 3 if it is left out",
    ),
    Entry(
        "input.modality",
        _matching("a modality such as CT or MR", r"[A-Z]{2,16}"),
        "gate",
        is_required=True,
    ),
    Entry(
        "input.unit",
        _one_of(UNITS),
        "unit of the values (`stored`: none, `any`: the network has no fixed scale); gate",
        is_required=True,
    ),
    Entry("input.spacing_mm", _SPAN, "pixel size; gate"),
    Entry("input.slice_thickness_mm", _SPAN, "gate"),
    Entry("input.noise_sd", _SPAN, "measured noise, in the unit; gate"),
    Entry("input.kvp", _SPAN, "tube voltage; gate"),
    Entry("input.nps_mean_frequency_per_mm", _SPAN, "grain of the noise; gate"),
    Entry(
        "input.nps_mean_frequency_per_pixel",
        _SPAN,
        "the same by pixel; gate where the one by mm is not given, else for information",
    ),
    Entry("input.snr", _SPAN, "typical signal over noise, for values without a unit; gate"),
    Entry(
        "input.noise_model",
        _one_of((EVEN, COUNTS, LEVELS)),
        "`counts`: the variance of the noise follows the signal, as in PET; `levels`: its SD "
        "depends on the grey level, as in radiographs, and is measured on each",
    ),
    Entry("input.slices", Rule("5", lambda v: v == 5), "slices that it sees at once"),
    Entry("input.age_years_min", _number(0, 120), "age from which it was made for; gate"),
    Entry(
        "weights.onnx",
        _matching("the name of an .onnx file beside the card", r"[\w.-]+\.onnx"),
        "the network for the processor",
    ),
    Entry("weights.onnx_sha256", _SHA256, "its checksum"),
    Entry(
        "weights.file",
        _matching("the name of a .safetensors file beside the card", r"[\w.-]+\.safetensors"),
        "weights of a registered network, for the GPU",
    ),
    Entry("weights.sha256", _SHA256, "its checksum"),
    Entry(
        "audit.structure_p95",
        _number(-1, 1),
        "red line of the residual audit: the structure index that 95 % of held-out scenes keep",
    ),
    Entry("audit.scenes", _COUNT, "how many held-out scenes there were"),
    Entry("audit.command", _TEXT, "what measured the red line"),
    Entry(
        "spread.onnx",
        _matching("the name of an .onnx file beside the card", r"[\w.-]+\.onnx"),
        "the model's spread: inputs as `weights.onnx`, output the SD of the error at full strength",
    ),
    Entry("spread.onnx_sha256", _SHA256, "its checksum"),
    Entry("spread.share", _SHARE, "share of true values that the interval is calibrated to hold"),
    Entry("spread.factor", _number(0.01, 100), "half width of the interval, in spreads"),
    Entry("spread.coverage", _SHARE, "share that it held on other scenes"),
    Entry("spread.worst_group", _TEXT, "the group of scenes in which it held least"),
    Entry("spread.worst_coverage", _SHARE, "what it held there"),
    Entry(
        "spread.scenes",
        _COUNT,
        "how many other scenes there were",
    ),
    Entry("spread.lesion_coverage", _SHARE, "share that it held inside lesions of those scenes"),
    Entry("spread.elsewhere", _SHARE, "share that it held on images of another kind"),
    Entry("spread.elsewhere_on", _TEXT, "what those images were"),
    Entry("architecture.network", _TEXT, "the registered network that `file` is for"),
)

_PAIRS = (
    ("weights.onnx", "weights.onnx_sha256"),
    ("weights.file", "weights.sha256"),
    ("weights.file", "architecture.network"),
    ("audit.structure_p95", "audit.scenes"),
    ("audit.structure_p95", "audit.command"),
    ("spread.elsewhere", "spread.elsewhere_on"),
    *(
        ("spread.onnx", f"spread.{name}")
        for name in (
            "onnx_sha256",
            "share",
            "factor",
            "coverage",
            "worst_group",
            "worst_coverage",
            "scenes",
        )
    ),
)
"""Where the first entry is there the second must be, too."""


def read_card_file(path: Path) -> dict[str, Any]:
    """Return the content of a card that keeps every rule.

    Raises
    ------
    BadCard : the file cannot be read or breaks a rule; the words name card, entry and rule.
    """
    name = path.parent.name
    try:
        if not path.is_file() or path.stat().st_size > LONGEST_CARD:
            raise _bad(name, f"{path.name} is not a file of at most 1 MB")
        card = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _bad(name, f"{path.name} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise _bad(name, f"it is not TOML ({str(error)[:200].rstrip('.')})") from error
    for problem in problems(card):
        raise _bad(name, problem)
    return card


def _bad(name: str, problem: str) -> BadCard:
    return BadCard(
        f'The card of "{name}" cannot be used: {problem}.',
        "",
        "Correct its card.toml; models/README.md describes every entry.",
    )


def problems(card: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words what breaks a rule, the first entry first."""
    for table in _STRICT[1:]:
        if not isinstance(card.get(table, {}), Mapping):
            yield f"[{table}] must be a table"
            return
    for entry in ENTRIES:
        value = _value(card, entry.name)
        if value is None:
            if entry.is_required:
                yield f"{_place(entry.name)} is missing; it must be {entry.rule.words}"
        elif not entry.rule.holds(value):
            said = str(value)[:60]
            yield f"{_place(entry.name)} must be {entry.rule.words}, and is {said!r}"
    if _value(card, "weights.onnx") is None and _value(card, "weights.file") is None:
        yield "[weights] must name onnx, or file with a registered network"
    for first, second in _PAIRS:
        if _value(card, first) is not None and _value(card, second) is None:
            yield f"{_place(second)} is missing; {_place(first)} needs it"
    yield from _unknown(card)


def _value(card: Mapping[str, Any], name: str) -> Any:
    table, _, entry = name.rpartition(".")
    inside = card.get(table, {}) if table else card
    return inside.get(entry) if isinstance(inside, Mapping) else None


def _place(name: str) -> str:
    table, _, entry = name.rpartition(".")
    return f"[{table}] {entry}" if table else entry


def _unknown(card: Mapping[str, Any]) -> Iterator[str]:
    """Yield entries that nothing reads: mostly a slip of the pen, and a gate that is missing."""
    known = [entry.name for entry in ENTRIES]
    for table in _STRICT:
        inside = card.get(table, {}) if table else card
        for entry, value in inside.items():
            name = f"{table}.{entry}" if table else entry
            if name in known or (not table and isinstance(value, Mapping)):
                continue
            near = difflib.get_close_matches(name, known, 1)
            yield f"{_place(name)} is not known" + (
                f"; did you mean {_place(near[0])}" if near else ""
            )


def description() -> str:
    """Return every entry as rows of a Markdown table, for the guide to cards."""
    rows = ["| entry | must be | what for |", "|---|---|---|"]
    for entry in ENTRIES:
        name = f"**{entry.name}**" if entry.is_required else entry.name
        rows.append(f"| {name} | {entry.rule.words} | {entry.explanation} |")
    return "\n".join(rows)
