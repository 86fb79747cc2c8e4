"""How well a router predicts quality: root mean squared error and Spearman's rank correlation.

Routing needs only differences between candidates; these tell whether a poor curve comes from poor
estimates. Both take weights, so that a resample of prompts costs no sort.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats, Ints


def rmse(predicted: Floats, quality: Floats, weights: Floats) -> Floats:
    """Return the root mean squared error (M,) of predictions (n, M), prompt i counted `weights[i]` times."""
    return np.sqrt(weights @ (predicted - quality) ** 2 / weights.sum())


class RankCorrelation:
    """Spearman's rank correlation (1904), with mid-ranks for ties, of resamples of the same values.

    `predicted` and `quality` have shape (n, M). Sorting is done once; each call is linear in n.
    """

    def __init__(self, predicted: Floats, quality: Floats) -> None:
        self._predicted = [_Ranks(column) for column in predicted.T]
        self._quality = [_Ranks(column) for column in quality.T]

    def __call__(self, weights: Floats) -> Floats:
        """Return the correlation (M,) where prompt i counts `weights[i]` times; nan for constant values."""
        pairs = zip(self._predicted, self._quality, strict=True)
        return np.array([_pearson(a.of(weights), b.of(weights), weights) for a, b in pairs])


class _Ranks:
    """The sorted order of fixed values, with where each run of equal ones ends."""

    def __init__(self, values: Floats) -> None:
        self._order = np.argsort(values, kind="stable")
        ordered = values[self._order]
        new = np.append(True, ordered[1:] > ordered[:-1])
        self._run: Ints = np.cumsum(new) - 1
        self._starts = np.flatnonzero(new)

    def of(self, weights: Floats) -> Floats:
        """Return the mid-rank (n,) of each value where value i stands `weights[i]` times."""
        size = np.add.reduceat(weights[self._order], self._starts)
        middle = np.cumsum(size) - size / 2 + 0.5
        ranks = np.empty(len(weights))
        ranks[self._order] = middle[self._run]
        return ranks


def _pearson(x: Floats, y: Floats, weights: Floats) -> float:
    total = weights.sum()
    x, y = x - weights @ x / total, y - weights @ y / total
    spread = np.sqrt((weights @ x**2) * (weights @ y**2))
    return float(weights @ (x * y) / spread) if spread > 0 else float("nan")
