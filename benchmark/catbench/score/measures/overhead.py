"""AUDC with the router's own work paid for.

The curve moves right by the router's seconds or FLOPs per prompt, those of a text encoder that it runs
included; below its new start only the cheapest candidate, unrouted, can be had. Costs in other units cannot
carry it.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats, frozen
from catbench.score.curve import DeferralCurve


def audc_with_overhead(curve: DeferralCurve, cheapest: Floats, cost: Floats, overhead: float) -> Floats:
    """Return the AUDC after adding `overhead` (in the unit of the costs (M,)) to every routed image.

    `cheapest` is the mean quality of the cheapest candidate.
    """
    start = np.asarray(cheapest)[..., None]
    shifted = DeferralCurve(
        frozen(np.concatenate([np.full(start.shape, cost.min()), curve.cost + overhead], axis=-1)),
        frozen(np.concatenate([start, curve.quality], axis=-1)),
        frozen(np.empty(0)),
    )
    return shifted.area_log(cost.min(), cost.max())
