"""Measurements on disk: round trip, crashes at every step, damage, and two windows at once."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.core.errors import DamagedStore, NotSaved
from viewer.core.measurement import POINT_COUNT, Measurement, MeasurementKind, Revision, changed
from viewer.io.measurements import MeasurementStore, backup_of, merge

STUDY = ("1.2.3", "ID 7", "DOE^JANE")


def measurement(
    name: str, text: str = "", kind: MeasurementKind = MeasurementKind.LENGTH
) -> Measurement:
    points = tuple((float(n), -1.25, 0.1 * n) for n in range(POINT_COUNT[kind]))
    return Measurement(
        id=name,
        kind=kind,
        part=("1.2.3.4", 2),
        points_mm=points,
        right=(1.0, 0.0, 0.0),
        down=(0.0, 1.0, 0.0),
        layer="gaussian",
        text=text,
        unit="px",
        sop_instance_uid="1.2.3.4.5",
        frame=3,
    )


A, B, C = (measurement(name) for name in "abc")


class Told(list[str]):
    def __call__(self, what: str, means: str) -> None:
        self.append(f"{what} {means}")


@pytest.mark.parametrize("kind", list(MeasurementKind))
def test_every_kind_comes_back_whole(tmp_path: Path, kind: MeasurementKind) -> None:
    told = Told()
    revision = changed(Revision(), (measurement("x", "Größe ≥ 3", kind), A))
    assert MeasurementStore(tmp_path / "m", told).save(STUDY, revision) == revision
    loaded = MeasurementStore(tmp_path / "m", told).load(STUDY)
    assert loaded == Revision(revision.measurements, 1)
    assert told == []


def test_nothing_kept_yet_gives_an_empty_revision(tmp_path: Path) -> None:
    assert MeasurementStore(tmp_path / "absent").load(STUDY) == Revision()
    assert not (tmp_path / "absent").exists()


def test_studies_are_kept_apart_and_file_names_tell_nothing(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    store.save(STUDY, changed(Revision(), (A,)))
    other = (STUDY[0], "ID 8", "ROE^RICHARD")
    assert store.load(other) == Revision()
    assert not any("DOE" in path.name or "ID" in path.name for path in tmp_path.iterdir())
    assert b"DOE" not in store.path(STUDY).read_bytes()


def test_version_before_is_kept_as_backup(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    first = store.save(STUDY, changed(Revision(), (A,)))
    store.save(STUDY, changed(first, (A, B)))
    backup = json.loads(backup_of(store.path(STUDY)).read_text())
    assert [entry["id"] for entry in backup["measurements"]] == ["a"]
    assert backup["revision"] == 1


class Killed(BaseException):
    """The process ends here."""


STEPS = ("write", "fsync", "link", "replace", "rename")


@pytest.mark.parametrize("step", range(1, 9))
def test_killed_at_any_step_the_old_or_the_new_version_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    store = MeasurementStore(tmp_path)
    first = store.save(STUDY, changed(Revision(), (A,)))
    second = store.save(STUDY, changed(first, (A, B)))
    calls = 0

    def counted(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object, **keywords: object) -> object:
            nonlocal calls
            calls += 1
            if calls == step:
                raise Killed
            return real(*arguments, **keywords)

        monkeypatch.setattr(os, name, call)

    for name in STEPS:
        counted(name)
    try:
        store.save(STUDY, changed(second, (A, B, C)))
        was_killed = False
    except Killed:
        was_killed = True
    monkeypatch.undo()
    told = Told()
    found = MeasurementStore(tmp_path, told).load(STUDY).measurements
    assert found in ((A, B), (A, B, C))
    assert told == []
    if not was_killed:
        assert found == (A, B, C)
        assert calls < step


def test_the_steps_above_are_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MeasurementStore(tmp_path)
    first = store.save(STUDY, changed(Revision(), (A,)))
    calls = []
    for name in STEPS:
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, r=real, n=name, **k: (calls.append(n), r(*a, **k))[1]
        )
    store.save(STUDY, changed(first, (B,)))
    assert {"write", "fsync", "link"} <= set(calls)
    assert len(calls) < 9


@pytest.mark.parametrize("name", ["write", "fsync"])
def test_full_disk_says_so_and_keeps_the_old_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    store = MeasurementStore(tmp_path)
    first = store.save(STUDY, changed(Revision(), (A,)))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, name, full)
    with pytest.raises(NotSaved, match="disk is full"):
        store.save(STUDY, changed(first, (A, B)))
    monkeypatch.undo()
    assert MeasurementStore(tmp_path).load(STUDY).measurements == (A,)
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]
    assert store.save(STUDY, changed(first, (A, B))).measurements == (A, B)


def test_place_that_can_not_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("a file where the folder should be")
    with pytest.raises(NotSaved, match="could not be saved"):
        MeasurementStore(tmp_path / "m").save(STUDY, changed(Revision(), (A,)))


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"format":1,"study":"9.9","measurements":[]}']
)
def test_damaged_file_is_set_aside_and_the_backup_used(tmp_path: Path, damage: bytes) -> None:
    store = MeasurementStore(tmp_path)
    first = store.save(STUDY, changed(Revision(), (A,)))
    store.save(STUDY, changed(first, (A, B)))
    path = store.path(STUDY)
    path.write_bytes(damage)
    told = Told()
    reopened = MeasurementStore(tmp_path, told)
    assert reopened.load(STUDY) == Revision((A,), 1)
    assert "version before the last change was restored" in told[0]
    assert path.with_name(path.name + ".damaged-1").read_bytes() == damage
    reopened.save(STUDY, changed(Revision((A,), 1), (A, C)))
    assert MeasurementStore(tmp_path).load(STUDY).measurements == (A, C)
    assert len(told) == 1


def test_damage_without_a_backup_starts_empty_and_says_so(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    store.save(STUDY, changed(Revision(), (A,)))
    store.path(STUDY).write_bytes(b"{")
    told = Told()
    assert MeasurementStore(tmp_path, told).load(STUDY) == Revision()
    assert "no usable backup" in told[0]


def test_file_damaged_while_open_is_replaced_by_what_is_on_screen(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    first = store.save(STUDY, changed(Revision(), (A,)))
    second = store.save(STUDY, changed(first, (A, B)))
    store.path(STUDY).write_bytes(b"{")
    assert store.save(STUDY, changed(second, (A, B, C))).measurements == (A, B, C)


def test_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    store = MeasurementStore(tmp_path)
    store.save(STUDY, changed(Revision(), (A,)))
    path = store.path(STUDY)
    path.write_text(path.read_text().replace('"format": 1', '"format": 99'))
    before = path.read_bytes()
    with pytest.raises(DamagedStore, match="later version"):
        MeasurementStore(tmp_path).load(STUDY)
    with pytest.raises(DamagedStore, match="later version"):
        store.save(STUDY, changed(Revision(), (B,)))
    assert path.read_bytes() == before


def test_two_windows_are_merged_and_both_are_told(tmp_path: Path) -> None:
    told = Told()
    MeasurementStore(tmp_path).save(STUDY, Revision((A, B), 4))
    one, two = MeasurementStore(tmp_path, told), MeasurementStore(tmp_path, told)
    mine, theirs = one.load(STUDY), two.load(STUDY)
    moved = replace(B, text="moved")
    two.save(STUDY, changed(theirs, (moved, C)))  # removed a, changed b, added c
    kept = one.save(STUDY, changed(mine, (A, B, measurement("d"))))
    assert [m.id for m in kept.measurements] == ["b", "d", "c"]
    assert kept.measurements[0] == moved
    assert kept.number > 5
    assert len(told) == 1
    assert "Another window" in told[0]
    assert MeasurementStore(tmp_path).load(STUDY).measurements == kept.measurements
    two_again = two.save(STUDY, changed(Revision((moved, C), 5), (moved, C)))
    assert two_again.measurements == (moved, C, measurement("d"))


def test_own_writes_are_not_taken_for_another_window(tmp_path: Path) -> None:
    told = Told()
    store = MeasurementStore(tmp_path, told)
    revision = store.load(STUDY)
    for number in range(3):
        revision = store.save(STUDY, changed(revision, (measurement(str(number)),)))
    assert told == []


def test_change_in_both_windows_keeps_mine_and_counts_it() -> None:
    mine, theirs = replace(A, text="mine"), replace(A, text="theirs")
    assert merge((A,), (mine,), (theirs,)) == ((mine,), 1)
    assert merge((A,), (mine,), ()) == ((mine,), 0)
    assert merge((A,), (), (theirs,)) == ((theirs,), 0)
    assert merge((A,), (), (A,)) == ((), 0)


sides = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("xy")), unique_by=lambda p: p[0]
)


@given(sides, sides, sides)
def test_merging_never_invents_and_never_loses_what_both_kept(
    base: list[tuple[str, str]], mine: list[tuple[str, str]], theirs: list[tuple[str, str]]
) -> None:
    def built(side: list[tuple[str, str]]) -> tuple[Measurement, ...]:
        return tuple(measurement(name, text) for name, text in side)

    merged, _ = merge(built(base), built(mine), built(theirs))
    here, there, before = set(built(mine)), set(built(theirs)), set(built(base))
    assert set(merged) <= here | there
    assert here & there <= set(merged)
    assert (here | there) - before <= set(merged) | {
        m for m in there if any(m.id == n.id for n in here)
    }
    assert len({m.id for m in merged}) == len(merged)
