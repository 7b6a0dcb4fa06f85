"""A locked study in a later version: what may change, what stays, and who comes in."""

import zipfile
from pathlib import Path

import pytest

from tests.journeys.noisy import write_noisy_ct
from tests.reader.study_texts import study_text
from viewer.app.amending import amend_study
from viewer.app.locking import lock_study
from viewer.app.studying import join, pack, unpack
from viewer.core.errors import DamagedRecord, IllegalTransition, InvalidProtocol, SealedStudy
from viewer.reader.record import open_study
from viewer.reader.sealing import unseal_plan
from viewer.reader.trials import Answer, ViewerNote
from viewer.reader.verify import verify

OWNER, READER = "correct horse battery", "a reader's passphrase"


def silent(_fraction: float, _words: str) -> None:
    """Take no notice of progress."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The study file of two cases and one reader."""
    for name in ("c1", "c2"):
        write_noisy_ct(tmp_path / "draft" / name)
    path = tmp_path / "draft" / "study.toml"
    path.write_text(study_text(cases=2, readers=1, design="washout_days = 0\ngap_trials = 0"))
    return path


@pytest.fixture
def study(file: Path, tmp_path: Path) -> Path:
    """The locked study, open, with two trials read."""
    path = lock_study(file, OWNER, silent, second_log=tmp_path / "log").path
    with open_study(path) as record:
        record.set_passphrase("R1", READER)
        record.open_for_reading()
        session = record.sign_in("R1", READER)
        session.consent("hash")
        session.display_checked((("contrast", "4 of 4"),))
        for _ in range(2):
            read_one(session)
    return path


def read_one(session) -> None:
    trial = session.next_trial()
    session.loading(trial)
    session.shown(trial)
    session.answer(trial, Answer("quality", value=2.0), ViewerNote(), ())
    session.commit(trial, ())


def later(file: Path, *changes: tuple[str, str], version: int = 2, extra: str = "") -> Path:
    """Write the next version of the file with some changes."""
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    head = f'version = {version}\namendment = "a reader came late"\n'
    path = file.with_name(f"version-{version}.toml")
    path.write_text(head + text + extra)
    return path


REVIEWER = '\n[[readers]]\ncode = "R2"\nname = "Late reader"\n'


def test_a_reader_comes_in_and_what_was_read_stays(study: Path, file: Path):
    with open_study(study) as record:
        before, trials = record.protocol_id, record.standing.locked.trials
    found = amend_study(study, later(file, extra=REVIEWER), OWNER)
    assert (found.version, found.readers) == (2, ("R2",))
    assert found.changes == ("readers come in: R2",)
    assert verify(study).problems == ()
    with open_study(study) as record:
        assert record.protocol_id == found.protocol_id != before
        assert record.standing.locked.trials[: len(trials)] == trials
        assert record.progress()[0].done == 2
        assert record.progress()[1].total == 4
        record.set_passphrase("R2", READER)
        session = record.sign_in("R2", READER)
        assert session.next_trial() is not None
        plan = unseal_plan(record.sealed, OWNER)
    assert plan.protocol.version == 2
    assert {trial.reader for trial in plan.allocation.trials} == {"R1", "R2"}
    with open_study(study) as record:
        (event,) = record.standing.amendments
        assert event.data["trials_read"] == 2
        assert event.data["why"] == "a reader came late"


