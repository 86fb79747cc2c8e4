"""Quality at each candidate's cost, and what it gains over always using that candidate (CATImage, Table 2).

The paper makes a router spend at the last column of its table; here a curve is flat beyond λ = 0.
"""

from __future__ import annotations

from catbench.arrays import Floats
from catbench.score.curve import DeferralCurve


def quality_at(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the curve's height at the cost (M,) of each candidate."""
    return curve.quality_at(cost)


def gain_at(curve: DeferralCurve, fixed: Floats, cost: Floats) -> Floats:
    """Return the height at each candidate's cost (M,) less that candidate's own mean quality (M,)."""
    return curve.quality_at(cost) - fixed
