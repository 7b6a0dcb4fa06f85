"""Python's constants outlive libraries that do not count references to them."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

MANY_CALLS = """
import viewer
from PySide6.QtCore import QObject
thing = QObject()
for _ in range(300_000):
    thing.setObjectName("a")
print("alive")
"""


def test_the_program_outlives_many_qt_calls() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", MANY_CALLS],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout == "alive\n", ended.stderr
    assert ended.returncode == 0
