"""The log tells where an error came from and no names."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from viewer.app.log import LOG_NAME, start_log, stop_log
from viewer.app.messages import message_from
from viewer.core.errors import UnreadableFile


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    yield
    stop_log()


def fail(name: str) -> None:
    raise UnreadableFile(f"The file {name} could not be read.")


def test_the_log_names_the_place_and_not_the_file_of_a_patient(tmp_path: Path) -> None:
    start_log(tmp_path)
    patient = "Doe" + "_Jane"
    try:
        fail(patient)
    except UnreadableFile as error:
        message = message_from(error)
    text = (tmp_path / LOG_NAME).read_text()
    assert patient in message.what
    assert patient not in text
    assert "UnreadableFile" in text
    assert "test_log.py" in text


@pytest.mark.skipif(os.name == "nt", reason="folders of a user are private there as they are")
def test_the_folder_that_is_made_for_the_program_is_private(tmp_path: Path) -> None:
    home = tmp_path / "share" / "diptych"
    start_log(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_without_a_writable_folder_the_program_goes_on(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    start_log(blocked)
    assert message_from(ValueError("x")).what.startswith("Something unexpected")
