"""The cascade: by hand, and what must hold of it."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import evaluate
from catbench.score.bootstrap import Bootstrap
from catbench.score.cascade import CascadeSweep, best_stages
from catbench.suite.simulate import Simulation, simulate


def test_the_poorest_images_are_drawn_again_and_both_are_paid_for():
    samples = np.array([[[1.0], [5.0]], [[3.0], [2.0]]])  # two prompts, two candidates, one sample
    curve = CascadeSweep(samples, np.array([1.0, 10.0]), 0, 1).curve()
    np.testing.assert_allclose(curve.cost, [1, 6, 11])
    np.testing.assert_allclose(curve.quality, [2, 4, 3.5])
    np.testing.assert_allclose(curve.trade_off, [np.inf, -1, -3])


def test_each_sample_is_looked_at_alone_and_equal_scores_share_a_threshold():
    samples = np.array([[[0.0, 2.0], [4.0, 4.0]], [[2.0, 6.0], [8.0, 8.0]]])
    curve = CascadeSweep(samples, np.array([1.0, 4.0]), 0, 1).curve()
    # Images of 0, 2, 2 and 6: the two of 2 are drawn again together.
    np.testing.assert_allclose(curve.cost, [1, 2, 4, 5])
    np.testing.assert_allclose(curve.quality, [2.5, 3.5, 5.5, 6])


@pytest.mark.parametrize("first", [0, 1])
def test_weights_are_repetitions(first):
    random = np.random.default_rng(0)
    samples, cost = random.random((20, 3, 2)), np.array([1.0, 2, 5])
    weights = random.integers(0, 3, 20).astype(float)
    weighted = CascadeSweep(samples, cost, first, 2).curve(weights)
    repeated = CascadeSweep(np.repeat(samples, weights.astype(int), axis=0), cost, first, 2).curve()
    at = np.linspace(1, 6, 50)
    np.testing.assert_allclose(weighted.quality_at(at), repeated.quality_at(at))


def test_the_candidates_are_the_two_that_help_most():
    samples = np.zeros((10, 3, 1))
    samples[:, 1], samples[:, 2] = 1.0, 1.0
    assert best_stages(samples, np.array([1.0, 2.0, 9.0])) == (1, 1)


def test_a_cheapest_candidate_that_only_draws_noise_is_passed_over():
    random = np.random.default_rng(0)
    samples = random.normal(scale=0.1, size=(500, 3, 1)) + np.array([-50.0, 0.0, 0.0])[:, None]
    samples[:, 1, 0] -= random.random(500) > 0.7  # poor now and then, which its image shows
    cost = np.array([1.0, 1.1, 10.0])
    first, second = best_stages(samples, cost)
    assert (first, second) == (1, 2)
    curve = CascadeSweep(samples, cost, first, second).curve()
    assert curve.cost[:2].tolist() == [1.0, 1.1]
    np.testing.assert_allclose(curve.quality[:2], samples[:, :2, 0].mean(axis=0))


def test_a_report_holds_it_as_a_reference_with_its_curve():
    matrix = simulate(Simulation(prompts=300, candidates=3, samples=2))[0]
    result = evaluate("mixture", matrix, metric="simulated_error", bootstrap=Bootstrap(20)).result()
    pool = matrix.pool(metric="simulated_error")
    stages = best_stages(matrix.qualities("simulated_error", "train", pool), pool.cost)
    curve = CascadeSweep(matrix.qualities("simulated_error", "test", pool), pool.cost, *stages).curve()
    area = curve.area_log(pool.cost.min(), pool.cost.max())
    assert result.references["cascade"]["audc"].value == pytest.approx(-area, rel=1e-5)
    shown = result.reference_curve("cascade")
    at = np.clip(shown.cost, pool.cost.min(), pool.cost.max())
    np.testing.assert_allclose(shown.quality, -curve.quality_at(at), rtol=2e-5)
