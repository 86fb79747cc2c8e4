"""Area under the deferral curve: its mean height over the pool's range of costs.

Deferral curve: CATImage §3.3. The mean height, and not the bare area, so that the number is on the
metric's own scale; the range is the pool's, so that it never depends on who is compared. The headline is on
the logarithmic cost axis, where each doubling of a budget counts alike: pools span a factor of 17 to 800, and
on the linear axis nearly all of the area lies where cost no longer decides anything. The linear area is the
literature's.
"""

from __future__ import annotations

from catbench.arrays import Floats
from catbench.score.curve import DeferralCurve


def audc(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the mean height over [c_min, c_max] of the costs (M,) on a logarithmic cost axis.

    The height itself where they are equal, here and below.
    """
    return curve.area_log(cost.min(), cost.max())


def audc_linear(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the mean height over [c_min, c_max] on a linear cost axis."""
    return curve.area(cost.min(), cost.max())


def audc_binding(curve: DeferralCurve, cost: Floats, limit: float) -> Floats:
    """Return the mean height over [c_min, limit] on a logarithmic axis: where the budget binds.

    `limit` is the best single candidate's cost. No candidate that is more expensive and never chosen changes
    it.
    """
    return curve.area_log(cost.min(), limit)


def audc_mixed(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the AUDC of the curve's concave hull: what mixing any two of its points would reach.

    The hull is chosen with test qualities in hand, so it stands beside AUDC, never instead.
    """
    return curve.mixed().area_log(cost.min(), cost.max())
