"""Garbage is collected in the window's thread only."""

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 1000
FULL_AFTER = 10
"""After so many collections of the younger generations all of them are collected."""


class WindowThreadCollection(QObject):
    """Keeps Python's cyclic garbage collection out of worker threads.

    It starts wherever something is made, and frees widgets that are part of a cycle; Qt ends the
    process when a widget goes in another thread than its own. While this object lives nothing is
    collected by itself, and a timer of its thread does it. What the program has loaded by the first
    tick stays for good and is not looked through again.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._young = 0
        gc.disable()
        timer = QTimer(self)
        timer.timeout.connect(self._collect)
        timer.start(EVERY_MS)

    def stop(self) -> None:
        """Let Python collect as it likes again."""
        gc.unfreeze()
        gc.enable()

    def _collect(self) -> None:
        thresholds, counts = gc.get_threshold(), gc.get_count()
        if counts[0] <= thresholds[0]:
            return
        if self._young == 0:
            gc.freeze()
        self._young += 1
        gc.collect(2 if self._young % FULL_AFTER == 0 else 1)
