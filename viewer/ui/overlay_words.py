"""The words on a view, fitted to their room: notices, split lines, scales, signed figures."""

import math
import re

from viewer.ui import theme
from viewer.ui.lettering import Lettering, shortened, text_width, wrapped
from viewer.ui.picture import Picture, ScaleBar

TEXT = Lettering()
WARNING = Lettering(colour=theme.WARNING)
ALERT = Lettering(is_bold=True, colour=theme.ERROR)
JOINT = " · "
COLUMNS = "  "
"""What stands between the figures of a window: "W 400  L 40"."""


def unfolded(texts: tuple[str, ...], width: float) -> tuple[str, ...]:
    """Return the lines, those wider than `width` in several, so that no figure is cut.

    They are split at their " · " or two spaces; a part that is still too wide at its spaces.
    """
    lines: list[str] = []
    for text in texts:
        current = ""
        for joint, part in _parts(text):
            joined = f"{current}{joint}{part}" if current else part
            if current and text_width(joined, TEXT) > width:
                lines += wrapped(current, TEXT, width)
                current = part
            else:
                current = joined
        lines += wrapped(current, TEXT, width)
    return tuple(lines)


def _parts(text: str) -> list[tuple[str, str]]:
    """Return the parts of a line, each with the joint before it."""
    pieces = re.split(f"({JOINT}|{COLUMNS})", text)
    return list(zip(["", *pieces[1::2]], pieces[::2], strict=True))


def notice_lines(picture: Picture, width: float, most: int) -> list[tuple[str, str, Lettering]]:
    """Return alert and warnings in at most `most` lines; what does not fit is counted."""
    wanted = [("alert", picture.alert, ALERT)] if picture.alert else []
    wanted += [("warning", text, WARNING) for text in picture.warnings]
    lines: list[tuple[str, str, Lettering]] = []
    for done, (kind, text, style) in enumerate(wanted):
        rows = wrapped(text, style, max(width, 20.0))
        left = len(wanted) - done
        room = most - len(lines) - (1 if left > 1 else 0)
        if len(rows) > room:
            if most > len(lines):
                more = " more" if lines else ""
                words = f"{left}{more} warnings" if left > 1 else text
                lines.append(("warning", shortened(words, WARNING, width), WARNING))
            break
        lines += [(kind if i == 0 else "", row, style) for i, row in enumerate(rows)]
    return lines


def scale_length(scale: ScaleBar, longest: float) -> tuple[float, str]:
    """Return the bar's length in view pixels and its words, of 1, 2 or 5 times a power of ten."""
    most = scale.per_pixel * longest
    power = 10.0 ** math.floor(math.log10(most))
    value = next(f * power for f in (5, 2, 1) if f * power <= most * (1 + 1e-9))
    note = f" {scale.note}" if scale.note else ""
    return (value / scale.per_pixel, f"{value:g} {scale.unit}{note}")


def signed_number(value: float, *, is_signed: bool) -> str:
    """Return a figure with three significant digits; differences always carry their sign."""
    digits = f"{abs(value):.3g}" if abs(value) < 1000 else f"{abs(value):.0f}"
    if value < 0:
        return f"−{digits}"
    return f"+{digits}" if is_signed and value > 0 else digits
