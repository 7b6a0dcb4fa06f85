"""Garbage is collected in the window's thread only."""

import gc
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 1000
FULL_AFTER = 10
"""After so many collections of the younger generations all of them are collected."""
TIMES_AS_LONG = 500
"""A full collection waits at least so many times as long as the last one took: it is felt."""


class WindowThreadCollection(QObject):
    """Keeps Python's cyclic garbage collection out of worker threads.

    It starts wherever something is made, and frees widgets that are part of a cycle; Qt ends the
    process when a widget goes in another thread than its own. While this object lives nothing is
    collected by itself, and a timer of its thread does it. What the program has loaded before stays
    for good and is not looked through again. `clock` gives seconds; replaced in tests.
    """

    def __init__(self, parent: QObject, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(parent)
        self._clock = clock
        self._until_full = FULL_AFTER
        gc.disable()
        gc.freeze()
        timer = QTimer(self)
        timer.timeout.connect(self.collect)
        timer.start(EVERY_MS)

    def stop(self) -> None:
        """Let Python collect as it likes again."""
        gc.unfreeze()
        gc.enable()

    def collect(self) -> None:
        """Collect what is due; called each second."""
        if gc.get_count()[0] <= gc.get_threshold()[0]:
            return
        self._until_full -= 1
        if self._until_full > 0:
            gc.collect(1)
            return
        begun = self._clock()
        gc.collect()
        wait_ms = 1000 * TIMES_AS_LONG * (self._clock() - begun)
        self._until_full = max(FULL_AFTER, round(wait_ms / EVERY_MS))
