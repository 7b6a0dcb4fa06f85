"""Opening: two patients side by side, what an alert says, closing."""

from pathlib import Path

import pytest

from tests.sessions import new_session, put_series
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
