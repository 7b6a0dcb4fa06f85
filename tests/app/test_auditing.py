"""The audit in use: its caution in the provenance, its facts, and going to the places it lists."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.enhancement.scenes import SmoothingRunner, noisy_volume, study_of, tiny_model
from tests.sessions import new_session, put_layer, put_series
from viewer.app import saving
from viewer.app.auditing import audit_facts, audited, go_to_spot, has_spots, spot_here, step
from viewer.app.comparing import show_side_by_side
from viewer.app.enhancing import EnhanceRequest, enhance
from viewer.core.view import Plane
from viewer.enhancement.audit import Audit, StructureLine
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import Engine
from viewer.enhancement.findings import Findings
from viewer.enhancement.spots import Spot, SpotKind

METHOD = "test-denoise"
SPOTS = (
    Spot(SpotKind.ORIGINAL, 7, 20, 5, 6.5),
    Spot(SpotKind.EDGE, 2, 3, 30, 5.1, 0.6),
)


@pytest.fixture
def result(tmp_path):
    tiny_model(tmp_path)
    engine = Engine(read_catalogue(tmp_path), open_model=lambda _card, device: SmoothingRunner())
    volume, _ = noisy_volume(6, 224)
    return enhance(engine, EnhanceRequest(*study_of(), volume, "tiny", 0.4))


@pytest.fixture
def session(tmp_path):
    """A session in which the audit of a layer found two places."""
    made = new_session(tmp_path)
    part = put_series(made)
    put_layer(made, part)
    show_side_by_side(made, part, METHOD)
    found = SimpleNamespace(findings=Findings(Audit(0.1, 5.0, 20.0), None, SPOTS))
    made.enhancements.enhancement = lambda _part, method: found if method == METHOD else None
    return made


def above(result, p95):
    findings = Findings(Audit(0.2, 5.0, 20.0), StructureLine(p95, 180, "a command"), ())
    return replace(result, findings=findings)


@pytest.mark.parametrize(("modality", "is_counted"), [("PT", True), ("CT", False), ("MR", False)])
def test_the_noise_of_pet_alone_is_taken_as_that_of_counts(
    result, monkeypatch, modality, is_counted
):
    asked = []
    monkeypatch.setattr("viewer.enhancement.spots.spots", lambda *_, **how: asked.append(how) or ())
    request = result.plan.request
    series = replace(request.series, modality=modality)
    plan = replace(result.plan, request=replace(request, series=series))
    audited(replace(result, plan=plan))
    assert asked == [{"is_counted": is_counted}]


def test_an_index_above_the_red_line_is_a_caution_on_the_pixels(result):
    words = above(result, 0.1).provenance().gates[-1]
    assert "more structure in what was taken away than in 95 % of the validation set" in words


def test_an_index_below_the_red_line_or_not_looked_at_yet_is_none(result):
    assert above(result, 0.3).provenance().gates == result.provenance().gates


def test_a_smoothing_method_is_found_out_and_the_strength_changes_nothing(result):
    facts = audit_facts(audited(result))
    assert facts["structure"] > 0.3
    assert facts["structure_p95"] is None
    assert {place["kind"] for place in facts["places"]} >= {"change along an edge"}
    other = replace(result.plan.request, strength=0.9)
    again = audit_facts(audited(replace(result, plan=replace(result.plan, request=other))))
    assert again == facts


def test_places_are_counted_from_one_and_have_their_point_in_the_patient(result):
    findings = Findings(Audit(0.0, 1.0, 2.0), None, (Spot(SpotKind.EDGE, 2, 10, 20, 5.0, 0.5),))
    (place,) = audit_facts(replace(result, findings=findings))["places"]
    assert (place["slice"], place["row"], place["column"]) == (3, 11, 21)
    assert place["lps_mm"] == pytest.approx((14.0, 7.0, 2.0))


def test_a_result_that_is_saved_before_its_audit_is_audited_first(result, monkeypatch, tmp_path):
    line = StructureLine(-1.0, 180, "a command")
    card = replace(result.plan.card, structure=line)
    early = replace(result, plan=replace(result.plan, card=card))
    written = []
    monkeypatch.setattr(
        saving, "save_derived", lambda _part, volume, _out, **_: written.append(volume)
    )
    saving.save_enhancement(early, None, tmp_path)
    assert "residual audit" in written[0].provenance.gates[-1]


def test_before_the_audit_there_are_no_facts(result):
    assert audit_facts(result) == {}


def test_going_to_a_place_moves_both_views_and_marks_it(session):
    go_to_spot(session, 0)
    workspace = session.workspace
    assert workspace.mark is not None
    for view in workspace.layout.shown:
        assert workspace.views[view].focus_mm == pytest.approx((-11.0, 4.0, 14.0))
    assert spot_here(session) == 0


def test_going_to_a_place_moves_views_that_are_not_linked_too(session):
    session.workspace.set_link(replace(session.workspace.link, is_on=False))
    go_to_spot(session, 1)
    focuses = {session.workspace.views[view].focus_mm for view in (0, 1)}
    assert len(focuses) == 1


def test_a_magnified_view_comes_back_to_the_fit_so_that_the_place_is_seen(session):
    for view in (0, 1):
        state = session.workspace.views[view]
        session.workspace.show(view, replace(state, zoom=4.0, pan_mm=(50.0, 0.0)))
    go_to_spot(session, 0)
    assert session.workspace.views[1].zoom == 1.0
    assert session.workspace.views[1].pan_mm == (0.0, 0.0)


def test_a_volume_view_is_left_as_it_is(session):
    state = replace(session.workspace.views[1], plane=Plane.VOLUME, zoom=2.0)
    session.workspace.show(1, state)
    go_to_spot(session, 0)
    assert session.workspace.views[1].zoom == 2.0


def test_the_next_place_comes_round_and_the_previous_one_too(session):
    for number in (0, 1, 0):
        step(1)(session)
        assert spot_here(session) == number
    step(-1)(session)
    assert spot_here(session) == 1


def test_without_places_nothing_moves(session):
    before = dict(session.workspace.views)
    session.enhancements.enhancement = lambda _part, _method: None
    assert not has_spots(session)
    step(1)(session)
    go_to_spot(session, 5)
    assert session.workspace.views == before
    assert np.isfinite(session.workspace.views[0].focus_mm).all()
