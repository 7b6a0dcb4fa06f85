"""Whole analyses of public data give the figures that others have published of them."""

import numpy as np
import pytest

from tests.reader.statistics.published import FRANKEN, VAN_DYKE, lrc_of, roe_metz, tables
from viewer.reader.analysis_detection import DetectionResult, analyse_detection
from viewer.reader.exchange.foreign import parse_lrc
from viewer.reader.statistics.froc import MarkedCases, afroc_points, figure
from viewer.reader.statistics.mrmc import Difference, Inference, infer
from viewer.reader.statistics.ustatistic import Scores, infer_areas


def analysed(rows: tuple[str, ...], **how: object) -> DetectionResult:
    """Return what comes of a file of the Iowa programs, from its text on."""
    return analyse_detection(parse_lrc(lrc_of(rows), "data.lrc"), **how)


def of_kind(found: DetectionResult, kind: str) -> tuple[Inference, Difference]:
    inference = next(one for one in found.inferences if one.kind == kind)
    return inference, inference.differences[0]


def test_franken_is_as_or_dbm_mrmc_and_rjafroc_print_it() -> None:
    # OR-DBM MRMC 2.51 (trapezoidal areas, jackknife), 25 June 2020, and RJafroc's
    # St(dataset03, FOM = "Wilcoxon", method = "OR"), in its Quick Start book.
    found = analysed(FRANKEN)
    assert (found.cases, found.abnormal, found.readers) == (100, 67, ("0", "1", "2", "3"))
    assert [round(one.value, 8) for one in found.figures] == [
        *(0.85345997, 0.86499322, 0.85730439, 0.81524197),
        *(0.84961556, 0.84350972, 0.84011759, 0.81433740),
    ]
    parts = found.components
    assert [parts.variance, parts.cov1, parts.cov2, parts.cov3] == pytest.approx(
        [1.5257762e-3, 7.9168215e-4, 4.8363767e-4, 5.1250915e-4], rel=1e-7
    )
    assert [parts.ms_arm, parts.ms_reader, parts.ms_both] == pytest.approx(
        [2.3565410e-4, 6.8406000e-4, 5.0202641e-5], rel=1e-7
    )
    both, pair = of_kind(found, "RRRC")
    assert (both.f, both.df_error) == (pytest.approx(4.6940577), 3.0)
    assert both.p == pytest.approx(0.11883786)
    assert -pair.estimate == pytest.approx(0.010854817)
    assert (-pair.high, -pair.low) == pytest.approx((-0.0050896269, 0.026799261))
    assert [one.df for one in both.arms] == pytest.approx([70.121788, 253.644028])
    assert [one.se for one in both.arms] == pytest.approx([0.024402152, 0.023566416])
    fixed, _ = of_kind(found, "FRRC")
    assert (fixed.chi_square, fixed.p) == pytest.approx((0.32101347, 0.57099922))
    assert [(one.low, one.high) for one in fixed.arms] == [
        pytest.approx((0.79461647, 0.90088331)),
        pytest.approx((0.78309680, 0.89069334)),
    ]


@pytest.mark.parametrize(
    ("covariance", "components", "test"),
    [
        ("jackknife", (8.022883e-4, 3.466137e-4, 3.440748e-4, 2.390284e-4), (15.25967, 0.05166569)),
        ("delong", (7.921325e-4, 3.420090e-4, 3.395265e-4, 2.358497e-4), (15.06611, 0.05123303)),
        ("unbiased", (7.883925e-4, 3.416706e-4, 3.390650e-4, 2.356148e-4), (15.03418, 0.0511618)),
    ],
)
def test_van_dyke_is_as_mrmcaov_prints_it_by_each_covariance(
    covariance: str, components: tuple[float, ...], test: tuple[float, float]
) -> None:
    # MRMCaov's user guide: summary(mrmc(empirical_auc(truth, rating),
    # treatment, reader, case, data = VanDyke, cov = ...)).
    found = analysed(VAN_DYKE, covariance=covariance)
    parts = found.components
    assert (parts.variance, parts.cov1, parts.cov2, parts.cov3) == pytest.approx(
        components, rel=3e-7
    )
    both, _ = of_kind(found, "RRRC")
    assert (both.df_error, both.p) == pytest.approx(test, rel=5e-7)


