"""Limits that the process of one association puts on itself before it reads anything of a peer."""

import contextlib
import os
import sys
from pathlib import Path

MEMORY_BYTES = 256 << 20
"""Memory on top of what the process has when it starts; objects are written as they come."""
MOST_FILES = 32
_NICENESS = 5


def only_files(*kept: int) -> None:
    """Close every file but standard error and those given; input and output lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    for file in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if file > 2 and file not in kept:
            with contextlib.suppress(OSError):  # the listing itself is closed
                os.close(file)


def confine(most_file_bytes: int) -> None:
    """Limit memory, number and size of files; no core dump; step back in priority (Linux)."""
    os.nice(_NICENESS)
    if sys.platform != "linux":
        return
    import resource

    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    memory = int(pages) * resource.getpagesize() + MEMORY_BYTES
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, MOST_FILES),
        (resource.RLIMIT_FSIZE, most_file_bytes + (1 << 20)),
    ):
        hard = resource.getrlimit(limit)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))
