"""Fixtures and guards that every test gets: fresh folders, no leftovers, real data by name."""

import gc
import itertools
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# A hardware context is not a given; without one VTK is told to use EGL before it is loaded.
if "DISPLAY" not in os.environ:
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

CHECKOUT = Path(__file__).resolve().parent.parent
QT_FIXTURES = {"qtbot", "qapp"}
LEFTOVER_PATIENCE_S = 3.0


def real_data_folder() -> Path | None:
    """Return the folder of real DICOM, or None where there is none.

    DIPTYCH_TEST_DATA names it; by default it is `shared/data` beside the checkout.
    """
    named = os.environ.get("DIPTYCH_TEST_DATA", "")
    folder = Path(named) if named else CHECKOUT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use Qt as gui, and skip those on real data where there is none."""
    no_data = pytest.mark.skip(
        reason="no folder of real DICOM: set DIPTYCH_TEST_DATA to run this test"
    )
    is_without_data = real_data_folder() is None
    for item in items:
        if QT_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.gui)
        if is_without_data and item.get_closest_marker("realdata"):
            item.add_marker(no_data)


FULL_COLLECTION_EVERY = 40
_tests_done = itertools.count(1)


@pytest.fixture(autouse=True, scope="session")
def garbage_is_collected_in_the_main_thread_only() -> Iterator[None]:
    """Keep the collection out of worker threads, where it would free widgets of the main one."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def garbage_is_collected_after_each_test() -> Iterator[None]:
    """Collect what the test has left, now and then all of it."""
    yield
    gc.collect(2 if next(_tests_done) % FULL_COLLECTION_EVERY == 0 else 1)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real DICOM; a test that asks for it must be marked realdata."""
    folder = real_data_folder()
    if folder is None:
        pytest.skip("no folder of real DICOM: set DIPTYCH_TEST_DATA to run this test")
    return folder


@pytest.fixture(autouse=True)
def fresh_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own empty folder for settings, index and measurements."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("DIPTYCH_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def no_leftover_thread() -> Iterator[None]:
    """Fail a test that leaves behind a running thread that would keep the program alive."""
    before = set(threading.enumerate())
    yield
    if _new_threads(before):
        gc.collect()  # executors end their threads when they are freed
    deadline = time.monotonic() + LEFTOVER_PATIENCE_S
    while (left := _new_threads(before)) and time.monotonic() < deadline:
        left[0].join(timeout=0.05)
    assert not left, f"left running: {[thread.name for thread in left]}"


def _new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    return [
        thread
        for thread in threading.enumerate()
        if thread not in before and thread.is_alive() and not thread.daemon
    ]


@pytest.fixture(autouse=True)
def no_leftover_widget(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a Qt test that leaves behind a window that is still open.

    Widgets given to `qtbot.addWidget` are closed by it; this guard is set up before qtbot and so
    looks after that has happened.
    """
    if not QT_FIXTURES & set(request.fixturenames):
        yield
        return
    request.getfixturevalue("qapp")
    from PySide6.QtWidgets import QApplication

    before = {id(widget) for widget in QApplication.topLevelWidgets() if widget.isVisible()}
    yield
    left = [
        f"{type(widget).__name__} {widget.objectName()!r}"
        for widget in QApplication.topLevelWidgets()
        if widget.isVisible() and id(widget) not in before
    ]
    assert not left, f"left open: {left}"
