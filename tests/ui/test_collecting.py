"""Garbage is collected in the window's thread, whoever made it."""

import gc
import threading

from PySide6.QtCore import QObject

from viewer.ui.collecting import WindowThreadCollection


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
