"""Garbage is collected in the window's thread, whoever made it."""

import gc
import itertools
import threading

import pytest
from PySide6.QtCore import QObject

from viewer.ui.collecting import FULL_AFTER, TIMES_AS_LONG, WindowThreadCollection


class Cycle:
    """Part of a cycle; notes in which thread it is freed."""

    def __init__(self, freed):
        self.me, self.freed = self, freed

    def __del__(self):
        self.freed.append(threading.current_thread())


def test_a_cycle_made_in_a_worker_is_freed_in_the_window_s_thread(qtbot):
    parent, freed = QObject(), []
    collection = WindowThreadCollection(parent)

    def make():
        for _ in range(3 * gc.get_threshold()[0]):
            Cycle(freed)

    worker = threading.Thread(target=make)
    worker.start()
    worker.join()
    assert freed == []
    qtbot.waitUntil(lambda: len(freed) > 0, timeout=10_000)
    assert set(freed) == {threading.main_thread()}
    collection.stop()
    assert gc.isenabled()
    gc.disable()  # as the tests have it
    parent.deleteLater()


@pytest.mark.parametrize(("took_s", "ticks"), [(0.001, FULL_AFTER), (0.1, TIMES_AS_LONG // 10)])
def test_a_full_collection_that_is_felt_is_rare(monkeypatch, took_s, ticks):
    parent, now = QObject(), itertools.count(10.0, took_s)
    collection, full = WindowThreadCollection(parent, clock=lambda: next(now)), []
    monkeypatch.setattr(gc, "get_count", lambda: (gc.get_threshold()[0] + 1, 0, 0))
    monkeypatch.setattr(gc, "collect", lambda *young: full.append(not young))
    for _ in range(FULL_AFTER + 2 * ticks):
        collection.collect()
    collection.stop()
    gc.disable()  # as the tests have it
    parent.deleteLater()
    assert [at + 1 for at, is_full in enumerate(full) if is_full] == [
        FULL_AFTER,
        FULL_AFTER + ticks,
        FULL_AFTER + 2 * ticks,
    ]
