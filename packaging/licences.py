"""Lists every library that Diptych is installed with, and its licence, from installed metadata.

python packaging/licences.py            prints the table
python packaging/licences.py --write    writes it to packaging/LICENSES.md
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, distribution
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TABLE = FOLDER / "LICENSES.md"
LOCK = FOLDER / "requirements.lock"
OUTSIDE_THE_LOCK = ("torch",)

# Licence texts that some projects put into their metadata in place of a name.
TEXTS = {
    "matplotlib": "PSF-based",
    "scikit-image": "BSD-3-Clause",
    "scipy": "BSD-3-Clause",
}

PREFACE = """# Licences of the libraries

Diptych itself is under the Apache License 2.0 (see LICENSE). It imports the libraries below, which
are installed beside it and are not part of its wheel. PySide6 and shiboken6 are used under the
LGPL: they are loaded dynamically and can be replaced. No library may be under the GPL alone.

Written by `python packaging/licences.py --write` from the metadata of the installed packages.

| library | version | licence |
|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Library:
    """An installed library: its name, its version and what its metadata calls its licence."""

    name: str
    version: str
    licence: str


def locked_names() -> list[str]:
    """Return the names in the lock file of the program, and torch, in alphabetical order."""
    names = re.findall(r"^([A-Za-z0-9._-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    return sorted([*names, *OUTSIDE_THE_LOCK])


def libraries() -> Iterator[Library]:
    """Yield every library of the lock as it is installed here.

    Raises
    ------
    importlib.metadata.PackageNotFoundError : one of them is not installed.
    """
    for name in locked_names():
        found = distribution(name)
        version = found.version.split("+")[0]
        yield Library(name, version, licence_of(name, found.metadata))


def licence_of(name: str, metadata: PackageMetadata) -> str:
    """Return the licence: its SPDX expression, else the License field, else the classifiers."""
    if "License-Expression" in metadata:
        return str(metadata["License-Expression"])
    if name in TEXTS:
        return TEXTS[name]
    stated = str(metadata["License"]).strip() if "License" in metadata else ""
    if stated and "\n" not in stated and len(stated) < 80:
        return stated
    classifiers = [
        line.rsplit("::", 1)[-1].strip()
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    return " AND ".join(classifiers) or "not stated"


def is_acceptable(licence: str) -> bool:
    """True when at least one of the alternatives offered is stated and is not the GPL or AGPL."""
    return any(
        alternative.strip() != "not stated"
        and not re.search(r"\bA?GPL|(?<!Lesser )\bGeneral Public License", alternative)
        for alternative in re.split(r"\bOR\b", licence)
    )


def table() -> str:
    """Return the whole text of LICENSES.md."""
    rows = (f"| {one.name} | {one.version} | {one.licence} |\n" for one in libraries())
    return PREFACE + "".join(rows)


def main() -> int:
    """Print or write the table; fail when a licence is not acceptable."""
    if "--write" in sys.argv[1:]:
        TABLE.write_text(table(), encoding="utf-8")
    else:
        print(table(), end="")
    refused = [one for one in libraries() if not is_acceptable(one.licence)]
    for one in refused:
        print(f"Not acceptable: {one.name}, {one.licence}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    raise SystemExit(main())
