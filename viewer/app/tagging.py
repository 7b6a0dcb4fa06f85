"""The rows of the tag browser."""

from pathlib import Path

from viewer.io.tag_list import tag_list

TagRow = tuple[int, str, str, str, str]
"""Level in the tree, tag, VR, name, value."""


def tag_rows(path: Path) -> tuple[TagRow, ...]:
    """Return every attribute of a file as a row; what could not be read is said in the last one.

    Raises
    ------
    UnreadableFile : the file is gone or may not be read.
    """
    found = tag_list(path)
    rows = tuple((line.depth, line.tag, line.vr, line.name, line.value) for line in found.lines)
    return (*rows, (0, "", "", "", found.problem)) if found.problem else rows
