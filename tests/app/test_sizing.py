"""`study power`: a grid of readers and cases."""

import json

import numpy as np
import pytest

from viewer.__main__ import main

COMPONENTS = ["--components", "0.0002", "0.0008", "0.00035", "0.00034", "0.00024", "114"]


def test_stated_components_give_a_grid_that_grows_with_readers_and_cases(capsys):
    sizes = ["--readers", "8,4", "--cases", "100,200"]
    assert main(["study", "power", "--effect", "0.05", *COMPONENTS, *sizes, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["readers"] == [4, 8]
    (few, more), (many, most) = [[at["power"] for at in row] for row in facts["grid"]]
    assert few < more < most
    assert few < many < most
    assert facts["needed"][1]["power"] >= 0.8


def test_the_grid_is_printed_with_what_each_row_needs(capsys):
    assert main(["study", "power", "--effect", "0.05", *COMPONENTS]) == 0
    printed = capsys.readouterr().out
    assert "cases for 0.8" in printed
    assert "read the grid, not one cell" in printed


def test_a_pilot_file_is_analysed_for_its_components(tmp_path, capsys):
    random = np.random.default_rng(7)
    rows = ["reader,case,arm,value,truth"]
    for reader in range(4):
        for case in range(20):
            for arm in range(2):
                value = (case >= 10) * 2 + random.integers(0, 5)
                rows.append(f"r{reader},c{case},{arm},{value},{int(case >= 10)}")
    path = tmp_path / "pilot.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    assert main(["study", "power", str(path), "--effect", "0.1"]) == 0
    assert "from pilot.csv with 20 cases" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--effect", "0.05"], "either a pilot FILE or --components"),
        (["--effect", "0", *COMPONENTS], "must not be zero"),
        (["--effect", "0.05", *COMPONENTS, "--readers", "a"], "no list of whole numbers"),
        (["--effect", "0.05", *COMPONENTS, "--wanted", "2"], "between 0 and 1"),
    ],
)
def test_wrong_options_get_a_sentence(capsys, arguments, words):
    assert main(["study", "power", *arguments]) == 2
    assert words in capsys.readouterr().err
