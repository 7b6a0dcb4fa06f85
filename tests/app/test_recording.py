"""The log of uses: whole lines, no patient in them, damaged ones named, and the groups' state."""

import errno
import json
import os
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import ndimage

from tests.enhancement.scenes import (
    SmoothingRunner,
    noisy_volume,
    study_of,
    tiny_model,
    volume_of,
)
from viewer.app.auditing import audited
from viewer.app.drifting import EMPTY, drift_facts, drift_report, drift_text, rule_words
from viewer.app.enhancing import EnhanceRequest, enhance
from viewer.app.recording import (
    Use,
    log_headless,
    log_path,
    log_restart,
    log_use,
    read_log,
    use_of,
)
from viewer.app.settings import Settings, save_settings, with_value
from viewer.app.strata import dose_group
from viewer.core.errors import NotSaved
from viewer.core.study import Study
from viewer.enhancement.catalogue import Catalogue, read_catalogue
from viewer.enhancement.drift import LEARNING
from viewer.enhancement.engine import Engine

USE = Use(
    time="2026-01-01T10:00:00+00:00",
    method="ct-denoise-s",
    version="1.0.0",
    weights_sha256="ab" * 32,
    strength=0.4,
    modality="CT",
    vendor="ACME",
    model="Scanner",
    kernel="B30f",
    thickness_mm=1.0,
    dose="5 to 10 mGy CTDIvol",
    unit="HU",
    noise_sd=20.0,
    noise_sd_out=12.0,
    noise_sd_full=5.0,
    nps_per_mm=0.3,
    nps_out_per_mm=0.27,
    structure=0.1,
    gates=(("age", "ok"), ("derived", "warn")),
)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tiny_model(folder)
    engine = Engine(read_catalogue(folder), open_model=lambda _card, device: SmoothingRunner())
    volume, _ = noisy_volume(6, 224)
    acquisition = (("exposure_mas", "120"),)
    study, series, part = study_of(kernel="B30f\\3", acquisition=acquisition)
    study = Study("1.2.3.4", "Doe^Jane", "ID-77", "19700101", age="056Y")
    series = replace(series, manufacturer="ACME", model="Scanner", description="Secret words")
    request = EnhanceRequest(study, series, part, volume, "tiny", 0.4)
    return audited(enhance(engine, request))


def drawn(count, seed=1, shift=0.0):
    """Uses whose noise left varies, moved by `shift` SDs after the first thirty."""
    rng = np.random.default_rng(seed)
    left = rng.normal(5.0, 0.2, count)
    left[30:] += 0.2 * shift
    return [
        replace(USE, time=f"2026-01-{1 + n // 24:02d}T{n % 24:02d}:00:00+00:00", noise_sd_full=one)
        for n, one in enumerate(left)
    ]


def test_a_use_is_one_line_and_comes_back_as_it_was(tmp_path):
    log_use(tmp_path, USE)
    log_use(tmp_path, replace(USE, strength=0.7))
    assert log_path(tmp_path).read_bytes().count(b"\n") == 2
    assert read_log(tmp_path) == ((USE, replace(USE, strength=0.7)), ())


def test_the_log_is_for_its_owner_alone(tmp_path):
    log_use(tmp_path, USE)
    assert log_path(tmp_path).stat().st_mode & 0o077 == 0


def test_a_line_that_broke_off_is_named_and_spoils_no_other(tmp_path):
    log_use(tmp_path, USE)
    path = log_path(tmp_path)
    path.write_bytes(path.read_bytes() + b'{"time": "2026-01-0')
    assert read_log(tmp_path) == ((USE,), (2,))
    log_use(tmp_path, USE)
    assert read_log(tmp_path) == ((USE, USE), (2,))
    assert drift_report(tmp_path).damaged_words == "Line 2 of the log is damaged and left out."


@pytest.mark.parametrize(
    "change", [{"structure": "much"}, {"structure": True}, {"gates": 3}, {"vendor": None}]
)
def test_a_line_of_another_kind_is_left_out(tmp_path, change):
    log_use(tmp_path, USE)
    path = log_path(tmp_path)
    path.write_text(json.dumps({**asdict(USE), **change}) + "\n[]\nnull\n")
    assert read_log(tmp_path) == ((), (1, 2, 3))


