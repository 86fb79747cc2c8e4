"""The exact curve against brute force over every trade-off, and the identities that any curve obeys."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catbench import CatbenchError, deferral_curve, mixture_curve, oracle_curve
from catbench.score.answer import Answer
from catbench.score.deployment import choices_within
from catbench.score.sweep import EstimatorSweep, PolicySweep, choices_at

SMALL = st.integers(-6, 6)


@st.composite
def problems(draw, values=SMALL):
    """Draw predictions, qualities (n, M) and costs (M,), with ties and equal costs likely."""
    prompts, candidates = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    table = st.lists(
        st.lists(values, min_size=candidates, max_size=candidates), min_size=prompts, max_size=prompts
    )
    cost = st.lists(st.integers(1, 6), min_size=candidates, max_size=candidates)
    return np.array(draw(table), float), np.array(draw(table), float), np.array(draw(cost), float)


def brute_force(predicted, quality, cost):
    """Return the curve's points in exact arithmetic, from infinite trade-off to 0, by trying every λ.

    Choices can only change where two candidates of a prompt tie, so one λ between any two such values, one
    above all and one below all positive ones show every point there is.
    """
    rows = [[Fraction(int(v)) for v in row] for row in predicted]
    price = [Fraction(int(c)) for c in cost]
    pairs = [(a, b) for a in range(len(price)) for b in range(len(price)) if price[a] > price[b]]
    ties = {(row[a] - row[b]) / (price[a] - price[b]) for row in rows for a, b in pairs}
    ties = sorted({tie for tie in ties if tie > 0} | {Fraction(0)})
    tried = [(low + high) / 2 for low, high in pairwise(ties)] + [ties[-1] + 1]
    points = []
    for trade_off in reversed(tried):
        chosen = [
            max(range(len(price)), key=lambda m: (row[m] - trade_off * price[m], -price[m], -m))
            for row in rows
        ]
        point = (
            sum(price[m] for m in chosen) / len(rows),
            sum(Fraction(int(quality[i][m])) for i, m in enumerate(chosen)) / len(rows),
        )
        if not points or points[-1] != point:
            points.append(point)
    return points


@given(problems())
@settings(max_examples=400, deadline=None)
def test_the_exact_curve_is_the_brute_force_over_all_trade_offs(problem):
    predicted, quality, cost = problem
    curve = deferral_curve(predicted, quality, cost)
    found = list(zip(curve.cost, curve.quality, strict=True))
    wanted = brute_force(predicted, quality, cost)
    assert len(found) == len(wanted)
    np.testing.assert_allclose(found, np.array(wanted, dtype=float), rtol=1e-12, atol=1e-12)


def test_a_curve_worked_by_hand():
    # Prompt 0 climbs 1 -> 2 at λ = 2 and 2 -> 4 at λ = 1/2; prompt 1 climbs 1 -> 4 at λ = 1; prompt 2 stays.
    predicted = [[0, 2, 3], [0, 1, 3], [5, 4, 4]]
    quality = [[1, 2, 4], [0, 7, 6], [3, 9, 9]]
    curve = deferral_curve(predicted, quality, [1, 2, 4])
    np.testing.assert_allclose(curve.trade_off, [np.inf, 2, 1, 0.5])
    np.testing.assert_allclose(curve.cost, [1, 4 / 3, 7 / 3, 3])
    np.testing.assert_allclose(curve.quality, [4 / 3, 5 / 3, 11 / 3, 13 / 3])
    # Heights 4/3, 5/3, 11/3, 13/3 and flat to cost 4: trapezoids 1/2 + 8/3 + 8/3 + 13/3 = 61/6 over 3.
    assert curve.area(1, 4) == pytest.approx(61 / 18)


def test_equal_trade_offs_of_different_prompts_are_one_event():
    curve = deferral_curve([[0, 1], [5, 6]], [[0, 1], [0, -4]], [1, 2])
    np.testing.assert_allclose(curve.cost, [1, 2])
    np.testing.assert_allclose(curve.quality, [0, -1.5])


def test_of_equally_cheap_candidates_the_best_predicted_one_starts_the_curve():
    curve = deferral_curve([[1, 3, 2]], [[10, 20, 30]], [5, 5, 9])
    assert curve.cost.tolist() == [5]
    assert curve.quality.tolist() == [20]


def test_ties_in_prediction_go_to_the_lower_cost_then_the_lower_position():
    assert deferral_curve([[1, 1]], [[7, 9]], [1, 2]).quality.tolist() == [7]
    assert deferral_curve([[1, 1]], [[7, 9]], [2, 2]).quality.tolist() == [7]


FINITE = st.floats(-1e12, 1e12, allow_nan=False)


@given(problems(FINITE))
@settings(deadline=None)
def test_no_router_lies_above_the_oracle(problem):
    predicted, quality, cost = problem
    router, oracle = deferral_curve(predicted, quality, cost), oracle_curve(quality, cost)
    grid = np.linspace(cost.min(), cost.max(), 17)
    slack = 1e-9 * (1 + np.abs(quality).max())
    assert (router.quality_at(grid) <= oracle.quality_at(grid) + slack).all()
    assert (mixture_curve(quality, cost).quality_at(grid) <= oracle.quality_at(grid) + slack).all()


@given(problems(), st.randoms())
@settings(deadline=None)
def test_relabelling_candidates_of_different_cost_changes_nothing(problem, random):
    predicted, quality, cost = problem
    cost = cost + np.arange(len(cost)) / 8  # positions only decide between equal costs
    order = list(range(len(cost)))
    random.shuffle(order)
    one = deferral_curve(predicted, quality, cost)
    other = deferral_curve(predicted[:, order], quality[:, order], cost[order])
    np.testing.assert_allclose(one.cost, other.cost)
    np.testing.assert_allclose(one.quality, other.quality)


@given(problems(), st.floats(0.01, 100), st.floats(-50, 50))
@settings(deadline=None)
def test_a_curve_does_not_depend_on_the_scale_or_the_origin_of_predictions(problem, scale, shift):
    predicted, quality, cost = problem
    one, other = (deferral_curve(p, quality, cost) for p in (predicted, predicted * scale + shift))
    assert one.area(cost.min(), cost.max()) == pytest.approx(other.area(cost.min(), cost.max()), abs=1e-6)


@given(problems())
@settings(deadline=None)
def test_the_choice_at_a_vertex_has_the_vertex_s_cost_and_quality(problem):
    predicted, quality, cost = problem
    curve = deferral_curve(predicted, quality, cost)
    just_below = np.append(np.inf, curve.trade_off[1:] * (1 - 1e-6))
    chosen = choices_at(predicted, cost, just_below)
    np.testing.assert_allclose(cost[chosen].mean(axis=1), curve.cost, rtol=1e-9)
    np.testing.assert_allclose(
        quality[np.arange(len(quality)), chosen].mean(axis=1), curve.quality, rtol=1e-9, atol=1e-9
    )


def within(predicted, cost, budgets):
    return choices_within(Answer(np.array(predicted), None, np.zeros(1)), np.array(cost), np.array(budgets))


def test_a_budget_is_kept_where_two_trade_offs_nearly_tie():
    # Both prompts climb from 1 to 2, at trade-offs that lie 1.5e-9 apart: two events, and two vertices.
    predicted = [[0, 1], [0, 1 - 1.5e-9]]
    chosen = within(predicted, [1, 2], [1, 1.5, 2])
    assert chosen.tolist() == [[0, 0], [1, 0], [1, 1]]


def test_trade_offs_that_tie_one_by_one_are_one_event_and_no_budget_lies_between():
    # Each lies within 1e-9 of the next, the first and the last do not: all of them are one event.
    predicted = [[0, 1 - 0.6e-9 * step] for step in range(6)]
    assert within(predicted, [1, 2], [1.5, 2]).tolist() == [[0] * 6, [1] * 6]


@given(problems(), st.floats(0, 4e-9))
@settings(deadline=None)
def test_choices_within_a_budget_spend_the_last_vertex_within_it(problem, apart):
    predicted, quality, cost = problem
    predicted = predicted * (1 + apart * np.arange(len(predicted)))[:, None]  # trade-offs that nearly tie
    curve = deferral_curve(predicted, quality, cost)
    middle = (curve.cost[1:] + curve.cost[:-1]) / 2
    budgets = np.concatenate([[cost.min() / 2], curve.cost, middle])
    vertices = [0, *range(len(curve.cost)), *range(len(middle))]
    chosen = within(predicted, cost, budgets)
    np.testing.assert_allclose(cost[chosen].mean(axis=1), curve.cost[vertices], rtol=1e-12)
    np.testing.assert_allclose(
        quality[np.arange(len(quality)), chosen].mean(axis=1), curve.quality[vertices], atol=1e-12
    )


@given(problems(), st.data())
@settings(deadline=None)
def test_weights_are_repeats(problem, data):
    predicted, quality, cost = problem
    counts = data.draw(st.lists(st.integers(0, 3), min_size=len(quality), max_size=len(quality)))
    if not sum(counts):
        counts[0] = 1
    sweep = EstimatorSweep(predicted, quality, cost)
    weighted = sweep.curve(np.array(counts, float))
    repeated = deferral_curve(np.repeat(predicted, counts, 0), np.repeat(quality, counts, 0), cost)
    grid = np.linspace(cost.min(), cost.max(), 9)
    np.testing.assert_allclose(weighted.quality_at(grid), repeated.quality_at(grid), atol=1e-9)
    ends = cost.min(), cost.max()
    assert weighted.area(*ends) == pytest.approx(repeated.area(*ends), abs=1e-9)


@given(problems())
@settings(deadline=None)
def test_a_constant_policy_ends_in_its_candidate_s_point(problem):
    _, quality, cost = problem
    for candidate in range(len(cost)):
        choices = np.full((3, len(quality)), candidate)
        curve = PolicySweep(choices, np.array([2.0, 1.0, 0.0]), quality, cost).curve()
        assert curve.cost[-1] == pytest.approx(cost[candidate])
        assert curve.quality[-1] == pytest.approx(quality[:, candidate].mean())
        if cost[candidate] > cost.min():
            assert curve.cost[0] == cost.min()
            assert curve.quality[0] == pytest.approx(quality[:, cost.argmin()].mean())


@given(problems())
@settings(deadline=None)
def test_a_policy_that_follows_eq_3_lies_on_the_estimator_s_curve(problem):
    predicted, quality, cost = problem
    cost = cost + np.arange(len(cost)) / 8
    exact = deferral_curve(predicted, quality, cost)
    trade_offs = np.append(exact.trade_off[1:] * (1 - 1e-6), 0.0)
    policy = PolicySweep(choices_at(predicted, cost, trade_offs), trade_offs, quality, cost).curve()
    np.testing.assert_allclose(policy.quality_at(exact.cost), exact.quality, atol=1e-9)


def test_a_mixture_worked_by_hand():
    # (1, 0), (2, 3), (3, 4), (4, 2): the hull climbs 3 then 1, then is flat.
    curve = mixture_curve([0, 3, 4, 2], [1, 2, 3, 4])
    assert curve.cost.tolist() == [1, 2, 3]
    assert curve.quality.tolist() == [0, 3, 4]
    assert curve.trade_off.tolist() == [np.inf, 3, 1]
    assert curve.area(1, 4) == pytest.approx((1.5 + 3.5 + 4) / 3)


@given(problems())
@settings(deadline=None)
def test_a_router_that_predicts_the_true_means_is_the_mixture(problem):
    _, quality, cost = problem
    means = np.tile(quality.mean(axis=0), (len(quality), 1))
    router, mixture = deferral_curve(means, quality, cost), mixture_curve(quality, cost)
    grid = np.linspace(cost.min(), cost.max(), 9)
    np.testing.assert_allclose(router.quality_at(grid), mixture.quality_at(grid), atol=1e-9)


@pytest.mark.parametrize(
    ("predicted", "quality", "cost", "message"),
    [
        ([[1, 2]], [[1, 2, 3]], [1, 2, 3], "must both be"),
        ([[1, 2]], [[1, 2]], [1, 2, 3], "2 candidates need"),
        ([[1, np.nan]], [[1, 2]], [1, 2], "predicted qualities must be finite"),
        ([[1, 2]], [[1, np.inf]], [1, 2], "quality qualities must be finite"),
        ([[1, 2]], [[1, 2]], [0, 2], "positive"),
        ([[1, 2]], [[1, 2]], [-1, 2], "positive"),
    ],
)
def test_bad_input_is_refused(predicted, quality, cost, message):
    with pytest.raises(CatbenchError, match=message):
        deferral_curve(predicted, quality, cost)


@given(problems(), st.integers(1, 4), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_curves_of_several_predictions_are_each_ones_own(problem, count, seed):
    predicted, quality, cost = problem
    random = np.random.default_rng(seed)
    several = np.array([random.permuted(predicted, axis=1) for _ in range(count)])
    together = deferral_curve(several, quality, cost)
    for number, alone in enumerate(deferral_curve(one, quality, cost) for one in several):
        size = len(alone.cost)
        np.testing.assert_array_equal(together.cost[number, :size], alone.cost)
        np.testing.assert_array_equal(together.quality[number, :size], alone.quality)
        assert (together.cost[number, size:] == alone.cost[-1]).all()
        assert (together.quality[number, size:] == alone.quality[-1]).all()


def test_several_predictions_are_checked_like_one():
    good = np.zeros((3, 2))
    with pytest.raises(CatbenchError, match=r"predicted \(3, 2\) and quality \(2, 2\)"):
        deferral_curve(np.array([good, good]), good[:2], [1, 2])
    with pytest.raises(CatbenchError, match="finite"):
        deferral_curve(np.array([good, good + np.nan]), good, [1, 2])
