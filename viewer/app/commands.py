"""The explicit list of every command that needs no Qt, in the order of the menus."""

from viewer.app import comparing, enhancement_verbs, measuring, opening, viewing
from viewer.app.command import Command

COMMANDS: tuple[Command, ...] = (
    *opening.COMMANDS,
    *viewing.COMMANDS,
    *comparing.COMMANDS,
    *enhancement_verbs.COMMANDS,
    *measuring.COMMANDS,
)