def test_the_plan_and_the_truth_may_be_put_right_and_no_word_of_them_is_told(
    study: Path, file: Path
):
    truth = ('path = "c1"', 'path = "c1"\ntruth = "abnormal"\nstrata = { vendor = "secretly" }')
    plan = '\n[[analysis.endpoints]]\nmeasure = "quality"\narm = "Q"\ncontrol = "P"\n'
    found = amend_study(study, later(file, truth, extra=plan), OWNER)
    assert found.changes == ("plan of analysis", "what is known of 1 case")
    content = study.read_bytes()
    for words in (b"secretly", b"abnormal", b"gaussian"):
        assert words not in content


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('text = "How good is it?"', 'text = "How bad is it?"', "questions"),
        ('seed = "seed"', 'seed = "other"', "randomisation"),
        ('method = "gaussian"', 'method = "gaussian"\nstrength = 0.8', "arms"),
        ('id = "C2"', 'id = "C9"', "cases"),
        ('name = "Reader 1"', 'name = "Somebody else"', "reader R1"),
        ("gap_trials = 0", "gap_trials = 0\nblock_trials = 2", "design"),
        ('owner = "Owner"', 'owner = "Owner"\nconsent = "I agree."', "text of the consent"),
    ],
)
def test_what_readers_saw_and_were_asked_stays(
    study: Path, file: Path, old: str, new: str, part: str
):
    before = study.read_bytes()
    with pytest.raises(InvalidProtocol, match=part):
        amend_study(study, later(file, (old, new)), OWNER)
    with open_study(study) as record:
        assert record.protocol.version == 1
    assert before  # the record was opened, and nothing was added to it
    assert verify(study).problems == ()


def test_a_version_that_is_not_the_next_or_changes_nothing_is_refused(study: Path, file: Path):
    with pytest.raises(InvalidProtocol, match="next version"):
        amend_study(study, later(file, version=3, extra=REVIEWER), OWNER)
    with pytest.raises(InvalidProtocol, match="changes nothing"):
        amend_study(study, later(file), OWNER)


def test_only_the_owner_amends_and_an_attempt_is_noted(study: Path, file: Path):
    with pytest.raises(SealedStudy):
        amend_study(study, later(file, extra=REVIEWER), "not the passphrase")
    with open_study(study) as record:
        assert record.links[-1].event.kind == "sign-in refused"
        assert record.standing.amendments == ()


def test_an_unblinded_study_is_amended_no_more(study: Path, file: Path):
    with open_study(study) as record:
        record.close_reading("done")
        plan = unseal_plan(record.sealed, OWNER)
        record.unblind(plan.allocation, "done", protocol=plan.protocol)
    with pytest.raises(IllegalTransition, match="unblinded"):
        amend_study(study, later(file, extra=REVIEWER), OWNER)


def test_a_package_that_went_out_before_takes_the_amendment_with_the_merge(
    study: Path, file: Path, tmp_path: Path
):
    pack(study, tmp_path / "site.zip", "owner")
    unpack(tmp_path / "site.zip", tmp_path / "site")
    amend_study(study, later(file, extra=REVIEWER), OWNER)
    with open_study(study) as record:
        record.set_passphrase("R2", READER)
        session = record.sign_in("R2", READER)
        session.consent("hash")
        session.display_checked((("contrast", "4 of 4"),))
        read_one(session)
    copy = tmp_path / "site" / study.name
    with open_study(copy) as record:
        read_one(record.sign_in("R1", READER))
    join(copy, study, tmp_path / "merged.study")
    with open_study(tmp_path / "merged.study") as record:
        assert [row.done for row in record.progress()] == [3, 1]
        assert record.protocol.version == 2
    assert verify(tmp_path / "merged.study").problems == ()


def test_copies_that_were_amended_apart_do_not_merge(study: Path, file: Path, tmp_path: Path):
    pack(study, tmp_path / "site.zip", "owner")
    unpack(tmp_path / "site.zip", tmp_path / "site")
    copy = tmp_path / "site" / study.name
    for path in (study, copy):
        amend_study(path, later(file, extra=REVIEWER), OWNER)
    with open_study(copy) as record:
        read_one(record.sign_in("R1", READER))
    with pytest.raises((IllegalTransition, DamagedRecord), match="amended apart"):
        join(study, copy, tmp_path / "merged.study")


def test_no_byte_of_a_package_names_an_arm(study: Path, tmp_path: Path):
    pack(study, tmp_path / "site.zip", "owner")
    with zipfile.ZipFile(tmp_path / "site.zip") as package:
        contents = [(name, package.read(name)) for name in package.namelist()]
    assert len(contents) == 1 + 2 + 4  # the manifest, the two logs, the images
    for name, content in contents:
        for words in ("gaussian", "Gaussian", "enhanced", "original", '"seed":"seed"'):
            assert words not in name
            assert words.encode() not in content, (name, words)
