"""Units and figures of pixel values as a reader is shown them."""

STORED = "stored"
"""Unit of values that the file gives no meaning: the numbers as they are stored."""

_WORDS = {
    "SIGNAL INTENSITY": "signal",
    STORED: "stored value",
    "BQML": "Bq/ml",
    "CNTS": "counts",
    "GML": "g/ml",
    "PCNT": "%",
    "MGML": "mg/ml",
}


LONGEST = 14
"""Characters of a unit that a file may fill at will; more would push figures off the panel."""


def unit_words(unit: str) -> str:
    """Return a unit in words, such as for an axis: "HU", "Bq/ml", "stored value"."""
    words = _WORDS.get(unit, unit)
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def figure(value: float, unit: str, *, is_mean: bool = False) -> str:
    """Return a value with sensible digits: HU whole (means with one decimal), SUV two decimals."""
    if unit == "HU":
        return f"{value:.{1 if is_mean else 0}f}"
    if unit.startswith("SUV"):
        return f"{value:.2f}"
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.{1 if is_mean else 0}f}"


def figure_with_unit(value: float, unit: str, *, is_mean: bool = False) -> str:
    """Return a value with its unit: "-612 HU", "2.31 SUVbw", "812 (stored)"."""
    shown = "(stored)" if unit == STORED else unit_words(unit)
    return f"{figure(value, unit, is_mean=is_mean)} {shown}".rstrip()
