"""Speed of the shipped routers: `knn` against the arithmetic it cannot do without, refits, and training."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catbench import Pool, Prompts
from catbench.pool import Candidate
from catbench.rounds import rounds_of
from catbench.routing import find_router
from catbench.suites.cems import import_cems
from catbench.trials import Trials, run_trials
from catbench.truth import truth_of

SHARED = Path(__file__).parents[3] / "shared" / "data" / "cems"


def seconds(function, repeats=3):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def pool_of(count):
    names = tuple(Candidate(id=f"c{number}") for number in range(count))
    return Pool("all", names, np.geomspace(1, 100, count), "tflops", "score")


def test_knn_against_a_bare_matmul_and_partition(benchmark):
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
    print(f"\nknn, 80,000 x 10,000 x 512: {ratio:.2f} times the bare matmul and partition ({floor:.1f} s)")
    assert ratio < 2


def ratio_of_trials(texts):
    """Return how long 100 trials take against one, at 10,000 prompts x 20 candidates, and that one."""
    made = simulate(Simulation(prompts=10_000, candidates=20, samples=2))[0]
    matrix = replace(made, prompts=made.prompts.assign(text=list(texts), group=made.prompts["prompt_id"]))
    rounds, pool = rounds_of(matrix), matrix.pool(metric="simulated_score")
    truth = truth_of(rounds, pool)

    def trials(count):
        run_trials(find_router("knn"), rounds, pool, truth, Trials(count))

    one = seconds(lambda: trials(1), 2)
    return seconds(lambda: trials(100), 1) / one, one


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the CEMS files in ../shared/data/cems")
def test_a_hundred_trials_of_knn_cost_less_than_three_of_one(benchmark):
    texts = Prompts([str(text) for text in import_cems(SHARED).prompts["text"]])
    ratio, one = benchmark.pedantic(lambda: ratio_of_trials(texts), rounds=1)
    print(f"\n100 trials of knn on 10,000 real prompts x 20: {ratio:.1f} times one trial ({one:.2f} s)")
    assert ratio < 3


def test_a_hundred_trials_of_knn_on_an_embedding(benchmark):
    vectors = np.random.default_rng(0).normal(size=(10_000, 512)).astype(np.float32)
    ratio, one = benchmark.pedantic(lambda: ratio_of_trials(Prompts([""] * 10_000, {"v": vectors})), rounds=1)
    print(f"\n100 trials of knn on 10,000 embeddings x 20: {ratio:.1f} times one trial ({one:.2f} s)")
    assert ratio < 10  # one search is quick where it is a matmul; without refits the ratio would be 100


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
