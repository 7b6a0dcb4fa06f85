"""Where the frames of a part are, and in which order they are wanted."""

from dataclasses import replace

from viewer.core.errors import DamagedPixels, DiptychError, UnsupportedPixels
from viewer.core.study import SeriesPart
from viewer.io.encapsulated import Fragment, frame_fragments
from viewer.io.pixels import FrameAddress, address_of, native_span
from viewer.io.reading import opened
from viewer.io.syntaxes import Coding, coding_of, syntax_name

NEAR = 8
"""Slices on either side of the first one that are loaded before any other."""

STRIDE = 5


def load_order(count: int, first: int) -> tuple[int, ...]:
    """Return the order of loading: `first`, its neighbours up to 8, every fifth, the rest.

    Within each group the nearest to `first` comes first.
    """
    first = min(max(first, 0), count - 1)

    def rank(place: int) -> tuple[int, int, int]:
        away = abs(place - first)
        group = 0 if away <= NEAR else 1 if place % STRIDE == 0 else 2
        return (group, away, -place)

    return tuple(sorted(range(count), key=rank))


def frame_addresses(part: SeriesPart) -> tuple[FrameAddress | DiptychError, ...]:
    """Return where each frame is, or why it cannot be read. Nothing is decoded.

    Unknown transfer syntaxes, impossible headers and native pixel data that is too short are
    found here, before memory is taken.
    """
    fragments: dict[str, tuple[tuple[Fragment, ...], ...] | DiptychError] = {}
    found: list[FrameAddress | DiptychError] = []
    for source in part.sources:
        try:
            address = address_of(source)
            if coding_of(address.syntax_uid) is Coding.UNSUPPORTED:
                raise _unsupported(address)
            if coding_of(address.syntax_uid) is Coding.NATIVE:
                native_span(address)
            elif address.frame_count > 1:
                address = replace(address, fragments=_fragments(address, fragments))
            found.append(address)
        except DiptychError as error:
            found.append(error)
    return tuple(found)


def _unsupported(address: FrameAddress) -> UnsupportedPixels:
    return UnsupportedPixels(
        f"Diptych does not decode {syntax_name(address.syntax_uid)}.",
        "The image is not shown.",
        "Ask the sender for another transfer syntax.",
    )


def _fragments(
    address: FrameAddress, known: dict[str, tuple[tuple[Fragment, ...], ...] | DiptychError]
) -> tuple[Fragment, ...]:
    """Return the fragments of a frame; the items of a file are walked once."""
    if address.path not in known:
        try:
            with opened(address.path) as file:
                known[address.path] = frame_fragments(
                    file, address.layout.offset, address.frame_count
                )
        except DiptychError as error:
            known[address.path] = error
    every = known[address.path]
    if isinstance(every, DiptychError):
        raise every
    if address.index >= len(every) or not every[address.index]:
        raise DamagedPixels("There is no pixel data for this frame.")
    return every[address.index]
