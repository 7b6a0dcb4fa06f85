"""Series that a rule fits are enhanced ahead, give way to the reader, and are ready for E."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from tests.builders import Acquisition, ct_series, uid
from tests.journeys.noisy import write_noisy_ct
from viewer.app.ahead import Ahead
from viewer.app.ahead_rules import Rule, read_rules
from viewer.app.ahead_verbs import COMMANDS, summary
from viewer.app.jobs import Jobs, Lane
from viewer.app.opening import close_all, open_paths, show_part
from viewer.app.session import Session
from viewer.app.settings import load_settings, with_value
from viewer.app.starting import new_session
from viewer.app.workspace import PartKey
from viewer.core.errors import Blocked
from viewer.core.study import PartKind, Series, SeriesPart, Study

LINE = 'modality = "CT", method = "gaussian", strength = 0.3'
MATRIX = Acquisition(rows=48, columns=64)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A session on real files whose jobs run in line."""
    made = new_session(Jobs(lambda call: call(), is_inline=True), tmp_path / "home")
    yield made
    made.images.close()


def use(session: Session, *lines: str) -> None:
    session.change_settings(
        with_value(session.workspace.settings, "enhance_ahead.rules", list(lines))
    )


def archive(folder: Path, count: int = 3) -> Path:
    for number in range(1, count + 1):
        ct_series(
            folder / str(number),
            3,
            settings=MATRIX,
            StudyInstanceUID=uid("study a" if number < 3 else "study b"),
            SeriesInstanceUID=uid(f"series {number}"),
            SeriesNumber=number,
            SeriesDescription=f"Thorax {number}",
        )
    return folder


def states(session: Session) -> list[str]:
    return [one.state.value for one in session.ahead.entries]


# ------------------------------------------------------------------ rules


def fits(line: str, **facts: object) -> bool:
    (rule,), problems = read_rules([line])
    assert problems == ()
    study = Study("1", age=str(facts.get("age", "045Y")))
    series = Series(
        "1.1",
        str(facts.get("modality", "CT")),
        1,
        str(facts.get("description", "AX Thorax 1.0")),
        str(facts.get("body_part", "CHEST")),
    )
    part = SeriesPart(("1", "", ""), "1.1", 0, PartKind.VOLUME, "", (None,) * 0)  # type: ignore[arg-type]
    return replace(rule, slices=0).fits(study, series, part)


@pytest.mark.parametrize(
    ("line", "is_fit"),
    [
        ('method = "nlm"', True),
        ('method = "nlm", modality = "ct"', True),
        ('method = "nlm", modality = "MR"', False),
        ('method = "nlm", description = "*thorax*"', True),
        ('method = "nlm", description = "thorax"', False),
        ('method = "nlm", body_part = "chest"', True),
        ('method = "nlm", ages = [18, 120]', True),
        ('method = "nlm", ages = [0, 17]', False),
    ],
)
def test_a_rule_is_for_the_series_that_it_describes(line: str, is_fit: bool) -> None:
    assert fits(line) is is_fit


def test_a_patient_of_unknown_age_fits_no_rule_about_age() -> None:
    assert not fits('method = "nlm", ages = [0, 120]', age="")


def test_a_rule_can_ask_for_many_slices() -> None:
    (rule,), _ = read_rules([f"{LINE}, slices = 20"])
    part = SeriesPart(("1", "", ""), "1.1", 0, PartKind.VOLUME, "", ())
    assert not rule.fits(Study("1"), Series("1.1", "CT"), part)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("modality CT", "not written as name = value"),
        ('modality = "CT"', "names no method"),
        ('method = "nlm", modalty = "CT"', "modalty is unknown; it may say method"),
        ('method = "nlm", strength = 40', "strength must be a number from 0 to 1"),
        ('method = "nlm", strength = "0.4"', "strength must be a number"),
        ('method = "nlm", ages = [80, 18]', "ages must be two ages in years"),
        ('method = "nlm", slices = 0', "slices must be a whole number"),
        ('method = "nlm", folder = "out"', "folder must be a whole path"),
        (
            'method = "nlm", folder = "~nobody-of-that-name/x"',
            "folder lies in the home of somebody",
        ),
        ("method = 3", "method must be words in quotes"),
        ('method = "nlm", method = "tv"', "not written as name = value"),
    ],
)
def test_a_bad_rule_is_named_with_the_remedy_and_the_others_are_used(line: str, words: str) -> None:
    rules, (problem,) = read_rules([LINE, line, "", "# a remark"])
    assert rules == (Rule("gaussian", 0.3, "CT"),)
    assert problem.what.startswith("Rule 2 for enhancing ahead is left out: ")
    assert words in problem.what
    assert 'method = "ct-denoise-s"' in problem.do


