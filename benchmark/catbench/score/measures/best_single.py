"""A router against the best single candidate: what it saves, and what it gains.

The candidate is chosen by training means (`catbench.score.truth`), so none of these is a maximum over test
scores. With folds each fold has its own, and cost and quality here are means over prompts. With no limit on
cost the router draws each prompt with the candidate that it predicts to be best (λ = 0); that choice is made
without test scores too, unlike the peak of the curve.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats
from catbench.score.curve import DeferralCurve


def match_best(curve: DeferralCurve, quality: Floats, cost: Floats, cheapest: float) -> Floats:
    """Return the least cost that reaches the best single candidate's quality (B,), over its cost (B,).

    1 where it is the cheapest one, at which every curve starts; infinity where the curve never reaches it.
    """
    found = curve.cost_to_match(quality[:, None])[:, 0] / cost
    return np.where(cost <= cheapest, 1.0, found)


def gain_at_best(curve: DeferralCurve, quality: Floats, cost: Floats) -> Floats:
    """Return the curve's height at the best single candidate's cost (B,), less its quality (B,)."""
    return curve.quality_at(cost[:, None])[:, 0] - quality


def unlimited_gain(unlimited: Floats, quality: Floats) -> Floats:
    """Return the mean quality (B,) of the choices at trade-off 0, less the best single candidate's (B,)."""
    return unlimited - quality
