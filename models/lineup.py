"""The page of the line-up, made from the cards: `python models/lineup.py` writes `LINEUP.md`.

Every model of the plan has a row, trained or not; a figure that a card does not hold is "not
measured". Nothing on the page is typed in.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plans import PLANS

HERE = Path(__file__).resolve().parent
PAGE = "LINEUP.md"
NOT_MEASURED = "not measured"

Card = Mapping[str, Any]

JOBS: dict[str, str] = {
    "ct-denoise-s": "CT denoising, the default",
    "ct-denoise-l": "CT denoising for a GPU",
    "mr-denoise-s": "MR denoising, any contrast and body part",
    "mr-sr-through-plane": "finer MR slices",
    "ct-sharpen": "CT kernel conversion, soft to sharp",
    "pet-denoise-s": "PET denoising",
    "xr-denoise-s": "denoising of radiographs",
    "ct-artefact-s": "fewer streaks and rings in CT",
    "ct-denoise-gan": "comparator: adversarial training",
    "ct-denoise-attention": "comparator: attention gates",
    "ct-denoise-transformer": "comparator: transformer",
    "ct-denoise-diffusion": "comparator: cold diffusion",
    "ct-denoise-redcnn": "comparator: RED-CNN",
    "ct-denoise-dncnn": "comparator: DnCNN",
}
FILTERS = ("gaussian", "bilateral", "nlm", "tv", "wavelet")
UNTRAINED_RESEARCH = {
    "ct-artefact-s",
    *(one for one, job in JOBS.items() if job.startswith("comparator")),
}
"""Models that will be for research; those that are trained say so on their card."""

_Column = tuple[str, str, str]
"""Title, where the figure stands ("cut" or "full"), and its key on the card."""

COLUMNS: dict[str, tuple[_Column, ...]] = {
    "CT": (
        ("5 mm, -20 HU kept", "cut", "kept_5_mm_20_HU"),
        ("TTF50, 100 HU", "cut", "ttf50_100_HU"),
        ("TTF50, 30 HU", "cut", "ttf50_30_HU"),
        ("bias, soft tissue, HU", "cut", "bias_hu_soft_tissue"),
        ("NPS mean frequency", "cut", "nps_frequency_100_HU"),
    ),
    "PT": (
        ("10 mm, +300 % kept", "cut", "kept_10_mm_plus_300"),
        ("TTF50, 200 %", "cut", "ttf50_200"),
        ("TTF50, 50 %", "cut", "ttf50_50"),
        ("bias, middle tissue, %", "cut", "bias_percent_middle"),
        ("NPS mean frequency", "cut", "nps_frequency_200"),
    ),
    "DX": (
        ("3 mm, +10 % kept", "cut", "kept_3_mm_plus_10"),
        ("TTF50, 20 %", "cut", "ttf50_20"),
        ("TTF50, 5 %", "cut", "ttf50_5"),
        ("bias, middle thickness, %", "cut", "bias_percent_middle"),
        ("NPS mean frequency", "cut", "nps_frequency_20"),
    ),
    "MR": (
        ("5 mm, -20 % kept", "cut", "kept_5_mm_20"),
        ("TTF50, 50 %", "cut", "ttf50_50"),
        ("TTF50, 10 %", "cut", "ttf50_10"),
        ("bias, middle tissue, %", "cut", "bias_percent_middle"),
        ("NPS mean frequency", "cut", "nps_frequency_50"),
    ),
}
_EVERY: tuple[_Column, ...] = (
    ("lowest d' over the input's", "cut", "lowest_d_ratio_low"),
    ("processor s per slice", "full", "processor_seconds_per_slice"),
    ("memory, MiB", "full", "peak_memory_mib"),
)


def page(models: Path) -> str:
    """Return the page for a folder of models, as Markdown."""
    cards = read_cards(models)
    names = [*JOBS, *(one for one in cards if one not in JOBS)]
    parts = [
        "# The line-up",
        "Made from the cards by `python models/lineup.py`; nothing here is typed in. Figures come "
        "from simulation, which is not patients, and each card holds the command that gave them. "
        "For research, not for diagnosis.",
        _table(
            ("model", "job", "status", "parameters", "training", "hardware", "weights"),
            [_model_row(name, cards.get(name)) for name in names],
        ),
        "Models marked research are there with `--research` only and carry a caution.",
    ]
    for modality in COLUMNS:
        parts += _denoising(modality, names, cards)
    parts += [*_others(cards), *_repeats(cards), *_gates(models), *_short(cards)]
    return "\n\n".join(parts) + "\n"


def read_cards(models: Path) -> dict[str, Card]:
    """Return the cards in a folder by id."""
    paths = sorted(models.glob("*/card.toml"))
    cards = [tomllib.loads(path.read_text(encoding="utf-8")) for path in paths]
    return {str(card["id"]): card for card in cards}


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _model_row(name: str, card: Card | None) -> list[str]:
    mark = _mark(name, card)
    job = JOBS.get(name, "")
    if card is None:
        ready = "recipe ready" if name in PLANS else "no recipe yet"
        return [name, f"{job}{mark}", f"not trained: {ready}", *["–"] * 4]
    training, weights = card.get("training", {}), card.get("weights", {})
    parameters = card.get("architecture", {}).get("parameters")
    minutes = training.get("minutes")
    return [
        f"[{name}]({name}/card.toml)",
        f"{job or card.get('purpose', '')}{mark}",
        str(card.get("status", NOT_MEASURED)),
        f"{parameters:,}" if isinstance(parameters, int) else NOT_MEASURED,
        f"{minutes:.0f} min, {training.get('steps', '?')} steps" if minutes else NOT_MEASURED,
        str(training.get("hardware", NOT_MEASURED)),
        f"`{str(weights.get('sha256', ''))[:12]}`",
    ]


def _denoising(modality: str, names: Sequence[str], cards: Mapping[str, Card]) -> list[str]:
    """Return the table of denoising methods of a modality, filters beside the models."""
    columns = (*COLUMNS[modality], *_EVERY)
    prefix = {"PT": "pet", "DX": "xr"}.get(modality, modality.lower()) + "-denoise"
    models = [name for name in names if name in cards and _denoises(cards[name], modality)]
    models += [name for name in names if name not in cards and name.startswith(prefix)]
    source = next((_simulated(cards[one]) for one in models if _simulated(cards.get(one))), {})
    heads = ("method", *(title for title, _, _ in columns[:-2]), *_FULL_TITLES)
    heads = (*heads, *(title for title, _, _ in columns[-2:]))
    rows = [
        _figure_row(name, _simulated(cards.get(name)), columns, _mark(name, cards.get(name)))
        for name in models
    ]
    rows += [_figure_row(name, source, columns, " (filter)") for name in FILTERS]
    command = str(source.get("command", ""))
    words = f"The filters' figures come from `{command}`." if command else "Not judged yet."
    return [
        f"## Denoising {modality}, every method at a 40 % cut of the noise",
        "Kept: share of a lesion's contrast. TTF50 and NPS mean frequency: over the input's, 1 is "
        "unchanged. Lowest d': the lowest end of the 95 % intervals of a model observer on faint "
        "rods, for CT on anatomy too. Possible dB: gain at full strength against a noisy "
        "full-dose image, of the 6.0 dB that are possible to what leaves the noise that both share "
        "(the exact truth gains 4.8 dB). Time and memory: at full strength, 512 x 512; time is "
        f"that of all processor cores together, {source.get('machine', 'on a machine not noted')}. "
        f"{words}",
        _table(heads, rows),
    ]


_FULL_TITLES = ("possible dB, full strength", "below the input anywhere")


def _mark(name: str, card: Card | None) -> str:
    is_research = name in UNTRAINED_RESEARCH if card is None else card["status"] == "research"
    return " (research)" if is_research else ""


def _denoises(card: Card, modality: str) -> bool:
    is_right = card.get("input", {}).get("modality") == modality
    return is_right and card.get("operation") == "denoise"


def _simulated(card: Card | None) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (card or {}).get("metrics", {}).get("simulated", {})
    return found


def _figure_row(
    name: str, figures: Mapping[str, Any], columns: Sequence[_Column], mark: str = ""
) -> list[str]:
    key = name.replace("-", "_")
    places: dict[str, Mapping[str, Any]] = {
        "cut": figures.get(f"{key}_at_the_cut", {}),
        "full": figures.get(f"{key}_full", {}),
    }
    bold = "**" if name == "ct-denoise-s" else ""
    words = f"{bold}{name}{bold}{mark}"
    if not any(places.values()):
        return [words, NOT_MEASURED, *[""] * (len(columns) + len(_FULL_TITLES) - 1)]
    cells = [_figure(places[place].get(one)) for _, place, one in columns]
    gain, most = places["full"].get("gain_db_full_dose"), figures.get("ceiling_db")
    share = NOT_MEASURED if gain is None or not most else f"{100 * gain / most:.0f} %"
    below = {True: "yes", False: "never"}.get(places["full"].get("is_below_the_input", ""))
    return [words, *cells[:-2], share, below or NOT_MEASURED, *cells[-2:]]


def _figure(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NOT_MEASURED
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def _others(cards: Mapping[str, Card]) -> list[str]:
    """Return what is known about models that do not denoise."""
    rows = []
    for name, card in cards.items():
        if card.get("operation") == "denoise" and _modality(card) in COLUMNS:
            continue
        own = _simulated(card).get(f"{name.replace('-', '_')}_full", {})
        figures = ", ".join(f"{key.replace('_', ' ')} {_figure(own[key])}" for key in own)
        command = str(_simulated(card).get("command", ""))
        rows.append([name, figures or NOT_MEASURED, f"`{command}`" if command else "–"])
    if not rows:
        return []
    return ["## Other jobs", _table(("model", "figures at full strength", "command"), rows)]


def _modality(card: Card) -> str:
    return str(card.get("input", {}).get("modality", ""))


def _repeats(cards: Mapping[str, Card]) -> list[str]:
    """Return the figures of repeated real scans."""
    rows, commands = [], []
    for card in cards.values():
        found = card.get("metrics", {}).get("repeated_scans", {})
        if not found:
            continue
        commands.append(f"`{found['command']}`")
        rows += [
            [key.replace("_", "-"), *(_figure(one.get(name)) for name, _ in _REPEATED)]
            for key, one in found.items()
            if isinstance(one, Mapping) and key != "registration"
        ]
    if not rows:
        return []
    return [
        "## Two real scans of one phantom",
        "The difference of two scans, registered on the originals, at a strength of 40 %. Taken "
        "from both: SD at edges of what was taken away in both scans alike, which is structure "
        f"and not noise. {'; '.join(commands)}",
        _table(("method", *(title for _, title in _REPEATED)), rows),
    ]


_REPEATED = (
    ("cut_flat", "cut seen in flat regions"),
    ("cut_body", "cut in the whole object"),
    ("cut_edges", "cut at edges"),
    ("nps_frequency", "NPS mean frequency"),
    ("taken_from_both", "taken from both, HU"),
    ("bias", "bias, HU"),
)


def _gates(models: Path) -> list[str]:
    """Return what the gates said to real series, from the committed table."""
    path = models / "evaluation" / "gates.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    said = ("run", "warn", "refuse")
    counts = [
        [method, expected, *(str(_count(rows, method, expected, one)) for one in said)]
        for method in dict.fromkeys(row["method"] for row in rows)
        for expected in said
    ]
    other = [row for row in rows if row["as_expected"] != "yes"]
    keys = ("modality", "vendor", "region", "why", "expected", "said", "gate", "remark")
    return [
        "## Gates on real series",
        "What was expected was written from what is known of each series, before the run; the "
        "remarks came after it. Every series is in "
        "[evaluation/gates.csv](evaluation/gates.csv).",
        _table(("method", "expected", *(f"said {one}" for one in said)), counts),
        "Where something else was said than expected:",
        _table(keys, [[row[key] for key in keys] for row in other]),
    ]


def _count(rows: Sequence[Mapping[str, str]], method: str, expected: str, said: str) -> int:
    wanted = (method, expected, said)
    return sum(
        int(row["series"])
        for row in rows
        if (row["method"], row["expected"], row["said"]) == wanted
    )


def _short(cards: Mapping[str, Card]) -> list[str]:
    """Return every aim that was missed, with its figure."""
    lines = [
        f"- {name}: {words}"
        for name, card in cards.items()
        for words in _simulated(card).get("missed", ())
    ]
    lines += [
        f"- {name}: no aims were set for this job; its limits are on its card"
        for name, card in cards.items()
        if _simulated(card) and "missed" not in _simulated(card)
    ]
    lines += [
        f"- {name}: not judged on simulation yet"
        for name, card in cards.items()
        if not _simulated(card)
    ]
    return ["## What fell short", "\n".join(lines) or "Nothing that was measured."]


def main() -> int:
    """Write the page; returns the exit code."""
    (HERE / PAGE).write_text(page(HERE), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
