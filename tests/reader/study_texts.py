"""Small study files for tests."""

from viewer.reader.protocol import Protocol
from viewer.reader.study_file import parsed

HEAD = """
schema_version = 1
[study]
title = "Small"
owner = "Owner"
"""
ARMS = """
[[arms]]
code = "P"
name = "original"
[[arms]]
code = "Q"
name = "enhanced"
method = "gaussian"
"""
QUESTION = """
[[questions]]
id = "quality"
kind = "likert"
text = "How good is it?"
choices = ["bad", "fair", "good"]
"""


def study_text(
    kind: str = "sequential_crossover",
    cases: int = 8,
    readers: int = 2,
    *,
    design: str = "",
    randomisation: str = "",
    extra: str = "",
    questions: str = QUESTION,
) -> str:
    """Return a study file with plain cases and readers."""
    parts = [HEAD, ARMS, f'[design]\nkind = "{kind}"\n{design}\n']
    parts.append(f'[randomisation]\nseed = "seed"\n{randomisation}\n')
    parts += [f'[[cases]]\nid = "C{n}"\npath = "c{n}"\n' for n in range(1, cases + 1)]
    parts += [f'[[readers]]\ncode = "R{n}"\nname = "Reader {n}"\n' for n in range(1, readers + 1)]
    return "\n".join([*parts, questions, extra])


def protocol_of(text: str) -> Protocol:
    """Return the protocol of a text without faults."""
    protocol, faults = parsed(text)
    assert protocol is not None, faults
    return protocol
