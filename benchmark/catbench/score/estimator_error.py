"""How well a router ranks candidates' prompts: Spearman's rank correlation, without a sort a resample."""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats, Scores


class RankCorrelation:
    """Spearman's rank correlation (1904), with mid-ranks for ties, of resamples of the same values.

    `predicted` and `quality` have shape (n, M). Sorting is done once; each call is linear in n.
    """

    def __init__(self, predicted: Floats, quality: Floats) -> None:
        self._predicted, self._quality = _Ranks(predicted.T), _Ranks(quality.T)

    def __call__(self, weights: Floats) -> Floats:
        """Return the correlation (M,) where prompt i counts `weights[i]` times; nan for constant values."""
        if weights.ndim > 1:  # one by one: all at once would not fit a processor's cache
            return np.array([self(row) for row in weights])
        x, y = (ranks.of(weights) for ranks in (self._predicted, self._quality))
        xx, yy, xy = (np.einsum("mn,mn,n->m", *pair, weights) for pair in ((x, x), (y, y), (x, y)))
        spread = np.sqrt(xx * yy)
        return np.divide(xy, spread, out=np.full(len(x), np.nan), where=spread > 0)


class _Ranks:
    """The sorted order of fixed values (M, n), row by row, and where the equals of each begin and end."""

    def __init__(self, values: Floats) -> None:
        order = np.argsort(values, axis=1, kind="stable")
        ordered = np.take_along_axis(values, order, axis=1)
        new = np.ones(values.shape, dtype=bool)
        new[:, 1:] = ordered[:, 1:] > ordered[:, :-1]
        starts = np.flatnonzero(new)
        run = np.empty(values.shape, np.int64)
        np.put_along_axis(run, order, (np.cumsum(new) - 1).reshape(values.shape), axis=1)
        # Numbers that count weights are exact in single precision up to 2^24: half of the memory to read.
        self._order = order.ravel().astype(np.int32)
        self._start, self._stop = (
            at[run].astype(np.int32) for at in (starts, np.append(starts[1:], values.size))
        )
        self._middle = (np.arange(len(values), dtype=np.float32) + 0.5)[:, None]

    def of(self, weights: Floats) -> Scores:
        """Return twice the middle rank (M, n) of each value in its row, less their mean, column i standing
        `weights[i]` times."""
        before = np.zeros(self._order.size + 1, dtype=np.float32)
        np.cumsum(weights.astype(np.float32)[self._order], out=before[1:])
        ranks = before[self._start]
        ranks += before[self._stop]
        ranks -= 2 * self._middle * np.float32(weights.sum())
        return ranks