def test_rules_are_kept_with_the_settings(session: Session) -> None:
    use(session, LINE)
    assert load_settings(session.home)[0].enhance_ahead.rules == (LINE,)


def test_a_bad_rule_is_told_at_the_start(session: Session, tmp_path: Path) -> None:
    use(session, "nonsense")
    again = new_session(Jobs(lambda call: call(), is_inline=True), tmp_path / "home")
    assert any("Rule 1" in message.what for message in again.workspace.early_messages)


# ------------------------------------------------------------------ the queue


def test_nothing_is_enhanced_ahead_without_a_rule(session: Session, tmp_path: Path) -> None:
    open_paths(session, (archive(tmp_path / "in"),))
    assert session.ahead.entries == ()


def test_what_fits_a_rule_is_ready_when_the_reader_asks(session: Session, tmp_path: Path) -> None:
    use(session, LINE)
    open_paths(session, (archive(tmp_path / "in"),))
    assert states(session) == ["ready"] * 3
    part = session.ahead.entries[1].part
    show_part(session, 0, part)
    job = session.enhancements.start(part, "gaussian", 0.3, 0)
    assert job is not None
    assert job.fraction == 0.0, "a slice was computed again"
    found = session.enhancements.enhancement(part, "gaussian")
    assert found is not None
    assert found.residual.is_complete


def test_a_rule_made_later_is_used_on_what_is_open(session: Session, tmp_path: Path) -> None:
    open_paths(session, (archive(tmp_path / "in"),))
    use(session, LINE)
    assert states(session) == ["ready"] * 3


def test_a_refused_series_says_why_and_the_next_one_goes_on(
    session: Session, tmp_path: Path
) -> None:
    write_noisy_ct(
        tmp_path / "in" / "a", series="a", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
    )
    write_noisy_ct(tmp_path / "in" / "b", series="b")
    use(session, 'method = "ct-denoise-s"')
    open_paths(session, (tmp_path / "in",))
    refused, other = session.ahead.entries
    assert refused.state is Ahead.REFUSED
    assert "localizer" in refused.words
    assert other.state is not Ahead.WAITING


def test_a_method_that_is_not_there_fails_in_words(session: Session, tmp_path: Path) -> None:
    use(session, 'method = "magic"')
    open_paths(session, (archive(tmp_path / "in", 1),))
    (entry,) = session.ahead.entries
    assert entry.state is Ahead.FAILED
    assert "magic" in entry.words


def test_a_rule_with_a_folder_stores_the_series_as_dicom_once(
    session: Session, tmp_path: Path
) -> None:
    use(session, f'{LINE}, folder = "{(tmp_path / "kept").as_posix()}"')
    open_paths(session, (archive(tmp_path / "in", 1),))
    (entry,) = session.ahead.entries
    assert entry.words == f"Stored in {tmp_path / 'kept'}."
    (folder,) = (tmp_path / "kept").iterdir()
    assert "FILTERED" in pydicom.dcmread(next(folder.iterdir())).ImageType
    session.ahead.clear()
    session.ahead.take([entry.part])
    assert states(session) == ["ready"]
    assert list((tmp_path / "kept").iterdir()) == [folder]


