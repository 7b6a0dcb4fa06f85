"""A batch settles every series once, whoever dies, and goes on where it was stopped."""

import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from tests.builders import Acquisition, ct_series, uid
from tests.journeys.noisy import write_noisy_ct
from viewer.__main__ import DONE, FAILED, WARNED, WRONG_USAGE, main
from viewer.app.batch import BatchRequest, BatchResult, is_clean, run_batch
from viewer.app.batch_unit import Unit, outcome, settle
from viewer.app.batch_words import duration, lines
from viewer.app.batch_workers import Event, Lost, Processes, Progressed, cluster, processes
from viewer.core.errors import NotSaved, UnreadableFile, WrongUsage
from viewer.io.batch_record import FOLDER, Settled

MATRIX = Acquisition(rows=48, columns=64)


class Inline:
    """Workers of the test's own process; `fate` may say what happens in place of the work."""

    def __init__(self, fate: Callable[[Unit], Event | None] = lambda _unit: None) -> None:
        self.begun: list[Unit] = []
        self._fate = fate
        self._waiting: list[Unit] = []

    def room(self) -> int:
        return 2 - len(self._waiting)

    def begin(self, unit: Unit) -> None:
        self.begun.append(unit)
        self._waiting.append(unit)

    def events(self, timeout_s: float) -> list[Event]:
        unit = self._waiting.pop(0)
        event = self._fate(unit) or settle(unit, 1)
        assert event is not None
        return [event]

    def __call__(self, request: BatchRequest) -> "Inline":
        return self

    def __enter__(self) -> "Inline":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def archive(folder: Path, count: int = 3) -> Path:
    for number in range(1, count + 1):
        ct_series(
            folder / f"series {number}",
            2,
            settings=MATRIX,
            StudyInstanceUID=uid("study"),
            SeriesInstanceUID=uid(f"series {number}"),
            SeriesNumber=number,
            SeriesDescription=f"Thorax {number}",
        )
    return folder


def scout(folder: Path) -> Path:
    ct_series(
        folder,
        2,
        settings=replace(MATRIX, series="scout"),
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
    )
    return folder


def request(folder: Path, out: Path) -> BatchRequest:
    return BatchRequest((folder,), "gaussian", 0.4, out)


def folders(out: Path) -> list[str]:
    return sorted(str(file.parent.relative_to(out)) for file in out.rglob("00001.dcm"))


def states(result: BatchResult) -> list[str]:
    return [one.state.value for one in result.outcomes]


def test_every_series_gets_a_folder_and_a_number_of_its_own(tmp_path: Path) -> None:
    archive(tmp_path / "in")
    result = run_batch(request(tmp_path / "in", tmp_path / "out"), crew=Inline())
    assert states(result) == ["done"] * 3
    assert folders(tmp_path / "out") == sorted(one.folder for one in result.outcomes)
    files = [next((tmp_path / "out" / one.folder).iterdir()) for one in result.outcomes]
    numbers = [int(pydicom.dcmread(file).SeriesNumber) for file in files]
    assert numbers == [one.number for one in result.outcomes] == [101, 201, 301]


