"""Whatever the program imports is declared as a dependency, and nothing else is."""

import ast
import re
import sys
import tomllib

from tests.architecture.sources import CHECKOUT, files, texts, tree

IMPORTED_AS = {
    "pyside6-essentials": {"PySide6", "shiboken6"},
    "vtk": {"vtk", "vtkmodules"},
    "scikit-image": {"skimage"},
    "pywavelets": {"pywt"},
    "simpleitk": {"SimpleITK"},
    "dicomweb-client": {"dicomweb_client"},
}

NEEDED_BY_OTHERS = {"pywavelets"}
"""Libraries that another one needs for a part of it that the program uses: its wavelet filter."""


def declared() -> dict[str, set[str]]:
    """Return for each declared dependency the names that it is imported by."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[\[<>=]", line)[0].lower() for line in project["dependencies"]]
    return {name: IMPORTED_AS.get(name, {name}) for name in names}


def imported(*folders: str) -> set[str]:
    """Return the top-level names of all libraries that the files in these folders import."""
    found = set()
    for path in files(*folders):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"viewer", "tests"}


def test_every_imported_library_is_declared():
    known = set().union(*declared().values())
    assert imported("viewer") - known == set()


def test_every_declared_library_is_used():
    named = {text.value for path in files("viewer") for text in texts(path)}
    used = imported("viewer") | named
    unused = {name for name, modules in declared().items() if not modules & used}
    assert unused <= NEEDED_BY_OTHERS
