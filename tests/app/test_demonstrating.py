"""The demo study: whole or not there, instant the second time, with its truth."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.io.validators import SYNTHETIC_DATA, entity_errors_of, errors_of
from viewer.app import demonstrating
from viewer.app.demonstrating import demo_study, read_demo
from viewer.core.errors import Cancelled, NotSaved, UnreadableFile
from viewer.simulation.demo import DemoStudy, Nodule, demo_chest
from viewer.simulation.kernels import STANDARD

COUNT = 9


def small_study(
    seed: int, slices: int, size: int, progress: Callable[[int, int], None] = lambda *_: None
) -> DemoStudy:
    """Return a study of known values in no time, telling the progress of its slices."""
    values = np.random.default_rng(seed).integers(-1000, 1000, (slices, size, size), np.int16)
    for done in range(slices):
        progress(done + 1, slices)
    return DemoStudy(
        full_dose=values,
        quarter_dose=np.asarray(values // 2, dtype=np.int16),
        truth=values.astype(np.float32) + np.float32(0.25),
        first_voxel_mm=(-20.5, -21.0, -60.0),
        spacing_mm=(2.5, 0.75, 0.75),
        thickness_mm=2.5,
        nodules=(Nodule("lung 1", "solid", (-3.5, 2.0, -30.0), 8.0, 880.0),),
        kernel=STANDARD,
        photons=1.5e5,
        kvp=120.0,
        seed=seed,
    )


SMALL = {"slices": COUNT, "size": 16}


@pytest.fixture(autouse=True)
def quick_physics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstrating, "demo_chest", small_study)


@pytest.fixture
def known() -> DemoStudy:
    return small_study(demonstrating.DEMO_SEED, **SMALL)


@pytest.fixture
def built(tmp_path: Path) -> demonstrating.DemoStudy:
    return demo_study(tmp_path, **SMALL)


def test_it_is_two_series_and_the_truth(built: demonstrating.DemoStudy, known: DemoStudy) -> None:
    assert built.quarter_dose.name == "quarter_dose"
    assert len(built.paths) == 2 * COUNT
    found = read_demo(built)
    for name in ("full_dose", "quarter_dose", "truth"):
        assert np.array_equal(getattr(found, name), getattr(known, name)), name
    for name in ("nodules", "kernel", "spacing_mm", "first_voxel_mm", "photons", "kvp", "seed"):
        assert getattr(found, name) == getattr(known, name), name


def test_the_second_call_builds_nothing(
    built: demonstrating.DemoStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("built twice")

    monkeypatch.setattr(demonstrating, "demo_chest", never)
    start = time.perf_counter()
    assert demo_study(tmp_path, **SMALL) == built
    assert time.perf_counter() - start < 0.5


def test_study_that_lost_a_file_is_built_again(
    built: demonstrating.DemoStudy, tmp_path: Path
) -> None:
    before = built.paths[3].read_bytes()
    built.paths[3].unlink()
    assert demo_study(tmp_path, **SMALL) == built
    assert len(built.paths[3].read_bytes()) == len(before)


def test_progress_is_told_and_ends_at_one(tmp_path: Path) -> None:
    told: list[float] = []
    demo_study(tmp_path, progress=lambda fraction, _: told.append(fraction), **SMALL)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > COUNT


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    told: list[float] = []
    with pytest.raises(Cancelled):
        demo_study(
            tmp_path,
            progress=lambda fraction, _: told.append(fraction),
            is_cancelled=lambda: len(told) >= 3,
            **SMALL,
        )
    assert not (tmp_path / "demo").exists()


def test_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0

    def full(descriptor: int, data: bytes) -> int:
        nonlocal count
        count += 1
        if count > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NotSaved, match="disk is full"):
        demo_study(tmp_path, **SMALL)
    monkeypatch.undo()
    assert list((tmp_path / "demo").iterdir()) == []


def test_damaged_truth_is_said(built: demonstrating.DemoStudy) -> None:
    (built.truth / "noise_free_hu.npy").write_bytes(b"no array")
    with pytest.raises(UnreadableFile, match="truth of the demo study"):
        read_demo(built)


@pytest.mark.peer
def test_validators_find_no_error(built: demonstrating.DemoStudy) -> None:
    for path in (built.paths[0], built.paths[-1]):
        assert [line for line in errors_of(path) if SYNTHETIC_DATA not in line] == []
    assert entity_errors_of(list(built.paths)) == {}


def test_by_default_it_is_kept_in_the_users_folder(fresh_home: Path) -> None:
    assert demo_study(**SMALL).folder.is_relative_to(fresh_home / "demo")


@pytest.mark.slow
def test_real_physics_builds_a_study_that_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demonstrating, "demo_chest", demo_chest)
    files = demo_study(tmp_path, slices=16, size=64)
    demo = read_demo(files)
    assert demo.nodules
    noise = [np.std(values - demo.truth) for values in (demo.full_dose, demo.quarter_dose)]
    assert 1.5 < noise[1] / noise[0] < 2.5  # a quarter of the dose is twice the noise
