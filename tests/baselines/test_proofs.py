"""Every estimator finds a planted signal, and finds none in shuffled labels."""

from __future__ import annotations

import numpy as np
import pytest

from catbench import mixture_curve
from catbench.route.router_loader import find_router
from catbench.route.routing import run_router
from catbench.score.bootstrap import Bootstrap, replicate_weights
from catbench.score.deployment import sweep_of
from catbench.suite.simulate import Simulation, simulate

METRIC = "simulated_score"
PLAIN = ("adadiff", "cems", "embedllm", "guarded", "knn", "mlp", "ridge", "routellm-mf", "trees", "uniroute")
TOKENS = ("routet2i", "transformer")
REPLICATES, TAIL = 4000, 0.0005


@pytest.fixture(scope="module")
def matrix():
    return simulate(Simulation(prompts=1200, candidates=3, samples=2, signal=2.0, noise=0.5))[0]


def gain_interval(matrix, router, *, shuffled):
    """Return the 99.9% interval of the gain over the mixture, over draws of the test prompts."""
    members = ["sim-1", "other-3"] if router.startswith("routellm-mf") else None  # it knows two candidates
    pool = matrix.pool(candidates=members, metric=METRIC)
    data = {
        split: (matrix.texts(matrix.rows(split)), matrix.qualities(METRIC, split, pool).mean(axis=2))
        for split in ("train", "validation", "test")
    }
    if shuffled:
        prompts, quality = data["train"]
        data["train"] = prompts, np.random.default_rng(5).permutation(quality)
    texts, quality = data["test"]
    answer = run_router(find_router(router), pool, data["train"], data["validation"], texts)
    sweep, ends = sweep_of(answer, quality, pool), (pool.cost.min(), pool.cost.max())
    gains = [
        sweep.curve(w).area_log(*ends) - mixture_curve(w @ quality / w.sum(), pool.cost).area_log(*ends)
        for w in replicate_weights(
            matrix.prompts["group"].to_numpy()[matrix.rows("test")], Bootstrap(REPLICATES)
        )
    ]
    return np.quantile(gains, [TAIL, 1 - TAIL])


@pytest.mark.parametrize("name", PLAIN)
def test_a_planted_signal_is_recovered(matrix, name):
    assert gain_interval(matrix, name, shuffled=False)[0] > 0


@pytest.mark.parametrize("name", PLAIN)
def test_shuffled_labels_gain_nothing(matrix, name):
    assert gain_interval(matrix, name, shuffled=True)[0] <= 0


@pytest.mark.slow
@pytest.mark.parametrize("name", TOKENS)
def test_a_planted_signal_is_recovered_from_tokens(matrix, name, text_encoder):
    assert gain_interval(matrix, f"{name}:{text_encoder}", shuffled=False)[0] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", TOKENS)
def test_shuffled_labels_gain_nothing_from_tokens(matrix, name, text_encoder):
    assert gain_interval(matrix, f"{name}:{text_encoder}", shuffled=True)[0] <= 0
