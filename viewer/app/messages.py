"""What the reader is told: one sentence on what happened, what it means, what to do."""

import logging
from dataclasses import dataclass
from enum import Enum

from viewer.core.errors import DiptychError

_LOG = logging.getLogger("diptych")


class Severity(Enum):
    """How much a message matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Message:
    """A message for the reader; `means` and `do` may be empty."""

    severity: Severity
    what: str
    means: str = ""
    do: str = ""

    @property
    def text(self) -> str:
        """The whole message in one line."""
        return " ".join(part for part in (self.what, self.means, self.do) if part)


def info(what: str, means: str = "", do: str = "") -> Message:
    """Return a message that only informs."""
    return Message(Severity.INFO, what, means, do)


def warning(what: str, means: str = "", do: str = "") -> Message:
    """Return a message about something the reader should know before going on."""
    return Message(Severity.WARNING, what, means, do)


def message_from(error: BaseException) -> Message:
    """Return the message of an error, and log it with its traceback (no patient names in it)."""
    if isinstance(error, DiptychError):
        _LOG.info("%s: %s", type(error).__name__, error.what, exc_info=error)
        return Message(Severity.ERROR, error.what, error.means, error.do)
    _LOG.error("unexpected %s", type(error).__name__, exc_info=error)
    if isinstance(error, MemoryError):
        return Message(
            Severity.ERROR,
            "There is not enough memory for this.",
            "Nothing was changed.",
            "Close other series or programs and try again.",
        )
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return Message(
            Severity.ERROR,
            f"The system refused to read or write: {reason}.",
            "Nothing was changed.",
            "Check that the disk or network folder is there and has room.",
        )
    return Message(
        Severity.ERROR,
        "Something unexpected went wrong inside Diptych.",
        "The rest of the program goes on; what you were doing was not finished.",
        "The log file has the details.",
    )
