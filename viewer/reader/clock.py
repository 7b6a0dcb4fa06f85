"""The clocks that events are stamped with."""

import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What a record asks for the time."""

    def utc(self) -> datetime:
        """Return the time of day, aware; it may be set back or forth at any moment."""
        ...

    def ns(self) -> int:
        """Return nanoseconds that only ever grow while the machine runs."""
        ...

    def boot(self) -> str:
        """Return the name of the present run of the machine, within which `ns` compares."""
        ...


class SystemClock:
    """The clocks of this machine."""

    def __init__(self) -> None:
        """Name the run of the machine: by Linux's boot id; elsewhere each clock has its own."""
        is_told = _BOOT_ID.exists()
        self._boot = _BOOT_ID.read_text(encoding="ascii").strip() if is_told else str(uuid.uuid4())

    def utc(self) -> datetime:
        """Return the time of day of the machine."""
        return datetime.now(UTC)

    def ns(self) -> int:
        """Return the monotonic clock of the machine."""
        return time.monotonic_ns()

    def boot(self) -> str:
        """Return the name of this run of the machine."""
        return self._boot
