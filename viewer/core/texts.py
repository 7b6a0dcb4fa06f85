"""Texts from files made safe to show: one line, of printable characters, not too long."""

LONGEST = 64
"""Characters of a name or description that are shown; DICOM allows 64 in most (PS3.5 6.2)."""


def printable(text: str) -> str:
    """Return a text with "�" for what a terminal would obey or could not show."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def one_line(text: str) -> str:
    """Return a text from a file, printable and cut with "…" beyond `LONGEST` characters."""
    shown = printable(" ".join(text.split()))
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