def test_van_dyke_of_fixed_readers_is_as_or_dbm_mrmc_prints_it() -> None:
    # OR-DBM MRMC 2.51, 30 April 2020.
    fixed, pair = of_kind(analysed(VAN_DYKE), "FRRC")
    assert (round(fixed.chi_square, 5), round(fixed.p, 4)) == (5.47595, 0.0193)
    assert (round(pair.se, 5), round(pair.low, 5), round(pair.high, 5)) == (
        *(0.01872, 0.00711, 0.08049),
    )
    assert [round(one.se, 8) for one in fixed.arms] == [0.02428971, 0.01677632]


def test_van_dykes_sensitivity_is_as_mrmcaov_prints_it() -> None:
    # MRMCaov's user guide: mrmc(binary_sens(truth, rating >= 3), ...).
    found = analysed(VAN_DYKE, measure="sensitivity", threshold=3.0)
    assert [round(one.value, 3) for one in found.figures] == [
        *(0.889, 0.778, 0.822, 0.933, 0.689, 0.978, 0.822, 0.911, 1.0, 0.889),
    ]
    parts = found.components
    assert [parts.variance, parts.cov1, parts.cov2, parts.cov3] == pytest.approx(
        [0.0023681257, 0.0009943883, 0.0010145903, 0.0006604938], rel=1e-7
    )
    both, pair = of_kind(found, "RRRC")
    assert (both.f, both.df_error, both.p) == pytest.approx((6.689493, 15.71732, 0.02008822))
    assert (pair.low, pair.high) == pytest.approx((0.0175185, 0.1780371), rel=1e-6)


def test_five_arms_of_marks_are_as_rjafroc_prints_them() -> None:
    # RJafroc: St(dataset04, FOM = "wAFROC", method = "OR"), in the chapter of OR examples; its
    # figures and components go in, what follows of them comes out.
    figures = np.array(
        [
            [0.77926667, 0.72489167, 0.70362500, 0.80509167],
            [0.78700000, 0.72690000, 0.72261667, 0.80378333],
            [0.72969167, 0.71575833, 0.67230833, 0.77265833],
            [0.81013333, 0.74311667, 0.69435833, 0.82940833],
            [0.74880000, 0.68227500, 0.65517500, 0.77125000],
        ]
    )
    matrix = np.full((5, 4, 5, 4), 3.0431124e-4)
    for arm in range(5):
        matrix[arm, :, arm, :] = 3.3615564e-4
    for reader in range(4):
        matrix[:, reader, :, reader] = 4.2203598e-4
        for arm in range(5):
            matrix[arm, reader, arm, reader] = 9.2808365e-4
    names = ("1", "2", "3", "4", "5")
    both = infer("RRRC", names, figures, matrix.reshape(20, 20))
    assert (both.f, both.df_error, both.p) == pytest.approx(
        (7.8002997, 36.793343, 0.000117105), rel=1e-5
    )
    pair = next(one for one in both.differences if (one.arm, one.control) == ("5", "4"))
    assert (pair.se, pair.p) == pytest.approx((0.01218567, 6.5228142e-5), rel=1e-5)
    assert (-pair.high, -pair.low) == pytest.approx((0.0301839727, 0.0795743606), rel=1e-6)
    fixed = infer("FRRC", names, figures, matrix.reshape(20, 20))
    assert (fixed.chi_square, fixed.p) == pytest.approx((15.403026, 0.0039343238), rel=1e-5)
    cases = infer("RRFC", names, figures, matrix.reshape(20, 20))
    assert (cases.f, cases.p) == pytest.approx((13.658572, 0.00020192224), rel=1e-5)


