"""Figure 4's list: the prompts on which routing won and lost most at one candidate's cost (CATImage §5.3)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from catbench.paper.exhibit import Cell, Exhibit, cells
from catbench.paper.runs import Runs, by_cost
from catbench.sweep import EstimatorSweep, choices_at

BASELINE = "sdxl-22"
"""The paper's; a suite without it takes the middle one by cost."""
SHOWN = 8
"""Prompts of each kind."""


def figure4(runs: Runs) -> Exhibit:
    """Return the list, of the best estimator that can be had on the first metric."""
    metric, router = runs.metrics[0], runs.estimators[0]
    pool = runs.pool(metric.name)
    quality = runs.samples(metric.name).mean(axis=2)
    answer = runs.answer(router, metric.name)
    assert answer.predicted is not None
    baseline = pool.ids.index(BASELINE) if BASELINE in pool.ids else by_cost(pool)[len(pool) // 2]
    curve = EstimatorSweep(answer.predicted, quality, pool.cost).curve()
    last = int(np.searchsorted(curve.cost, pool.cost[baseline] * (1 + 1e-9), side="right")) - 1
    # Just below an event's trade-off the event has happened; at it, ties go to the cheaper candidate.
    chosen = choices_at(answer.predicted, pool.cost, [curve.trade_off[last] * (1 - 1e-9)])[0]
    gain = quality[np.arange(len(quality)), chosen] - quality[:, baseline]
    changed = np.flatnonzero(chosen != baseline)
    order = changed[np.argsort(-gain[changed], kind="stable")]
    won = [i for i in order[:SHOWN] if gain[i] > 0]
    lost = [i for i in order[::-1][:SHOWN] if gain[i] < 0]
    texts = runs.matrix.prompts["text"].to_numpy()[runs.matrix.rows("test")]
    table = pd.DataFrame(
        {
            "outcome": ["won"] * len(won) + ["lost"] * len(lost),
            "prompt": [str(texts[i]) for i in (*won, *lost)],
            "routed_to": [pool.ids[chosen[i]] for i in (*won, *lost)],
            "routed": [quality[i, chosen[i]] * metric.sign for i in (*won, *lost)],
            "fixed": [quality[i, baseline] * metric.sign for i in (*won, *lost)],
        }
    )
    rows: list[tuple[Cell, ...]] = [
        cells(row.prompt, row.outcome, row.routed_to, f"{row.routed:.4g}", f"{row.fixed:.4g}")
        for row in table.itertuples(index=False)
    ]
    name = pool.ids[baseline]
    return Exhibit(
        name="figure4",
        title=f"Figure 4. Where {router} won and lost most against {name}, {metric.title} on {runs.matrix.suite.id}",
        header=("prompt", "routing", "routed to", "routed", name),
        rows=tuple(rows),
        notes=(
            f"At a mean cost of {curve.cost[last]:.4g} {pool.unit}, {name} costing {pool.cost[baseline]:.4g}, "
            f"{len(changed):,} of {len(quality):,} test prompts go elsewhere: {int((gain[changed] > 0).sum()):,} won, "
            f"{int((gain[changed] < 0).sum()):,} lost. Mean quality {np.mean(quality[:, baseline] + gain) * metric.sign:.5g} "
            f"against {quality[:, baseline].mean() * metric.sign:.5g}.",
            "Extremes of many prompts with few samples each: mostly the luck of single images.",
            *runs.left_out,
        ),
        signature=f"{runs.result(router, metric.name).signature}|router:{router}",
        data=table,
    )
