"""A simulated suite whose truth is written down: for coverage tests, and for sizing an experiment.

A prompt is one to eight words of a small vocabulary. With x the share of its longest possible length,
candidate m of M, at relative rank r in [0, 1] among costs, has expected quality

    0.9 - x exp(-3 r) / 2  +  0.1 signal * mean over the prompt's words of effect[word, m]

so that more cost helps long prompts more, with diminishing returns, and part of what each candidate is good
at can be read from the words. A sample adds normal noise of standard deviation 0.1 noise. The second
metric is an error, 1 less such a quality with effects of its own. Prices grow geometrically from 1 to 64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import psutil

from catbench.arrays import Floats, Scores
from catbench.errors import UsageError
from catbench.suite.from_arrays import grouped
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Candidate, Cost
from catbench.suite.prompts import SPLITS, Split, normalise, split_of

WORDS = " ".join(
    (
        "apple arch barn beach bird boat bridge candle car castle cat chair city cloud coast crow",
        "desert dog door field fire fish forest fountain fox garden glass harbour hill horse house",
        "island kite lake lamp lantern market meadow mirror moon mountain owl park piano river road",
        "rose ship snow star storm street table tower train tree valley violin wave window",
    )
).split()
LONGEST = 8
STRONGEST = 1e30
"""Scores of a stronger signal or noise are beyond single precision."""
GB = 10**9
METRICS = (
    Metric(name="simulated_score", label="SIMULATED score"),
    Metric(name="simulated_error", label="SIMULATED error", direction="lower"),
)


@dataclass(frozen=True)
class Simulation:
    """The size of a simulated suite, and what is planted in it."""

    prompts: int = 5000
    candidates: int = 6
    samples: int = 4
    signal: float = 1.0
    """Strength of what the words tell of each candidate; 0 leaves only the length of the prompt."""
    noise: float = 1.0
    """Strength of the noise of single samples."""
    seed: int = 0
    """Draws prompts and noise. The words' effects are the same for every seed: one population."""


def simulate(simulation: Simulation) -> tuple[ScoreMatrix, pd.DataFrame]:
    """Return a matrix and its truth: `prompt_id`, `candidate`, and the expected value of each metric.

    Raises UsageError for sizes below 1 (20 prompts), a negative strength or seed, and what no memory holds.
    """
    s = simulation
    _check(s)
    random = np.random.default_rng(s.seed)
    bags, texts = _prompts(s.prompts, random)
    ids = [f"sim-{number:06d}" for number in range(s.prompts)]
    same = max(1, 2 * s.candidates // 3)  # the most expensive third and more are of another model
    models = ["sim" if number < same else "other" for number in range(s.candidates)]
    candidates = tuple(
        Candidate(id=f"{model}-{number}", model=model, settings={"simulated": True})
        for number, model in enumerate(models, start=1)
    )
    prices = np.round(np.geomspace(1, 64, s.candidates), 3)
    rank = np.linspace(0, 1, s.candidates)
    scores: dict[str, Scores] = {}
    truth = pd.DataFrame(
        {"prompt_id": np.repeat(ids, s.candidates), "candidate": [c.id for c in candidates] * s.prompts}
    )
    for number, metric in enumerate(METRICS):
        expected = expected_quality(bags, rank, s.signal, number)
        if metric.direction == "lower":
            expected = 1 - expected
        noise = random.normal(0, 0.1 * s.noise, (*expected.shape, s.samples))
        scores[metric.name] = (expected[:, :, None] + noise).astype(np.float32)
        truth[metric.name] = expected.ravel()
    prompts = grouped(
        pd.DataFrame(
            {
                "prompt_id": ids,
                "text": texts,
                "source": "simulated",
                "split": _splits([normalise(text) for text in texts]),
                "words": [len(text.split()) for text in texts],
            }
        )
    )
    matrix = ScoreMatrix(
        suite=SuiteInfo(
            id="simulated",
            title=f"SIMULATED: scores come from a formula, not from images ({s})",
            licence="CC0-1.0",
            source="catbench simulate",
            simulated=True,
        ),
        prompts=prompts,
        candidates=candidates,
        metrics=METRICS,
        scores=scores,
        costs=tuple(
            Cost(candidate=c.id, unit=unit, value=float(price * scale), method="SIMULATED")
            for unit, scale in (("tflops", 1.0), ("seconds", 0.01))
            for c, price in zip(candidates, prices, strict=True)
        ),
        pools={
            "sim": tuple(c.id for c in candidates if c.model == "sim"),
            "sim+": tuple(c.id for c in candidates),
        },
        features={"words": bags.astype(np.float32)},
    )
    return matrix, truth


def expected_quality(bags: Floats, rank: Floats, signal: float, number: int = 0) -> Floats:
    """Return expected qualities (n, M) of word counts (n, W), for candidates of rank (M,) in [0, 1].

    `number` tells the metrics' effects apart. Higher is better.
    """
    effects = np.random.default_rng([29, number, len(rank)]).normal(0, 1, (bags.shape[1], len(rank)))
    length = bags.sum(axis=1, keepdims=True)
    return 0.9 - 0.5 * length / LONGEST * np.exp(-3 * rank) + 0.1 * signal * (bags @ effects) / length


def _check(s: Simulation) -> None:
    sizes = s.prompts // 20, s.candidates, s.samples
    if min(sizes) < 1 or s.seed < 0 or not all(0 <= given <= STRONGEST for given in (s.signal, s.noise)):
        raise UsageError(
            "a simulation needs 20 prompts, 1 candidate, 1 sample, strengths from 0 to "
            f"{STRONGEST:g} and no negative seed, not {', '.join(f'{k} {v}' for k, v in vars(s).items())}"
        )
    words, scores, truth = 24 * len(WORDS), 24 * s.candidates * s.samples, 60 * s.candidates
    needed = s.prompts * (words + scores + truth)  # bytes at once, as measured
    if needed > (free := psutil.virtual_memory().available):
        raise UsageError(
            f"{s.prompts:,} prompts x {s.candidates:,} candidates x {s.samples:,} samples take about "
            f"{needed / GB:,.1f} GB of memory, and {free / GB:,.1f} GB are free: simulate fewer"
        )


def _prompts(count: int, random: np.random.Generator) -> tuple[Floats, list[str]]:
    """Return word counts (n, W) and texts of `count` prompts."""
    lengths = random.integers(1, LONGEST + 1, count)
    shuffled = random.random((count, len(WORDS))).argsort(axis=1)
    bags = np.zeros((count, len(WORDS)))
    texts: list[str] = []
    for row, length in enumerate(lengths):
        chosen = shuffled[row, :length]
        bags[row, chosen] = 1
        texts.append(" ".join(WORDS[word] for word in chosen))
    return bags, texts


def _splits(keys: list[str]) -> list[Split]:
    """Return the split of each key; one that a small suite lacks by chance is given a key of the largest."""
    splits: list[Split] = [split_of(key) for key in keys]
    for split in SPLITS:
        if split not in splits:
            moved = keys[splits.index(max(SPLITS, key=splits.count))]
            splits = [split if key == moved else old for key, old in zip(keys, splits, strict=True)]
    return splits
