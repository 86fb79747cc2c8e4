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
        self._predicted, self._quality = _Ranks(predicted.T), _Ranks(quality.T)

    def __call__(self, weights: Floats) -> Floats:
        """Return the correlation (M,) where prompt i counts `weights[i]` times; nan for constant values."""
        total = weights.sum()
        x, y = (ranks.of(weights) for ranks in (self._predicted, self._quality))
        x -= (x @ weights / total)[:, None]
        y -= (y @ weights / total)[:, None]
        spread = np.sqrt((x**2 @ weights) * (y**2 @ weights))
        return np.divide(x * y @ weights, spread, out=np.full(len(x), np.nan), where=spread > 0)


class _Ranks:
    """The sorted order of fixed values (M, n), row by row, with the run of equal ones that each lies in."""

    def __init__(self, values: Floats) -> None:
        self._order = np.argsort(values, axis=1, kind="stable")
        ordered = np.take_along_axis(values, self._order, axis=1)
        new = np.ones(values.shape, dtype=bool)
        new[:, 1:] = ordered[:, 1:] > ordered[:, :-1]
        self._starts = np.flatnonzero(new)
        self._row: Ints = self._starts // values.shape[1]
        self._run: Ints = np.empty(values.shape, np.int64)
        np.put_along_axis(self._run, self._order, (np.cumsum(new) - 1).reshape(values.shape), axis=1)

    def of(self, weights: Floats) -> Floats:
        """Return the mid-rank (M, n) in its row of each value, where column i stands `weights[i]` times."""
        size = np.add.reduceat(weights[self._order].ravel(), self._starts)
        middle = np.cumsum(size) - size / 2 + 0.5 - self._row * weights.sum()
        return middle[self._run]
