"""Speed of the shipped routers against the arithmetic they cannot do without, of refits, and of training."""

from __future__ import annotations

import timeit
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from catbench import Pool, Prompts
from catbench.report.trials import Trials, run_trials
from catbench.route.router_loader import find_router
from catbench.score.rounds import rounds_of
from catbench.score.truth_of_rounds import truth_of
from catbench.suite.pool import Candidate
from catbench.suite.prompts import group_of, normalise, split_of
from catbench.suite.recipes.making import find_recipe, make
from catbench.suite.simulate import Simulation, simulate
from catbench_baselines.features import routed_quality
from catbench_baselines.guarded import FACTORS, smallest_as_good
from catbench_baselines.linear import ridge_path
from catbench_baselines.ridge import PENALTIES

SHARED = Path(__file__).parents[3] / "shared" / "data" / "cems"


def seconds(function, repeats=3):
    return min(timeit.repeat(function, number=1, repeat=repeats))


def pool_of(count):
    names = tuple(Candidate(id=f"c{number}") for number in range(count))
    return Pool("all", names, np.geomspace(1, 100, count), "tflops", "score")


def test_knn_against_a_bare_matmul_and_partition(benchmark, told):
    random = np.random.default_rng(0)
    train, test = (
        Prompts([""] * count, {"v": random.normal(size=(count, 512)).astype(np.float32)})
        for count in (80_000, 10_000)
    )
    router = find_router("knn").make(pool_of(4)).fit(train, random.random((80_000, 4)))
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (train.features["v"], test.features["v"])]

    def bare():
        for start in range(0, 10_000, 500):
            np.argpartition(-(unit[1][start : start + 500] @ unit[0].T), 512, axis=1)

    def ask():
        router.predict(test.take(np.arange(10_000)))  # other prompts each time: their neighbours are not kept

    floor = seconds(bare, 2)
    benchmark.pedantic(ask, rounds=2)
    ratio = benchmark.stats.stats.min / floor
    told("knn, 80,000 x 10,000 prompts x 512", ratio, "the bare matmul and partition")
    assert ratio < 2


def test_ridge_at_all_penalties_against_bare_products(benchmark, told):
    """Seven penalties and 36 candidates, one after the other, would take hundreds of times as long."""
    random, (prompts, columns, words) = np.random.default_rng(0), (20_000, 12_000, 15)
    chosen = np.minimum(
        random.zipf(1.3, (prompts, words)) - 1, columns - 1
    )  # words are as frequent as in texts
    rows = np.repeat(np.arange(prompts), words)
    vectors = csr_matrix((np.full(rows.size, words**-0.5), (rows, chosen.ravel())), (prompts, columns))
    quality = vectors @ random.normal(size=(columns, 36)) + random.normal(size=(prompts, 36))
    directions = random.normal(size=(columns, 36))

    def bare():
        for _ in range(100):
            vectors.T @ (vectors @ directions)

    floor = seconds(bare, 2)
    benchmark.pedantic(lambda: ridge_path(vectors, quality, PENALTIES), rounds=2)
    ratio = benchmark.stats.stats.min / floor
    told("ridge, 20,000 x 36, seven penalties", ratio, "a hundred bare products")
    assert ratio < 6


def test_a_guard_against_the_areas_that_it_compares(benchmark, told):
    """A bootstrap of 200 draws would take two hundred times as long as the areas."""
    random, pool = np.random.default_rng(0), pool_of(36)
    known = random.normal(size=(3700, 36)) + 2 * np.log(pool.cost) ** 0.5
    quality = known + random.normal(size=known.shape)
    tried = [known.mean(axis=0) + factor * (known - known.mean(axis=0)) for factor in FACTORS]
    floor = seconds(lambda: [routed_quality(predicted, quality, pool) for predicted in tried])
    benchmark.pedantic(lambda: smallest_as_good(tried, quality, pool), rounds=3)
    ratio = benchmark.stats.stats.min / floor
    told("choosing how far to trust a router, 3,700 x 36", ratio, "the areas that it compares")
    assert ratio < 25


def ratio_of_trials(texts=None, features=None, samples=2):
    """Return how long 100 trials take against one, at 10,000 prompts x 20 candidates."""
    made = simulate(Simulation(prompts=10_000, candidates=20, samples=samples))[0]
    texts = texts or list(made.prompts["text"])
    keys = [normalise(text) for text in texts]
    columns = {"text": texts, "group": list(map(group_of, keys)), "split": list(map(split_of, keys))}
    matrix = replace(made, prompts=made.prompts.assign(**columns), features=features or {})
    rounds, pool = rounds_of(matrix), matrix.pool(metric="simulated_score")
    truth = truth_of(rounds, pool)

    def trials(count):
        run_trials(find_router("knn"), rounds, pool, truth, Trials(count))

    one = seconds(lambda: trials(1), 2)
    return seconds(lambda: trials(100), 1) / one


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the CEMS files in ../shared/data/cems")
@pytest.mark.parametrize(("samples", "most"), [(2, 6), (1, 7)])  # without refits it would be 100
def test_a_hundred_trials_of_knn_against_one(benchmark, told, samples, most):
    """Of one stored sample, trials draw prompts, and each its neighbours among them."""
    texts = [str(text) for text in make(find_recipe("cems"), SHARED).prompts["text"]]
    ratio = benchmark.pedantic(lambda: ratio_of_trials(texts, samples=samples), rounds=1)
    told(f"100 trials of knn, 10,000 prompts x 20 x {samples}", ratio, "one")
    assert ratio < most


def test_a_hundred_trials_of_knn_on_an_embedding(benchmark, told):
    vectors = np.random.default_rng(0).normal(size=(10_000, 512)).astype(np.float32)
    ratio = benchmark.pedantic(lambda: ratio_of_trials(features={"v": vectors}), rounds=1)
    told("100 trials of knn, 10,000 embeddings x 20", ratio, "one")
    assert ratio < 9  # one search is quick where it is a matmul


def test_the_transformer_trains_on_nano_in_five_minutes(benchmark):
    pytest.importorskip("torch")
    from catbench import load

    matrix = load("nano")
    pool = matrix.pool(metric=matrix.metrics[0].name)
    data = {
        split: (matrix.texts(matrix.rows(split)), matrix.qualities(pool.metric, split, pool).mean(axis=2))
        for split in ("train", "validation")
    }
    router = find_router("transformer").make(pool)
    benchmark.pedantic(lambda: router.fit(*data["train"], validation=data["validation"]), rounds=1)
    print(f"\ntransformer on nano: {benchmark.stats.stats.min:.0f} s")
    assert benchmark.stats.stats.min < 300
