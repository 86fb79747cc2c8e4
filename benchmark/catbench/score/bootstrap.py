"""Paired percentile bootstrap over groups of test prompts.

A replicate draws as many groups as there are, with replacement; a prompt counts as often as its group
was drawn. Everything that is computed under one seed sees the same draws, so that differences between
two routers are paired. (Efron and Tibshirani 1993, chapters 8 and 13.)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from catbench.arrays import Floats

LEVEL = 0.95
"""Coverage that every interval is made for."""
THREADS = 4
"""Replicates are scored by so many threads, or as many as there are cores."""
TOGETHER = 2**15
"""Weights of so many prompts are handed over at once: few calls, and arrays that fit a processor's cache."""


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made; two results are paired where these, and the prompts, agree."""

    replicates: int = 1000
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Intervals:
    """Values (K,) with the ends of their intervals; infinite or nan where they do not exist."""

    value: Floats
    low: Floats
    high: Floats
    standard_error: Floats
    """Standard deviation over replicates; nan where a replicate has no finite value."""


Values: TypeAlias = dict[str, Floats]
"""Name -> array of any length: everything that one statistic gives at once."""


def replicate_weights(groups: npt.ArrayLike, bootstrap: Bootstrap) -> Iterator[Floats]:
    """Yield for each replicate how often each of n prompts counts, shape (n,); `groups` is (n,)."""
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    count = int(member.max()) + 1
    random = np.random.default_rng(bootstrap.seed)
    for _ in range(bootstrap.replicates):
        drawn = np.bincount(random.integers(0, count, count), minlength=count).astype(np.float64)
        yield drawn[member]


def replicate_blocks(groups: npt.ArrayLike, bootstrap: Bootstrap) -> Iterator[Floats]:
    """Yield the same weights, some replicates at a time, (B, n)."""
    replicates, size = replicate_weights(groups, bootstrap), max(1, TOGETHER // len(np.asarray(groups)))
    while block := list(islice(replicates, size)):
        yield np.array(block)


@dataclass(frozen=True, eq=False)
class Replicates:
    """Values of one statistic and their replicates, by name."""

    value: Values
    """(K,) each."""
    draws: Values
    """(R, K) each, R of 0 or more."""

    def intervals(self) -> dict[str, Intervals]:
        """Return each value with the ends of its interval.

        Ends are order statistics, never interpolated, so that a replicate of infinity (a target that is not
        reached) only counts by its place. A replicate without a value (nan) widens the interval both ways.
        Without replicates the ends are nan.
        """
        return {name: Intervals(self.value[name], *ends(draws)) for name, draws in self.draws.items()}


def replicates(
    statistic: Callable[[Floats], Values],
    groups: npt.ArrayLike,
    bootstrap: Bootstrap,
    progress: Callable[[], None] = lambda: None,
) -> Replicates:
    """Return a statistic's values on all prompts, and on every replicate.

    The statistic takes weights (B, n) and gives arrays (B, K), a row for each row of weights; it is called
    from several threads. `progress` is called after each replicate.
    """
    groups = np.asarray(groups)
    value = {name: array[0] for name, array in statistic(np.ones((1, len(groups)))).items()}
    draws = {name: np.empty((bootstrap.replicates, len(array))) for name, array in value.items()}
    row = 0
    # Many short operations: threads inside each would only wait for each other.
    with threadpool_limits(1), ThreadPoolExecutor(min(os.cpu_count() or 1, THREADS)) as executor:
        blocks = replicate_blocks(groups, bootstrap)
        while some := list(islice(blocks, 4 * THREADS)):  # not all at once: weights take room
            for found in executor.map(statistic, some):
                size = len(next(iter(found.values())))
                for name, array in found.items():
                    draws[name][row : row + size] = array
                row += size
                for _ in range(size):
                    progress()
    return Replicates(value, draws)


def ends(draws: Floats) -> tuple[Floats, Floats, Floats]:
    """Return low and high ends (K,) of the intervals of replicates (R, K), and their standard deviations."""
    if not len(draws):
        nothing = np.full(draws.shape[1], np.nan)
        return nothing, nothing, nothing
    tail, missing = (1 - LEVEL) / 2, np.isnan(draws)
    low = np.quantile(np.where(missing, -np.inf, draws), tail, axis=0, method="inverted_cdf")
    high = np.quantile(np.where(missing, np.inf, draws), 1 - tail, axis=0, method="inverted_cdf")
    whole = np.isfinite(draws).all(axis=0)
    spread = np.where(whole, np.std(np.where(whole, draws, 0), axis=0), np.nan)
    return low, high, spread
