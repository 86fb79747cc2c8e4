"""Ranks with their uncertainty, from paired bootstrap replicates.

Every router's score is computed again on the same draws of test prompts, so that what is common to all
(an easy draw, a large headroom) does not blur who is ahead of whom. Goldstein and Spiegelhalter (1996)
say why a rank needs an interval. Ties share the better rank; being first is shared among tied ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from catbench.arrays import Floats, Ints
from catbench.bootstrap import LEVEL

SAME = 1e-9
"""Scores that agree within this are tied."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Ranks of K routers, each array (K,)."""

    rank: Ints
    low: Ints
    high: Ints
    """Ends of the rank's interval."""
    first: Floats
    """Share of replicates in which a router is first."""
    behind: Floats
    """Score of the leader less the router's."""
    behind_low: Floats
    behind_high: Floats


def rank(score: Floats, draws: Floats) -> Ranks:
    """Return ranks of scores (K,), higher is better, with replicates (R, K) of the same scores.

    A replicate in which any score does not exist (nan) is left out: it has no order.
    """
    draws = draws[np.isfinite(draws).all(axis=1)]
    leader = int(np.argmax(score))
    ranked = rankdata(-_settle(score[None, :])[0], method="min").astype(np.int64)
    if not len(draws):
        nothing = np.full(len(score), np.nan)
        return Ranks(ranked, ranked, ranked, nothing, score[leader] - score, nothing, nothing)
    of_draws = rankdata(-_settle(draws), method="min", axis=1)
    is_first = of_draws == 1
    low, high = ends(of_draws)
    behind_low, behind_high = ends(draws[:, [leader]] - draws)
    return Ranks(
        rank=ranked,
        low=low.astype(np.int64),
        high=high.astype(np.int64),
        first=(is_first / is_first.sum(axis=1, keepdims=True)).mean(axis=0),
        behind=score[leader] - score,
        behind_low=behind_low,
        behind_high=behind_high,
    )


def ends(draws: Floats) -> tuple[Floats, Floats]:
    """Return the ends of the percentile interval of each column of replicates (R, K), as reports have it."""
    tail = (1 - LEVEL) / 2
    return (
        np.quantile(draws, tail, axis=0, method="inverted_cdf"),
        np.quantile(draws, 1 - tail, axis=0, method="inverted_cdf"),
    )


def _settle(scores: Floats) -> Floats:
    """Return scores on a lattice so fine that only rounding of the same number is lost."""
    return np.round(scores / SAME) * SAME
