"""Files with the header of another one: copies of its image, or other pixels under its name."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from viewer.core.errors import DiptychError
from viewer.core.study import Entry, Instance, Study
from viewer.io.header import find_beginning
from viewer.io.reading import opened, read_at
from viewer.io.sources import FileSource, InflatedSource
from viewer.io.syntaxes import DEFLATED

_PORTION = 1 << 20


class Twins:
    """Compares the pixels of files that have the SOP Instance UID and the header of another one.

    A copy and its original then stay equal instances; an image that differs gets a
    `pixel_digest`, so that neither is taken for a copy of the other and hidden.
    """

    def __init__(self, known: Iterable[Study] = ()) -> None:
        """Start with the images of studies that are open already."""
        self._firsts: dict[str, Instance] = {}
        for study in known:
            for series in study.series:
                for instance in series.instances:
                    self._firsts.setdefault(instance.sop_instance_uid, instance)

    def told_apart(self, entry: Entry) -> Entry:
        """Return a file's entry, marked where its pixels are not those of its header's first."""
        instance = entry.instance
        first = self._firsts.setdefault(instance.sop_instance_uid, instance)
        if first.path == instance.path or not instance.sop_instance_uid:
            return entry
        if first.pixels is None or first.without_place() != instance.without_place():
            return entry
        mine = _digest(instance)
        if mine == _digest(first):
            return entry
        return replace(entry, instance=replace(instance, pixel_digest=mine))


def _digest(instance: Instance) -> str:
    """Return the SHA-256 of the coded pixels of a file, or of what is there of them."""
    found = hashlib.sha256()
    try:
        for part in _pixels(instance):
            found.update(part)
    except DiptychError:
        found.update(b"unreadable")
    return found.hexdigest()


def _pixels(instance: Instance) -> Iterator[bytes]:
    """Yield the value of the pixel data element, portion by portion."""
    layout = instance.pixels
    if layout is None:
        return
    with opened(instance.path) as file:
        if instance.transfer_syntax_uid == DEFLATED:
            source = FileSource(file)
            start = find_beginning(source).start
            yield InflatedSource(source, start).read(layout.offset, layout.length)
            return
        place = layout.offset
        end = place + layout.length if layout.length >= 0 else os.fstat(file).st_size
        while part := read_at(file, min(_PORTION, end - place), place):
            yield part
            place += len(part)
