"""Obuchowski and Rockette's analysis with Hillis' degrees of freedom."""

import numpy as np
import pytest

from viewer.core.errors import NoAnalysis
from viewer.reader.statistics.mrmc import Inference, components, infer

# Empirical areas of five readers in two arms, and the error covariances that published analyses of
# these data state (Van Dyke's study, see Hillis 2007 and the manuals of OR-DBM MRMC and RJafroc).
AREAS = np.array(
    [
        [0.9196457, 0.8587762, 0.9038647, 0.9731079, 0.8297907],
        [0.9478261, 0.9053140, 0.9217391, 0.9993559, 0.9299517],
    ]
)
VARIANCE, COV1, COV2, COV3 = 8.022883e-4, 3.466137e-4, 3.440748e-4, 2.390284e-4


def covariances(arms: int = 2, readers: int = 5) -> np.ndarray:
    made = np.full((arms, readers, arms, readers), COV3)
    for arm in range(arms):
        made[arm, :, arm, :] = COV2
    for reader in range(readers):
        made[:, reader, :, reader] = COV1
        for arm in range(arms):
            made[arm, reader, arm, reader] = VARIANCE
    return made.reshape(arms * readers, arms * readers)


def published(kind: str) -> Inference:
    return infer(kind, ("one", "two"), AREAS, covariances())


def test_components_are_means_over_like_pairs():
    found = components(AREAS, covariances())
    assert (found.variance, found.cov1) == pytest.approx((VARIANCE, COV1))
    assert (found.cov2, found.cov3) == pytest.approx((COV2, COV3))
    assert found.ms_arm == pytest.approx(4.796171e-3, rel=1e-5)
    assert found.ms_both == pytest.approx(5.510306e-4, rel=1e-5)


def test_random_readers_and_cases_agree_with_the_published_analysis():
    found = published("RRRC")
    assert found.f == pytest.approx(4.456319, rel=1e-5)
    assert found.df_error == pytest.approx(15.259675, rel=1e-5)
    assert found.p == pytest.approx(0.05166569, rel=1e-4)
    (pair,) = found.differences
    assert (pair.arm, pair.control) == ("two", "one")
    assert pair.estimate == pytest.approx(0.04380032, rel=1e-5)
    assert (pair.low, pair.high) == pytest.approx((-0.00035885, 0.0879595), rel=1e-3)


def test_fixed_readers_agree_with_the_published_analysis():
    found = published("FRRC")
    assert found.chi_square == pytest.approx(5.475953, rel=1e-5)
    assert found.df_error is None
    assert found.p == pytest.approx(0.01927984, rel=1e-4)


def test_fixed_cases_agree_with_the_published_analysis():
    found = published("RRFC")
    assert found.f == pytest.approx(8.704, rel=1e-4)
    assert found.df_error == 4
    assert found.p == pytest.approx(0.04195875, rel=1e-4)


def test_two_arms_give_the_same_p_by_f_and_by_t():
    for kind in ("RRRC", "FRRC", "RRFC"):
        found = published(kind)
        assert found.differences[0].p == pytest.approx(found.p)


def test_a_negative_difference_of_covariances_counts_as_none():
    plain = covariances()
    turned = np.where(np.isclose(plain, COV2), COV3 / 2, plain)
    found = infer("RRRC", ("one", "two"), AREAS, turned)
    fixed_cases = infer("RRFC", ("one", "two"), AREAS, turned)
    assert found.f == pytest.approx(fixed_cases.f)
    assert found.df_error == pytest.approx(4.0)


def test_three_arms_are_compared_pair_by_pair():
    three = np.vstack((AREAS, AREAS[0] + 0.01))
    found = infer("RRRC", ("a", "b", "c"), three, covariances(arms=3))
    assert [(pair.control, pair.arm) for pair in found.differences] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    assert found.df_arm == 2


def test_readers_without_a_mistake_give_words_and_no_number():
    found = infer("RRRC", ("a", "b"), np.ones((2, 3)), np.zeros((6, 6)))
    assert (found.f, found.p) == (None, None)
    assert "do not vary" in found.note


def test_one_reader_cannot_speak_for_others_but_for_himself():
    one = AREAS[:, :1]
    matrix = np.array([[VARIANCE, COV1], [COV1, VARIANCE]])
    with pytest.raises(NoAnalysis, match="only one reader"):
        infer("RRRC", ("a", "b"), one, matrix)
    found = infer("FRRC", ("a", "b"), one, matrix)
    assert found.differences[0].se == pytest.approx((2 * (VARIANCE - COV1)) ** 0.5)


def test_one_arm_is_nothing_to_compare():
    with pytest.raises(NoAnalysis, match="only one arm"):
        infer("RRRC", ("a",), AREAS[:1], covariances(arms=1))
