"""What is loaded when: the window is painted with Qt alone, the first image without VTK."""

from tests.architecture.test_imports import HEAVY, loaded_by


def test_the_window_is_painted_before_anything_but_qt_is_loaded():
    loaded = loaded_by("viewer.ui.application")
    assert "PySide6" in loaded
    assert not loaded & (HEAVY | {"numpy", "psygnal", "pydicom", "scipy", "imagecodecs"})


def test_the_window_is_filled_without_heavy_libraries():
    loaded = loaded_by("viewer.ui.beginning", "viewer.io.scan", "viewer.io.assemble")
    assert "numpy" in loaded
    assert not loaded & (HEAVY | {"pydicom", "scipy", "skimage", "imagecodecs", "highdicom"})
