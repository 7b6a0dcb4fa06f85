"""The program's log file: what went wrong and where in the code, without names of patients."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from viewer.io.safely import private_folder

LOG_NAME = "diptych.log"
_LARGEST_BYTES = 1_000_000


def start_log(home: Path) -> None:
    """Write the log to `home`, at most two files of 1 MB; without a writable folder do without.

    Calling it again changes the folder.
    """
    logger = logging.getLogger("diptych")
    stop_log()
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        private_folder(home)
        handler: logging.Handler = RotatingFileHandler(
            home / LOG_NAME, maxBytes=_LARGEST_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)


def stop_log() -> None:
    """Close the log file."""
    logger = logging.getLogger("diptych")
    for handler in tuple(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.propagate = True
