"""What becomes of a defect that nobody caught: a message for the reader and a line in the log."""

import sys
import threading
from collections.abc import Callable
from types import TracebackType

from viewer.app.messages import Message, message_from


class Unexpected:
    """Stands in for Python's last resort while the window is open; `remove` puts that back.

    Exceptions in Qt slots, in timers and in threads of our own end here. Without it Qt would print
    them where nobody looks, or end the program.
    """

    def __init__(self, tell: Callable[[Message], None]) -> None:
        """Take over; `tell` may be called from any thread."""
        self._tell = tell
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._caught
        threading.excepthook = self._caught_in_thread

    def remove(self) -> None:
        """Give the hooks back."""
        sys.excepthook, threading.excepthook = self._before

    def _caught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        self._tell(message_from(error))

    def _caught_in_thread(self, about: threading.ExceptHookArgs) -> None:
        if about.exc_value is not None:
            self._caught(about.exc_type, about.exc_value, about.exc_traceback)