@pytest.mark.parametrize(
    "line",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        json.dumps({**asdict(USE), "structure": float("nan")}),
        json.dumps({**asdict(USE), "noise_sd": float("-inf")}),
        json.dumps({**asdict(USE), "noise_sd": 10**400}),
        '"restart"',
        '{"restart": 3}',
        '{"restart": [[]',
    ],
)
def test_a_line_that_makes_no_sense_is_named_and_the_others_count(tmp_path, line):
    log_use(tmp_path, USE)
    path = log_path(tmp_path)
    path.write_text(f"{line}\n{path.read_text()}")
    assert read_log(tmp_path) == ((USE,), (1,))
    assert len(drift_report(tmp_path).groups) == 1


def test_a_ratio_of_figures_too_far_apart_is_not_known():
    assert replace(USE, noise_sd_full=1e300, noise_sd=1e-300).noise_left is None


def test_a_disk_that_takes_a_line_in_pieces_gets_all_of_it(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda place, content: write(place, bytes(content[:7])))
    log_use(tmp_path, USE)
    log_use(tmp_path, USE)
    assert read_log(tmp_path) == ((USE, USE), ())


def test_a_disk_that_fills_up_within_a_line_leaves_nothing_of_it(tmp_path, monkeypatch):
    log_use(tmp_path, USE)
    before, write = log_path(tmp_path).read_bytes(), os.write
    room = [10]

    def fills_up(place, content):
        if not room:
            raise OSError(errno.ENOSPC, "full")
        return write(place, bytes(content[: room.pop()]))

    monkeypatch.setattr(os, "write", fills_up)
    with pytest.raises(NotSaved, match="the disk is full"):
        log_use(tmp_path, USE)
    assert log_path(tmp_path).read_bytes() == before


def test_names_of_a_later_version_are_left_alone(tmp_path):
    log_use(tmp_path, USE)
    log_path(tmp_path).write_text(json.dumps({**asdict(USE), "colour": "blue"}) + "\n")
    assert read_log(tmp_path) == ((USE,), ())


def test_a_disk_that_refuses_is_told_in_words(tmp_path):
    (tmp_path / "drift").write_text("a file stands here")
    with pytest.raises(NotSaved, match="drift log"):
        log_use(tmp_path, USE)


def test_a_record_says_what_the_method_did_and_names_no_patient(result):
    use = use_of(result, 0.4)
    assert use.group == ("tiny 0.1", "CT", "ACME", "B30f 3", "100 to 200 mAs")
    assert use.noise_sd == pytest.approx(20.0, rel=0.15)
    assert use.noise_sd_out == pytest.approx(0.6 * use.noise_sd, rel=0.02)
    assert use.noise_sd_full < use.noise_sd_out
    assert use.nps_shift < 0
    assert use.structure == result.findings.figures.structure
    assert ("age", "ok") in use.gates
    words = json.dumps(asdict(use))
    for secret in ("Doe", "ID-77", "1970", "1.2.3.4", "1.1", "056Y", "Secret"):
        assert secret not in words.replace("0.1", "")


def test_the_strength_in_use_does_not_change_what_is_watched(result):
    weak, strong = use_of(result, 0.1), use_of(result, 0.6)
    assert weak.noise_sd_out > strong.noise_sd_out
    assert (weak.noise_left, weak.nps_shift) == (strong.noise_left, strong.nps_shift)


@pytest.mark.parametrize(
    ("acquisition", "words"),
    [
        ((("ctdi_vol_mgy", "7.5"), ("exposure_mas", "300")), "5 to 10 mGy CTDIvol"),
        ((("ctdi_vol_mgy", "1.2"),), "below 2 mGy CTDIvol"),
        ((("exposure_mas", "400"),), "400 mAs or more"),
        ((("ctdi_vol_mgy", "0"), ("exposure_mas", "nan")), ""),
        ((), ""),
    ],
)
def test_the_dose_group_is_a_band_or_not_known(acquisition, words):
    assert dose_group([dict(acquisition)]) == words


def test_an_empty_log_says_what_to_do(tmp_path):
    assert drift_text(tmp_path) == EMPTY
    assert drift_facts(tmp_path)["groups"] == []


