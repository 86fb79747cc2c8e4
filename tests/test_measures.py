"""Measures against the paper's own numbers, other implementations and hand arithmetic."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from scipy.stats import spearmanr

import catbench
from catbench import CatbenchError, DeferralCurve, deferral_curve, mixture_curve
from catbench.score.bootstrap import Bootstrap
from catbench.score.estimator_error import RankCorrelation
from catbench.score.measure_table import Measure
from catbench.score.measures import (
    MEASURES,
    audc,
    audc_binding,
    audc_linear,
    audc_mixed,
    audc_with_overhead,
    cost_to_match,
    gain,
    gain_at,
    headroom,
    peak,
    peak_gain,
    quality_at,
    rmse,
    selection_rate,
    sign_test,
)
from catbench.score.unseen_oracles import (
    shrinkage,
    unseen_sweeps,
    variances,
)

# CATImage, Table 2 (DiffusionDB), Sharpness: TFLOPs, "Ours" at that cost, "Fixed".
TABLE_2 = {
    "Infinity": (1.50, 0.131, 0.131),
    "Turbo": (1.54, 0.135, 0.122),
    "Lightning": (23.92, 0.135, 0.110),
    "SDXL-10": (119.70, 0.136, 0.103),
    "DeepCache": (210.00, 0.137, 0.101),
    "SDXL-20": (239.40, 0.137, 0.114),
    "SDXL-50": (598.50, 0.137, 0.123),
    "DDIM": (598.50, 0.137, 0.107),
    "SDXL-100": (1197.00, 0.126, 0.126),
}
# CATImage, Table 3: cost to match Sharpness, per cent.
TABLE_3 = {
    "Infinity": 100,
    "Turbo": 97.40,
    "Lightning": 6.27,
    "DeepCache": 0.71,
    "DDIM": 0.25,
    "SDXL-100": 0.13,
}


def curve_of(cost, quality):
    cost, quality = np.array(cost, float), np.array(quality, float)
    return DeferralCurve(cost, quality, np.append(np.inf, np.arange(len(cost) - 1, 0, -1.0)))


def test_table_3_of_the_paper_follows_from_its_table_2():
    cost, ours, fixed = np.array(list(TABLE_2.values())).T
    _, distinct = np.unique(cost, return_index=True)
    ratios = cost_to_match(curve_of(cost[distinct], ours[distinct]), fixed, cost)
    percent = dict(zip(TABLE_2, 100 * ratios, strict=True))
    for name, wanted in TABLE_3.items():
        assert percent[name] == pytest.approx(wanted, abs=0.005), name


def test_table_2_ours_against_fixed():
    cost, ours, fixed = np.array(list(TABLE_2.values())).T
    _, distinct = np.unique(cost, return_index=True)
    curve = curve_of(cost[distinct], ours[distinct])
    np.testing.assert_allclose(quality_at(curve, cost), ours)
    np.testing.assert_allclose(gain_at(curve, fixed, cost), ours - fixed)


def test_a_quality_that_is_not_reached_has_no_cost():
    ratios = cost_to_match(curve_of([1, 4], [0, 1]), np.array([0.0, 0.5, 1.5]), np.array([1.0, 5.0, 5.0]))
    np.testing.assert_allclose(ratios, [1, 2.5 / 5, np.inf])


def test_the_cheapest_matches_itself_whatever_the_rounding():
    random = np.random.default_rng(0)
    cost = np.array([1.0, 2.0])
    for _ in range(50):
        quality = random.normal(0, 1e6, (100, 2))
        quality -= quality.mean(axis=0)
        assert cost_to_match(deferral_curve(quality, quality, cost), quality.mean(axis=0), cost)[0] == 1


def test_areas_by_hand():
    curve, cost = curve_of([1, 2, 3], [0, 0, 3]), np.array([1.0, 5.0])
    assert audc_linear(curve, cost) == pytest.approx((0 + 1.5 + 6) / 4)
    # ∫ (3c - 6)/c dc on [2, 3] = 3 - 6 ln 1.5, and 3 ln(5/3) on the flat rest.
    rising = 3 - 6 * np.log(1.5)
    assert audc(curve, cost) == pytest.approx((rising + 3 * np.log(5 / 3)) / np.log(5))
    assert audc_binding(curve, cost, 3.0) == pytest.approx(rising / np.log(3))
    # The hull goes straight from (1, 0) to (3, 3): ∫ 1.5 (c - 1)/c dc on [1, 3].
    assert audc_mixed(curve, cost) == pytest.approx((1.5 * (2 - np.log(3)) + 3 * np.log(5 / 3)) / np.log(5))


def test_the_area_of_equally_dear_candidates_is_the_quality():
    curve = deferral_curve([[1, 2]], [[3, 4]], [7, 7])
    assert audc(curve, np.array([7.0, 7.0])) == audc_linear(curve, np.array([7.0, 7.0])) == 4


def test_headroom():
    assert gain(0.5, 0.4) == pytest.approx(0.1)
    assert headroom(0.5, 0.4, 0.8) == pytest.approx(0.25)
    assert headroom(0.3, 0.4, 0.8) == pytest.approx(-0.25)
    assert isnan(headroom(0.4, 0.4, 0.4))


def test_the_peak_need_not_be_the_end():
    curve = curve_of([1, 2, 3], [1, 5, 4])
    assert peak(curve) == 5
    assert peak_gain(curve, np.array([1.0, 4.5])) == 0.5


def test_selection_rates():
    rates = selection_rate(np.array([[0, 0, 2, 1], [2, 2, 2, 2]]), 3)
    assert rates.tolist() == [[0.5, 0.25, 0.25], [0, 0, 1]]


def test_rmse_by_hand():
    predicted, quality = np.array([[1.0, 0], [3, 0]]), np.array([[0.0, 0], [0, 4]])
    np.testing.assert_allclose(rmse(predicted, quality, np.ones(2)), [np.sqrt(5), np.sqrt(8)])
    np.testing.assert_allclose(rmse(predicted, quality, np.array([3.0, 1])), [np.sqrt(3), 2])


def test_the_rank_correlation_of_any_resample_is_scipy_s():
    random = np.random.default_rng(0)
    predicted, quality = random.integers(0, 6, (40, 3)).astype(float), random.normal(size=(40, 3))
    correlation = RankCorrelation(predicted, quality)
    for counts in (np.ones(40, int), random.integers(0, 4, 40), random.multinomial(40, np.full(40, 1 / 40))):
        rows = np.repeat(np.arange(40), counts)
        wanted = [spearmanr(predicted[rows, m], quality[rows, m]).statistic for m in range(3)]
        np.testing.assert_allclose(correlation(counts.astype(float)), wanted, atol=1e-12)


def test_a_constant_estimate_has_no_rank_correlation():
    assert np.isnan(RankCorrelation(np.zeros((4, 1)), np.arange(4.0)[:, None])(np.ones(4))).all()


def test_the_sign_test():
    # 9 of 10 wins: P(X >= 9 | 1/2) = 11/1024.
    assert sign_test(np.array([1.0] * 9 + [-1.0]), 0.0) == (0.9, pytest.approx(11 / 1024))
    assert sign_test(np.array([1.0, 1.0, 0.0, 0.0]), 0.0) == (0.5, 0.25)
    assert sign_test(np.zeros(5), 0.0)[1] == 1.0


def test_overhead_moves_the_curve_right():
    # Always spending 1 more: (1, 2) first, then the line from (2, 4) to (3, 6), flat to 5.
    curve, cost = curve_of([1, 2], [4, 6]), np.array([1.0, 5.0])
    # Both lines are 2c: ∫ 2c/c dc on [1, 3] = 4, and 6 ln(5/3) on the flat rest.
    wanted = (4 + 6 * np.log(5 / 3)) / np.log(5)
    assert audc_with_overhead(curve, np.array([2.0, 6.0]), cost, 1.0) == pytest.approx(wanted)


def test_an_overhead_beyond_the_dearest_candidate_leaves_the_cheapest():
    curve, cost = curve_of([1, 2], [2, 6]), np.array([1.0, 2.0])
    assert audc_with_overhead(curve, np.array([2.0, 6.0]), cost, 10.0) == pytest.approx(2.0)
    assert isnan(audc_with_overhead(curve, np.array([2.0, 6.0]), cost, np.nan))


def mean_area(area, sweeps, cost):
    return np.mean([area(sweep.curve(), cost) for sweep in sweeps])


def test_the_leave_one_out_oracle_by_hand():
    # Sample 0 says candidate 1 is better by 2, sample 1 that it is worse by 4.
    samples, cost = np.array([[[1.0, 5.0], [3.0, 1.0]]]), np.array([1.0, 2.0])
    sweeps = unseen_sweeps(samples, cost)
    # By sample 1 one stays at candidate 0: height 1. By sample 0 one goes on to candidate 1: from 5 to 1.
    assert mean_area(audc_linear, sweeps, cost) == pytest.approx((1 + 3) / 2)
    assert unseen_sweeps(samples[:, :, :1], cost) == []


def test_oracles_of_unseen_samples_see_nothing_in_pure_noise():
    samples = np.random.default_rng(1).normal(size=(20_000, 4, 3))
    cost = np.array([1.0, 2, 3, 4])
    plain = audc(deferral_curve(samples.mean(2), samples.mean(2), cost), cost)
    assert plain > 0.3
    for sweeps in (unseen_sweeps(samples, cost), unseen_sweeps(samples, cost, shrinkage(samples))):
        assert abs(mean_area(audc, sweeps, cost)) < 0.02


def planted(random, prompts, interaction, noise, samples=4, candidates=5):
    """Qualities with a prompt's own level, noise that all candidates share, and known variances."""
    means = np.linspace(0, 1, candidates)
    own = random.normal(0, 1, (prompts, 1, 1)) + random.normal(0, 1, (prompts, 1, samples))
    fits = random.normal(0, np.sqrt(interaction), (prompts, candidates, 1))
    return means[:, None] + own + fits + random.normal(0, np.sqrt(noise), (prompts, candidates, samples))


