"""Packages that go to sites and come back, and the merge of what they hold."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reader.studies import begin, make, protocol, read_all
from viewer.core.errors import DamagedRecord, IllegalTransition, NotSaved
from viewer.reader.merging import merge
from viewer.reader.packages import read_package, write_package
from viewer.reader.record import open_study
from viewer.reader.trials import SessionState, StudyState
from viewer.reader.verify import standing_of, verify


def packed(folder: Path) -> tuple[Path, Path]:
    """Return a study and a package of it."""
    path = make(folder)
    images = folder / "images"
    images.mkdir()
    (images / "token1").write_bytes(b"sealed pixels")
    with open_study(path) as study:
        write_package(study, folder / "site.zip", "owner")
    return path, folder / "site.zip"


def site(package: Path, folder: Path, reader: str) -> Path:
    """Unpack a package, let a reader read it all, and return the study file."""
    path = read_package(package, folder, folder.with_suffix(".jsonl"))
    with open_study(path) as study:
        read_all(begin(study, reader))
    return path


def test_a_package_comes_back_as_it_was_packed(tmp_path: Path):
    path, package = packed(tmp_path)
    with zipfile.ZipFile(package) as bundle:
        names = set(bundle.namelist())
    assert names == {"manifest.json", "noise.study", "noise.jsonl", "images/token1"}
    unpacked = read_package(package, tmp_path / "site")
    assert (unpacked.parent / "images" / "token1").read_bytes() == b"sealed pixels"
    assert verify(unpacked).is_intact
    assert verify(unpacked).head == verify(path).head


@pytest.mark.parametrize("name", ["noise.study", "noise.jsonl", "images/token1"])
def test_a_package_that_was_changed_is_refused(tmp_path: Path, name: str):
    _, package = packed(tmp_path)
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(changed, "w") as target:
        for entry in source.namelist():
            content = source.read(entry)
            target.writestr(entry, content + b"x" if entry == name else content)
    with pytest.raises(DamagedRecord, match="does not have its checksum"):
        read_package(changed, tmp_path / "site")


def test_a_package_cannot_write_outside_its_folder(tmp_path: Path):
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(evil, "w") as bundle:
        files = {"../outside": "0"}
        bundle.writestr(
            "manifest.json", json.dumps({"files": files, "head": "", "protocol_id": ""})
        )
        bundle.writestr("../outside", "x")
    with pytest.raises(DamagedRecord, match="forbidden name"):
        read_package(evil, tmp_path / "site")
    assert not (tmp_path / "outside").exists()


def test_something_else_is_no_package(tmp_path: Path):
    other = tmp_path / "other.zip"
    other.write_bytes(b"no zip")
    with pytest.raises(DamagedRecord, match="no package of a study"):
        read_package(other, tmp_path / "site")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(NotSaved, match="not empty"):
        read_package(other, tmp_path / "full")


def test_two_sites_become_one_study_that_verifies_and_is_unblinded(tmp_path: Path):
    path, package = packed(tmp_path)
    one = site(package, tmp_path / "one", "R1")
    two = site(package, tmp_path / "two", "R2")
    half, whole = tmp_path / "half.study", tmp_path / "whole.study"
    assert merge(path, one, half, tmp_path / "half.jsonl") == ("R1",)
    assert merge(half, two, whole, tmp_path / "whole.jsonl") == ("R2",)
    found = verify(whole)
    assert found.is_intact, found.problems
    assert [reader for reader, _ in found.signatures] == ["R1", "R2"]
    assert dict(found.signatures)["R1"] == verify(one).signatures[0][1]
    standing = standing_of(whole)
    assert {s.state for s in standing.sittings.values()} == {SessionState.SIGNED}
    original = standing_of(one).sittings["R1"]
    trial = original.trials[1].id
    merged = standing.sittings["R1"].standing(trial)
    assert merged.answers == original.standing(trial).answers
    with open_study(whole) as study:
        study.close_reading("all sites are back")
        assert study.state is StudyState.CLOSED


def test_a_reader_who_is_in_both_files_is_refused(tmp_path: Path):
    path, package = packed(tmp_path)
    one = site(package, tmp_path / "one", "R1")
    two = site(package, tmp_path / "two", "R1")
    half = tmp_path / "half.study"
    merge(path, one, half, tmp_path / "half.jsonl")
    out, log = tmp_path / "whole.study", tmp_path / "whole.jsonl"
    with pytest.raises(IllegalTransition, match=r"R1 has readings in both.*reads a study once"):
        merge(half, two, out, log)
    with pytest.raises(IllegalTransition, match="merged already"):
        merge(half, one, out, log)
    assert not out.exists()


def test_a_merge_needs_readings_and_one_protocol(tmp_path: Path):
    path, _ = packed(tmp_path)
    copy = tmp_path / "copy.study"
    shutil.copy(path, copy)
    out, log = tmp_path / "out.study", tmp_path / "out.jsonl"
    with pytest.raises(IllegalTransition, match="no readings"):
        merge(path, copy, out, log)
    (tmp_path / "other").mkdir()
    other = make(tmp_path / "other", protocol(cases=2))
    with pytest.raises(IllegalTransition, match="locked apart"):
        merge(path, other, out, log)


def test_a_file_that_was_changed_is_not_merged(tmp_path: Path):
    path, package = packed(tmp_path)
    one = site(package, tmp_path / "one", "R1")
    content = one.read_bytes()
    answer = b'"position":"A","question":"sharpness","text":"","value":4.0'
    assert answer in content
    one.write_bytes(content.replace(answer, answer.replace(b"4.0", b"5.0"), 1))
    with pytest.raises(DamagedRecord, match="breaks at event"):
        merge(path, one, tmp_path / "out.study", tmp_path / "out.jsonl")


def test_an_imported_event_must_match_its_own_hash(tmp_path: Path):
    path, package = packed(tmp_path)
    one = site(package, tmp_path / "one", "R1")
    with open_study(one) as study:
        link = study.links[-1]
    changed = replace(link, payload=link.payload.replace("R1", "R2"))
    with (
        open_study(path) as study,
        pytest.raises(IllegalTransition, match="does not match its own hash"),
    ):
        study.imported(changed)
