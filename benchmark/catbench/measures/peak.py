"""Peak: the greatest height of a curve.

A maximum over test qualities is biased upwards, and more so for a curve with many vertices; read it
beside the interval of its gain over the best single candidate.
"""

from __future__ import annotations

from catbench.arrays import Floats
from catbench.curve import DeferralCurve


def peak(curve: DeferralCurve) -> float:
    """Return the greatest quality on the curve."""
    return float(curve.quality.max())


def peak_gain(curve: DeferralCurve, fixed: Floats) -> float:
    """Return the peak less the quality of the best single candidate, of `fixed` (M,) mean qualities."""
    return peak(curve) - float(fixed.max())
