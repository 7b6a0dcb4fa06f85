"""The DICOM attributes of a file, as rows for the tag browser and the command line."""

from pathlib import Path

from viewer.io.tag_list import tag_list

TagRow = tuple[int, str, str, str, str]


def tag_rows(path: Path) -> tuple[tuple[TagRow, ...], str]:
    """Return (depth, tag, VR, name, value) rows, and in words what could not be read.

    Raises
    ------
    UnreadableFile : the file is gone or may not be read.
    """
    found = tag_list(path)
    rows = tuple(
        (line.depth, f"({line.tag})" if line.tag else "", line.vr, line.name, line.value)
        for line in found.lines
    )
    return (rows, found.problem)
