"""Importing a layer loads what it needs and nothing heavier; each in a fresh interpreter."""

import importlib.util
import subprocess
import sys
import tomllib

import pytest

from tests.architecture.sources import CHECKOUT, files

QT = {"PySide6", "shiboken6", "pyqtgraph", "qtawesome"}
HEAVY = {"torch", "onnxruntime", "vtk", "vtkmodules", "SimpleITK", "pyqtgraph", "matplotlib"}
SERVICES = {"io", "net", "render", "simulation", "enhancement", "reader"}


def modules_of(package: str) -> list[str]:
    """Return the dotted names of all modules of a package, from its files."""
    return [
        ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")
        for path in files(package.replace(".", "/"))
    ]


def loaded_by(*modules: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter holds after importing these."""
    program = "import sys\n" + "".join(f"import {name}\n" for name in modules)
    program += "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_core_loads_numpy_and_the_standard_library_only():
    loaded = loaded_by(*modules_of("viewer.core"))
    allowed = set(sys.stdlib_module_names) | {"numpy", "viewer"} | loaded_by("numpy")
    assert not {name for name in loaded - allowed if not name.startswith("_")}


def test_the_command_line_starts_without_heavy_libraries():
    if importlib.util.find_spec("viewer.__main__") is None:
        pytest.skip("there is no command line yet")
    assert not loaded_by("viewer.__main__") & (HEAVY | QT | {"scipy", "skimage", "pywt"})


def test_nothing_below_the_window_loads_qt():
    below = [
        name
        for layer in (*sorted(SERVICES), "app")
        if (CHECKOUT / "viewer" / layer).is_dir()
        for name in modules_of(f"viewer.{layer}")
    ]
    assert not loaded_by(*below) & QT


def test_the_window_is_imported_without_heavy_libraries():
    if not (CHECKOUT / "viewer" / "ui" / "main_window.py").is_file():
        pytest.skip("there is no main window yet")
    assert not loaded_by("viewer.ui.main_window") & HEAVY


def test_the_contracts_know_every_layer():
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract
        for contract in contracts["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    named = " ".join(layers["layers"])
    packages = {path.parent.name for path in (CHECKOUT / "viewer").glob("*/__init__.py")}
    assert {name for name in packages if name not in named} == set()
