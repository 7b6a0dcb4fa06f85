"""Commands are data: each has a title, an identity of its own and a key nobody else has."""

import importlib.util
from collections import Counter

import pytest


@pytest.fixture(scope="module")
def commands():
    """Return the table of commands that need no Qt, and the window's own where there are some."""
    if importlib.util.find_spec("viewer.app.commands") is None:
        pytest.skip("there is no table of commands yet")
    from viewer.app.commands import COMMANDS

    return COMMANDS


def twice(values: list[str]) -> list[str]:
    """Return the values that occur more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def test_there_are_commands(commands):
    assert commands


def test_every_command_has_a_title_and_an_id(commands):
    assert not [command.id for command in commands if not command.title.strip()]
    assert not [command.title for command in commands if not command.id.strip()]


def test_no_two_commands_share_an_id(commands):
    assert not twice([command.id for command in commands])


def test_no_two_commands_share_a_title(commands):
    assert not twice([command.title for command in commands])


def test_no_two_commands_share_a_key(commands):
    assert not twice([key.lower() for command in commands for key in command.keys])
