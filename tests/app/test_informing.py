"""The `info` verb: every file by its path, and every volume with its geometry."""

import json
from pathlib import Path

import pytest

from tests.builders import TILT_RAD, ct_series, radiograph, text_report, write
from tests.io.sources import saved
from viewer.app.informing import describe, scan_all, text
from viewer.core.provenance import MethodKind


def described(*paths: Path) -> dict:
    answer = describe(scan_all(paths))
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    return answer


def all_paths(answer: dict) -> list[str]:
    found = [skipped["path"] for skipped in answer["skipped"]]
    for study in answer["studies"]:
        for series in study["series"]:
            found += [file["path"] for file in series["files"]]
    return sorted(found)


def test_every_file_is_listed_by_its_path_exactly_once(tmp_path: Path) -> None:
    paths = [
        *ct_series(tmp_path / "a", 4, defects=["duplicate"]),
        write(text_report(SeriesInstanceUID="1.2.3"), tmp_path / "b" / "sr"),
        write(radiograph(SeriesInstanceUID="1.2.4"), tmp_path / "b" / "dx"),
    ]
    (tmp_path / "notes.txt").write_text("hello")
    copy = tmp_path / "copy.dcm"
    copy.write_bytes(paths[0].read_bytes())
    answer = described(tmp_path)
    assert all_paths(answer) == sorted(map(str, [*paths, copy, tmp_path / "notes.txt"]))
    assert answer["counts"] == {
        "studies": 1,
        "series": 3,
        "files": 8,
        "frames": 7,
        "objects": {"CT image": 6, "radiograph (DX)": 1, "structured report (text)": 1},
        "skipped": 1,
    }


def test_a_volume_is_described_with_full_precision(tmp_path: Path) -> None:
    ct_series(tmp_path, 6, defects=["tilt"])
    ((part,),) = [s["parts"] for s in described(tmp_path)["studies"][0]["series"]]
    geometry = part["geometry"]
    assert (part["kind"], part["frame_count"]) == ("volume", 6)
    assert geometry["shape"] == [6, 24, 32]
    assert geometry["spacing_mm"] == pytest.approx([2.0, 0.75, 0.5])
    assert geometry["plane"] == "axial"
    assert geometry["tilt_deg"] == pytest.approx(TILT_RAD * 180 / 3.141592653589793, abs=1e-4)
    assert any("tilt" in words for words in part["warnings"])
    assert len(part["files"]) == 6


def test_gaps_and_objects_and_skipped_files_say_what_they_are(tmp_path: Path) -> None:
    ct_series(tmp_path / "ct", 9, defects=["gap"])
    write(text_report(SeriesInstanceUID="1.2.3"), tmp_path / "sr.dcm")
    (tmp_path / "text.dcm").write_text("not an image")
    answer = described(tmp_path)
    (report,), (volume,) = [s["parts"] for s in answer["studies"][0]["series"]]
    assert volume["geometry"]["has_gaps"]
    assert "gap: 1 slice is missing" in volume["warnings"]
    assert (report["kind"], report["object"]) == ("object", "structured report (text)")
    assert answer["skipped"] == [
        {
            "path": str(tmp_path / "text.dcm"),
            "kind": "not DICOM",
            "reason": "This is a text, not DICOM.",
        }
    ]


def test_text_names_patient_series_geometry_warnings_and_every_file(tmp_path: Path) -> None:
    paths = ct_series(tmp_path, 9, defects=["gap"])
    (tmp_path / "a.txt").write_text("hello")
    words = text(scan_all((tmp_path,)))
    assert "ALPHA^ADA · DIP-1 · 20240229" in words
    assert "axial, 8 slices of 32 × 24, 0.5 × 0.75 × 2 mm" in words
    assert "! gap: 1 slice is missing" in words
    assert all(str(path) in words for path in paths)
    assert "(not DICOM): This is a text, not DICOM." in words
    assert words.endswith("1 study, 1 series, 8 files, 8 frames; 1 other file.")


def test_names_that_would_command_a_terminal_are_made_harmless(tmp_path: Path) -> None:
    ct_series(tmp_path, 1, PatientName="Evil\x1b[2J^Name", SeriesDescription="A" * 64 + "BC")
    words = text(scan_all((tmp_path,)))
    assert "\x1b" not in words
    assert "Evil�[2J^Name" in words


@pytest.mark.parametrize("kind", list(MethodKind))
def test_stored_series_of_ours_say_whether_ai_or_a_filter_made_them(
    tmp_path: Path, kind: MethodKind
) -> None:
    saved(ct_series(tmp_path / "source", 2), tmp_path / "out", kind=kind)
    wanted = "AI" if kind is MethodKind.AI else "FILTERED"
    answer = described(tmp_path / "out")
    assert answer["studies"][0]["series"][0]["parts"][0]["synthetic"] == wanted
    assert f" mm [{wanted}]" in text(scan_all((tmp_path / "out",)))
    assert described(tmp_path / "source")["studies"][0]["series"][0]["parts"][0]["synthetic"] == ""


def test_an_empty_folder_is_told_in_one_line(tmp_path: Path) -> None:
    assert text(scan_all((tmp_path,))) == ("0 studies, 0 series, 0 files, 0 frames; 0 other files.")
