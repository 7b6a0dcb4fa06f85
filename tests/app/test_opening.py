"""Opening: two patients side by side, what an alert says, closing."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import ct_slice, write
from tests.sessions import FakeImages, new_session, put_layer, put_series
from viewer.app import opening
from viewer.app.session import Session
from viewer.core.layout import grid


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return new_session(tmp_path)


def test_two_patients_side_by_side_need_a_word_once(session: Session) -> None:
    first = put_series(session, "1.1", patient="Doe^Jane", study_uid="1.2")
    second = put_series(session, "2.1", patient="Roe^Rick", study_uid="2.2")
    session.workspace.arrange(grid(1, 2))
    opening.show_part(session, 0, first)
    pair = opening.needs_confirmation(session.workspace, 1, second)
    assert pair is not None
    opening.confirm_patients(session.workspace, pair)
    assert opening.needs_confirmation(session.workspace, 1, second) is None


def test_views_of_two_patients_stay_marked(session: Session) -> None:
    first = put_series(session, "1.1", patient="Doe^Jane", study_uid="1.2")
    second = put_series(session, "2.1", patient="Roe^Rick", study_uid="2.2")
    session.workspace.arrange(grid(1, 2))
    opening.show_part(session, 0, first)
    opening.show_part(session, 1, second)
    assert opening.patient_alert(session.workspace, 0) == "Another patient than in view 2"
    assert opening.patient_alert(session.workspace, 1) == "Another patient than in view 1"


def test_one_patient_needs_no_word(session: Session) -> None:
    first, second = put_series(session, "1.1"), put_series(session, "1.5")
    session.workspace.arrange(grid(1, 2))
    opening.show_part(session, 0, first)
    assert opening.needs_confirmation(session.workspace, 1, second) is None
    opening.show_part(session, 1, second)
    assert opening.patient_alert(session.workspace, 0) == ""


def test_closing_forgets_studies_pixels_and_views(session: Session) -> None:
    opening.show_part(session, 0, put_series(session))
    opening.close_all(session)
    assert session.workspace.studies == ()
    assert not session.workspace.volumes
    assert session.workspace.views[0].part is None


def test_a_series_that_has_grown_loses_the_layers_of_its_old_pixels(session: Session) -> None:
    key = put_series(session, slices=10)
    opening.show_part(session, 0, key)
    put_layer(session, key)
    old = session.workspace.volumes[key]
    part = session.workspace.parts[key]
    grown = replace(old, sources=(*old.sources[1:], "9.9"))
    opening._put(session, part, grown)
    assert session.workspace.volumes[key] is grown
    assert not session.workspace.layers


def test_pixels_of_other_images_than_the_part_has_now_are_loaded_again(session: Session) -> None:
    key = put_series(session, slices=10)
    images = session.images
    assert isinstance(images, FakeImages)
    opening.show_part(session, 0, key)
    assert images.loaded == []
    part = session.workspace.parts[key]
    session.workspace.parts[key] = replace(part, sources=part.sources[::-1])
    opening.show_part(session, 0, key)
    assert images.loaded == [key]


def test_other_pixels_under_a_known_header_are_shown_beside_it(session: Session) -> None:
    dataset, folder = ct_slice(), session.home / "in"
    first = write(dataset, folder / "1.dcm")
    dataset.PixelData = dataset.PixelData[:-2] + b"\x07\x00"
    second = write(dataset, folder / "2.dcm")
    opening.open_paths(session, (first,))
    opening.open_paths(session, (second,))
    kept = [source for part in session.workspace.image_parts() for source in part.sources]
    assert [Path(source.instance.path) for source in kept] == [first, second]