@pytest.mark.parametrize(
    ("weights", "wafroc", "across"),
    [
        (((0.1, 0.9), (0.9, 0.1)), 0.678125, (0.225, 0.25, 0.275, 0.525, 0.775)),
        (((0.6, 0.4), (0.4, 0.6)), 0.7875, None),
    ],
)
def test_marks_on_eight_cases_are_as_rjafrocs_book_works_them_out(
    weights: tuple[tuple[float, float], ...], wafroc: float, across: tuple[float, ...] | None
) -> None:
    # RJafroc's FROC book: the chapter on empirical plots, and the one on meanings of figures of
    # merit, which weighs the same simulated marks otherwise.
    none, missed = np.nan, -np.inf
    cases = MarkedCases(
        misses=np.array([missed, 0.4874291, 0.7383247, -0.3053884, 1.5117812, *[missed] * 3]),
        hits=np.array(
            [
                *[[none, none]] * 4,
                *([0.8523430, none], [-0.2146999, none]),
                *([1.5884892, missed], [2.9438362, 1.98381]),
            ]
        ),
        weights=np.array([*[[0.0, 0.0]] * 4, *[[1.0, 0.0]] * 2, *weights]),
        is_abnormal=np.arange(8) >= 4,
    )
    assert figure("afroc", cases) == pytest.approx(0.7708333, abs=5e-8)
    assert figure("wafroc", cases) == pytest.approx(wafroc)
    points = afroc_points(cases)
    assert sorted({one for one, _ in points}) == [0.0, 0.25, 0.5, 0.75, 1.0]
    if across is not None:
        assert sorted({round(one, 9) for _, one in points}) == [0.0, *across, 1.0]


def test_a_simulated_study_is_as_imrmc_analyses_it() -> None:
    # iMRMC in R: doIMRMC(sim.gRoeMetz(sim.gRoeMetz.config())) after init.lecuyerRNG(), with the
    # figures that the package's own tests hold it to.
    scores = roe_metz()
    assert scores[0, :, :100].mean() == pytest.approx(-0.1642567, abs=5e-8)
    assert scores[1, :, 100:].mean() == pytest.approx(1.122282, abs=5e-7)
    readers = tuple(map(str, range(10)))
    found = infer_areas(Scores(("A", "B"), readers, scores, np.arange(200) >= 100))
    first, second = found.arms
    assert (first.estimate, second.estimate) == pytest.approx((0.78959, 0.79517))
    assert (first.se**2, second.se**2) == pytest.approx((0.001558203, 0.001514700), abs=1e-9)
    assert (first.df, second.df) == pytest.approx((18.09487, 18.05763), abs=1e-5)
    assert (first.low, second.low) == pytest.approx((0.70665804, 0.71340391), abs=1e-8)
    (pair,) = found.differences
    assert pair.se**2 == pytest.approx(0.0008030667, abs=1e-10)
    assert pair.df == pytest.approx(48.47472, abs=1e-5)
    assert pair.p == pytest.approx(0.8447327, abs=1e-7)
    assert -pair.high == pytest.approx(-0.06255824, abs=1e-8)


def test_areas_of_a_full_design_have_the_error_that_mrmcaov_prints() -> None:
    # MRMCaov's user guide, cov = unbiased: StdErr of the difference and of each treatment.
    values = np.hstack(tables(VAN_DYKE)).reshape(2, 5, 114)
    readers = ("1", "2", "3", "4", "5")
    found = infer_areas(Scores(("1", "2"), readers, values, np.arange(114) >= 69))
    assert found.differences[0].se == pytest.approx(0.02067154, abs=5e-9)
    assert [one.se for one in found.arms] == pytest.approx([0.0330712, 0.0214912], abs=5e-8)