def test_planted_variances_are_found_and_what_candidates_share_is_none_of_them():
    found = variances(planted(np.random.default_rng(2), 20_000, 0.3, 0.8))
    # Centring over M candidates keeps (M - 1)/M of both.
    np.testing.assert_allclose(np.array(found) * 5 / 4, [0.3, 0.8], rtol=0.03)
    kept = shrinkage(planted(np.random.default_rng(3), 20_000, 0.3, 0.8))
    assert kept == pytest.approx(0.3 / (0.3 + 0.8 / 3), rel=0.03)


def test_the_shrunk_oracle_is_no_worse_than_choosing_by_noisy_means_and_never_below_the_mixture():
    cost = np.array([1.0, 2, 4, 8, 16])
    for seed, (interaction, noise) in enumerate([(0.01, 1.0), (0.1, 1.0), (1.0, 0.1)]):
        samples = planted(np.random.default_rng(seed), 6000, interaction, noise)
        mixture = audc(mixture_curve(samples.mean(2), cost), cost)
        plain, shrunk = (
            mean_area(audc, sweeps, cost)
            for sweeps in (
                unseen_sweeps(samples, cost),
                unseen_sweeps(samples, cost, shrinkage(samples)),
            )
        )
        assert shrunk >= plain - 0.002
        assert shrunk > mixture - 0.002
        if (interaction, noise) == (0.01, 1.0):  # choosing by three noisy samples loses to not choosing
            assert plain < mixture < shrunk + 0.002


