"""What is broken is named, the rest of the folder opens, and the window goes on."""

import contextlib
import os
import resource
import shutil
import signal
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless
from PySide6.QtGui import QTextDocument

from tests.builders import Acquisition, build_series, ct_series, ct_slice, set_pixels, write
from tests.journeys.hands import LEFT, Hands
from viewer.app import viewing
from viewer.ui import dialogs

DEFLATED = "1.2.840.10008.1.2.1.99"
GOOD = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that holds a good series; tests put what is bad beside it."""
    ct_series(tmp_path / "study" / "good", GOOD)
    return tmp_path / "study"


def opened_well(hands: Hands) -> bool:
    """Tell whether the good series is shown with its patient."""
    part = hands.workspace.parts[hands.shown]
    return len(part.sources) == GOOD and "ALPHA, ADA" in hands.texts()


def reasons(hands: Hands) -> str:
    """Return what is said about files that are not shown."""
    return "\n".join(f"{Path(s.origin).name}: {s.reason}" for s in hands.workspace.skipped)


def peak_mb() -> float:
    """Return the largest memory of this process so far."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 1e6 if sys.platform == "darwin" else size / 1e3


def show(hands: Hands, wanted: str) -> None:
    """Show the part whose series has this description."""
    for part in hands.workspace.image_parts():
        series = hands.workspace.series_of(part.key)
        if series is not None and series.description == f"Series {wanted}":
            hands.window.show_in_active(part.key)
            hands.rest()
            return
    pytest.fail(f"there is no series {wanted}")


def tile_words(hands: Hands) -> str:
    tile = hands.view.picture().tile
    assert tile is not None
    return f"{tile.title} {tile.text}"


def test_a_truncated_archive_is_named_and_the_rest_opens(hands: Hands, folder: Path) -> None:
    whole = folder.parent / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        for path in (folder / "good").iterdir():
            archive.write(path, path.name)
    (folder / "broken.zip").write_bytes(whole.read_bytes()[:-400])
    hands.open(folder)
    assert opened_well(hands)
    assert "broken.zip" in reasons(hands)
    assert any("1 file is not shown" in words for words in hands.messages)


def test_an_empty_folder_says_that_there_are_no_images(hands: Hands, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    hands.open(tmp_path / "empty")
    (words,) = hands.messages
    assert "No DICOM images were found" in words
    assert hands.workspace.settings.recents == ()


def test_a_path_that_is_not_there_is_named(hands: Hands, tmp_path: Path) -> None:
    hands.open(tmp_path / "nowhere")
    assert any("No DICOM images" in words for words in hands.messages)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file"
)
def test_a_file_that_may_not_be_read_is_named_and_the_rest_opens(
    hands: Hands, folder: Path
) -> None:
    secret = write(ct_slice(), folder / "secret.dcm")
    secret.chmod(0)
    hands.open(folder)
    assert opened_well(hands)
    assert "secret.dcm" in reasons(hands)


