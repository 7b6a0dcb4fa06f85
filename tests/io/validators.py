"""What the DICOM validators of dicom3tools say about files, for tests marked realdata or peer."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

SYNTHETIC_DATA = "(0008,001c)"
"""An attribute of 2024 that the tool of 2022 does not know."""


REFERENCE = "SourceImageSequence(0008,2112)[1]/ReferencedSOPInstanceUID(0008,1155)"
"""Where a derived image repeats its source's UID, with whatever is wrong with that."""


def needs(tool: str) -> None:
    """Skip the test where a validator is not installed."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed (Debian package dicom3tools)")


def errors_of(path: Path) -> Counter[str]:
    """Return the errors that dciodvfy finds in a file, each with its count, UIDs blanked."""
    needs("dciodvfy")
    lines = _run("dciodvfy", "-new", str(path))
    found = (re.sub(r"<[0-9.]{12,64}>", "<uid>", line) for line in lines)
    found = (line.replace(REFERENCE, "SOPInstanceUID(0008,0018)") for line in found)
    return Counter(line for line in found if line.startswith("Error"))


def entity_errors_of(paths: list[Path]) -> Counter[str]:
    """Return the errors that dcentvfy finds between files of one study, without their names."""
    needs("dcentvfy")
    lines = (re.sub(r" for file .*", "", line) for line in _run("dcentvfy", *map(str, paths)))
    return Counter(line for line in lines if line.startswith("Error"))


def _run(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return (done.stdout + done.stderr).decode("latin-1").splitlines()
