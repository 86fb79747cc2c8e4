"""What is planted in a simulated suite is there."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import CatbenchError, evaluate, mixture_curve, oracle_curve
from catbench.score.bootstrap import Bootstrap
from catbench.suite.simulate import Simulation, simulate


def expected(truth, metric="simulated_score", candidates=6):
    return truth[metric].to_numpy().reshape(-1, candidates)


def test_samples_scatter_about_the_written_truth():
    matrix, truth = simulate(Simulation(prompts=2000, samples=8))
    for metric in matrix.metrics:
        noise = matrix.scores[metric.name] - expected(truth, metric.name)[:, :, None]
        assert abs(noise.mean()) < 0.001
        assert noise.std() == pytest.approx(0.1, rel=0.01)


def test_without_noise_the_scores_are_the_truth():
    matrix, truth = simulate(Simulation(prompts=100, samples=2, noise=0))
    np.testing.assert_allclose(matrix.scores["simulated_score"][:, :, 1], expected(truth), rtol=1e-6)


def test_signal_makes_headroom_and_without_it_little_is_left():
    def headroom(signal):
        matrix, truth = simulate(Simulation(prompts=2000, signal=signal))
        quality, cost = expected(truth), matrix.pool().cost
        return oracle_curve(quality, cost).area(1, 64) - mixture_curve(quality, cost).area(1, 64)

    assert headroom(2.0) > headroom(1.0) > 2 * headroom(0.0) > 0


def test_a_router_finds_the_planted_signal():
    matrix, _ = simulate(Simulation(prompts=2000, noise=0.5))
    result = evaluate("ridge", matrix, metric="simulated_score", bootstrap=Bootstrap(100)).result()
    assert result.estimate("headroom").low > 0.5


def test_the_seed_draws_prompts_and_noise_but_the_effects_stay():
    one, other = (simulate(Simulation(prompts=50, seed=seed)) for seed in (1, 2))
    again = simulate(Simulation(prompts=50, seed=1))
    np.testing.assert_array_equal(one[0].scores["simulated_score"], again[0].scores["simulated_score"])
    assert one[0].prompts["text"].tolist() != other[0].prompts["text"].tolist()


def test_the_smallest_suites_have_every_split_and_keep_groups_together():
    # Seeds whose 20 prompts lack a split by chance, or hold one text twice: all of them load.
    for seed in (*range(60), 345, 354, 669, 871, 1196):
        prompts = simulate(Simulation(prompts=20, candidates=1, samples=1, seed=seed))[0].prompts
        assert set(prompts["split"]) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    "change",
    [
        {"prompts": 19},
        {"candidates": 0},
        {"samples": 0},
        {"noise": -1.0},
        {"signal": np.nan},
        {"signal": 1e39},
        {"seed": -1},
    ],
)
def test_sizes_and_strengths_that_make_no_suite(change):
    with pytest.raises(CatbenchError, match="a simulation needs"):
        simulate(Simulation(**{"prompts": 50, **change}))


@pytest.mark.parametrize("size", ["prompts", "candidates", "samples"])
def test_a_suite_that_no_memory_holds_is_refused_before_it_is_made(size):
    with pytest.raises(CatbenchError, match=r"take about [\d,]+\.\d GB of memory, and .* GB are free"):
        simulate(Simulation(**{size: 10**12}))


def test_prices_rise_geometrically_from_1_to_64():
    pool = simulate(Simulation(prompts=50, candidates=4))[0].pool()
    np.testing.assert_allclose(pool.cost, [1, 4, 16, 64])
    assert pool.unit == "tflops"


def test_it_says_simulated():
    matrix, _ = simulate(Simulation(prompts=50))
    assert matrix.suite.simulated
    assert "SIMULATED" in matrix.suite.title
    assert all("SIMULATED" in metric.label for metric in matrix.metrics)
