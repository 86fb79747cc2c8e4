"""Peak: the greatest height of a curve.

A maximum over test qualities is biased upwards, the more so for a curve with many vertices, and each
replicate of a bootstrap takes it anew. The gain over the best single candidate is a difference of two such
maxima: where routers predict noise, its interval lies above 0 far more often than 2.5% of the time. The gain
over that candidate at its own cost has no maximum in it, and is the fair test.
"""

from __future__ import annotations

from catbench.arrays import Floats
from catbench.score.curve import DeferralCurve


def peak(curve: DeferralCurve) -> Floats:
    """Return the greatest quality on the curve."""
    return curve.quality.max(axis=-1)


def peak_gain(curve: DeferralCurve, fixed: Floats) -> Floats:
    """Return the peak less the quality of the best single candidate, of `fixed` (M,) mean qualities."""
    return peak(curve) - fixed.max(axis=-1)
