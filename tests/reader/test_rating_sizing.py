"""The power of a study of ratings, drawn from the model that its analysis fits."""

import numpy as np
import pytest

from tests.reader.rated_studies import likert_study
from viewer.__main__ import main
from viewer.core.errors import WrongUsage
from viewer.reader.exchange.writing import tidy_csv
from viewer.reader.rating_sizing import rating_power
from viewer.reader.statistics.rating_power import RatingPilot, drawn_study, wilson

PILOT = RatingPilot((-2.0, -0.5, 1.0, 2.5), 0.7, 1.0, 0.2)


def test_power_grows_with_the_shift_and_with_the_study_and_is_alpha_without_a_shift():
    none, some, more, larger = (
        rating_power(PILOT, shift, readers, cases, 60)
        for shift, readers, cases in ((1e-9, 4, 12), (0.8, 4, 12), (1.6, 4, 12), (0.8, 6, 40))
    )
    assert none.power < 0.15
    assert none.power < some.power < more.power
    assert some.power < larger.power
    assert more.power > 0.8
    assert some.low < some.power < some.high
    assert some.studies == 60


def test_the_same_seed_gives_the_same_power():
    assert rating_power(PILOT, 1.0, 3, 10, 20) == rating_power(PILOT, 1.0, 3, 10, 20)


def test_a_drawn_study_has_every_reader_case_and_arm_once_with_the_model_s_shares():
    study = drawn_study(RatingPilot((0.0,), 0.0, 0.0, 0.0), 1.0, 40, 50, np.random.default_rng(1))
    values, arm = np.array(study.values), np.array(study.arm.values)
    assert len(values) == 40 * 50 * 2
    assert values[arm == 0].mean() == pytest.approx(0.5, abs=0.03)
    assert values[arm == 1].mean() == pytest.approx(1 / (1 + np.exp(-1)), abs=0.03)


def test_wilson_s_interval_is_the_published_one():
    # Newcombe 1998, Stat Med 17:857, table I: 81 of 263 and 15 of 148.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


@pytest.mark.parametrize("wrong", [((1.0, 0.0), 1, 1, 1), ((0.0,), -1, 1, 1), ((), 1, 1, 1)])
def test_a_model_that_means_nothing_is_refused(wrong):
    with pytest.raises(WrongUsage):
        RatingPilot(*wrong)


def test_power_from_a_pilot_and_from_a_stated_model(tmp_path, capsys):
    pilot = tmp_path / "pilot.csv"
    pilot.write_text(tidy_csv(likert_study(readers=3, cases=12)))
    grid = ["--odds-ratio", "3", "--readers", "3", "--cases", "8,12", "--studies", "5"]
    assert main(["study", "power", str(pilot), *grid]) == 0
    told = capsys.readouterr().out
    assert "from pilot.csv; 5 drawn studies" in told
    stated = ["--thresholds", "-2", "0", "2", "--sd", "0.7", "1", "0.2"]
    assert main(["study", "power", *stated, *grid]) == 0
    assert "the stated model" in capsys.readouterr().out
    assert main(["study", "power", *grid]) == 2
    assert "--thresholds" in capsys.readouterr().err
