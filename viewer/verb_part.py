"""What a part of `diptych study` or `diptych pacs` is: its options, its deed, what comes of it."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a part of a verb found: `facts` for machines, `lines` for people, and the exit code."""

    facts: object
    lines: tuple[str, ...]
    code: int = 0


@dataclass(frozen=True, slots=True)
class VerbPart:
    """One part of a verb: `add` declares its options, `run` does it without a window."""

    name: str
    help: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Outcome]