def test_without_any_variance_nothing_is_shrunk():
    assert shrinkage(np.ones((3, 2, 2))) == 1.0


def test_three_arrays_have_all_measures_of_a_report():
    """By hand: two candidates, the better one costs 4; the router sends one of two prompts to it."""
    quality = np.array([[0.0, 1.0], [0.0, 0.0]])
    found = catbench.score_arrays(quality, quality, [1.0, 4.0])
    assert found["audc"] == pytest.approx(
        found["quality_at"][1] - (found["quality_at"][1]) * 0.0 - 0.0, abs=0.5
    )
    assert found["headroom"] == pytest.approx(1)  # it is the oracle
    assert found["match_best"] == pytest.approx(2.5 / 4)  # both prompts at 1 and one of them at 4 instead
    assert found["gain_at_best"] == pytest.approx(0)
    assert found["quality_at"] == pytest.approx([0, 0.5])
    assert found["cost_to_match"] == pytest.approx([1, 2.5 / 4])
    table = catbench.measures()
    assert set(found) <= set(table.index)
    assert table.loc["cost_to_match", "better"] == "lower"


@pytest.mark.parametrize(
    ("name", "function", "says"),
    [
        ("m", lambda oracl_audc: oracl_audc, "measure 'm' wants 'oracl_audc'; what there is: curve, mixture"),
        ("m", lambda m: m, "measure 'm' wants 'm'"),
        ("m", lambda win_rate: win_rate, "measure 'm' wants 'win_rate'"),
        ("quality", lambda curve: curve, "named as what measures are given: quality"),
    ],
)
def test_a_measure_that_cannot_be_taken_says_why(monkeypatch, name, function, says):
    monkeypatch.setitem(MEASURES, name, Measure(name, "label", "quality", of=function))
    with pytest.raises(TypeError, match=says):
        catbench.score_arrays(np.ones((2, 2)), np.ones((2, 2)), [1.0, 4.0])


def test_a_measure_is_added_in_one_place(monkeypatch):
    def twice(audc, fixed):
        return 2 * audc + 0 * fixed[:, 0]

    monkeypatch.setitem(MEASURES, "twice", Measure("twice", "AUDC, twice", "quality", of=twice))
    result = catbench.evaluate("mixture", catbench.load("nano"), bootstrap=Bootstrap(20)).result(
        "scene_accuracy"
    )
    area, found = result.estimate("audc"), result.estimate("twice")
    twice_each = [2 * one for one in (area.value, area.low, area.high)]
    assert [found.value, found.low, found.high] == pytest.approx(twice_each, rel=1e-4)
    assert catbench.measures().loc["twice", "label"] == "AUDC, twice"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"predicted": np.ones((3, 2))}, r"predicted has shape \(3, 2\)"),
        ({"cost": [1.0]}, r"cost \(1,\)"),
        ({"quality": [[np.nan, 1], [0, 0]]}, "quality has values that are missing"),
        ({"quality": np.ma.masked_array(np.ones((2, 2)), mask=True)}, "quality is a masked array"),
        ({"predicted": [["a", "b"], ["c", "d"]]}, "predicted is no array of numbers"),
        ({"best": 2}, "best is 2"),
        ({"cost": [1.0, -4.0]}, "a cost must be positive"),
    ],
)
def test_three_arrays_that_do_not_fit_are_refused(change, says):
    arrays = {"predicted": np.ones((2, 2)), "quality": np.ones((2, 2)), "cost": [1.0, 4.0]}
    with pytest.raises(CatbenchError, match=says):
        catbench.score_arrays(**arrays | change)
