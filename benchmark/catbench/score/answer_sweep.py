"""The sweep of what a router said, whatever kind of router it is."""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats, Ints
from catbench.score.answer import Answer, restrict
from catbench.score.sweep import EstimatorSweep, FoldedSweep, PolicySweep, Sweep
from catbench.suite.pool import Pool


def sweep_of(answer: Answer, quality: Floats, pool: Pool, of_prompt: Ints | None = None) -> Sweep:
    """Return the sweep of a router's answer against true qualities (n, M), `of_prompt` being rounds (n,)."""
    if of_prompt is not None and of_prompt.any():
        masks = [of_prompt == number for number in range(int(of_prompt.max()) + 1)]
        parts = [
            sweep_of(restrict(answer, inside), quality[inside], pool) for inside in masks if inside.any()
        ]
        numbers = np.unique(of_prompt, return_inverse=True)[1]
        return FoldedSweep(parts, numbers)
    if answer.predicted is not None:
        return EstimatorSweep(answer.predicted, quality, pool.cost)
    assert answer.choices is not None
    return PolicySweep(answer.choices, answer.trade_offs, quality, pool.cost)
