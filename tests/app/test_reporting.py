"""Reports: JSON, CSV and a page that say the same, escaped, complete or not at all."""

import csv
import io
import json
from pathlib import Path

import pytest

from viewer.app.reporting import csv_text, page, write_report
from viewer.core.errors import NotSaved

COMMAND = "diptych evaluate <all> --on simulated"
ROWS = [
    {"method": "input", "strength": "none", "gain_db": 0.0},
    {"method": "good", "strength": "full", "gain_db": 7.0},
    {"method": "good", "strength": "40% cut", "kept 5 mm -20 HU": 0.9, "ttf50 100 HU": 0.97},
    {"method": "bad", "strength": "40% cut", "kept 5 mm -20 HU": 0.5, "ttf50 100 HU": 0.9},
]
INSERTS = [
    {
        "method": "good",
        "insert": "3 mm 14 HU",
        "d_ratio": 1.01,
        "d_ratio_low": 0.97,
        "d_ratio_high": 1.06,
    }
]
TABLE = {
    "cut": 0.4,
    "scenes": 3,
    "pairs": 40,
    "ceiling_db": 6.02,
    "rows": ROWS,
    "inserts": INSERTS,
    "groups": [{"method": "good", "group": "region head", "gain_db": 3.1}],
    "checks": [{"method": "good", "identity_hu": float("nan")}],
    "settings": {"good": "as shipped"},
    "aims": [
        {
            "method": method,
            "aim": "contrast kept",
            "at": "at the cut",
            "sense": "at least",
            "limit": 0.85,
            "figure": figure,
            "verdict": verdict,
        }
        for method, figure, verdict in (
            ("good", 0.9, "met"),
            ("bad", 0.5, "missed"),
            ("new", float("nan"), "not measured"),
        )
    ],
    "floors": [{"method": "good", "words": "good is never below the input"}],
    "seeds": {"scenes": 1},
}


def test_a_report_is_written_in_three_forms(tmp_path: Path) -> None:
    written = write_report(TABLE, tmp_path / "new" / "report", COMMAND)
    names = sorted(path.name for path in written)
    assert names == [
        "aims.csv",
        "checks.csv",
        "floors.csv",
        "groups.csv",
        "inserts.csv",
        "report.html",
        "report.json",
        "rows.csv",
    ]
    stated = json.loads((tmp_path / "new" / "report" / "report.json").read_text("utf-8"))
    assert stated["command"] == COMMAND
    assert stated["rows"] == ROWS
    rows = list(csv.DictReader(io.StringIO((tmp_path / "new/report/rows.csv").read_text("utf-8"))))
    assert [row["method"] for row in rows] == ["input", "good", "good", "bad"]
    assert float(rows[2]["kept 5 mm -20 HU"]) == 0.9


def test_figures_keep_their_full_precision_in_csv() -> None:
    text = csv_text([{"a": 0.1234567890123}, {"b": 2.0}])
    assert text.splitlines() == ["a,b", "0.1234567890123,", ",2.0"]


def test_the_page_says_which_aims_were_missed_and_obeys_nothing_in_names() -> None:
    text = page({"program": "Diptych 1", "command": COMMAND, **TABLE})
    assert "<p>good is never below the input</p>" in text
    assert '<td class="missed">0.500 missed</td>' in text
    assert "<td>0.900</td>" in text
    assert "&lt;all&gt;" in text
    assert "<all>" not in text
    assert "–" in text  # a figure that is not there
    assert "http" not in text.replace("http://www.w3.org", "")


def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(NotSaved, match="The report"):
        write_report(TABLE, tmp_path / "taken", COMMAND)
    assert (tmp_path / "taken").read_text() == "a file"
