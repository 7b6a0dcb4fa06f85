"""No library that Diptych is installed with is under the GPL, and the list of them is current."""

import importlib.util
from types import ModuleType

import pytest

from tests.architecture.sources import CHECKOUT


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    """Return packaging/licences.py, which is in no package, as a module."""
    spec = importlib.util.spec_from_file_location(
        "licences", CHECKOUT / "packaging" / "licences.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_library_has_an_acceptable_licence(licences):
    found = list(licences.libraries())
    assert len(found) > 20
    assert not [one for one in found if not licences.is_acceptable(one.licence)]


@pytest.mark.parametrize(
    ("licence", "is_fine"),
    [
        ("MIT", True),
        ("LGPL-3.0-only OR GPL-2.0-only", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("GPL-3.0-or-later", False),
        ("GNU General Public License v2 (GPLv2)", False),
        ("AGPL-3.0", False),
        ("MIT AND GPL-2.0-only", False),
        ("not stated", False),
    ],
)
def test_gpl_alone_is_refused(licences, licence, is_fine):
    assert licences.is_acceptable(licence) is is_fine


def test_the_table_lists_what_is_locked(licences):
    listed = licences.TABLE.read_text(encoding="utf-8")
    lock = licences.LOCK.read_text(encoding="utf-8")
    for name in licences.locked_names():
        if name not in licences.OUTSIDE_THE_LOCK:
            version = lock.split(f"{name}==", 1)[1].split()[0]
            assert f"| {name} | {version} |" in listed


def test_the_lock_holds_every_declared_dependency(licences):
    import re
    import tomllib

    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[\[<>=]", line)[0].lower() for line in project["dependencies"]}
    assert declared <= set(licences.locked_names())
