"""A study from its template to the record that readers sit down to."""

from pathlib import Path

import numpy as np
import pytest

from tests.journeys.noisy import write_noisy_ct
from tests.reader.study_texts import study_text
from viewer.app.designing import check_study, new_study
from viewer.app.locking import LockedStudy, lock_study
from viewer.core.errors import InvalidProtocol, NotSaved, SealedStudy, WrongUsage
from viewer.core.volume import DerivedVolume, Volume
from viewer.io.sealed_images import read_sealed
from viewer.reader.record import open_study
from viewer.reader.sealing import unseal_plan
from viewer.reader.trials import StudyState

PASSPHRASE = "correct horse battery"


def silent(_fraction: float, _words: str) -> None:
    """Take no notice of progress."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A study file of two cases, with their images beside it."""
    for name in ("c1", "c2"):
        write_noisy_ct(tmp_path / "draft" / name)
    path = tmp_path / "draft" / "study.toml"
    lesion = (
        'truth = "abnormal"\nlesions = [{ id = "L", centre_mm = [0, 0, 0], radius_mm = 5 }]\n'
        'strata = { vendor = "secretly" }'
    )
    text = study_text(cases=2, readers=1).replace('path = "c2"', f'path = "c2"\n{lesion}')
    path.write_text(text.replace('seed = "seed"', 'seed = "sown"'))
    return path


@pytest.fixture
def locked(file: Path, tmp_path: Path) -> LockedStudy:
    return lock_study(file, PASSPHRASE, silent, second_log=tmp_path / "log")


def test_what_is_locked_is_a_record_with_an_image_for_every_arm_of_every_case(locked: LockedStudy):
    assert (locked.trials, locked.images) == (4, 4)
    assert locked.second_log.is_file()
    with open_study(locked.path) as study:
        assert study.state is StudyState.LOCKED
        assert study.protocol_id == locked.protocol_id


def test_a_session_knows_tokens_and_neither_arms_nor_seed_nor_truth(locked: LockedStudy):
    with open_study(locked.path) as study:
        protocol, plan = study.protocol, unseal_plan(study.sealed, PASSPHRASE)
    assert protocol.arms == ()
    assert protocol.randomisation.seed.startswith("sha256:")
    assert all(not (case.truth or case.lesions or case.strata) for case in protocol.cases)
    content = locked.path.read_bytes() + locked.second_log.read_bytes()
    for words in ("gaussian", "Gaussian", "enhanced", "secretly", "sown"):
        assert words.encode() not in content
    assert {arm.code for arm in plan.protocol.arms} == {"P", "Q"}
    assert plan.protocol.cases[1].truth == "abnormal"


def test_the_sealed_plan_says_which_image_is_which(locked: LockedStudy):
    folder = locked.path.parent / "images"
    with open_study(locked.path) as study:
        plan, key = unseal_plan(study.sealed, PASSPHRASE), study.image_key
    found = {(case, arm): read_sealed(folder / token, key) for token, case, arm in plan.images}
    assert {path.name for path in folder.iterdir()} == {token for token, _, _ in plan.images}
    for case in ("C1", "C2"):
        original, enhanced = found[case, "P"], found[case, "Q"]
        assert isinstance(original, Volume)
        assert isinstance(enhanced, DerivedVolume)
        assert enhanced.provenance.method_id == "gaussian"
        assert enhanced.provenance.strength == 0.4
        assert not np.array_equal(original.values, enhanced.values)


def test_both_arms_of_a_case_look_alike_on_disk(locked: LockedStudy):
    images = list((locked.path.parent / "images").iterdir())
    assert len({(image.stat().st_size, image.stat().st_mtime_ns) for image in images}) == 1


def test_another_passphrase_does_not_open_the_plan(locked: LockedStudy):
    with open_study(locked.path) as study, pytest.raises(SealedStudy):
        unseal_plan(study.sealed, "incorrect horse battery")


def test_missing_images_are_named_and_nothing_is_left_behind(file: Path):
    file.write_text(file.read_text().replace('path = "c2"', 'path = "c9"'))
    with pytest.raises(InvalidProtocol, match=r"case C2 are not there: .*c9"):
        lock_study(file, PASSPHRASE, silent)
    assert sorted(path.name for path in file.parent.iterdir()) == ["c1", "c2", "study.toml"]


def test_a_full_disk_leaves_nothing_that_looks_locked(file: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise NotSaved("An image of the study could not be saved: the disk is full.")

    monkeypatch.setattr("viewer.app.preparing_arms.write_sealed", full)
    with pytest.raises(NotSaved, match="disk is full"):
        lock_study(file, PASSPHRASE, silent)
    assert sorted(path.name for path in file.parent.iterdir()) == ["c1", "c2", "study.toml"]


def test_a_case_of_several_series_asks_which(file: Path):
    text = file.read_text().replace('path = "c2"', 'path = "."')
    write_noisy_ct(file.parent / "c3", series="other")
    file.write_text(text)
    with pytest.raises(InvalidProtocol, match=r"series = \.\.\.: "):
        lock_study(file, PASSPHRASE, silent)


def test_a_short_passphrase_and_a_folder_that_is_there_are_refused(file: Path, tmp_path: Path):
    with pytest.raises(WrongUsage, match="fewer than"):
        lock_study(file, "abc", silent)
    with pytest.raises(WrongUsage, match="there already"):
        lock_study(file, PASSPHRASE, silent, out=tmp_path)


def test_a_new_study_lists_the_series_below_a_folder_as_cases(tmp_path: Path):
    write_noisy_ct(tmp_path / "images" / "one")
    draft = new_study("likert", tmp_path / "study", (tmp_path / "images",))
    assert draft.cases == 1
    assert check_study(draft.path).protocol is not None
    text = draft.path.read_text()
    assert 'id = "C001"' in text
    assert (tmp_path / "images" / "one").as_posix() in text


def test_an_unknown_template_names_those_there_are(tmp_path: Path):
    with pytest.raises(WrongUsage, match="detection, likert, preference"):
        new_study("lickert", tmp_path)


def test_a_study_file_is_never_written_over(tmp_path: Path):
    new_study("likert", tmp_path)
    before = (tmp_path / "study.toml").read_bytes()
    with pytest.raises(WrongUsage, match="there already"):
        new_study("preference", tmp_path)
    assert (tmp_path / "study.toml").read_bytes() == before


def test_a_lock_that_fails_at_the_end_leaves_no_second_log_and_can_be_made_again(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("viewer.io.safely._become", refused)
        with pytest.raises(NotSaved, match="disk is full"):
            lock_study(file, PASSPHRASE, silent, second_log=tmp_path / "log")
    assert list((tmp_path / "log").iterdir()) == []
    found = lock_study(file, PASSPHRASE, silent, second_log=tmp_path / "log")
    assert found.second_log.is_file()


def test_a_second_log_that_is_there_is_left_as_it_is(file: Path, tmp_path: Path):
    first = lock_study(file, PASSPHRASE, silent, second_log=tmp_path / "log")
    before = first.second_log.read_bytes()
    second = lock_study(
        file, PASSPHRASE, silent, out=tmp_path / "again", second_log=tmp_path / "log"
    )
    assert first.second_log.read_bytes() == before
    assert second.second_log != first.second_log
    with open_study(second.path) as study:
        assert study.findings == ()
