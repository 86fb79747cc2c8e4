"""Area under the deferral curve: its mean height over the pool's range of costs.

Deferral curve: CATImage §3.3. The mean height, and not the bare area, so that the number is on the
metric's own scale; the range is the pool's, so that it never depends on who is compared.
"""

from __future__ import annotations

from catbench.arrays import Floats
from catbench.curve import DeferralCurve


def audc(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the mean height over [c_min, c_max] of the costs (M,); the height where they are equal."""
    return curve.area(cost.min(), cost.max())


def audc_log(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the mean height over [c_min, c_max] on a logarithmic cost axis."""
    return curve.area_log(cost.min(), cost.max())


def audc_mixed(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the AUDC of the curve's concave hull: what mixing any two of its points would reach.

    The hull is chosen with test qualities in hand, so it stands beside AUDC, never instead.
    """
    return curve.mixed().area(cost.min(), cost.max())