def test_names_of_files_that_are_not_shown_are_read_as_they_are(
    hands: Hands, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "`_a_` <b>**[x](y)**.txt"
    (folder / name).write_text("Findings: none.\n")
    hands.open(folder)
    shown: list[str] = []
    monkeypatch.setattr(
        dialogs, "show_text", lambda parent, title, words: shown.append(plain(words))
    )
    hands.run("file.skipped")
    assert name in shown[0]


def plain(markdown: str) -> str:
    """Return Markdown as a reader sees it."""
    document = QTextDocument()
    document.setMarkdown(markdown)
    return document.toPlainText()


def test_a_slice_that_cannot_be_read_is_named_and_takes_nothing_else_with_it(
    hands: Hands, tmp_path: Path
) -> None:
    paths = ct_series(tmp_path / "study", 6, transfer_syntax=RLELossless)
    paths[1].write_bytes(paths[1].read_bytes()[:-200])
    hands.open(tmp_path / "study")
    assert any("1 slice could not be read." in words for words in hands.messages)
    assert "0002.dcm: " in reasons(hands)
    hands.press("Home")
    hands.press("Down")
    assert "This slice could not be read" in hands.texts()
    hands.press("End")
    assert "This slice could not be read" not in hands.texts()
    hands.press("O")
    hands.drag(LEFT, (200, 250), (330, 380))
    (shape,) = hands.view.picture().shapes
    assert any(line.startswith("mean ") for line in shape.lines)
    hands.run("plane.volume")
    hands.rest()
    assert hands.view.picture().pixels is not None


def test_a_text_named_dcm_is_called_a_text(hands: Hands, folder: Path) -> None:
    (folder / "notes.dcm").write_text("Findings: none.\n" * 40)
    hands.open(folder)
    assert opened_well(hands)
    assert "notes.dcm" in reasons(hands)
    assert "text" in reasons(hands)


def test_a_header_of_65535_by_65535_costs_no_memory_and_says_why(
    hands: Hands, folder: Path
) -> None:
    huge = Acquisition(series="huge")
    write(ct_slice(settings=huge, Rows=65535, Columns=65535), folder / "huge.dcm")
    before = peak_mb()
    hands.open(folder)
    show(hands, "series")
    assert opened_well(hands)
    show(hands, "huge")
    assert "65535" in tile_words(hands)
    assert peak_mb() - before < 400


def test_deep_sequences_do_not_stop_the_scan(hands: Hands, folder: Path) -> None:
    deep = Dataset()
    for _ in range(200):
        outer = Dataset()
        outer.ContentSequence = [deep]
        deep = outer
    dataset = ct_slice(settings=Acquisition(series="deep"))
    dataset.ReferencedImageSequence = [deep]
    write(dataset, folder / "deep.dcm")
    hands.open(folder)
    show(hands, "series")
    assert opened_well(hands)
    listed = [series.description for study in hands.workspace.studies for series in study.series]
    assert "Series deep" in listed or "deep.dcm" in reasons(hands)


def test_a_deflate_bomb_is_refused_before_it_fills_the_memory(hands: Hands, folder: Path) -> None:
    path = write(
        ct_slice(settings=Acquisition(series="bomb")),
        folder / "bomb.dcm",
        transfer_syntax=DEFLATED,
    )
    head = path.read_bytes()
    start = 132 + 12 + int.from_bytes(head[140:144], "little")
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    block, bomb = bytes(1 << 20), bytearray()
    for _ in range(1500):
        bomb += squeezed.compress(block)
    path.write_bytes(head[:start] + bytes(bomb) + squeezed.flush())
    before = peak_mb()
    hands.open(folder)
    assert opened_well(hands)
    assert "bomb.dcm" in reasons(hands)
    assert peak_mb() - before < 700


def test_a_file_cut_short_in_its_pixels_is_named_on_its_view(hands: Hands, folder: Path) -> None:
    path = write(ct_slice(settings=Acquisition(series="short")), folder / "short.dcm")
    path.write_bytes(path.read_bytes()[:-300])
    hands.open(folder)
    show(hands, "short")
    assert "ends before its pixel data" in tile_words(hands)
    corners = hands.view.picture().corners
    assert "ALPHA, ADA" in corners.top_left
    assert "Series short" in corners.top_right
    show(hands, "series")
    assert opened_well(hands)


def test_one_damaged_slice_leaves_the_others(hands: Hands, tmp_path: Path) -> None:
    paths = ct_series(tmp_path / "study", 7)
    paths[3].write_bytes(paths[3].read_bytes()[:-300])
    hands.open(tmp_path / "study")
    volume = hands.workspace.volumes[hands.shown]
    assert volume.values.shape[0] == 7
    assert any("could not be read" in words for words in hands.texts().splitlines())
    hands.press("Home")
    hands.rest()
    assert hands.pixels().max() > 100


def test_a_folder_that_disappears_while_loading_is_a_message(hands: Hands, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    ct_series(folder, 40, transfer_syntax=RLELossless)
    hands.window.open_paths((folder,))
    hands.wait(lambda: bool(hands.workspace.studies))
    shutil.rmtree(folder)
    hands.rest()
    words = "\n".join((*hands.messages, hands.texts() if hands.workspace.volumes else ""))
    told = hands.view.picture().tile
    assert words.strip() or told is not None
    assert "unexpected" not in words


def test_a_full_disk_on_saving_is_a_message_and_leaves_no_half_series(
    hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.journeys.noisy import write_noisy_ct

    write_noisy_ct(tmp_path / "study")
    hands.open(tmp_path / "study")
    hands.window.enhance("gaussian", 0.4)
    hands.rest()
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: str(tmp_path / "saved"))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("viewer.io.derived_image.pydicom.dcmwrite", full)
    monkeypatch.setattr(Dataset, "save_as", full)
    hands.run("file.save_enhanced")
    assert any("No space left" in words or "full" in words for words in hands.messages)
    assert not list((tmp_path / "saved").rglob("*.dcm")) if (tmp_path / "saved").exists() else True
    assert hands.viewport(1).picture().pixels.label is not None


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_a_decoder_that_dies_is_replaced_and_the_window_goes_on(
    hands: Hands, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1)
    slices = build_series(30, settings=Acquisition(rows=256, columns=256))
    for number, dataset in enumerate(slices):
        set_pixels(dataset, noise.integers(0, 4000, (256, 256)), bits_stored=12)
        write(dataset, tmp_path / "study" / f"{number}.dcm", transfer_syntax=RLELossless)
    hands.window.open_paths((tmp_path / "study",))

    def has_children() -> bool:
        decoders = hands.session.images._decoders
        return decoders is not None and bool(decoders.process_ids())

    hands.wait(has_children)
    decoders = hands.session.images._decoders
    assert decoders is not None
    killed = decoders.process_ids()
    for process in killed:
        with contextlib.suppress(ProcessLookupError):  # it has just been replaced
            os.kill(process, signal.SIGKILL)
    hands.rest()
    volume = hands.workspace.volumes[hands.shown]
    assert volume.loaded.sum() >= 30 - len(killed), "each costs the frame that it worked on"
    assert not set(killed) & set(decoders.process_ids())
    viewing.go_to_slice(hands.session, 1 + int(np.flatnonzero(volume.loaded)[0]))
    hands.rest()
    assert hands.pixels().max() > 100


@pytest.mark.realdata
class TestRealFiles:
    """Real damaged files, one folder after another."""

    @pytest.mark.parametrize(
        "name",
        [
            "derived_bad",
            "fodicom_bad",
            "fuzz_cat01_09_a",
            "jpegll_bad",
            "orthanc_bad",
            "pydicom_bad",
            "pydicom_data_bad",
            "wsi_frames_wrong_size",
        ],
    )
    def test_every_part_has_a_picture_or_a_reason(
        self, hands: Hands, real_data: Path, name: str
    ) -> None:
        folder = real_data / "malformed" / name
        if not folder.is_dir():
            pytest.skip(f"{name} is not among the real data")
        before = peak_mb()
        hands.open(folder)
        for part in tuple(hands.workspace.image_parts()):
            hands.window.show_in_active(part.key)
            hands.rest()
            picture = hands.view.picture()
            assert (picture.pixels is None) != (picture.tile is None), part.label
        assert not [words for words in hands.messages if "unexpected" in words]
        listed = {
            instance.origin
            for study in hands.workspace.studies
            for series in study.series
            for instance in series.instances
        }
        named = listed | {skipped.origin for skipped in hands.workspace.skipped}
        assert named == {str(path) for path in folder.rglob("*") if path.is_file()}
        assert peak_mb() - before < 1500
