"""The wheel carries the program with its models and resources, and runs where no checkout is."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]


def run(*words: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed; it may take two minutes."""
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the locked hatchling and return its file."""
    folder = tmp_path_factory.mktemp("wheel")
    done = run(
        sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=CHECKOUT
    )
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into an empty folder outside the checkout and return the folder."""
    folder = tmp_path_factory.mktemp("elsewhere") / "site"
    done = run(
        sys.executable,
        *("-m", "pip", "install", "--no-deps", "--no-index", "--target", folder, wheel),
        cwd=folder.parent,
    )
    assert done.returncode == 0, done.stderr
    return folder


def diptych(installed: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run the installed command; the installed package hides any other of that name."""
    return run(
        installed / "bin" / "diptych", *words, cwd=installed.parent, PYTHONPATH=str(installed)
    )


def test_models_and_resources_travel_in_the_wheel(wheel):
    listed = run("git", "ls-files", "models", "resources", cwd=CHECKOUT).stdout.split("\n")
    inside = set(zipfile.ZipFile(wheel).namelist())
    committed = {f"viewer/_data/{name}" for name in listed if name}
    assert {name.split("/")[2] for name in committed} == {"models", "resources"}
    assert committed <= inside


def test_only_the_program_is_in_the_wheel(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"viewer", "diptych-0.1.0.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name]


def test_the_installed_package_is_the_one_that_runs(installed):
    done = run(
        sys.executable,
        *("-c", "import viewer; print(viewer.__file__)"),
        cwd=installed.parent,
        PYTHONPATH=str(installed),
    )
    assert Path(done.stdout.strip()).is_relative_to(installed)


def test_the_command_explains_itself(installed):
    done = diptych(installed, "--help")
    assert done.returncode == 0, done.stderr
    assert "enhance" in done.stdout


def test_the_command_finds_its_models(installed):
    done = diptych(installed, "models")
    assert done.returncode == 0, done.stderr
    assert "ct-denoise-s" in done.stdout
