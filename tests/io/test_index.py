"""The library on disk: what it gives back, how it is searched, what happens to a damaged one."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import (
    Acquisition,
    build_series,
    cine,
    ct_series,
    enhanced_ct,
    text_report,
    write,
    write_all,
)
from tests.found import scanned, studies_of
from viewer.core.errors import NotSaved
from viewer.core.study import Entry, Study
from viewer.io import index as index_module
from viewer.io import records
from viewer.io.header import read_entry
from viewer.io.index import (
    APPLICATION_ID,
    FILE_NAME,
    SCHEMA_VERSION,
    Index,
    Search,
    open_index,
)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened, aside = open_index(tmp_path / "library")
    assert aside is None
    yield opened
    opened.close()


def entries(paths: list[Path]) -> list[Entry]:
    return [read_entry(str(path)) for path in paths]


def some(tmp_path: Path) -> list[Path]:
    series = ct_series(tmp_path / "ct", 3, WindowCenter=[40, -600], WindowWidth=[400, 1200])
    others = [
        write(enhanced_ct(4, slopes=[1, 2, 2, 3]), tmp_path / "e.dcm"),
        write(cine(5, SeriesInstanceUID="1.2.3"), tmp_path / "us.dcm"),
        write(text_report(SeriesInstanceUID="1.2.4"), tmp_path / "sr.dcm"),
    ]
    return [*series, *others]


def patient(tmp_path: Path, name: str, number: str, **attributes: str) -> list[Path]:
    settings = Acquisition(patient=name, patient_id=number, study=number)
    return write_all(build_series(2, settings=settings, **attributes), tmp_path / number)


def test_a_study_comes_back_as_the_scan_found_it(index: Index, tmp_path: Path) -> None:
    paths = some(tmp_path)
    index.add(entries(paths))
    for study in studies_of(paths):
        assert index.load(study.key) == study
    assert index.load(("no", "such", "study")) is None


def test_adding_a_file_again_replaces_it(index: Index, tmp_path: Path) -> None:
    paths = ct_series(tmp_path, 2)
    index.add(entries(paths))
    moved = build_series(2)[0]
    moved.SeriesInstanceUID = "1.2.3"
    write(moved, paths[0])
    index.add(entries(paths))
    (study,) = studies_of(paths)
    stored = index.load(study.key)
    assert stored is not None
    count = sum(len(series.instances) for series in stored.series)
    assert count == 2
    assert {series.uid for series in stored.series} == {series.uid for series in study.series}


def test_search_finds_by_every_field_without_regard_to_case(index: Index, tmp_path: Path) -> None:
    first = patient(tmp_path, "Müller^Anna", "A-17", StudyDate="20230105")
    second = patient(tmp_path, "Berg^Carl", "B-20", StudyDate="20240229")
    for path in second:
        assert path.exists()
    index.add(entries([*first, *second]))

    def names(**wanted: str) -> list[str]:
        return [found.study.patient_name for found in index.search(Search(**wanted))]

    assert names() == ["Berg^Carl", "Müller^Anna"]
    assert names(patient="MÜLL") == ["Müller^Anna"]
    assert names(patient_id="b-2") == ["Berg^Carl"]
    assert names(date_from="20240101") == ["Berg^Carl"]
    assert names(date_to="20231231") == ["Müller^Anna"]
    assert names(modality="ct", patient="anna") == ["Müller^Anna"]
    assert names(modality="MR") == []
    assert names(description="SERIES") == ["Berg^Carl", "Müller^Anna"]
    assert names(description="study a-17") == ["Müller^Anna"]


def test_what_is_searched_for_is_never_run_as_sql(index: Index, tmp_path: Path) -> None:
    index.add(entries(patient(tmp_path, "O'Hara^Pat%_", "1")))
    assert len(index.search(Search(patient="o'hara"))) == 1
    assert len(index.search(Search(patient="%"))) == 1
    assert index.search(Search(patient="'; DROP TABLE study; --")) == ()
    assert len(index.search(Search())) == 1


def test_found_studies_tell_modalities_and_counts(index: Index, tmp_path: Path) -> None:
    index.add(entries(some(tmp_path)))
    (found,) = index.search(Search())
    assert found.modalities == ("CT", "US", "SR")
    assert found.instance_count == 6


def test_vanished_files_and_their_studies_are_forgotten(index: Index, tmp_path: Path) -> None:
    first, second = patient(tmp_path, "A", "1"), patient(tmp_path, "B", "2")
    index.add(entries([*first, *second]))
    for path in (*first, second[0]):
        path.unlink()
    keys = [found.study.key for found in index.search(Search())]
    assert sorted(map(index.forget_vanished, keys)) == [1, 2]
    (found,) = index.search(Search())
    assert (found.study.patient_name, found.instance_count) == ("B", 1)


def test_a_file_that_has_changed_since_is_not_believed(index: Index, tmp_path: Path) -> None:
    first, second = patient(tmp_path, "A", "1")
    index.add(entries([first, second]))
    first.write_bytes(second.read_bytes() + b"\0\0")
    (found,) = index.search(Search())
    assert index.forget_vanished(found.study.key) == 1
    (found,) = index.search(Search())
    assert found.instance_count == 1


def test_recents_are_the_paths_scanned_last(index: Index) -> None:
    for name in ("a", "b", "c", "a"):
        index.note_root(Path("/data") / name)
    assert index.recents(2) == (Path("/data/a"), Path("/data/c"))


def test_a_batch_is_stored_whole_or_not_at_all(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = entries(ct_series(tmp_path, 3))
    real = index_module.instance_record

    def failing(instance: object) -> str:
        if instance is found[2].instance:
            raise RuntimeError("no")
        return real(instance)  # type: ignore[arg-type]

    monkeypatch.setattr(index_module, "instance_record", failing)
    with pytest.raises(RuntimeError):
        index.add(found)
    assert index.search(Search()) == ()


# ------------------------------------------------------------------------------ the file


def test_the_file_is_marked_as_ours_with_its_version(index: Index, tmp_path: Path) -> None:
    assert index.version == SCHEMA_VERSION
    with sqlite3.connect(tmp_path / "library" / FILE_NAME) as other:
        assert other.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    other.close()


def test_an_index_is_still_there_when_it_is_opened_again(tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "ct", 2)
    with open_index(tmp_path)[0] as index:
        index.add(entries(paths))
    again, aside = open_index(tmp_path)
    with again:
        assert aside is None
        assert len(again.search(Search())) == 1


def test_an_older_schema_is_migrated_and_keeps_its_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_index(tmp_path)[0] as index:
        index.add(entries(ct_series(tmp_path / "ct", 2)))
    more = (*index_module._MIGRATIONS, "CREATE TABLE later (id INTEGER PRIMARY KEY)")
    monkeypatch.setattr(index_module, "_MIGRATIONS", more)
    monkeypatch.setattr(index_module, "SCHEMA_VERSION", len(more))
    with open_index(tmp_path)[0] as index:
        assert index.version == len(more)
        assert len(index.search(Search())) == 1


def test_images_of_the_first_schema_come_back_with_what_they_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = entries(ct_series(tmp_path / "ct", 2))
    with monkeypatch.context() as first:
        first.setattr(index_module, "_MIGRATIONS", index_module._MIGRATIONS[:1])
        first.setattr(index_module, "SCHEMA_VERSION", 1)
        first.setattr(records, "_INSTANCE", records._INSTANCE[:-1])
        with open_index(tmp_path)[0] as index:
            index.add(found)
    with open_index(tmp_path)[0] as index:
        study = index.load(found[0].study.key)
    assert study is not None
    assert study.series[0].instances == tuple(entry.instance for entry in found)


def refused_content(kind: str, path: Path) -> bytes:
    if kind == "text":
        return b"this is no database at all\n" * 200
    if kind == "foreign":
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE songs (title TEXT)")
            other.execute("INSERT INTO songs VALUES ('keep me')")
        other.close()
    else:
        with open_index(path.parent)[0] as index:
            index._db.execute("PRAGMA user_version = 999")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("kind", "words"),
    [("text", "damaged"), ("foreign", "another program"), ("later", "later version")],
)
def test_what_is_not_our_index_is_set_aside_unchanged(
    tmp_path: Path, kind: str, words: str
) -> None:
    path = tmp_path / FILE_NAME
    content = refused_content(kind, path)
    path.write_bytes(content)
    index, aside = open_index(tmp_path)
    with index:
        assert aside is not None
        assert words in aside.reason
        assert aside.path.read_bytes() == content
        assert index.search(Search()) == ()
        index.add(entries(ct_series(tmp_path / "ct", 1)))
        assert len(index.search(Search())) == 1


def test_a_damaged_index_is_set_aside_and_a_rescan_restores_it(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    ct_series(tmp_path / "ct", 40)
    report = scanned(tmp_path / "ct")

    def everything() -> list[Entry]:
        return [
            Entry(replace(study, series=()), replace(series, instances=()), instance)
            for study in report.studies
            for series in study.series
            for instance in series.instances
        ]

    with open_index(folder)[0] as index:
        index.add(everything())
        index._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray((folder / FILE_NAME).read_bytes())
    content[8192 : len(content) // 2] = b"\xff" * (len(content) // 2 - 8192)
    (folder / FILE_NAME).write_bytes(content)
    index, aside = open_index(folder)
    with index:
        assert aside is not None
        assert aside.path.exists()
        index.add(everything())
        study: Study = report.studies[0]
        assert index.load(study.key) == study


def test_a_full_disk_is_told_in_words_and_keeps_what_was_there(tmp_path: Path) -> None:
    first, second = patient(tmp_path, "A", "1"), patient(tmp_path, "B", "2")
    index, _ = open_index(tmp_path / "library")
    with index:
        index.add(entries(first))
        pages = index._db.execute("PRAGMA page_count").fetchone()[0]
        index._db.execute(f"PRAGMA max_page_count = {pages}")
        many = [
            replace(entry, instance=replace(entry.instance, path=f"{entry.instance.path}-{copy}"))
            for entry in entries(second)
            for copy in range(200)
        ]
        with pytest.raises(NotSaved) as caught:
            index.add(many)
        assert "full" in caught.value.what
        assert [found.study.patient_name for found in index.search(Search())] == ["A"]


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotSaved):
        open_index(tmp_path / "file" / "library")
