"""Cost-to-match: the share of a candidate's cost at which a router is as good (CATImage, Table 3).

Never clamped: a quality that the curve does not reach has no cost, and its ratio is infinity.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats
from catbench.score.curve import DeferralCurve


def cost_to_match(curve: DeferralCurve, fixed: Floats, cost: Floats) -> Floats:
    """Return least cost reaching each candidate's mean quality `fixed` (M,), over its cost (M,)."""
    ratios = curve.cost_to_match(fixed) / cost
    cheapest = np.flatnonzero(cost == cost.min())
    if len(cheapest) == 1:  # the curve starts at that candidate, whatever the rounding of means
        ratios[..., cheapest] = 1
    return ratios
