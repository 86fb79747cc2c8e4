"""Routing in use against the router's own predictions: mixing, costs and unknown words cost little."""

from __future__ import annotations

import timeit

import catbench
from catbench import Prompts
from catbench.suite.simulate import Simulation, simulate


def test_choosing_takes_little_more_than_predicting(benchmark, told):
    matrix, _ = simulate(Simulation(prompts=20_000, candidates=6, samples=1))
    router = catbench.fit("ridge", matrix, metric="simulated_score")
    texts = list(matrix.prompts["text"])
    setting = router.calibration.setting(save=0.5)
    floor = min(timeit.repeat(lambda: router.router.predict(Prompts(texts)), number=1, repeat=3))
    benchmark.pedantic(lambda: router.choose_at(texts, setting), rounds=3)
    ratio = benchmark.stats.stats.min / floor
    told("choosing for 20,000 prompts under a budget", ratio, "predicting")
    assert ratio < 1.5
