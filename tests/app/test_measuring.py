"""Measurements: what their numbers say, and that nothing is lost."""

from pathlib import Path

import pytest

from tests.sessions import new_session, put_layer, put_series
from viewer.app import measuring, opening
from viewer.app.messages import Message, Severity
from viewer.app.regions import region_row, region_statistics
from viewer.app.session import Session
from viewer.app.workspace import PartKey
from viewer.core.measurement import Measurement, MeasurementKind

SQUARE = ((-10.0, -10.0, 10.0), (0.0, 0.0, 10.0))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return new_session(tmp_path)


@pytest.fixture
def part(session: Session) -> PartKey:
    key = put_series(session)
    opening.show_part(session, 0, key)
    return key


def add(session: Session, kind: MeasurementKind, *points: tuple[float, ...]) -> Measurement:
    identity = measuring.add(session, 0, kind, tuple((p[0], p[1], p[2]) for p in points))
    part = session.workspace.views[0].part
    assert part is not None
    return next(m for m in measuring.of_part(session.workspace, part) if m.id == identity)


def test_a_measurement_names_the_image_it_was_drawn_on(session: Session, part: PartKey) -> None:
    made = add(session, MeasurementKind.LENGTH, (0, 0, 10), (3, 4, 10))
    geometry = session.workspace.volumes[part].geometry
    index = geometry.slice_of(session.workspace.views[0].focus_mm)
    assert made.sop_instance_uid == f"1.2.3.{index}"
    assert measuring.numbers_in_words(made, None, "HU") == ("5.0 mm",)


def test_what_is_only_sketched_is_not_kept(session: Session, part: PartKey) -> None:
    made = measuring.drawn(session, 0, MeasurementKind.LENGTH, ((0.0, 0.0, 10.0), (3.0, 4.0, 10.0)))
    assert made is not None
    assert measuring.of_part(session.workspace, part) == ()


def test_an_empty_view_takes_no_measurement(session: Session) -> None:
    assert measuring.add(session, 0, MeasurementKind.POINT, ((0.0, 0.0, 0.0),)) == ""


@pytest.mark.parametrize(
    ("unit", "first"),
    [("HU", "mean 12.3 HU  SD 4.6"), ("SUVbw", "mean 12.35 SUVbw  SD 4.57")],
)
def test_the_figures_of_a_region_have_the_digits_of_their_unit(
    session: Session, part: PartKey, unit: str, first: str
) -> None:
    made = add(session, MeasurementKind.RECTANGLE, *SQUARE)
    found = region_statistics(session.workspace.volumes[part], made)
    assert found is not None
    known = type(found)(12.345, 4.567, -3.2, 40.4, 100.0, 120)
    assert measuring.numbers_in_words(made, known, unit)[0] == first


def test_stored_values_are_called_stored(session: Session, part: PartKey) -> None:
    made = add(session, MeasurementKind.RECTANGLE, *SQUARE)
    found = region_statistics(session.workspace.volumes[part], made)
    assert "(stored)" in measuring.numbers_in_words(made, found, "stored")[0]


def test_undo_and_redo_are_written_to_the_disk(
    session: Session, part: PartKey, tmp_path: Path
) -> None:
    add(session, MeasurementKind.LENGTH, (0, 0, 10), (3, 4, 10))
    measuring.undo(session)
    again = new_session(tmp_path)
    key = put_series(again)
    measuring.restore(again, again.workspace.parts[key].study_key)
    assert measuring.of_part(again.workspace, key) == ()
    measuring.redo(session)
    third = new_session(tmp_path)
    key = put_series(third)
    measuring.restore(third, third.workspace.parts[key].study_key)
    assert len(measuring.of_part(third.workspace, key)) == 1


def test_removing_and_naming_find_the_measurement_wherever_it_is(
    session: Session, part: PartKey
) -> None:
    made = add(session, MeasurementKind.ARROW, (0, 0, 10), (3, 4, 10))
    measuring.rename_any(session, made.id, "nodule")
    assert measuring.text_of(session.workspace, made.id) == "nodule"
    measuring.remove_any(session, (made.id, "unknown"))
    assert measuring.of_part(session.workspace, part) == ()


def test_jumping_shows_the_slice_and_opens_a_hidden_series(session: Session, part: PartKey) -> None:
    made = add(session, MeasurementKind.POINT, (0, 0, 4))
    other = put_series(session, "1.2.4")
    opening.show_part(session, 0, other)
    measuring.jump_to_any(session, made.id)
    state = session.workspace.views[0]
    assert state.part == part
    assert state.focus_mm[2] == pytest.approx(4)


def test_a_disk_that_refuses_is_told_and_the_measurement_stays(
    session: Session, part: PartKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Message] = []
    session.workspace.message.connect(told.append)

    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("viewer.io.safely.os.replace", refuse)
    add(session, MeasurementKind.POINT, (0, 0, 4))
    assert len(measuring.of_part(session.workspace, part)) == 1
    assert [message.severity for message in told] == [Severity.ERROR]


def test_the_same_region_is_measured_on_both_layers(session: Session, part: PartKey) -> None:
    made = add(session, MeasurementKind.RECTANGLE, *SQUARE)
    layer = put_layer(session, part)
    row = region_row(session.workspace.volumes[part], layer, made, "Rectangle 1")
    assert row is not None
    assert row.enhanced is not None
    assert row.residual is not None
    assert row.bias == pytest.approx(-160 / 8 * 0.5)
    assert row.enhanced.mean == pytest.approx(row.original.mean - 10)
    assert row.noise_change == pytest.approx(0.0, abs=1e-6)
