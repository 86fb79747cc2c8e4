"""The cascade: try the cheapest candidate, look at its image, and draw again where it is poor.

A reference that no router can be ranked with, since it sees an image before it decides: users ask whether
routing beats trying (FrugalGPT, Chen et al. 2023; DiffServe, Ahmad et al. 2025). Each stored sample of the
cheapest candidate is scored by the metric itself; below a threshold a second candidate draws the image
again, and both are paid for. What scoring costs is not known to a suite and counts as nothing, which
flatters the cascade. Its trade-off is the threshold, and its curve goes through every one: from the cheapest
candidate's point to the second one's quality at the sum of both costs.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats, frozen
from catbench.curve import DeferralCurve
from catbench.sweep import shares


class CascadeSweep:
    """A cascade on fixed prompts, from which the curve of any resample follows quickly.

    `samples` are qualities (n, M, S); `second` is the position of the candidate that draws again.
    """

    def __init__(self, samples: Floats, cost: Floats, second: int) -> None:
        cheap = int(np.argmin(cost))
        first = samples[:, cheap, :]
        depth = first.shape[1]
        order = np.argsort(first, axis=None, kind="stable")  # the poorest images are drawn again first
        self._prompt = order // depth
        again = samples[:, second, :].mean(axis=1)
        self._rise = (again[:, None] - first).ravel()[order] / depth
        self._first = first.mean(axis=1)
        score = first.ravel()[order]
        # Where each run of equal scores ends: one threshold draws them all again.
        self._ends = np.flatnonzero(np.append(score[1:] > score[:-1], True))
        self._threshold = score[self._ends]
        self._low, self._price = float(cost[cheap]), float(cost[second]) / depth

    def curve(self, weights: Floats | None = None) -> DeferralCurve:
        """Return the curve where prompt i counts `weights[i]` times; None: once each. (B, n) gives (B, V).

        Its `trade_off` is no λ but the threshold with its sign changed, so that it falls as a router's does.
        """
        share = shares(weights, len(self._first))
        of_image = share[..., self._prompt]
        start = (share * self._first).sum(axis=-1)[..., None]
        cost, quality = np.empty((2, *of_image.shape[:-1], 1 + len(self._ends)))
        cost[..., 0], quality[..., 0] = self._low, start[..., 0]
        cost[..., 1:] = self._low + np.cumsum(of_image, axis=-1)[..., self._ends] * self._price
        quality[..., 1:] = start + np.cumsum(of_image * self._rise, axis=-1)[..., self._ends]
        return DeferralCurve(frozen(cost), frozen(quality), frozen(np.append(np.inf, -self._threshold)))


def best_second(samples: Floats, cost: Floats) -> int:
    """Return the candidate whose cascade has the largest area, by training qualities (n, M, S)."""
    low, high = float(cost.min()), float(cost.max())
    return max(
        range(len(cost)),
        key=lambda second: float(CascadeSweep(samples, cost, second).curve().area(low, high)),
    )
