"""A reader's program that is killed at any instant loses nothing that was acknowledged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL and fork are POSIX's")


def killed(kills: int, seed: int, folder: Path) -> dict:
    command = [sys.executable, "-m", "tests.reader.killing", str(kills), str(seed), str(folder)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_nothing_acknowledged_is_lost_over_a_few_kills(tmp_path: Path):
    found = killed(8, 1, tmp_path)
    assert found["wrong"] == []
    assert found["kills"] == 8
    assert found["answers"] > 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_nothing_acknowledged_is_lost_over_a_thousand_kills(tmp_path: Path):
    kills = int(os.environ.get("DIPTYCH_KILLS", "1000"))
    found = killed(kills, 2, tmp_path)
    assert found["wrong"] == []
    assert found["kills"] == kills
    assert found["answers"] > kills // 4
    assert found["interruptions"] > 0
