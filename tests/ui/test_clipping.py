"""Nothing is cut off, too small to hit or without a name, at 100, 150 and 200 percent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from tests.ui.clipping import clipped, faults, nameless, panels, too_small

CHECKOUT = Path(__file__).resolve().parents[2]


def test_every_panel_is_whole(qtbot):
    found = []
    for name, panel in panels().items():
        panel.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(panel)
        panel.show()
        qtbot.wait(1)
        found += faults(name, panel)
    assert found == []


@pytest.mark.parametrize("scale", ["1.5", "2"])
def test_every_panel_is_whole_on_a_scaled_screen(scale):
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.clipping"],
        cwd=CHECKOUT,
        env={**os.environ, "QT_SCALE_FACTOR": scale, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"looked at 10 panels at {scale}"]


def test_the_search_for_faults_finds_them(qtbot):
    root = QWidget()
    qtbot.addWidget(root)
    layout = QVBoxLayout(root)
    wide, tall = QLabel("far too many words for this"), QLabel("words " * 40)
    wide.setFixedWidth(30)
    tall.setWordWrap(True)
    tall.setFixedSize(60, 20)
    small, nobody = QPushButton("a"), QPushButton()
    small.setStyleSheet("min-width: 4px; max-width: 12px; min-height: 4px; max-height: 12px;")
    for widget in (wide, tall, small, nobody):
        layout.addWidget(widget)
    root.show()
    assert len([line for line in clipped(root) if line.startswith("label")]) == 2
    assert [line.split(":")[0] for line in too_small(root)] == ["QPushButton ''"]
    assert list(nameless(root)) == ["QPushButton in QWidget"]
