"""The cache of volumes: what stays, what goes, and that its memory goes too."""

import gc
import os
import threading

import numpy as np
import pytest

from viewer.core.errors import OutOfMemory
from viewer.core.volume import Volume, frames_geometry
from viewer.io.buffers import Block
from viewer.io.cache import VolumeCache, volume_bytes

SIZE = 4 * 32 * 32 * 2


def volume(*, has_mask=False, is_shared=False):
    with Block((4, 32, 32), "int16", is_shared=is_shared) as block:
        mask = np.ones((4, 32, 32), np.bool_) if has_mask else None
        return Volume(
            block.values,
            frames_geometry((4, 32, 32), None),
            "HU",
            ("1",) * 4,
            np.ones(4, np.bool_),
            mask,
        )


def key(number):
    return (f"1.2.{number}", 0)


def filled(budget, count):
    cache = VolumeCache(budget)
    for number in range(count):
        cache.put(key(number), volume())
    return cache


def test_the_least_recently_used_volume_goes_first():
    cache = filled(3 * SIZE, 3)
    assert cache.get(key(0)) is not None
    assert cache.put(key(3), volume()) == (key(1),)
    assert cache.keys == (key(2), key(0), key(3))
    assert cache.get(key(1)) is None


def test_a_pinned_volume_stays_although_it_is_the_oldest():
    cache = filled(3 * SIZE, 3)
    cache.pin([key(0)])
    assert cache.put(key(3), volume()) == (key(1),)
    assert cache.get(key(0)) is not None


def test_unpinning_lets_go_of_what_is_over_the_budget():
    cache = filled(10 * SIZE, 3)
    cache.pin([key(0), key(1)])
    cache.budget_bytes = SIZE
    assert cache.put(key(2), volume()) == ()
    assert cache.pin([key(2)]) == (key(0), key(1))


def test_masks_count_and_a_newer_view_replaces_the_older():
    cache = VolumeCache(10 * SIZE)
    cache.put(key(0), volume())
    cache.put(key(0), volume(has_mask=True))
    assert cache.used_bytes == SIZE + SIZE // 2
    assert volume_bytes(volume(has_mask=True)) == SIZE + SIZE // 2


def test_room_is_made_before_a_volume_is_loaded():
    cache = filled(3 * SIZE, 3)
    assert cache.reserve(key(7), 2 * SIZE) == (key(0), key(1))
    assert cache.used_bytes == 3 * SIZE
    cache.put(key(7), volume())
    assert cache.used_bytes == 2 * SIZE
    cache.reserve(key(8), SIZE)
    cache.release(key(8))
    assert cache.used_bytes == 2 * SIZE


def test_what_does_not_fit_beside_pinned_volumes_is_refused_in_words():
    cache = filled(3 * SIZE, 3)
    cache.pin([key(1), key(2)])
    with pytest.raises(OutOfMemory, match=r"needs .* GB"):
        cache.reserve(key(9), 2 * SIZE)
    assert cache.keys == (key(0), key(1), key(2))
    assert cache.used_bytes == 3 * SIZE


def test_shared_memory_is_freed_with_the_volume_and_survives_a_reader():
    cache = VolumeCache(10 * SIZE)
    gc.collect()
    before = shared_mappings()
    cache.put(key(0), volume(is_shared=True))
    held = cache.get(key(0)).values
    cache.forget(key(0))
    assert held.shape == (4, 32, 32)
    assert not held.any()
    assert shared_mappings() == before + 1
    del held
    gc.collect()
    assert shared_mappings() == before


def shared_mappings():
    with open(f"/proc/{os.getpid()}/maps", encoding="ascii") as maps:  # noqa: PTH123
        return sum("diptych-pixels" in line for line in maps)


def test_threads_may_use_it_together():
    cache = VolumeCache(5 * SIZE)
    problems = []

    def work(seed):
        random = np.random.default_rng(seed)
        try:
            for number in random.integers(0, 10, 200):
                cache.get(key(number)) or cache.put(key(number), volume())
                cache.pin([key(int(random.integers(0, 10)))])
        except (KeyError, RuntimeError) as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert cache.used_bytes <= 6 * SIZE
    cache.clear()
    assert cache.used_bytes == 0
