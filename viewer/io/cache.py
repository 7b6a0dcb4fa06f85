"""Loaded volumes within a budget of memory; those on the screen are never dropped."""

import threading
from collections import OrderedDict
from collections.abc import Iterable

from viewer.core.errors import OutOfMemory
from viewer.core.volume import AnyVolume

PartKey = tuple[str, int]
"""`SeriesPart.key`: series UID and number of the part."""


class VolumeCache:
    """Volumes by part, the least recently used dropped first; use from any thread.

    The cache holds the volumes whose memory `assemble` took. Dropping one frees its memory, shared
    or private, as soon as nobody else looks at it: nothing has to be released by name.
    """

    def __init__(self, budget_bytes: int) -> None:
        """Plan for `budget_bytes` of pixels and masks."""
        self.budget_bytes = budget_bytes
        self._lock = threading.RLock()
        self._volumes: OrderedDict[PartKey, AnyVolume] = OrderedDict()
        self._reserved: dict[PartKey, int] = {}
        self._pinned: frozenset[PartKey] = frozenset()

    def get(self, key: PartKey) -> AnyVolume | None:
        """Return the volume of a part and count it as used now; None when it is not there."""
        with self._lock:
            volume = self._volumes.get(key)
            if volume is not None:
                self._volumes.move_to_end(key)
            return volume

    def put(self, key: PartKey, volume: AnyVolume) -> tuple[PartKey, ...]:
        """Keep a volume, instead of an older view of the same part; return what was dropped."""
        with self._lock:
            self._volumes[key] = volume
            self._volumes.move_to_end(key)
            self._reserved.pop(key, None)
            return self._drop_until(self.budget_bytes, spare=key)

    def reserve(self, key: PartKey, size: int) -> tuple[PartKey, ...]:
        """Make room for a part that is about to be loaded; return what was dropped.

        `put` or `release` ends the reservation.

        Raises
        ------
        OutOfMemory : the part does not fit beside what is pinned; nothing was dropped.
        """
        with self._lock:
            fixed = self._fixed_bytes(key) + size
            if fixed > self.budget_bytes:
                raise OutOfMemory(
                    f"The series needs {size / 1e9:.1f} GB, more than the memory set aside "
                    f"for images leaves free ({self.budget_bytes / 1e9:.1f} GB in all).",
                    "It is not shown.",
                    "Close other views, or raise the limit in the settings.",
                )
            self._reserved[key] = size
            return self._drop_until(self.budget_bytes, spare=key)

    def _fixed_bytes(self, key: PartKey) -> int:
        """Return what cannot be dropped for a part: what is on the screen or being loaded."""
        shown = (v for k, v in self._volumes.items() if k in self._pinned and k != key)
        waiting = (n for k, n in self._reserved.items() if k not in self._volumes and k != key)
        return sum(map(volume_bytes, shown)) + sum(waiting)

    def release(self, key: PartKey) -> None:
        """End a reservation that is not needed any more."""
        with self._lock:
            self._reserved.pop(key, None)

    def pin(self, keys: Iterable[PartKey]) -> tuple[PartKey, ...]:
        """Say which parts are on the screen, instead of those before; return what was dropped."""
        with self._lock:
            self._pinned = frozenset(keys)
            return self._drop_until(self.budget_bytes, spare=None)

    def forget(self, key: PartKey) -> None:
        """Drop one part, pinned or not."""
        with self._lock:
            self._volumes.pop(key, None)
            self._reserved.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._volumes.clear()
            self._reserved.clear()

    @property
    def keys(self) -> tuple[PartKey, ...]:
        """Parts that are held, the least recently used first."""
        with self._lock:
            return tuple(self._volumes)

    @property
    def used_bytes(self) -> int:
        """Bytes of all volumes held and of reservations, masks included."""
        with self._lock:
            held = sum(volume_bytes(volume) for volume in self._volumes.values())
            waiting = sum(size for key, size in self._reserved.items() if key not in self._volumes)
            return held + waiting

    def _drop_until(self, limit: int, spare: PartKey | None) -> tuple[PartKey, ...]:
        dropped: list[PartKey] = []
        for key in tuple(self._volumes):
            if self.used_bytes <= limit:
                break
            if key not in self._pinned and key != spare:
                del self._volumes[key]
                dropped.append(key)
        return tuple(dropped)


def volume_bytes(volume: AnyVolume) -> int:
    """Return the memory of a volume's values and mask in bytes."""
    return volume.values.nbytes + (volume.mask.nbytes if volume.mask is not None else 0)
