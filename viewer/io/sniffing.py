"""What a file that is not DICOM looks like, in words."""

from pathlib import Path

_BEGINNINGS = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"NRRD", "an NRRD volume"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a database"),
    (b"<?xml", "an XML text"),
)


def looks_known(first: bytes) -> bool:
    """Tell whether a file begins as a well-known other kind does."""
    return any(first.startswith(beginning) for beginning, _ in _BEGINNINGS)


def describe_other(first: bytes) -> str:
    """Return a sentence on what the first bytes look like: "This is a PNG picture, not DICOM."."""
    for beginning, words in _BEGINNINGS:
        if first.startswith(beginning):
            return f"This is {words}, not DICOM."
    if first[344:347] in (b"n+1", b"ni1"):
        return "This is a NIfTI volume, not DICOM."
    if first[257:262] == b"ustar":
        return "This is a tar archive, not DICOM."
    if _is_text(first[:2048]):
        return "This is a text, not DICOM."
    return "This is not a DICOM file."


def _is_text(first: bytes) -> bool:
    if b"\0" in first:
        return False
    try:
        decoded = first.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut at the end of what was read.
        if error.start < len(first) - 3:
            return False
        decoded = first[: error.start].decode("utf-8")
    return all(sign.isprintable() or sign in "\r\n\t\f" for sign in decoded)


def is_archive(path: str) -> bool:
    """Tell whether a file begins as a zip archive does."""
    try:
        with Path(path).open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False