def test_the_same_command_does_only_what_is_missing(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in", 2), tmp_path / "out")
    run_batch(asked, crew=Inline())
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*.dcm")}
    archive(tmp_path / "in", 3)
    crew = Inline()
    result = run_batch(asked, crew=crew)
    assert [unit.name for unit in crew.begun] == ["3 Thorax 3"]
    assert (result.there, states(result)) == (2, ["done"] * 3)
    assert before.items() <= {f: f.stat().st_mtime_ns for f in before}.items()


@pytest.mark.parametrize("rest", [0, 1])
def test_a_series_whose_files_were_deleted_since_is_done_again_and_said(
    tmp_path: Path, rest: int
) -> None:
    asked = request(archive(tmp_path / "in", 2), tmp_path / "out")
    first = run_batch(asked, crew=Inline()).outcomes[0]
    folder = tmp_path / "out" / first.folder
    (folder / "00002.dcm").unlink()
    if not rest:
        (folder / "00001.dcm").unlink()
        folder.rmdir()
    crew = Inline()
    result = run_batch(asked, crew=crew)
    assert [unit.id for unit in crew.begun] == [first.unit]
    assert len(list(folder.glob("*.dcm"))) == first.files == 2
    assert (result.lost, result.there, states(result)) == (1, 1, ["done"] * 2)
    assert len(list(folder.parent.glob("*.damaged-1/00001.dcm"))) == rest
    assert any("1 of all had lost files" in line for line in lines(result, asked.out))
    assert run_batch(asked, crew=Inline()).there == 2


def test_parameters_of_the_method_reach_the_series_and_are_other_work(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in", 1), tmp_path / "out")
    run_batch(asked, crew=Inline())
    wide = replace(asked, settings=(("sigma_mm", 1.2),))
    result = run_batch(wide, crew=Inline())
    file = next((tmp_path / "out" / result.outcomes[0].folder).iterdir())
    assert "sigma_mm=1.2" in pydicom.dcmread(file).DerivationDescription
    assert result.there == 0


def test_another_strength_is_other_work(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in", 1), tmp_path / "out")
    run_batch(asked, crew=Inline())
    run_batch(replace(asked, strength=0.2), crew=Inline())
    assert len(folders(tmp_path / "out")) == 2


def test_a_series_whose_worker_died_is_done_by_another_one_and_once(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in"), tmp_path / "out")
    deaths = Counter[str]()

    def dies_once(unit: Unit) -> Event | None:
        deaths[unit.id] += 1
        return Lost(unit.id) if deaths[unit.id] == 1 else None

    result = run_batch(asked, crew=Inline(dies_once))
    assert states(result) == ["done"] * 3
    assert len(folders(tmp_path / "out")) == 3


def test_a_series_that_kills_its_workers_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in"), tmp_path / "out")
    crew = Inline(lambda unit: Lost(unit.id) if unit.series.number == 2 else None)
    result = run_batch(asked, crew=crew)
    assert states(result) == ["done", "failed", "done"]
    (failed,) = result.of(Settled.FAILED)
    assert failed.name == "2 Thorax 2"
    assert "3 workers ended unexpectedly" in failed.words
    again = run_batch(asked, crew=Inline())
    assert (again.there, states(again)) == (2, ["done"] * 3)


def test_work_that_was_finished_and_not_recorded_is_found_and_not_repeated(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in", 1), tmp_path / "out")
    run_batch(asked, crew=Inline())
    (first,) = (tmp_path / "out").rglob("00001.dcm")
    series = pydicom.dcmread(first).SeriesInstanceUID
    (tmp_path / "out" / FOLDER / "record.jsonl").unlink()
    result = run_batch(asked, crew=Inline())
    assert result.outcomes[0].words == "found finished"
    assert pydicom.dcmread(first).SeriesInstanceUID == series


def test_a_worker_that_was_thought_dead_makes_no_second_series(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in", 1), tmp_path / "out")
    doubled = Inline()
    run_batch(asked, crew=doubled)
    (unit,) = doubled.begun
    late = settle(unit, 1)
    assert late is not None
    assert late.state is Settled.DONE
    assert len(folders(tmp_path / "out")) == 1


def test_what_a_killed_batch_left_half_written_is_removed(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in", 1), tmp_path / "out")
    result = run_batch(asked, crew=Inline())
    (tmp_path / "out" / FOLDER / "record.jsonl").unlink()
    whole = tmp_path / "out" / result.outcomes[0].folder
    half = whole.with_name(f".{whole.name}.abcd1234.part")
    whole.rename(half)
    run_batch(asked, crew=Inline())
    assert not half.exists()
    assert len(folders(tmp_path / "out")) == 1


def test_a_refused_series_is_listed_with_its_reason_and_asked_for_once(tmp_path: Path) -> None:
    archive(tmp_path / "in", 1)
    scout(tmp_path / "in" / "scout")
    asked = replace(request(tmp_path / "in", tmp_path / "out"), method="ct-denoise-s")
    crew = Inline(lambda unit: None)
    result = run_batch(asked, crew=crew)
    refused = result.of(Settled.REFUSED)
    assert any("this is a localizer" in one.words for one in refused)
    assert any("this is a localizer" in line for line in lines(result, asked.out))
    second = Inline()
    assert run_batch(asked, crew=second).of(Settled.REFUSED) == refused
    assert second.begun == []


def test_what_gates_and_the_method_say_is_told_of_each_series(tmp_path: Path) -> None:
    archive(tmp_path / "in", 2)
    asked = request(tmp_path / "in", tmp_path / "out")
    said = {"1 Thorax 1": ("Lossy.",), "2 Thorax 2": ()}

    def warned(unit: Unit) -> Event:
        warnings = said[unit.name]
        cautions = (*warnings, "A toy.")
        return outcome(unit, Settled.DONE, "40 %", warnings=warnings, cautions=cautions)

    result = run_batch(asked, crew=Inline(warned))
    told = [*lines(result, asked.out)]
    assert told[told.index("caution, 1: 1 Thorax 1") + 1] == "  Lossy."
    assert told[told.index("caution, 2: 1 Thorax 1, 2 Thorax 2") + 1] == "  A toy."
    assert [one.warnings for one in result.outcomes] == [("Lossy.",), ()]
    assert not is_clean(result)


def test_only_a_batch_with_every_series_enhanced_is_clean(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in", 2), tmp_path / "out")

    def clean(fate: Callable[[Unit], Event | None]) -> bool:
        return is_clean(run_batch(asked, crew=Inline(fate)))

    assert not clean(
        lambda unit: outcome(unit, Settled.FAILED, "No.") if unit.series.number == 2 else None
    )
    assert not clean(lambda unit: outcome(unit, Settled.REFUSED, "No."))
    (tmp_path / "out" / FOLDER / "record.jsonl").unlink()
    assert clean(lambda _unit: None)


def test_a_record_that_fails_in_mid_batch_ends_it_in_words_and_loses_nothing(
    tmp_path: Path,
) -> None:
    asked = request(archive(tmp_path / "in", 2), tmp_path / "out")
    record = tmp_path / "out" / FOLDER / "record.jsonl"

    def with_a_folder_in_its_place(unit: Unit) -> Event | None:
        event = settle(unit, 1)
        record.mkdir()
        return event

    with pytest.raises(NotSaved, match="every series that is enhanced is kept"):
        run_batch(asked, crew=Inline(with_a_folder_in_its_place))
    record.rmdir()
    result = run_batch(asked, crew=Inline())
    assert [one.words == "found finished" for one in result.outcomes] == [True, False]
    assert states(result) == ["done"] * 2


def test_stopping_keeps_what_is_done_and_says_how_to_go_on(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in"), tmp_path / "out")

    def stopped_at_second(unit: Unit) -> Event | None:
        if unit.series.number == 2:
            raise KeyboardInterrupt
        return None

    result = run_batch(asked, crew=Inline(stopped_at_second))
    assert (states(result), result.left) == (["done"], 2)
    assert "The same command does what is missing" in [*lines(result, asked.out)][-1]
    assert states(run_batch(asked, crew=Inline())) == ["done"] * 3


def test_progress_names_studies_series_failures_speed_and_time_left(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in"), tmp_path / "out")
    heard: list[str] = []
    fractions: list[float] = []

    def hear(fraction: float, words: str) -> None:
        fractions.append(fraction)
        heard.append(words)

    def half_way(unit: Unit) -> Event | None:
        if unit.series.number == 1:
            return outcome(unit, Settled.FAILED, "No.")
        if unit.series.number == 2 and not any("slices/s" in words for words in heard):
            crew.begin(unit)
            return Progressed(unit.id, 1)
        return None

    crew = Inline(half_way)
    run_batch(asked, hear, crew=crew)
    assert fractions == sorted(fractions)
    assert pytest.approx(1 / 2) in fractions, "half of the second of three series, and the first"
    assert heard[0].startswith("reading headers")
    assert "0 of 1 studies, 1 of 3 series, 1 failed" in " | ".join(heard)
    assert any("slices/s" in words and words.endswith("left") for words in heard)


@pytest.mark.parametrize(
    ("seconds", "words"), [(12.4, "12 s"), (99, "99 s"), (700, "12 min"), (12_000, "3 h 20 min")]
)
def test_a_time_has_at_most_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_wrong_usage_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in", 1), tmp_path / "in" / "out")
    with pytest.raises(WrongUsage, match="holds the originals"):
        run_batch(asked, crew=Inline())
    with pytest.raises(WrongUsage, match="0 workers"):
        run_batch(replace(asked, out=tmp_path / "out", workers=0), crew=Inline())
    with pytest.raises(UnreadableFile, match="no slices or radiographs"):
        run_batch(request(tmp_path / "nowhere", tmp_path / "out"), crew=Inline())


def test_a_worker_with_other_weights_is_a_failure_in_words(tmp_path: Path) -> None:
    asked = request(archive(tmp_path / "in", 1), tmp_path / "out")
    crew = Inline()
    run_batch(asked, crew=crew)
    other = replace(crew.begun[0], asked=replace(crew.begun[0].asked, weights_sha256="other"))
    result = settle(other, 1)
    assert result is not None
    assert result.state is Settled.FAILED
    assert "another version of Diptych or of" in result.words


def test_nobody_at_the_address_of_the_cluster_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("viewer.app.batch_workers.CONNECT_PATIENCE_S", 0.2)
    with pytest.raises(WrongUsage, match="No Dask scheduler answers at"):
        cluster("tcp://127.0.0.1:9", 1).__enter__()


# ------------------------------------------------------------------ real processes


class _Killed:
    """Two processes, one of which is killed as soon as one has computed a slice."""

    def __init__(self, crew: Processes, heard: list[Event]) -> None:
        self._crew = crew
        self._heard = heard
        self.room, self.begin = crew.room, crew.begin

    def events(self, timeout_s: float) -> list[Event]:
        events = self._crew.events(timeout_s)
        if not self._heard and any(isinstance(one, Progressed) for one in events):
            os.kill(self._crew.process_ids()[0], signal.SIGKILL)
            self._heard += events
        self._heard += events if self._heard else []
        return events


def noisy_archive(folder: Path, count: int = 3, **more: object) -> Path:
    for number in range(count):
        write_noisy_ct(folder / str(number), series=f"s{number}", seed=number, **more)
    return folder


def test_one_of_two_processes_killed_in_mid_series_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    asked = replace(request(noisy_archive(tmp_path / "in"), tmp_path / "out"), method="nlm")
    heard: list[Event] = []

    @contextmanager
    def killing(_request: BatchRequest) -> Iterator[_Killed]:
        with processes(2) as crew:
            yield _Killed(crew, heard)

    result = run_batch(asked, crew=killing)
    assert sum(isinstance(one, Lost) for one in heard) == 1
    assert states(result) == ["done"] * 3
    assert len(folders(tmp_path / "out")) == 3
    assert not list((tmp_path / "out").rglob("*.part"))
    record = (tmp_path / "out" / FOLDER / "record.jsonl").read_text().splitlines()
    assert len({json.loads(line)["unit"] for line in record}) == len(record) == 3
    assert multiprocessing.active_children() == []


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_settles_every_series_though_one_of_its_workers_is_killed(tmp_path: Path) -> None:
    asked = replace(
        request(noisy_archive(tmp_path / "in", 4), tmp_path / "out"), method="nlm", workers=2
    )

    @contextmanager
    def dying(request: BatchRequest) -> Iterator[object]:
        with cluster("local", 2) as crew:
            pids = crew._client.run(os.getpid)
            begin, begun = crew.begin, []

            def then_kill(unit: Unit) -> None:
                begin(unit)
                begun.append(unit)
                if len(begun) == 2:
                    os.kill(next(iter(pids.values())), signal.SIGKILL)

            crew.begin = then_kill
            yield crew

    result = run_batch(asked, crew=dying)
    assert states(result) == ["done"] * 4
    assert len(folders(tmp_path / "out")) == 4


# ------------------------------------------------------------------ the verb


def test_the_verb_says_by_its_code_how_the_batch_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive(tmp_path / "in", 2)
    words = ["enhance", "--method", "gaussian", "--out", str(tmp_path / "o"), str(tmp_path / "in")]
    assert main([*words, "--workers", "1"]) == DONE
    assert "2 of 2 series are enhanced" in capsys.readouterr().out
    assert main([*words, str(tmp_path / "nowhere")]) == WARNED
    assert "not read: " in capsys.readouterr().out
    assert main([*words, "--workers", "0"]) == WRONG_USAGE
    refused = ["enhance", "--out", str(tmp_path / "o"), str(scout(tmp_path / "s"))]
    assert main(refused) == FAILED
    assert "refused, 1" in capsys.readouterr().out
    (tmp_path / "o" / FOLDER / "record.jsonl").write_text("")
    assert main([*words, "--json"]) == DONE
    assert [one["words"] for one in json.loads(capsys.readouterr().out)["outcomes"]] == [
        "found finished"
    ] * 2
