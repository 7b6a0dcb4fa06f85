"""Every command in every situation: none may fail, whatever is open."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog

from tests.builders import cine, colour_image, ct_series, radiograph, write
from tests.journeys.hands import Hands
from tests.journeys.noisy import write_noisy_ct
from viewer.ui import dialogs

LEAVE_OUT = {"file.quit", "file.demo", "window.full_screen"}
"""The window stays, the demo takes long, and the offscreen platform has no full screen."""


def write_cine(folder: Path) -> None:
    write(cine(), folder / "cine.dcm")


def write_colour(folder: Path) -> None:
    write(colour_image(), folder / "colour.dcm")


def write_radiograph(folder: Path) -> None:
    write(radiograph(PhotometricInterpretation="MONOCHROME1"), folder / "radiograph.dcm")


def write_gap(folder: Path) -> None:
    ct_series(folder, 8, defects=["gap"])


KINDS: dict[str, Callable[[Path], None] | None] = {
    "nothing": None,
    "CT": write_noisy_ct,
    "gap": write_gap,
    "cine": write_cine,
    "colour": write_colour,
    "radiograph": write_radiograph,
}


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Answer every question that would wait for a reader."""
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: "")
    monkeypatch.setattr(dialogs, "ask_files", lambda *_: ())
    monkeypatch.setattr(dialogs, "ask_study", lambda *_: "")
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: "")
    monkeypatch.setattr(dialogs, "ask_text", lambda *_: "named")
    monkeypatch.setattr(dialogs, "ask_choice", lambda *_: None)
    monkeypatch.setattr(dialogs, "tell", lambda *_: None)
    monkeypatch.setattr(dialogs, "ask_number", lambda *_args, **_more: 3.0)
    monkeypatch.setattr(dialogs, "show_text", lambda *_: None)
    monkeypatch.setattr(dialogs, "show_about", lambda *_: None)


def close_dialogs() -> None:
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            widget.reject()


def check(hands: Hands, command: str) -> None:
    defects = [words for words in hands.messages if "unexpected" in words]
    assert not defects, f"after {command}"
    for viewport in hands.window.grid.shown:
        picture = viewport.picture()
        derived = viewport.state.layer != "original" and picture.pixels is not None
        if derived and picture.pixels is not None:
            assert picture.pixels.label or picture.pixels.caption, f"after {command}"


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("kind", KINDS)
def test_no_command_fails_whatever_is_open(hands: Hands, tmp_path: Path, kind: str) -> None:
    make = KINDS[kind]
    if make is not None:
        make(tmp_path / "study")
        hands.open(tmp_path / "study")
    commands = [row.id for row in hands.window.actions_by_id.rows() if row.id not in LEAVE_OUT]
    order = random.Random(kind)
    for command in (*commands, *order.sample(commands, len(commands))):
        hands.window.run_command(command)
        close_dialogs()
        if command == "study.close_all" and make is not None:
            hands.open(tmp_path / "study")
        check(hands, command)
    hands.window.cine.stop_all()
    hands.rest()
    check(hands, "the end")
