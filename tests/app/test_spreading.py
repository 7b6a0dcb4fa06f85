"""The spread of a model in use: half widths of slices, where they are drawn, and what is said."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.enhancement import toys
from tests.enhancement.scenes import noisy_volume, study_of, tiny_model
from tests.sessions import new_session, provenance, put_series
from viewer.app.comparing import show_side_by_side, toggle
from viewer.app.enhancements import layer_at
from viewer.app.enhancing import EnhanceRequest, enhance
from viewer.app.spreading import (
    NOT_ERROR,
    coverage_words,
    has_spread,
    is_shown,
    notice,
    overlay,
    refusal,
    spread_facts,
    toggle_spread,
)
from viewer.app.spreads import KEPT_SLICES, Spreads, one_slice_volume, slice_spread
from viewer.core.errors import Cancelled, UntrustedWeights
from viewer.core.geometry import point
from viewer.core.view import ORIGINAL, Comparison, Plane
from viewer.enhancement.catalogue import read_catalogue
from viewer.enhancement.engine import Engine

SIDE = 400


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    toys.add_spread(tiny_model(folder), toys.spread_of(0.5))
    tiny_model(folder, "plain")
    return folder


@pytest.fixture(scope="module")
def engine(models):
    return Engine(read_catalogue(models))


@pytest.fixture(scope="module")
def result(engine):
    volume, _ = noisy_volume(20, 96)
    return enhance(engine, EnhanceRequest(*study_of(), volume, "tiny", 0.4, device="cpu"))


@pytest.fixture
def session(tmp_path, engine, result):
    """A session in which the left view is original and the right one enhanced."""
    made = new_session(tmp_path)
    volume = result.plan.volume
    part = put_series(made, slices=len(volume.values))
    made.workspace.put_volume(part, volume)
    made.enhancements.enhancement = lambda _part, method: result if method == "tiny" else None
    made.enhancements.spreads = Spreads(made.workspace, made.jobs, lambda: engine)
    made.workspace.put_layer(part, "tiny", layer_at(result, 0.4))
    show_side_by_side(made, part, "tiny")
    for view in (0, 1):
        go_to(made, view, 4)
    return made


def go_to(session, view, index):
    workspace = session.workspace
    state = workspace.views[view]
    place = point(workspace.volumes[state.part].geometry.slice_origin_mm(index))
    workspace.show(view, replace(state, focus_mm=place))


def layer(session):
    return next(iter(session.workspace.layers.values()))


def shown(session, view=1, side=SIDE):
    workspace = session.workspace
    state = workspace.views[view]
    return overlay(session, state, layer(session) if state.layer != ORIGINAL else None, side)


def test_a_half_width_is_the_calibrated_factor_times_the_spread_and_zero_outside_the_body(
    engine, result
):
    made = slice_spread(engine, result.plan, 4)
    inside = made.half_width > 0
    wanted = 2.0 * 0.5 * result.plan.noise.sd[4]
    assert np.allclose(made.half_width[inside], wanted, rtol=1e-5)
    assert made.median == pytest.approx(wanted, rel=1e-5)
    assert 0.3 < inside.mean() < 0.9
    assert not inside[:6, :6].any()


def test_one_slice_poses_as_a_volume_and_takes_the_memory_of_one(engine, result):
    made = slice_spread(engine, result.plan, 4)
    volume = one_slice_volume(result.plan.volume, result, made, 4)
    assert np.array_equal(volume.values[4], made.half_width)
    assert np.flatnonzero(volume.loaded).tolist() == [4]
    assert volume.values.strides[0] == 0


def test_a_changed_spread_is_told_once_and_not_asked_for_again(session, models, result):
    card = result.plan.card
    other = replace(card.spread, file=replace(card.spread.file, sha256="12" * 32))
    broken = replace(result, plan=replace(result.plan, card=replace(card, spread=other), key="b"))
    told = []
    session.workspace.message.connect(told.append)
    session.jobs.failed = told.append
    spreads = session.enhancements.spreads
    part = session.workspace.active_state.part
    assert spreads.of_slice(part, broken, 1) is None
    assert spreads.of_slice(part, broken, 2) is None
    assert len(told) == 1
    assert "checksum differs" in told[0].text
    session.enhancements.enhancement = lambda _part, _method: broken
    assert "checksum differs" in refusal(session)
    assert not has_spread(session)


def test_a_spread_that_hangs_is_ended_when_it_is_cancelled(engine, result, monkeypatch):
    is_ended = threading.Event()
    monkeypatch.setattr(engine, "interrupt", is_ended.set)

    def hanging(*_):
        is_ended.wait(3.0)
        return np.ones((2, 2), np.float32)

    monkeypatch.setattr("viewer.app.spreads.half_width", hanging)
    with pytest.raises(Cancelled):
        slice_spread(engine, result.plan, 4, lambda: True)
    assert is_ended.is_set()


def test_a_filter_has_no_spread_to_compute(engine):
    volume, _ = noisy_volume(3, 96)
    plan = enhance(engine, EnhanceRequest(*study_of(), volume, "gaussian", 0.4)).plan
    with pytest.raises(UntrustedWeights, match="states no spread"):
        slice_spread(engine, plan, 0)


def test_only_the_latest_slices_are_kept(session, result):
    spreads, part = session.enhancements.spreads, session.workspace.active_state.part
    for index in range(KEPT_SLICES + 2):
        assert spreads.of_slice(part, result, index) is not None
    known = [spreads.known(result, index) is not None for index in range(KEPT_SLICES + 2)]
    assert known == [False, False, *[True] * KEPT_SLICES]


def test_it_is_drawn_over_the_enhanced_view_only_once_it_is_switched_on(session):
    assert shown(session) is None
    toggle_spread(session)
    assert is_shown(session)
    found = shown(session)
    assert np.flatnonzero(found.volume.loaded).tolist() == [4]
    assert (found.low, found.high, found.unit) == (15.0, 60.0, "HU")
    assert found.words[0] == NOT_ERROR
    assert "at full strength" in found.words[1]
    assert shown(session, view=0) is None
    toggle_spread(session)
    assert shown(session) is None


def test_while_a_slice_is_computed_its_bar_says_so_and_nothing_is_drawn(session, monkeypatch):
    toggle_spread(session)
    monkeypatch.setattr(session.jobs, "submit", lambda *_parts, **_more: None)
    go_to(session, 1, 7)
    waiting = shown(session)
    assert waiting.volume is None
    assert waiting.words[0] == NOT_ERROR
    assert "not there yet" in waiting.words[2]
    assert session.enhancements.spreads.is_computing(session.workspace.active_state.part)


def test_it_follows_the_slice_in_view(session):
    toggle_spread(session)
    go_to(session, 1, 9)
    assert np.flatnonzero(shown(session).volume.loaded).tolist() == [9]


@pytest.mark.parametrize("changes", [{"plane": Plane.CORONAL}, {"slab_mm": 10.0}])
def test_on_reformats_and_slabs_it_is_refused_in_words(session, changes):
    toggle_spread(session)
    workspace = session.workspace
    workspace.show(1, replace(workspace.views[1], **changes))
    assert shown(session) is None
    assert "acquired slices only" in notice(session, workspace.views[1])
    assert notice(session, workspace.views[0]) == ""


def test_a_residual_and_a_small_view_show_no_spread(session):
    toggle_spread(session)
    assert shown(session, side=200) is None
    workspace = session.workspace
    state = replace(workspace.views[1], comparison=Comparison.RESIDUAL)
    assert overlay(session, state, layer(session), SIDE) is None


def test_it_goes_with_the_enhanced_layer(session):
    toggle_spread(session)
    session.workspace.drop_layer(session.workspace.active_state.part, "tiny")
    assert not is_shown(session)
    assert "Enhance the series first" in refusal(session)


def test_swiping_in_the_view_of_the_original_shows_it_in_the_enhanced_half(session):
    toggle_spread(session)
    toggle(Comparison.SWIPE)(session)
    state = session.workspace.views[0]
    assert overlay(session, state, layer(session), SIDE) is not None


@pytest.mark.parametrize(
    ("method", "words"),
    [("gaussian", "is a filter: it has no model spread"), ("plain", "none was calibrated")],
)
def test_methods_without_a_spread_say_so_and_cannot_show_one(session, engine, method, words):
    volume, _ = noisy_volume(3, 96)
    other = enhance(engine, EnhanceRequest(*study_of(), volume, method, 0.4, device="cpu"))
    session.enhancements.enhancement = lambda _part, _method: other
    assert words in refusal(session)
    told = []
    session.workspace.message.connect(told.append)
    toggle_spread(session)
    assert not session.workspace.active_state.shows_spread
    assert words in told[0].text
    assert spread_facts(session).refusal == refusal(session)


def test_a_series_that_is_not_wholly_enhanced_yet_waits(session, result):
    loaded = np.arange(20) < 5
    growing = replace(result, residual=replace(result.residual, loaded=loaded))
    session.enhancements.enhancement = lambda _part, _method: growing
    assert "once the whole series is enhanced" in refusal(session)


def test_the_facts_hold_the_median_of_the_slice_in_view_once_it_is_there(session, result):
    before = spread_facts(session)
    assert (before.is_on, before.median) == (False, None)
    toggle_spread(session)
    shown(session)
    after = spread_facts(session)
    assert after.median == pytest.approx(float(result.plan.noise.sd[4]), rel=1e-5)
    assert (after.unit, after.share, after.is_drawn) == ("HU", 0.9, True)


def test_what_it_held_is_said_as_the_card_states_it(result):
    spread = result.plan.card.spread
    assert coverage_words(spread) == (
        "It held 90.5 % of true values on 24 simulated scenes, 88.2 % in the worst group "
        "(noise 12). Holds only for images like those."
    )
    words = coverage_words(replace(spread, lesion_coverage=0.7972))
    assert "(noise 12), and inside lesions less often, 79.7 %. Holds only" in words
    words = coverage_words(replace(spread, lesion_coverage=0.93))
    assert "and inside lesions 93.0 %. Holds only" in words
    words = coverage_words(replace(spread, elsewhere=0.8377, elsewhere_on="the demo chest"))
    assert words.endswith("Holds only for images like those: on the demo chest it held 83.8 %.")


def test_the_provenance_of_half_widths_is_that_of_the_model(engine, result):
    volume = one_slice_volume(result.plan.volume, result, slice_spread(engine, result.plan, 0), 0)
    assert volume.provenance.method_id == "tiny"
    assert volume.provenance.kind is provenance().kind
