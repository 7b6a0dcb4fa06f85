"""Enhancements of a session: what is kept, what is let go, and what a failure leaves."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.sessions import new_session, put_series
from viewer.app.comparing import layer_name
from viewer.app.enhancement_verbs import enhance_active
from viewer.app.enhancements import Enhancements
from viewer.app.enhancing import Enhancement
from viewer.app.opening import show_part
from viewer.app.session import Session
from viewer.app.workspace import PartKey
from viewer.core.places import data_folder
from viewer.core.volume import Volume


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = new_session(tmp_path)
    enhancements = Enhancements(made.workspace, made.jobs, data_folder("models"))
    return replace(made, enhancements=enhancements)


@pytest.fixture
def part(session: Session) -> PartKey:
    noise = np.random.default_rng(1).normal(40, 20, (6, 32, 32)).round().astype(np.int16)
    key = put_series(session, slices=6, values=noise)
    show_part(session, 0, key)
    return key


def told(session: Session) -> list[str]:
    words: list[str] = []
    session.workspace.message.connect(lambda message: words.append(message.text))
    return words


def test_the_layer_made_last_is_the_one_to_compare_with(session: Session, part: PartKey) -> None:
    for method in ("gaussian", "unsharp", "gaussian"):
        session.enhancements.start(part, method, 0.4, 0)
        assert layer_name(session.workspace, part) == method


def test_layers_that_no_view_shows_are_let_go(session: Session, part: PartKey) -> None:
    enhance_active(session, "gaussian", 0.4)
    enhance_active(session, "unsharp", 0.4)
    assert [name for _, name in session.workspace.layers] == ["unsharp"]
    assert session.enhancements.enhancement(part, "gaussian") is None


def test_the_rendered_volume_is_of_the_newest_result(session: Session, part: PartKey) -> None:
    session.enhancements.start(part, "gaussian", 0.4, 0)
    session.enhancements.blended(part, "gaussian")
    before = session.enhancements.blended(part, "gaussian")
    assert before is not None
    volume = session.workspace.volumes[part]
    assert isinstance(volume, Volume)
    session.workspace.put_volume(part, replace(volume, values=volume.values + np.int16(100)))
    session.enhancements.start(part, "gaussian", 0.4, 0)
    session.enhancements.blended(part, "gaussian")
    after = session.enhancements.blended(part, "gaussian")
    assert after is not None
    assert float(after.values.mean()) == pytest.approx(float(before.values.mean()) + 100, abs=1)


def test_a_volume_that_cannot_be_blended_is_told_once(
    session: Session, part: PartKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.enhancements.start(part, "gaussian", 0.4, 0)

    def refuse(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(Enhancement, "volume", refuse)
    words = told(session)
    for _ in range(3):
        assert session.enhancements.blended(part, "gaussian") is None
    assert len(words) == 1


def test_a_series_with_unreadable_slices_is_not_waited_for(session: Session, part: PartKey) -> None:
    volume = session.workspace.volumes[part]
    gap = volume.loaded.copy()
    gap[2] = False
    session.workspace.put_volume(part, replace(volume, loaded=gap))
    words = told(session)
    enhance_active(session, "gaussian", 0.4)
    assert "cannot be read" in words[0]
    assert "Wait" not in words[0]
