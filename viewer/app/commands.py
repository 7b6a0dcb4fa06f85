"""The explicit list of every command that needs no Qt, in the order of the menus."""

from viewer.app import (
    ahead_verbs,
    auditing,
    comparing,
    enhancement_verbs,
    layouts,
    measuring,
    opening,
    planes,
    rendering,
    spreading,
    viewing,
    windows,
)
from viewer.app.command import Command

COMMANDS: tuple[Command, ...] = (
    *opening.COMMANDS,
    *viewing.COMMANDS,
    *layouts.COMMANDS,
    *planes.COMMANDS,
    *rendering.COMMANDS,
    *windows.COMMANDS,
    *comparing.COMMANDS,
    *spreading.COMMANDS,
    *enhancement_verbs.COMMANDS,
    *ahead_verbs.COMMANDS,
    *auditing.COMMANDS,
    *measuring.COMMANDS,
)
