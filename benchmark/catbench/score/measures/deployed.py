"""Is a budget kept, and what is it worth where a router is used? (CATImage §3.1 demands C(r) <= B.)

Trade-offs are chosen on validation predictions alone (`catbench.score.deployment`); costs and qualities here
are those of the tested prompts.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats


def budget_error(cost: Floats, budgets: Floats) -> Floats:
    """Return the mean over budgets (K,) of |cost / budget - 1|, of mean costs (B, K); nan without budgets.

    Budgets beyond the end of the validation curve are left out by the caller.
    """
    return _mean(np.abs(cost / budgets - 1))


def overspend(cost: Floats, budgets: Floats) -> Floats:
    """Return the mean over budgets of the share by which they are exceeded, 0 where they are kept."""
    return _mean(np.maximum(cost / budgets - 1, 0))


def deployed_gain(quality: Floats, mixture: Floats) -> Floats:
    """Return the mean over budgets of quality (B, K) less the mixture's at the cost really spent (B, K).

    All budgets count: those beyond the end of the validation curve by that end.
    """
    return _mean(quality - mixture)


def consistency(same: Floats, weights: Floats) -> Floats:
    """Return the share (B,) of pairs of rewordings that go to one candidate.

    `same` (P,) is each pair's mean over budgets, `weights` (B, P) how often it counts; nan without pairs.
    """
    total = weights.sum(axis=1)
    return np.divide(weights @ same, total, out=np.full(len(weights), np.nan), where=total > 0)


def _mean(values: Floats) -> Floats:
    return values.mean(axis=1) if values.shape[1] else np.full(len(values), np.nan)
