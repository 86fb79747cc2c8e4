"""Paired percentile bootstrap over groups of test prompts.

A replicate draws as many groups as there are, with replacement; a prompt counts as often as its group
was drawn. Everything that is computed under one seed sees the same draws, so that differences between
two routers are paired. (Efron and Tibshirani 1993, chapters 8 and 13.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats

LEVEL = 0.95
"""Coverage that every interval is made for."""


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made; two results are paired where these, and the prompts, agree."""

    replicates: int = 1000
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Intervals:
    """Values (K,) with the ends of their intervals, infinite or nan where they do not exist."""

    value: Floats
    low: Floats
    high: Floats


def replicate_weights(groups: npt.ArrayLike, bootstrap: Bootstrap) -> Iterator[Floats]:
    """Yield for each replicate how often each of n prompts counts, shape (n,); `groups` has one id a prompt."""
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    count = int(member.max()) + 1
    random = np.random.default_rng(bootstrap.seed)
    alone = count == len(member) and bool((member == np.arange(count)).all())
    for _ in range(bootstrap.replicates):
        drawn = np.bincount(random.integers(0, count, count), minlength=count).astype(np.float64)
        yield drawn if alone else drawn[member]


def intervals(
    statistic: Callable[[Floats], Floats],
    groups: npt.ArrayLike,
    bootstrap: Bootstrap,
    progress: Callable[[], None] = lambda: None,
) -> Intervals:
    """Return the values (K,) of a statistic of weights (n,), and the ends of their intervals.

    Ends are order statistics, never interpolated, so that a replicate of infinity (a target that is
    not reached) only counts by its place. A replicate that has no value widens the interval both ways.
    """
    groups = np.asarray(groups)
    value = statistic(np.ones(len(groups)))
    draws = np.empty((bootstrap.replicates, len(value)))
    for row, weights in enumerate(replicate_weights(groups, bootstrap)):
        draws[row] = statistic(weights)
        progress()
    if not len(draws):
        nothing = np.full(len(value), np.nan)
        return Intervals(value, nothing, nothing)
    tail = (1 - LEVEL) / 2
    missing = np.isnan(draws)
    low = np.quantile(np.where(missing, -np.inf, draws), tail, axis=0, method="inverted_cdf")
    high = np.quantile(np.where(missing, np.inf, draws), 1 - tail, axis=0, method="inverted_cdf")
    return Intervals(value, low, high)
