"""Things that must not be in the code at all, or in one place only."""

import ast

from tests.architecture.sources import called_names, files, place, texts, tree

GL_WIDGETS = {"QOpenGLWidget", "QOpenGLWindow", "QVTKRenderWindowInteractor", "QVTKOpenGLWidget"}
LABEL_WORDS = ("AI-ENHANCED", "FILTERED")


def names_in(path) -> list[tuple[str, ast.AST]]:
    """Return every name that a file mentions in code: variables, attributes and imports."""
    found: list[tuple[str, ast.AST]] = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Name):
            found.append((node.id, node))
        elif isinstance(node, ast.Attribute):
            found.append((node.attr, node))
        elif isinstance(node, ast.alias):
            found += [(part, node) for part in node.name.split(".")]
    return found


def test_events_are_never_processed_by_hand():
    found = [
        place(path, node)
        for path in files("viewer", "tests")
        if "benchmarks" not in path.parts
        for name, node in names_in(path)
        if name == "processEvents"
    ]
    assert not found


def test_there_is_no_opengl_widget():
    found = [
        f"{place(path, node)} {name}"
        for path in files("viewer")
        for name, node in names_in(path)
        if name in GL_WIDGETS
    ]
    assert not found


def test_nothing_is_global():
    found = [
        place(path, node)
        for path in files("viewer")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Global)
    ]
    assert not found


def built(name: str) -> set[str]:
    """Return the files in which something called `name` is called, that is, made."""
    return {
        place(path)
        for path in files("viewer")
        for called, _ in called_names(path)
        if called == name
    }


READERS = {"viewer/io/assemble.py", "viewer/io/sealed_images.py"}
"""The places that read volumes from files, ours among them."""


def test_acquired_volumes_are_built_where_files_are_read_only():
    assert built("Volume") <= READERS


def test_derived_volumes_are_built_by_derive_and_where_files_are_read_only():
    assert built("DerivedVolume") <= {"viewer/core/volume.py", *READERS}
    assert "viewer/core/volume.py" in built("DerivedVolume")


def test_nothing_that_draws_has_words_of_the_label_of_its_own():
    """Asking a series for its mark is not writing a label."""
    written = []
    for path in files("viewer/ui", "viewer/app", "viewer/render"):
        asked = {
            id(side)
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Compare)
            for side in (node.left, *node.comparators)
        }
        written += [
            place(path, text)
            for text in texts(path)
            if text.value.startswith(LABEL_WORDS) and id(text) not in asked
        ]
    assert not written


def test_the_words_of_the_label_are_where_labels_are_decided():
    (path,) = (path for path in files("viewer/core") if path.name == "provenance.py")
    assert {text.value for text in texts(path)} >= set(LABEL_WORDS)
