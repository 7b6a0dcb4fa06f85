"""Names say what a thing is in the words of the domain, and every module says what it is for."""

import ast
import re

import pytest

from tests.architecture.sources import CHECKOUT, files, place, tree

BANNED = {
    "base",
    "common",
    "coordinator",
    "facade",
    "handler",
    "helper",
    "helpers",
    "manager",
    "misc",
    "new",
    "util",
    "utils",
    "v2",
}
LONGEST_FUNCTION = 60
LONGEST_FILE = 400


def words(name: str) -> set[str]:
    """Split a snake_case or CamelCase name into lower-case words."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*|\d+", name)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("viewport_base", {"viewport", "base"}),
        ("LayoutManager", {"layout", "manager"}),
        ("DICOMHelper", {"dicom", "helper"}),
        ("reader_v2", {"reader", "v2"}),
        ("newton", {"newton"}),
    ],
)
def test_names_are_split_into_words(name: str, expected: set[str]):
    assert words(name) == expected


def test_no_module_or_class_has_a_banned_name():
    found = []
    for path in files("viewer", "models", "packaging", "tests"):
        parts = path.relative_to(CHECKOUT).with_suffix("").parts
        if path.name != "__init__.py" and words(parts[-1]) & BANNED:
            found.append(place(path))
        found += [
            f"{place(path, node)} {node.name}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.ClassDef) and words(node.name) & BANNED
        ]
    assert not found


def test_no_folder_has_a_banned_name():
    folders = {path.parent for path in files("viewer", "models", "tests")}
    assert not [str(folder) for folder in folders if words(folder.name) & BANNED]


def test_every_module_says_what_it_is_for():
    silent = [
        place(path)
        for path in files("viewer", "models", "packaging", "tests")
        if not ast.get_docstring(tree(path))
    ]
    assert not silent


def test_packaging_never_hides_the_library_of_that_name():
    assert not (CHECKOUT / "packaging" / "__init__.py").exists()


def test_no_function_is_longer_than_a_page():
    long = [
        f"{place(path, node)} {node.name}: {length} lines"
        for path in files("viewer")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long


def test_no_file_outgrows_its_idea():
    long = [
        f"{place(path)}: {length} lines"
        for path in files("viewer")
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    assert not long
