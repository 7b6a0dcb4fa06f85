"""Commands of the queue of series that are enhanced ahead: pause, go on, clear."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from viewer.app.ahead import Ahead, Waiting
from viewer.app.command import Command

if TYPE_CHECKING:
    from viewer.app.session import Session


def toggle_pause(session: Session) -> None:
    """Pause enhancing ahead, or go on with it."""
    if session.ahead.is_paused:
        session.ahead.go_on()
    else:
        session.ahead.pause()


def clear(session: Session) -> None:
    """Empty the queue; what is ready stays ready."""
    session.ahead.clear()


def has_queue(session: Session) -> bool:
    """Return whether any series is in the queue."""
    return bool(session.ahead.entries)


def summary(entries: tuple[Waiting, ...], *, is_paused: bool) -> str:
    """Return the queue in a few words: "3 of 8 ready ahead, 1 refused"; "" without entries."""
    if not entries:
        return ""
    counts = Counter(one.state for one in entries)
    words = f"{counts[Ahead.READY]} of {len(entries)} ready ahead"
    for state in (Ahead.REFUSED, Ahead.FAILED):
        words += f", {counts[state]} {state.value}" if counts[state] else ""
    is_open = bool(counts[Ahead.WAITING] + counts[Ahead.RUNNING])
    return f"{words}, paused" if is_paused and is_open else words


COMMANDS: tuple[Command, ...] = (
    Command(
        "ahead.pause",
        "Pause enhancing ahead",
        toggle_pause,
        "Enhance",
        (),
        has_queue,
        is_on=lambda session: session.ahead.is_paused,
    ),
    Command(
        "ahead.clear", "Clear what waits to be enhanced ahead", clear, "Enhance", (), has_queue
    ),
)
