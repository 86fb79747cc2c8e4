"""The cascade: by hand, and what must hold of it."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import evaluate
from catbench.bootstrap import Bootstrap
from catbench.cascade import CascadeSweep, best_second
from catbench.suites.simulate import Simulation, simulate


def test_the_poorest_images_are_drawn_again_and_both_are_paid_for():
    samples = np.array([[[1.0], [5.0]], [[3.0], [2.0]]])  # two prompts, two candidates, one sample
    curve = CascadeSweep(samples, np.array([1.0, 10.0]), 1).curve()
    np.testing.assert_allclose(curve.cost, [1, 6, 11])
    np.testing.assert_allclose(curve.quality, [2, 4, 3.5])
    np.testing.assert_allclose(curve.trade_off, [np.inf, -1, -3])


def test_each_sample_is_looked_at_alone_and_equal_scores_share_a_threshold():
    samples = np.array([[[0.0, 2.0], [4.0, 4.0]], [[2.0, 6.0], [8.0, 8.0]]])
    curve = CascadeSweep(samples, np.array([1.0, 4.0]), 1).curve()
    # Images of 0, 2, 2 and 6: the two of 2 are drawn again together.
    np.testing.assert_allclose(curve.cost, [1, 2, 4, 5])
    np.testing.assert_allclose(curve.quality, [2.5, 3.5, 5.5, 6])


def test_weights_are_repetitions():
    random = np.random.default_rng(0)
    samples, cost = random.random((20, 3, 2)), np.array([1.0, 2, 5])
    weights = random.integers(0, 3, 20).astype(float)
    weighted = CascadeSweep(samples, cost, 2).curve(weights)
    repeated = CascadeSweep(np.repeat(samples, weights.astype(int), axis=0), cost, 2).curve()
    at = np.linspace(1, 6, 50)
    np.testing.assert_allclose(weighted.quality_at(at), repeated.quality_at(at))


def test_the_second_candidate_is_the_one_that_helps_most():
    samples = np.zeros((10, 3, 1))
    samples[:, 1], samples[:, 2] = 1.0, 1.0
    assert best_second(samples, np.array([1.0, 2.0, 9.0])) == 1


def test_a_report_holds_it_as_a_reference_with_its_curve():
    matrix = simulate(Simulation(prompts=300, candidates=3, samples=2))[0]
    result = evaluate("mixture", matrix, metric="simulated_error", bootstrap=Bootstrap(20)).result()
    pool = matrix.pool(metric="simulated_error")
    second = best_second(matrix.qualities("simulated_error", "train", pool), pool.cost)
    curve = CascadeSweep(matrix.qualities("simulated_error", "test", pool), pool.cost, second).curve()
    area = curve.area(pool.cost.min(), pool.cost.max())
    assert result.references["cascade"]["audc"].value == pytest.approx(-area)
    shown = result.reference_curves["cascade"]
    np.testing.assert_allclose(shown.quality, -curve.quality_at(shown.cost))
