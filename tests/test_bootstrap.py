"""Intervals hold the truth as often as they say, and pair what shares its draws."""

from __future__ import annotations

import numpy as np
import pytest

from catbench.score.bootstrap import Bootstrap, replicate_weights, replicates
from catbench.score.sweep import EstimatorSweep
from catbench.suite.simulate import METRICS, Simulation, expected_quality, simulate

RANK = np.linspace(0, 1, 5)
MISTAKES = np.random.default_rng(7).normal(0, 1, (60, 5))


def intervals(*given):
    return replicates(*given).intervals()


def good(bags):
    """A fixed router that knows the words' effects, with mistakes of its own."""
    return expected_quality(bags, RANK, 1.0) + 0.05 * bags @ MISTAKES / bags.sum(axis=1, keepdims=True)


def simple(bags):
    """A fixed router that only reads the length of a prompt."""
    return expected_quality(bags, RANK, 0.0)


def mean(weights, values):
    """Return the mean of values (n,) under weights (B, n), (B, 1)."""
    return (weights @ values / weights.sum(axis=1))[:, None]


def areas(matrix, cost, *, expected=None):
    """Return the sweeps of both routers on all prompts of a simulated suite."""
    bags = matrix.features["words"].astype(float)
    quality = matrix.scores[METRICS[0].name].mean(axis=2) if expected is None else expected
    return [EstimatorSweep(router(bags), quality, cost) for router in (good, simple)]


@pytest.mark.parametrize("repeats", [100, pytest.param(300, marks=pytest.mark.slow)])
def test_intervals_of_areas_and_of_their_difference_cover_the_truth(repeats):
    population, _ = simulate(Simulation(prompts=200_000, candidates=5, samples=1, seed=10_000))
    cost = population.pool().cost
    ends = float(cost.min()), float(cost.max())
    bags = population.features["words"].astype(float)
    sweeps = areas(population, cost, expected=expected_quality(bags, RANK, 1.0))
    truth = np.array([sweep.curve().area(*ends) for sweep in sweeps])
    truth = np.append(truth, truth[0] - truth[1])
    inside = np.zeros(3)
    for repeat in range(repeats):
        matrix, _ = simulate(Simulation(prompts=500, candidates=5, samples=2, seed=repeat))
        first, second = areas(matrix, cost)

        def statistic(weights, first=first, second=second):
            one, two = (sweep.curve(weights).area(*ends) for sweep in (first, second))
            return {"areas": np.stack([one, two, one - two], axis=1)}

        found = intervals(statistic, matrix.prompts["group"], Bootstrap(1000, repeat))["areas"]
        inside += (found.low <= truth) & (truth <= found.high)
    coverage = inside / repeats
    assert ((coverage >= 0.92) & (coverage <= 0.98)).all(), coverage


def test_groups_are_drawn_whole():
    groups = ["a", "b", "a", "c", "b", "b"]
    for weights in replicate_weights(groups, Bootstrap(50, 3)):
        assert weights[0] == weights[2]
        assert weights[1] == weights[4] == weights[5]
        assert weights[0] + weights[1] + weights[3] == 3


def test_one_seed_gives_one_set_of_draws_and_another_seed_another():
    one, same, other = (list(replicate_weights(np.arange(9), Bootstrap(5, seed))) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_interval_of_a_mean_is_the_normal_one():
    values = np.random.default_rng(0).normal(5, 2, 4000)
    found = intervals(lambda w: {"mean": mean(w, values)}, np.arange(4000), Bootstrap(2000))["mean"]
    error = values.std() / np.sqrt(4000)
    assert found.low[0] == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert found.high[0] == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)
    assert found.standard_error[0] == pytest.approx(error, rel=0.05)


def test_clusters_widen_an_interval():
    values = np.repeat(np.random.default_rng(0).normal(size=300), 5)

    def width(groups):
        found = intervals(lambda w: {"mean": mean(w, values)}, groups, Bootstrap(1000))["mean"]
        return found.high[0] - found.low[0]

    # Five copies of 300 values tell no more than the 300 do: the interval must not shrink by sqrt(5).
    assert width(np.repeat(np.arange(300), 5)) == pytest.approx(width(np.arange(1500)) * np.sqrt(5), rel=0.1)


def test_targets_that_some_replicates_miss_count_as_infinite():
    def statistic(weights):
        missed = weights[:, :1] == 0
        return {"x": np.where(missed, [np.inf, np.nan], 1.0)}

    found = intervals(statistic, np.arange(20), Bootstrap(200))["x"]  # e^-1 of the draws miss prompt 0
    assert found.low.tolist() == [1.0, -np.inf]
    assert found.high.tolist() == [np.inf, np.inf]


def test_without_replicates_there_are_no_intervals():
    found = intervals(lambda w: {"n": w.sum(axis=1, keepdims=True)}, np.arange(3), Bootstrap(0))["n"]
    assert found.value[0] == 3
    assert np.isnan([found.low[0], found.high[0]]).all()
