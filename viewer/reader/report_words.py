"""How a report prints figures, p-values and intervals."""


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure as it is printed; an empty text where there is none."""
    return "" if value is None else f"{value:.{digits}f}"


def p_value(p: float | None) -> str:
    """Return a p-value as it is printed."""
    return "" if p is None else "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def interval(low: float, high: float, digits: int = 3) -> str:
    """Return an interval as it is printed."""
    return f"{low:.{digits}f} to {high:.{digits}f}"
