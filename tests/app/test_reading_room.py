"""Images of a trial stand on the screen under names that say nothing, and alike."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.builders import radiograph, write
from tests.reader.study_texts import study_text
from tests.sessions import new_session
from tests.study_fake import image, protocol, trials
from viewer.app import following, reading_room
from viewer.app.locking import lock_study
from viewer.app.reading import Shown
from viewer.app.session import Session
from viewer.app.viewing import starts_inverted
from viewer.core.view import edge_letters, scrolled, zoomed
from viewer.core.volume import frames_geometry
from viewer.core.windowing import Window
from viewer.io.sealed_images import read_sealed
from viewer.reader.record import open_study
from viewer.reader.trials import MarkPlaced


def shown(count: int = 2, unit: str = "HU") -> Shown:
    made = protocol()
    images = tuple(
        replace(image(1, is_derived=place == 1), unit=unit)  # type: ignore[type-var]
        for place in range(count)
    )
    return Shown(trials(made, count)[1], made.cases[1], images)  # type: ignore[arg-type]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return reading_room.for_reading(new_session(tmp_path))


def put(session: Session, what: Shown, *, is_blinded: bool = True) -> None:
    reading_room.show_images(session, what, is_blinded=is_blinded, is_measuring=not is_blinded)


def test_every_image_of_a_blinded_trial_has_a_badge_by_its_position(session: Session) -> None:
    put(session, shown())
    badges = [blinding.badge for blinding in session.workspace.badges.values()]
    assert badges == ["Study image A", "Study image B"]
    put(session, shown(1))
    assert [b.badge for b in session.workspace.badges.values()] == ["Study image"]


def test_an_open_label_trial_has_no_badges_and_tells_values(session: Session) -> None:
    put(session, shown(), is_blinded=False)
    assert session.workspace.badges == {}
    assert session.workspace.shows_values


def test_no_value_of_a_pixel_is_told_unless_the_protocol_measures(session: Session) -> None:
    put(session, shown())
    assert not session.workspace.shows_values
    reading_room.show_images(session, shown(), is_blinded=True, is_measuring=True)
    assert session.workspace.shows_values


def test_nothing_of_the_trial_before_is_left(session: Session) -> None:
    put(session, shown())
    first = set(session.workspace.parts)
    put(session, replace(shown(), trial=trials(protocol())[2]))
    assert not first & {*session.workspace.parts, *session.workspace.volumes}


def test_both_images_follow_each_other_in_everything(session: Session) -> None:
    put(session, shown(unit="stored"))
    workspace = session.workspace
    geometry = workspace.volumes[workspace.views[0].part or ("", 0)].geometry
    new = zoomed(scrolled(workspace.views[0], geometry, 2), 2.0)
    following.change(session, 0, replace(new, window=Window(10.0, 20.0), rotation_rad=1.0))
    other = workspace.views[1]
    assert replace(workspace.views[0], part=other.part) == other


def test_images_without_patient_geometry_follow_each_other(session: Session) -> None:
    from viewer.core.volume import Frames

    values = np.zeros((3, 8, 8), dtype=np.int16)
    frames = Frames(values, frames_geometry((3, 8, 8), None), "stored", (), np.ones(3, np.bool_))
    put(session, replace(shown(), images=(frames, replace(frames))))
    following.change(session, 0, zoomed(session.workspace.views[0], 2.0))
    assert session.workspace.views[1].zoom == 2.0


def test_the_window_of_a_case_is_the_case_s_own_or_coarse(session: Session) -> None:
    what = shown()
    assert reading_room.start_window(what.case, what.images) == Window(40.0, 400.0)
    own = replace(what.case, window=(-600.0, 1500.0))
    assert reading_room.start_window(own, what.images) == Window(-600.0, 1500.0)
    grey = shown(unit="stored")
    alone = [reading_room.start_window(grey.case, (one,)) for one in grey.images]
    assert alone[0] == alone[1]


def test_no_command_of_a_reading_has_a_key_of_the_form(session: Session) -> None:
    keys = {key for one in reading_room.reading_commands(session) for key in one.keys}
    forms = {*"0123456789", "Return", "Enter", "Backspace", "Del", "Left", "Right"}
    assert not keys & forms
    assert "Ctrl+1" in keys


def test_no_command_of_a_reading_takes_something_out_or_tells_a_value(session: Session) -> None:
    names = {one.id for one in reading_room.reading_commands(session)}
    leaking = ("export", "tags", "file", "enhance", "compare", "audit", "measure", "region", "auto")
    assert not [name for name in names - {"window.file"} for word in leaking if word in name]


def test_measuring_tools_are_there_only_where_the_protocol_allows_them(session: Session) -> None:
    without = {one.id for one in reading_room.reading_commands(session)}
    with_them = {one.id for one in reading_room.reading_commands(session, is_measuring=True)}
    assert {"tool.length", "tool.ellipse"} <= with_them - without
    keys = {
        key for one in reading_room.reading_commands(session, is_measuring=True) for key in one.keys
    }
    assert not keys & {*"0123456789", "Return", "Backspace", "Del", "Left", "Right"}


def test_a_mark_is_stored_in_patient_coordinates_and_drawn_on_its_image(session: Session) -> None:
    what = shown()
    put(session, what)
    corners = ((10.0, -20.0, 15.0), (30.0, 0.0, 15.0))
    mark = reading_room.mark_between(session, what, 1, corners, "m1", "point")
    assert mark.point_mm == (10.0, -20.0, 15.0)
    (spot,) = reading_room.spots_of(session, what, (("B", mark, "1"),))
    assert spot.part == session.workspace.views[1].part
    ellipse = reading_room.mark_between(session, what, 1, corners, "m2", "ellipse")
    assert (ellipse.point_mm, ellipse.half_axes_mm) == ((20.0, -10.0, 15.0), (10.0, 10.0))


def test_a_mark_without_patient_geometry_is_frame_column_and_row() -> None:
    from viewer.core.volume import Frames

    values = np.zeros((3, 8, 8), dtype=np.int16)
    frames = Frames(values, frames_geometry((3, 8, 8), None), "stored", (), np.ones(3, np.bool_))
    mm = frames.geometry.to_mm((2.0, 5.0, 3.0))
    stored = reading_room.place_of_mark(frames, (float(mm[0]), float(mm[1]), float(mm[2])))
    assert stored == (2.0, 3.0, 5.0)
    assert np.allclose(reading_room.place_on_screen(frames, stored), mm)


def test_going_to_a_mark_shows_its_slice_on_every_image(session: Session) -> None:
    what = shown()
    put(session, what)
    reading_room.go_to_mark(session, what, MarkPlaced("m", (0.0, 0.0, 35.0), 1.0))
    assert [session.workspace.views[view].focus_mm[2] for view in (0, 1)] == [35.0, 35.0]


def test_a_note_says_window_zoom_and_the_slices_that_were_seen(session: Session) -> None:
    put(session, shown())
    looking = reading_room.Looking(session)
    looking.restart()
    geometry = session.workspace.volumes[session.workspace.views[0].part or ("", 0)].geometry
    for step in (1, 1, -4):
        state = scrolled(session.workspace.views[0], geometry, step)
        following.change(session, 0, state)
    facts = dict(looking.note().facts)
    assert facts["A.window"] == "40/400"
    assert facts["B.zoom"] == "1.00"
    assert facts["A.slices"] == facts["B.slices"] == "3, 5-7"
    looking.close()


def test_measurements_of_a_reading_are_kept_nowhere(session: Session, tmp_path: Path) -> None:
    put(session, shown())
    session.notebook.save((session.workspace.studies[0].uid, "", ""))
    assert not (tmp_path / "measurements").exists()


def test_a_radiograph_is_shown_as_its_file_says_with_its_letters(
    session: Session, tmp_path: Path
) -> None:
    taken = radiograph(PhotometricInterpretation="MONOCHROME1", PatientOrientation=["L", "F"])
    write(taken, tmp_path / "draft" / "c1" / "a.dcm")
    file = tmp_path / "draft" / "study.toml"
    file.write_text(study_text(cases=1, readers=1))
    path = lock_study(file, "the owner's", lambda *_: None, second_log=tmp_path / "log").path
    with open_study(path) as record:
        (case,), key = record.protocol.cases, record.image_key
    assert case.is_inverted
    images = [read_sealed(token, key) for token in sorted((path.parent / "images").iterdir())]
    made = replace(shown(1), case=case, images=(images[0],))
    put(session, made)
    (state,) = session.workspace.views.values()
    assert state.is_inverted
    part = reading_room.part_key(made, 0)
    assert starts_inverted(session.workspace, part)
    instance = session.workspace.parts[part].sources[0].instance
    letters = edge_letters(state, images[0].geometry, instance.patient_orientation)
    assert letters == ("R", "H", "L", "F")
    assert [one.patient_orientation for one in images] == [("L", "F")] * 2
