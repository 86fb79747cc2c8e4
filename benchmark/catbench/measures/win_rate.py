"""Win rate: the share of trials in which a router beats a candidate at its cost (CATImage §5.4, Table 1).

A trial refits the router on other samples of the training images. So the rate covers the noise of
training, not that of the test prompts, and its interval is that of a share of T trials.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from catbench.arrays import Floats


@dataclass(frozen=True)
class WinRate:
    """Wins of a router over one candidate."""

    value: float
    """Wins over trials."""
    low: float
    """Ends of the exact 95% interval of that share (Clopper and Pearson 1934)."""
    high: float
    p_value: float
    """One-sided sign test against even odds, ties dropped."""
    deviation: float
    """Standard deviation over trials of the router's quality at the candidate's cost."""


def win_rate(quality: Floats, fixed: float) -> WinRate:
    """Return the win rate of T trials with qualities (T,) at a candidate's cost, against its own quality."""
    from scipy.stats import binomtest  # slow to import, and only trials need it

    wins, losses = int((quality > fixed).sum()), int((quality < fixed).sum())
    share = binomtest(wins, len(quality)).proportion_ci(0.95, method="exact")
    sign = binomtest(wins, wins + losses, alternative="greater").pvalue if wins + losses else 1.0
    deviation = float(np.std(quality, ddof=1)) if len(quality) > 1 else nan
    return WinRate(wins / len(quality), float(share.low), float(share.high), float(sign), deviation)