def test_another_strength_is_stored_beside_the_first_and_not_taken_for_done(
    session: Session, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    open_paths(session, (archive(tmp_path / "in", 1),))
    for strength in (0.3, 0.6):
        use(session, f'method = "gaussian", strength = {strength}, folder = "{kept.as_posix()}"')
        assert states(session) == ["ready"]
    first, second = kept.iterdir()
    pixels = [pydicom.dcmread(next(one.iterdir())).PixelData for one in (first, second)]
    assert pixels[0] != pixels[1]


def test_a_method_that_makes_finer_slices_is_refused_in_words(
    session: Session, tmp_path: Path
) -> None:
    use(session, 'method = "finer-cubic"')
    open_paths(session, (archive(tmp_path / "in", 1),))
    (entry,) = session.ahead.entries
    assert entry.state is Ahead.REFUSED
    assert "makes finer slices. They are made when they are asked for" in entry.words


def test_without_room_for_the_result_it_is_not_computed(session: Session, tmp_path: Path) -> None:
    session.enhancements.engine.residuals._budget = 100
    use(session, LINE)
    open_paths(session, (archive(tmp_path / "in", 1),))
    (entry,) = session.ahead.entries
    assert entry.state is Ahead.REFUSED
    assert "memory for results is full" in entry.words


def test_what_the_reader_looks_at_comes_first_then_its_study(
    session: Session, tmp_path: Path
) -> None:
    session.ahead.pause()
    use(session, LINE)
    open_paths(session, (archive(tmp_path / "in"),))
    first, second, third = (one.part for one in session.ahead.entries)
    order: list[PartKey] = []
    workspace = session.workspace
    workspace.ahead_changed.connect(
        lambda: order.extend(
            one.part
            for one in session.ahead.entries
            if one.state is Ahead.READY and one.part not in order
        )
    )
    show_part(session, 0, second)
    session.ahead.go_on()
    assert order == [second, first, third]


def test_pausing_and_clearing_are_commands(session: Session, tmp_path: Path) -> None:
    pause, clear = COMMANDS
    session.ahead.pause()
    use(session, LINE)
    open_paths(session, (archive(tmp_path / "in"),))
    assert states(session) == ["waiting"] * 3
    assert summary(session.ahead.entries, is_paused=True) == "0 of 3 ready ahead, paused"
    assert pause.is_on is not None
    assert pause.is_on(session)
    pause.run(session)
    assert states(session) == ["ready"] * 3
    assert clear.when(session)
    clear.run(session)
    assert session.ahead.entries == ()
    assert not clear.when(session)


def test_closing_the_studies_empties_the_queue(session: Session, tmp_path: Path) -> None:
    session.ahead.pause()
    use(session, LINE)
    open_paths(session, (archive(tmp_path / "in"),))
    close_all(session)
    assert session.ahead.entries == ()


def test_a_run_that_gives_way_goes_on_where_it_was(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[tuple[int, ...]] = []
    engine = session.enhancements.engine
    processor = engine.processor

    def counting(*given: object) -> object:
        inner = processor(*given)
        residuals = inner.residuals
        inner.residuals = lambda indices, region=None: (  # type: ignore[method-assign]
            None if region is not None else computed.append(tuple(indices)),
            residuals(indices, region),
        )[1]
        return inner

    monkeypatch.setattr(engine, "processor", counting)
    asked: list[Lane] = []

    def wanted_after_the_first_slab(lane: Lane) -> bool:
        asked.append(lane)
        return len(computed) == 1 and asked.count(lane) < 20

    monkeypatch.setattr(session.jobs, "is_wanted", wanted_after_the_first_slab)
    use(session, LINE)
    open_paths(session, (archive(tmp_path / "in", 1),))
    assert states(session) == ["ready"]
    assert sorted(index for slab in computed for index in slab) == [0, 1, 2]


def test_the_reader_comes_first_in_the_lane(tmp_path: Path) -> None:
    jobs = Jobs(lambda call: call())
    try:
        order: list[str] = []
        started, may_end = threading.Event(), threading.Event()

        def quiet(_progress: object) -> None:
            started.set()
            may_end.wait(5)
            order.append("gives way" if jobs.is_wanted(Lane.COMPUTE) else "goes on")

        jobs.submit(Lane.COMPUTE, "ahead", quiet, lambda _none: None, is_quiet=True)
        assert started.wait(5)
        assert not jobs.is_wanted(Lane.COMPUTE)
        done = threading.Event()
        jobs.submit(
            Lane.COMPUTE, "asked", lambda _p: order.append("asked") or 1, lambda _n: done.set()
        )
        may_end.set()
        assert done.wait(5)
        assert order == ["gives way", "asked"]
    finally:
        jobs.close()


def test_a_method_that_is_tried_out_before_it_runs_gives_way_too(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gave_way = []

    def tried_out(
        _engine: object, _request: object, is_cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        monkeypatch.setattr(session.jobs, "is_wanted", lambda _lane: True)
        gave_way.append(is_cancelled())
        raise Blocked("nothing is enhanced here")

    monkeypatch.setattr("viewer.app.enhancing.prepare", tried_out)
    use(session, LINE)
    open_paths(session, (archive(tmp_path / "in", 1),))
    assert gave_way == [True]


def test_an_empty_queue_has_no_words() -> None:
    assert summary((), is_paused=True) == ""
