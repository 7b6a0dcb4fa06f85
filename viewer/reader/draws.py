"""Our own random numbers: documented here, so that a list can be made again in ten years.

A stream is named by a seed and a label. Its n-th block is SHA-256 of the UTF-8 text
``seed|label|n`` with n counted from 0 in decimal; the block's 32 bytes are eight big-endian 32-bit
words, used one after the other. A whole number below k is a word w modulo k, where words at or
above the greatest multiple of k that fits into 2^32 are passed over. A shuffle is Fisher and
Yates' in Durstenfeld's form: for i from the last place down to 1, swap i with a number below i + 1.
Source: Durstenfeld 1964, Algorithm 235.

The version of the algorithm's name counts changes to any list of trials that a seed gives.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

ALGORITHM = "sha256-fisher-yates-2"
_WORDS = 2**32


class Draws:
    """One stream of numbers."""

    def __init__(self, seed: str, label: str) -> None:
        """Begin the stream that a seed and a label name."""
        self._words = _words(f"{seed}|{label}|")

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit` - 1, each as likely; `limit` is 1 to 2^32."""
        fair = _WORDS - _WORDS % limit
        return next(word for word in self._words if word < fair) % limit

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """Return the things in an order of which each is as likely."""
        order = list(things)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def chosen(self, things: Sequence[T]) -> T:
        """Return one of the things."""
        return things[self.below(len(things))]


def _words(start: str) -> Iterator[int]:
    number = 0
    while True:
        block = hashlib.sha256(f"{start}{number}".encode()).digest()
        yield from struct.unpack(">8I", block)
        number += 1


def williams_square(size: int) -> tuple[tuple[int, ...], ...]:
    """Return sequences of `size` treatments, balanced for what comes before.

    Every treatment stands once in each row and equally often in each column, and follows every
    other equally often. Even sizes give one square, odd ones two (2 x size rows).
    Source: Williams 1949, Aust J Sci Res A 2:149.
    """
    first = [0]
    low, high = 1, size - 1
    while len(first) < size:
        first.append(low if len(first) % 2 else high)
        low, high = (low + 1, high) if len(first) % 2 == 0 else (low, high - 1)
    rows = [tuple((start + shift) % size for start in first) for shift in range(size)]
    if size % 2:
        rows += [tuple(reversed(row)) for row in rows]
    return tuple(rows)
