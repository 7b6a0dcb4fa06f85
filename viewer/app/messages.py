"""What the reader is told: one sentence on what happened, what it means, what to do."""

import logging
import traceback
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
    """Return the message of an error, and log where it came from.

    The log gets the kind of error and the places in the code, never the words: these may hold
    file names, and file names may hold patient names.
    """
    _LOG.log(
        logging.INFO if isinstance(error, DiptychError) else logging.ERROR,
        "%s\n%s",
        type(error).__name__,
        "".join(traceback.format_tb(error.__traceback__)),
    )
    if isinstance(error, DiptychError):
        return Message(Severity.ERROR, error.what, error.means, error.do)
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
