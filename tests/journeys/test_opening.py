"""A reader opens studies: from folders, drops, archives, recents and the library."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog

from tests.builders import (
    CORONAL,
    Acquisition,
    build_series,
    ct_series,
    ct_slice,
    text_report,
    uid,
    write,
    write_all,
)
from tests.journeys.conftest import Opener
from tests.journeys.hands import Hands
from viewer.app.settings import Settings
from viewer.core.study import PartKind
from viewer.ui import dialogs
from viewer.ui.command_palette import CommandPalette
from viewer.ui.preferences import Preferences
from viewer.ui.shortcut_sheet import ShortcutSheet
from viewer.ui.tag_browser import TagBrowser

OTHER = Acquisition(patient="BETA^BO", patient_id="DIP-2", study="other", series="other")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    ct_series(tmp_path / "study" / "a", 6)
    ct_series(tmp_path / "study" / "b", 4, settings=Acquisition(series="second"))
    return tmp_path / "study"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    ct_series(tmp_path / "other", 5, settings=OTHER)
    return tmp_path / "other"


def dialog(kind: type[QDialog]) -> QDialog:
    found = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, kind)]
    assert len(found) == 1
    return found[0]


def test_an_empty_window_says_what_to_do(hands: Hands) -> None:
    tile = hands.view.picture().tile
    assert tile is not None
    assert "Ctrl+O" in tile.title


def test_dropping_a_folder_on_a_view_opens_it(hands: Hands, study: Path) -> None:
    hands.drop_paths(study)
    assert len(hands.workspace.studies) == 1
    assert hands.pixels().max() > 100


def test_dropping_a_folder_on_the_browser_opens_it(hands: Hands, study: Path) -> None:
    hands.drop_paths(study, on=hands.window.browser)
    assert hands.pixels().max() > 100


def test_dragging_a_series_onto_a_view_shows_it_there(hands: Hands, study: Path) -> None:
    hands.open(study)
    second = next(p for p in hands.workspace.image_parts() if len(p.sources) == 4)
    hands.press("Ctrl+2")
    hands.rest()
    hands.drop_series(second.key, place=0)
    assert hands.workspace.views[0].part == second.key
    assert hands.workspace.active == 0


def test_an_archive_opens_and_leaves_nothing_behind(
    hands: Hands, study: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for path in study.rglob("*.dcm"):
            archive.write(path, path.relative_to(study))
    hands.open(tmp_path / "study.zip")
    assert hands.pixels().max() > 100
    hands.window.close()
    assert not [path for path in (hands.session.home / "unpacked").rglob("*") if path.is_file()]


def test_thumbnails_arrive_for_every_image_series(hands: Hands, study: Path) -> None:
    hands.open(study)
    assert set(hands.session.images.thumbnails) == {p.key for p in hands.workspace.image_parts()}


def test_objects_without_pixels_are_listed_by_name(
    hands: Hands, study: Path, tmp_path: Path
) -> None:
    write(text_report(), study / "report.dcm")
    hands.open(study)
    rows = [row for listed in hands.window.browser._studies for row in listed.parts]
    assert [row.object_name for row in rows if row.object_name]
    kinds = {part.kind for part in hands.workspace.parts.values()}
    assert PartKind.OBJECT in kinds


def test_a_second_study_of_another_patient_is_shown_alone(
    hands: Hands, study: Path, other: Path
) -> None:
    hands.open(study)
    hands.press("Ctrl+2")
    hands.rest()
    hands.open(other)
    assert hands.workspace.layout.shown == (0,)
    assert "BETA, BO" in hands.texts()


def test_two_patients_side_by_side_need_a_word_and_stay_marked(
    hands: Hands, study: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.open(study)
    hands.open(other)
    hands.press("Ctrl+2")
    hands.rest()
    first = next(p for p in hands.workspace.image_parts() if len(p.sources) == 6)
    asked: list[tuple[str, ...]] = []

    def answer(is_yes: bool) -> None:
        monkeypatch.setattr(
            dialogs, "confirm_two_patients", lambda _w, *pair: asked.append(pair) or is_yes
        )

    answer(False)
    hands.drop_series(first.key, place=1)
    assert hands.workspace.views[1].part != first.key
    answer(True)
    hands.drop_series(first.key, place=1)
    assert hands.workspace.views[1].part == first.key
    assert hands.viewport(0).picture().alert == "Another patient than in view 2"
    assert hands.viewport(1).picture().alert == "Another patient than in view 1"
    hands.drop_series(first.key, place=1)
    assert len(asked) == 2


def test_opening_again_what_is_listed_shows_it(hands: Hands, study: Path, other: Path) -> None:
    hands.open(study)
    hands.open(other)
    hands.open(study)
    assert "ALPHA, ADA" in hands.texts()
    assert sum(len(series.instances) for s in hands.workspace.studies for series in s.series) == 15


def test_recent_folders_are_listed_and_open_again(
    hands: Hands, study: Path, opener: Opener
) -> None:
    hands.open(study)
    hands.window.close()
    again = opener()
    assert again.workspace.settings.recents == (str(study),)
    again.window.browser.recent_activated.emit(str(study))
    again.rest()
    assert "ALPHA, ADA" in again.texts()


def test_the_next_start_lists_the_library_and_shows_what_is_chosen(
    hands: Hands, study: Path, opener: Opener
) -> None:
    hands.open(study)
    hands.window.close()
    again = opener()
    again.window.load_later()
    again.rest()
    assert [listed.patient_name for listed in again.window.browser._studies] == ["ALPHA, ADA"]
    assert again.state.part is None
    part = next(again.workspace.image_parts())
    again.window.browser.part_activated.emit(part.key)
    again.rest()
    assert again.pixels().max() > 100
    assert again.focused is again.view


def test_what_the_library_lists_does_not_hide_what_is_opened_now(
    hands: Hands, study: Path, other: Path, opener: Opener
) -> None:
    hands.open(study)
    hands.open(other)
    hands.window.close()
    again = opener()
    again.window.load_later()
    again.open(other)
    assert "BETA, BO" in again.texts()
    again.press("Right")
    again.rest()
    assert "BETA, BO" in again.texts()


def test_vanished_studies_are_not_listed_at_the_next_start(
    hands: Hands, study: Path, opener: Opener
) -> None:
    hands.open(study)
    hands.window.close()
    shutil.rmtree(study)
    again = opener()
    again.window.load_later()
    again.rest()
    assert again.window.browser._studies == ()


def test_the_search_finds_patient_and_description(hands: Hands, study: Path, other: Path) -> None:
    hands.open(study)
    hands.open(other)
    hands.press("Ctrl+F")
    QTest.keyClicks(hands.focused, "beta")
    assert hands.window.browser._model.rowCount() == 1
    QTest.keyClick(hands.focused, Qt.Key.Key_Escape)
    assert hands.window.browser._model.rowCount() == 2


def test_a_larger_grid_takes_the_next_series_and_reference_lines_cross(
    hands: Hands, tmp_path: Path
) -> None:
    ct_series(tmp_path / "s" / "a", 20)
    coronal = Acquisition(
        series="coronal", orientation=CORONAL, origin_mm=(-8.0, -4.0, 8.0), spacing_mm=(1.5, 0.5)
    )
    ct_series(tmp_path / "s" / "c", 6, settings=coronal)
    hands.open(tmp_path / "s")
    hands.press("Ctrl+2")
    hands.rest()
    assert len({hands.workspace.views[view].part for view in (0, 1)}) == 2
    assert hands.viewport(0).picture().reference_lines


def test_tags_open_with_a_search(hands: Hands, study: Path) -> None:
    hands.open(study)
    hands.press("Ctrl+T")
    browser = dialog(TagBrowser)
    assert isinstance(browser, TagBrowser)
    browser._field.setText("patientname")
    browser._field.setText("Patient's Name")
    assert "ALPHA^ADA" in browser._tree.topLevelItem(0).text(3) or any(
        "ALPHA^ADA" in item.text(3)
        for item in browser._tree.findItems("", Qt.MatchFlag.MatchContains, 3)
        if not item.isHidden()
    )
    browser.close()


def test_the_palette_runs_a_command_by_its_words(hands: Hands, study: Path) -> None:
    hands.open(study)
    hands.press("Ctrl+K")
    palette = dialog(CommandPalette)
    assert isinstance(palette, CommandPalette)
    QTest.keyClicks(palette._field, "invert")
    QTest.keyClick(palette._field, Qt.Key.Key_Return)
    hands.rest()
    assert hands.state.is_inverted


def test_presets_are_found_by_their_names(hands: Hands, study: Path) -> None:
    hands.open(study)
    titles = [row.title for row in hands.window.actions_by_id.rows()]
    assert "Window preset 2: Lung" in titles


def test_the_shortcut_sheet_names_keys_and_gestures(hands: Hands) -> None:
    hands.press("?")
    sheet = dialog(ShortcutSheet)
    assert isinstance(sheet, ShortcutSheet)
    titles = {row.title for row in sheet._commands}
    assert {"Invert grey scale", "Enhance beside the original"} <= titles
    sheet.close()


def test_preferences_take_effect_at_once_and_are_kept(
    hands: Hands, study: Path, opener: Opener
) -> None:
    hands.open(study)
    hands.press("Ctrl+,")
    preferences = dialog(Preferences)
    assert isinstance(preferences, Preferences)
    preferences.value_changed.emit("overlays.patient_name", False)
    assert "ALPHA" not in hands.texts()
    preferences.close()
    hands.window.close()
    assert opener().workspace.settings.overlays.patient_name is False
    assert Settings().overlays.patient_name is True


def test_closing_all_studies_empties_the_window_and_frees_the_memory(
    hands: Hands, study: Path
) -> None:
    hands.open(study)
    hands.press("Ctrl+W")
    hands.rest()
    assert hands.workspace.volumes == {}
    assert hands.session.images._cache.used_bytes == 0
    assert hands.view.picture().tile is not None
    assert [listed.patient_name for listed in hands.window.browser._studies] == ["ALPHA, ADA"]
    hands.open(study)
    assert hands.pixels().max() > 100


def test_closing_while_loading_leaves_nothing_running(hands: Hands, tmp_path: Path) -> None:
    ct_series(tmp_path / "long", 60, transfer_syntax="1.2.840.10008.1.2.5")
    hands.window.open_paths((tmp_path / "long",))
    hands.wait(lambda: bool(hands.workspace.volumes))
    hands.window.close()
    assert not hands.window.isVisible()


def test_a_stopped_scan_keeps_what_was_found(hands: Hands, tmp_path: Path) -> None:
    for number in range(40):
        ct_series(tmp_path / "many" / str(number), 4, settings=Acquisition(series=str(number)))
    hands.window.open_paths((tmp_path / "many",))
    hands.wait(lambda: bool(hands.workspace.studies))
    for job in hands.session.jobs.running:
        job.cancel()
    hands.rest()
    assert hands.workspace.studies
    assert hands.pixels().max() > 100
    assert hands.session.images.fraction_loaded(hands.shown) is None


def test_linked_views_of_one_patient_scroll_to_the_same_place(hands: Hands, tmp_path: Path) -> None:
    ct_series(tmp_path / "s" / "thin", 20, settings=Acquisition(step_mm=1.0))
    ct_series(tmp_path / "s" / "thick", 5, settings=Acquisition(step_mm=4.0, series="thick"))
    hands.open(tmp_path / "s")
    hands.press("Ctrl+2")
    hands.rest()
    hands.press("Home")
    hands.wheel(8)
    hands.rest()
    places = [hands.workspace.views[view].focus_mm[2] for view in (0, 1)]
    assert np.ptp(places) < 1e-6
    assert hands.viewport(1).picture().link is not None


def test_what_is_opened_is_shown_and_no_larger_series_of_the_same_study(
    hands: Hands, tmp_path: Path
) -> None:
    ct_series(tmp_path / "large", 9)
    ct_series(tmp_path / "small", 2, settings=Acquisition(series="maps"))
    hands.open(tmp_path / "large")
    hands.open(tmp_path / "small")
    series = hands.workspace.series_of(hands.shown)
    assert series is not None
    assert series.description == "Series maps"


def test_a_part_of_a_series_that_is_open_is_shown_when_it_is_opened(
    hands: Hands, tmp_path: Path
) -> None:
    ct_series(tmp_path / "axial", 6)
    slices = build_series(5, settings=Acquisition(orientation=CORONAL))
    for place, dataset in enumerate(slices):
        dataset.SOPInstanceUID = uid("coronal", place)
    paths = write_all(slices, tmp_path / "coronal")
    hands.open(tmp_path / "axial")
    hands.open(tmp_path / "coronal")
    shown = hands.workspace.parts[hands.shown]
    assert {source.instance.path for source in shown.sources} == set(map(str, paths))


def test_a_copy_of_what_is_open_shows_what_is_open(hands: Hands, tmp_path: Path) -> None:
    ct_series(tmp_path / "here", 4)
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    hands.open(tmp_path / "here")
    hands.press("Ctrl+W")
    hands.open(tmp_path / "there")
    assert len(hands.workspace.parts[hands.shown].sources) == 4


def test_a_file_that_cannot_be_shown_gives_way_to_the_rest_of_its_folder(
    hands: Hands, tmp_path: Path
) -> None:
    bad = write(ct_slice(settings=Acquisition(series="bad")), tmp_path / "in" / "a" / "0.dcm")
    bad.write_bytes(bad.read_bytes()[:-300])
    ct_series(tmp_path / "in" / "b", 5, settings=Acquisition(series="good"))
    hands.open(tmp_path / "in")
    series = hands.workspace.series_of(hands.shown)
    assert series is not None
    assert series.description == "Series good"


def test_the_series_in_view_is_in_sight_in_the_browser(hands: Hands, tmp_path: Path) -> None:
    for number in range(20):
        ct_series(tmp_path / f"{number:02d}", 2, settings=Acquisition(series=f"s{number:02d}"))
    hands.open(tmp_path)
    last = list(hands.workspace.image_parts())[-1]
    hands.window.show_in_active(last.key)
    hands.rest()
    tree = hands.window.browser._tree
    row = tree.visualRect(tree.model().index_of(last.key))
    assert tree.viewport().rect().contains(row.center())
