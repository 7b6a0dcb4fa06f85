"""A run starts at the visible slice, can be stopped, and stays out of the window's way."""

import os
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.enhancement.scenes import SmoothingRunner, noisy_volume, source_of
from viewer.core.errors import Cancelled
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import (
    Engine,
    QuietThread,
    Recent,
    residual_slices,
    slice_order,
)


@given(st.integers(1, 60), st.integers(-5, 70), st.sampled_from([1, -1]))
def test_every_slice_comes_once_and_the_visible_one_first(count, first, direction):
    order = slice_order(count, first, direction)
    assert sorted(order) == list(range(count))
    assert order[0] == min(max(first, 0), count - 1)


def test_the_scroll_direction_is_preferred():
    assert slice_order(10, 4, 1)[:9] == (4, 5, 6, 7, 3, 8, 9, 2, 1)
    assert slice_order(10, 4, -1)[:5] == (4, 3, 2, 1, 5)


class Counting:
    device, slab = "a test", 4

    def __init__(self):
        self.slabs = []

    def residuals(self, indices, region=None):
        self.slabs.append(tuple(indices))
        return np.zeros((len(indices), 2, 2), dtype=np.float32)


def test_the_first_slice_is_computed_alone_and_the_rest_in_slabs():
    processor = Counting()
    list(residual_slices(processor, tuple(range(10)), lambda: False))
    assert [len(slab) for slab in processor.slabs] == [1, 4, 4, 1]


def test_the_flag_is_looked_at_before_each_slab():
    processor = Counting()
    with pytest.raises(Cancelled):
        list(residual_slices(processor, tuple(range(10)), lambda: len(processor.slabs) == 2))
    assert len(processor.slabs) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux")
def test_work_is_done_in_a_thread_of_lower_priority():
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with QuietThread() as quiet:
        name = quiet.call(lambda: threading.current_thread().name)
        inside = quiet.call(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert name.startswith("diptych-enhance")
    assert inside == min(19, before + 10) or inside == 10
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_errors_of_the_quiet_thread_come_out():
    with QuietThread() as quiet, pytest.raises(ZeroDivisionError):
        quiet.call(lambda: 1 // 0)


def test_a_model_is_opened_once_and_again_for_another_device(tiny_models):
    opened = []

    def open_model(card, device):
        opened.append((card.method.id, device))
        return SmoothingRunner()

    engine = Engine(read_catalogue(tiny_models), open_model=open_model)
    source = source_of(noisy_volume(2)[0])
    tiny, gaussian = engine.catalogue.method("tiny"), engine.catalogue.method("gaussian")
    for device in ("auto", "auto", "cuda"):
        engine.processor(tiny, source, (), device)
    engine.processor(gaussian, source, gaussian.settings())
    assert opened == [("tiny", "auto"), ("tiny", "cuda")]


@pytest.mark.parametrize("method_id", ["tiny", "gaussian"])
def test_slices_computed_side_by_side_are_those_computed_alone(tiny_models, method_id):
    catalogue = read_catalogue(tiny_models)
    source = source_of(noisy_volume(5)[0])
    method = catalogue.method(method_id)
    alone = Engine(catalogue).processor(method, source, method.settings(), "cpu")
    beside = Engine(catalogue, cores=3).processor(method, source, method.settings(), "cpu")
    assert beside.slab == 3
    order = (3, 1, 4)
    wanted = np.concatenate([alone.residuals((index,)) for index in order])
    assert np.allclose(beside.residuals(order), wanted, atol=1e-3)


def test_a_device_of_its_own_gets_its_own_slabs(tiny_models):
    runner = SmoothingRunner(device="CUDA (test)")
    engine = Engine(read_catalogue(tiny_models), open_model=lambda *_: runner, cores=3)
    method = engine.catalogue.method("tiny")
    assert engine.processor(method, source_of(noisy_volume(2)[0]), ()).slab == runner.slab


def test_only_the_latest_are_remembered():
    recent = Recent(2)
    for name in "abc":
        recent.keep(name, name.upper())
    assert recent.find("a") is None
    assert recent.find("c") == "C"


class _Counting:
    """Notes which slices it was asked for."""

    device = "CPU"
    slab = 3

    def __init__(self):
        self.asked = []

    def residuals(self, indices, region=None):
        self.asked.append(tuple(indices))
        return np.zeros((len(indices), 4, 4), np.float32)


def test_a_slice_that_the_reader_goes_to_comes_next_and_every_slice_once():
    processor = _Counting()
    looked_at = iter([5, 5, 0, 0, 0, 0, 0, 0, 0, 0])
    steps = residual_slices(processor, slice_order(12, 5), lambda: False, lambda: next(looked_at))
    done = [index for slab, _ in steps for index in slab]
    assert processor.asked[0] == (5,)
    assert processor.asked[2] == (0,)
    assert sorted(done) == list(range(12))


def test_a_slice_that_is_there_already_changes_nothing():
    order = slice_order(9, 4)
    plain, looking = _Counting(), _Counting()
    list(residual_slices(plain, order, lambda: False))
    list(residual_slices(looking, order, lambda: False, lambda: 4))
    assert plain.asked == looking.asked
