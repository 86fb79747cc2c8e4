"""AUDC with the router's own work paid for.

The curve moves right by the router's seconds or FLOPs per prompt, those of a text encoder that it runs
included; below its new start only the cheapest candidate, unrouted, can be had. Costs in other units cannot
carry it.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats, frozen
from catbench.curve import DeferralCurve


def audc_with_overhead(curve: DeferralCurve, cheapest: float, cost: Floats, overhead: float) -> float:
    """Return the AUDC after adding `overhead` (in the unit of the costs (M,)) to every routed image.

    `cheapest` is the mean quality of the cheapest candidate.
    """
    shifted = DeferralCurve(
        frozen(np.concatenate([[cost.min()], curve.cost + overhead])),
        frozen(np.concatenate([[cheapest], curve.quality])),
        frozen(np.concatenate([[np.inf], curve.trade_off])),
    )
    return shifted.area(cost.min(), cost.max())
