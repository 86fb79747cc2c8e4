"""Win rate and sign test: trials in which a router beats a candidate at its cost (CATImage §5.4, Table 1).

All T trials share one set of test prompts, so that p falls with T alone and says nothing of other prompts:
this is the paper's column, for the paper's table. `catbench.report.trials` gives the share an interval that
counts.
"""

from __future__ import annotations

from catbench.arrays import Floats


def sign_test(quality: Floats, fixed: float) -> tuple[float, float]:
    """Return the share of wins of T trials, and p of the one-sided test against even odds, ties dropped.

    `quality` (T,) is the router's at a candidate's cost, `fixed` the candidate's own.
    """
    from scipy.stats import binomtest  # slow to import, and only trials need it

    wins, losses = int((quality > fixed).sum()), int((quality < fixed).sum())
    p = binomtest(wins, wins + losses, alternative="greater").pvalue if wins + losses else 1.0
    return wins / len(quality), float(p)
