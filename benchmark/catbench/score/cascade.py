"""The cascade: try a cheap candidate, look at its image, and draw again where it is poor.

A reference that no router can be ranked with, since it sees an image before it decides: users ask whether
routing beats trying (FrugalGPT, Chen et al. 2023; DiffServe, Ahmad et al. 2025). Each stored sample of the
first candidate is scored by the metric itself; below a threshold a second candidate draws the image again,
and both are paid for. What scoring costs is not known to a suite and counts as nothing, which flatters the
cascade. Its trade-off is the threshold, and its curve goes through every one: from the first candidate's
point to the second one's quality at the sum of both costs. Below the first candidate's cost, prompts are
split between it and the cheapest candidate without being read.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats, frozen
from catbench.score.curve import DeferralCurve
from catbench.score.sweep import mixture_curve, shares

PROMPTS = 2048
"""By which a cascade's candidates are chosen: hundreds of pairs are tried."""


class CascadeSweep:
    """A cascade on fixed prompts, from which the curve of any resample follows quickly.

    `samples` are qualities (n, M, S); `first` and `second` are positions of the candidates that draw.
    """

    def __init__(self, samples: Floats, cost: Floats, first: int, second: int) -> None:
        tried = samples[:, first, :]
        depth = tried.shape[1]
        order = np.argsort(tried, axis=None, kind="stable")  # the poorest images are drawn again first
        self._prompt = order // depth
        again = samples[:, second, :].mean(axis=1)
        self._rise = (again[:, None] - tried).ravel()[order] / depth
        self._first = tried.mean(axis=1)
        score = tried.ravel()[order]
        # Where each run of equal scores ends: one threshold draws them all again.
        self._ends = np.flatnonzero(np.append(score[1:] > score[:-1], True))
        self._threshold = score[self._ends]
        self._low, self._price = float(cost[first]), float(cost[second]) / depth
        cheap = int(np.argmin(cost))
        below = cost[cheap] < cost[first]
        self._cheapest = (float(cost[cheap]), samples[:, cheap, :].mean(axis=1)) if below else None

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
        threshold = np.append(np.inf, -self._threshold)
        if self._cheapest is not None:
            price, alone = self._cheapest
            cost = np.insert(cost, 0, price, axis=-1)
            quality = np.insert(quality, 0, (share * alone).sum(axis=-1), axis=-1)
            threshold = np.append(np.inf, threshold)
        return DeferralCurve(frozen(cost), frozen(quality), frozen(threshold))


def best_stages(samples: Floats, cost: Floats) -> tuple[int, int]:
    """Return the first and the second candidate whose cascade has the largest area.

    By training qualities (n, M, S), of which at most PROMPTS prompts are looked at, evenly spread. First
    come the cheapest candidate and those that a mixture would draw with.
    """
    samples = samples[:: -(-len(samples) // PROMPTS)]
    low, high = float(cost.min()), float(cost.max())
    hull = mixture_curve(samples.mean(axis=2), cost)
    firsts = [m for m in range(len(cost)) if cost[m] == low or np.isclose(cost[m], hull.cost).any()]
    return max(
        ((first, second) for first in firsts for second in range(len(cost)) if cost[second] >= cost[first]),
        key=lambda stages: float(CascadeSweep(samples, cost, *stages).curve().area_log(low, high)),
    )
