"""Ranks with their uncertainty, from paired bootstrap replicates.

Every router's score is read on the same draws of test prompts, so that what is common to all (an easy draw,
a strong mixture) does not blur who is ahead of whom. Goldstein and Spiegelhalter (1996) say why a rank needs
an interval. Ties share the better rank; being first is shared among tied ones.

Over metrics, and over suites, scores have no common scale: what is averaged is the rank in each draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catbench.arrays import Floats, Ints
from catbench.score.bootstrap import ends

SAME = 1e-6
"""Areas that differ by less than this share of the largest are tied: stored ones have seven digits."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Ranks of K routers, each array (K,)."""

    rank: Ints
    low: Ints
    high: Ints
    """Ends of the rank's interval."""
    first: Floats
    """Share of replicates in which a router is first."""
    tier: Ints
    """0 for the leader and all down to the last that is not surely behind it; 1 for the next and all down to
    the last that is not surely behind that one, and so on: by the intervals of paired differences."""


def rank(score: Floats, draws: Floats, same: float = 0.0) -> Ranks:
    """Return ranks of scores (K,), higher is better, with replicates (R, K) of the same scores.

    Scores that differ by no more than `same` are tied. `draws` may lie apart from `score` by what is common
    to all routers: only their differences count.
    """
    of_draws = ranks_of(draws, same)
    is_first = of_draws == 1
    low, high, _ = ends(of_draws.astype(np.float64))
    return Ranks(
        rank=ranks_of(score[None], same)[0],
        low=low.astype(np.int64),
        high=high.astype(np.int64),
        first=(is_first / is_first.sum(axis=1, keepdims=True)).mean(axis=0),
        tier=_tiers(np.argsort(-score, kind="stable"), draws),
    )


def _tiers(order: Ints, draws: Floats) -> Ints:
    """Return the tier (K,) of each router; `order` (K,) has the best one first.

    One begins below the last router that is not surely behind the first of the tier before.
    """
    tier, start = np.zeros(len(order), dtype=np.int64), 0
    while len(rest := order[start + 1 :]):
        low, _, _ = ends(draws[:, order[start], None] - draws[:, rest])
        start += 1 + int(np.flatnonzero(np.append(True, low <= 0))[-1])
        tier[order[start:]] += 1
    return tier


def ranks_of(draws: Floats, same: float) -> Ints:
    """Return each router's rank in each draw, (R, K): one more than how many are better by over `same`."""
    rising = np.sort(draws, axis=1)
    worse = [np.searchsorted(row, own + same, side="right") for row, own in zip(rising, draws, strict=True)]
    return draws.shape[1] + 1 - np.array(worse, dtype=np.int64).reshape(draws.shape)


def mean_ranks(areas: Sequence[Floats]) -> Floats:
    """Return mean ranks (R, K) over metrics, from replicates (R, K) of each metric's area on common draws."""
    tied = [SAME * float(np.abs(draws).max(initial=0.0)) for draws in areas]
    return np.mean([ranks_of(draws, same) for draws, same in zip(areas, tied, strict=True)], axis=0)


def over_suites(ranks: Sequence[Floats]) -> Floats:
    """Return mean ranks (R, K) over suites, each counting once, from those of each, (R, K).

    Suites are drawn independently: the draws of one seed would go together where suites have equally many
    groups of prompts, so each suite's are taken in an order of its own.
    """
    orders = [np.random.default_rng(number).permutation(len(found)) for number, found in enumerate(ranks)]
    return np.mean([found[order] for found, order in zip(ranks, orders, strict=True)], axis=0)
