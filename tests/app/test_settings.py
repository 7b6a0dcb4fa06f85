"""Settings: defaults, ranges, what survives on disk, and what happens to damaged files."""

import dataclasses
import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from tests.sessions import new_session
from viewer.app.settings import (
    FILE_NAME,
    VERSION,
    Settings,
    cache_bytes,
    described,
    load_settings,
    machine_memory_bytes,
    save_settings,
    with_recent,
    with_value,
)
from viewer.core.errors import NotSaved


def test_first_start_gives_the_defaults_without_a_message(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "absent") == (Settings(), ())


def test_changed_values_come_back_from_disk(tmp_path: Path) -> None:
    changed = with_value(Settings(), "viewing.cine_fps", 25)
    changed = with_value(changed, "overlays.patient_name", False)
    changed = with_recent(changed, "/studies/chest ä")
    save_settings(changed, tmp_path / "home")
    assert load_settings(tmp_path / "home") == (changed, ())
    assert changed.viewing.cine_fps == 25.0
    assert isinstance(changed.viewing.cine_fps, float)


def test_every_setting_has_help_and_a_default_within_its_limits() -> None:
    all_settings = described(Settings())
    assert len({setting.path for setting in all_settings}) == len(all_settings) > 25
    for setting in all_settings:
        assert setting.help.endswith("."), setting.path
        assert setting.value == setting.default
        assert with_value(Settings(), setting.path, setting.value) == Settings()


def test_flicker_can_not_be_set_above_three_a_second() -> None:
    assert Settings().viewing.flicker_hz == 1.5
    with pytest.raises(ValueError, match=r"between 0\.2 and 3"):
        with_value(Settings(), "viewing.flicker_hz", 3.1)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("viewing.interpolation", "sinc"),
        ("overlays.series", 1),
        ("memory.cache_mb", "many"),
        ("enhancement.strength", float("nan")),
        ("nothing.here", 1),
        ("recents", [1]),
        ("overlays", True),
    ],
)
def test_values_that_do_not_fit_are_refused(path: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"must|no setting"):
        with_value(Settings(), path, value)


def test_keys_of_another_version_are_kept(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    content = {"version": VERSION + 1, "viewing": {"cine_fps": 20.0, "later": [1]}, "new": {"a": 1}}
    path.write_text(json.dumps(content))
    settings, messages = load_settings(tmp_path)
    assert settings.viewing.cine_fps == 20.0
    assert messages == ()
    save_settings(with_value(settings, "viewing.cine_fps", 30.0), tmp_path)
    kept = json.loads(path.read_text())
    assert kept["version"] == VERSION + 1
    assert kept["viewing"]["later"] == [1]
    assert kept["viewing"]["cine_fps"] == 30.0
    assert kept["new"] == {"a": 1}


@pytest.mark.parametrize("content", [b"{broken", b"[]", b"\xff\xfe\x00", b""])
def test_damaged_file_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    settings, messages = load_settings(tmp_path)
    assert settings == Settings()
    assert "damaged" in messages[0].text
    assert not path.exists()
    assert (tmp_path / f"{FILE_NAME}.damaged-1").read_bytes() == content


def test_one_bad_value_costs_only_that_value(tmp_path: Path) -> None:
    content = {"viewing": {"cine_fps": 1e9, "flicker_hz": 2.0}, "panels": 3}
    (tmp_path / FILE_NAME).write_text(json.dumps(content))
    settings, messages = load_settings(tmp_path)
    assert settings.viewing.cine_fps == Settings().viewing.cine_fps
    assert settings.viewing.flicker_hz == 2.0
    assert "viewing.cine_fps" in messages[0].what
    assert "panels" in messages[0].what


def test_full_disk_leaves_the_old_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_settings(with_recent(Settings(), "/old"), tmp_path)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NotSaved, match="disk is full"):
        save_settings(with_recent(Settings(), "/new"), tmp_path)
    monkeypatch.undo()
    assert load_settings(tmp_path)[0].recents == ("/old",)
    assert os.listdir(tmp_path) == [FILE_NAME]  # noqa: PTH208 - no temporary file is left


def test_recents_are_short_and_without_doubles() -> None:
    settings = Settings()
    for number in range(20):
        settings = with_recent(settings, f"/{number}")
    settings = with_recent(settings, "/15")
    assert settings.recents[:2] == ("/15", "/19")
    assert len(settings.recents) == 12


def test_cache_budget_is_two_fifths_of_memory_unless_set() -> None:
    assert cache_bytes(Settings()) == int(0.4 * machine_memory_bytes())
    assert cache_bytes(with_value(Settings(), "memory.cache_mb", 500)) == 500_000_000


@profile(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(described(Settings())), st.data())
def test_any_allowed_value_survives_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, setting: object, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("settings")
    value = data.draw(_allowed(setting))
    changed = with_value(Settings(), setting.path, value)
    save_settings(changed, folder)
    assert load_settings(folder) == (changed, ())


def _allowed(setting: object) -> st.SearchStrategy[object]:
    if setting.choices:
        return st.sampled_from(setting.choices)
    if isinstance(setting.value, bool):
        return st.booleans()
    if isinstance(setting.value, tuple):
        return st.lists(st.text('aä /€\\"', max_size=8), max_size=3)
    if isinstance(setting.value, str):
        return st.text('aä /€\\"', max_size=8)
    low, high = setting.limits
    if isinstance(setting.value, int):
        return st.integers(int(low), int(high))
    return st.floats(low, high)


def test_the_tree_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().viewing.cine_fps = 3.0


def test_what_another_window_has_changed_stays(tmp_path):
    before = Settings()
    save_settings(before, tmp_path)
    save_settings(with_value(before, "viewing.cine_fps", 30.0), tmp_path, before)
    save_settings(with_value(before, "enhancement.strength", 0.7), tmp_path, before)
    kept, _ = load_settings(tmp_path)
    assert kept.viewing.cine_fps == 30.0
    assert kept.enhancement.strength == 0.7


def test_settings_that_cannot_be_kept_are_used_and_told(tmp_path, monkeypatch):
    session = new_session(tmp_path / "home")
    told = []
    session.workspace.message.connect(told.append)

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("viewer.io.safely.os.replace", refuse)
    session.change_settings(with_value(Settings(), "viewing.cine_fps", 30.0))
    assert session.workspace.settings.viewing.cine_fps == 30.0
    assert len(told) == 1