def test_a_group_learns_then_is_in_control_then_signals(tmp_path):
    for use in drawn(LEARNING):
        log_use(tmp_path, use)
    assert drift_report(tmp_path).groups[0].state == f"learning {LEARNING} of {LEARNING}"
    for use in drawn(80, shift=4.0)[LEARNING:32]:
        log_use(tmp_path, use)
    assert drift_report(tmp_path).groups[0].state == "in control"
    for use in drawn(80, shift=4.0)[32:40]:
        log_use(tmp_path, use)
    report = drift_report(tmp_path)
    assert report.has_signal
    assert report.groups[0].state == "signal since 2026-01-02"
    assert [figure.name for figure in report.groups[0].alarms] == ["noise_left"]
    assert "rose" in drift_text(tmp_path)


def test_groups_are_kept_apart_and_those_with_a_signal_come_first(tmp_path):
    for use in drawn(50, shift=0.0):
        log_use(tmp_path, replace(use, kernel="calm"))
    for use in drawn(45, shift=5.0):
        log_use(tmp_path, replace(use, kernel="moved"))
    assert [group.kernel for group in drift_report(tmp_path).groups] == ["moved", "calm"]


def test_uses_with_other_settings_or_of_another_modality_are_not_compared(tmp_path):
    for use in (USE, replace(USE, modality="MR"), replace(USE, settings="sigma_mm=2"), USE):
        log_use(tmp_path, use)
    groups = {(one.method, one.modality): len(one.uses) for one in drift_report(tmp_path).groups}
    plain = "ct-denoise-s 1.0.0"
    assert groups == {(plain, "CT"): 2, (plain, "MR"): 1, (f"{plain} sigma_mm=2", "CT"): 1}


def test_a_record_names_the_settings_that_are_not_the_usual_ones():
    volume, _ = noisy_volume(3, 96)
    request = EnhanceRequest(*study_of(), volume, "gaussian", 0.4)
    asked = (("sigma_mm", 2.0),)
    usual, other = (
        use_of(audited(enhance(Engine(Catalogue()), replace(request, settings=one))), 0.4)
        for one in ((), asked)
    )
    assert (usual.settings, other.settings) == ("", "sigma_mm=2")


def test_a_line_of_an_earlier_version_has_the_usual_settings(tmp_path):
    log_use(tmp_path, USE)
    earlier = {name: value for name, value in asdict(USE).items() if name != "settings"}
    log_path(tmp_path).write_text(json.dumps(earlier) + "\n")
    assert read_log(tmp_path) == ((USE,), ())


def test_the_rule_states_the_false_alarm_rate():
    assert "false alarm about once in 500 enhancements" in rule_words()


def test_a_group_that_starts_again_forgets_its_signal_and_the_others_do_not(tmp_path):
    for use in drawn(45, shift=5.0):
        log_use(tmp_path, replace(use, kernel="moved"))
        log_use(tmp_path, use)
    log_restart(tmp_path, replace(USE, kernel="moved").group)
    log_use(tmp_path, replace(USE, kernel="moved"))
    groups = {group.kernel: group for group in drift_report(tmp_path).groups}
    assert groups["moved"].state == f"learning 1 of {LEARNING}"
    assert groups["B30f"].state.startswith("signal since")
    assert log_path(tmp_path).read_bytes().count(b"\n") == 92


def test_without_a_window_a_use_is_logged_unless_the_settings_say_not(result, fresh_home):
    assert log_headless(result) == ()
    assert [use.method for use in read_log(fresh_home)[0]] == ["tiny"]
    save_settings(with_value(Settings(), "enhancement.log_uses", False), fresh_home)
    assert log_headless(result) == ()
    assert len(read_log(fresh_home)[0]) == 1


def test_a_method_that_changes_nothing_shifts_no_frequency_even_where_anatomy_is_all_over():
    rng = np.random.default_rng(12)
    bumps = ndimage.gaussian_filter(rng.standard_normal((128, 128)), 4.0)
    anatomy = 400.0 + 40.0 * bumps / bumps.std()
    values = np.rint(anatomy + 12.0 * rng.standard_normal((40, 128, 128))).astype(np.int16)
    volume = replace(volume_of(values), unit="stored")
    study, series, part = study_of()
    engine = Engine(Catalogue())
    made = enhance(engine, EnhanceRequest(study, series, part, volume, "gaussian", 0.4))
    nothing = replace(made.residual, values=np.zeros_like(made.residual.values))
    use = use_of(audited(replace(made, residual=nothing)), 0.4)
    assert use.nps_out_per_mm == pytest.approx(use.nps_per_mm)
