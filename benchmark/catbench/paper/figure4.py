"""Figure 4's list: the prompts on which routing won and lost most at one candidate's cost (CATImage §5.3)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from catbench.paper.exhibit import Exhibit
from catbench.paper.runs import Runs, by_cost
from catbench.score.deployment import choices_within

BASELINE = "sdxl-22"
"""The paper's; a suite without it takes the middle one by cost."""
SHOWN = 8
"""Prompts of each kind."""


def figure4(runs: Runs) -> Exhibit:
    """Return the list, of the best estimator that has a result on the first metric."""
    metric, router = runs.metrics[0], runs.estimators[0]
    pool = runs.pool(metric.name)
    quality = runs.samples(metric.name).mean(axis=2)
    answer = runs.answer(router, metric.name)
    baseline = pool.ids.index(BASELINE) if BASELINE in pool.ids else by_cost(pool)[len(pool) // 2]
    chosen = choices_within(answer, pool.cost, pool.cost[[baseline]])[0]
    gain = quality[np.arange(len(quality)), chosen] - quality[:, baseline]
    changed = np.flatnonzero(chosen != baseline)
    order = changed[np.argsort(-gain[changed], kind="stable")]
    won = [i for i in order[:SHOWN] if gain[i] > 0]
    lost = [i for i in order[::-1][:SHOWN] if gain[i] < 0]
    texts = runs.matrix.prompts["text"].to_numpy()[runs.matrix.rows("test")]
    shown = [
        (
            str(texts[i]),
            outcome,
            pool.ids[chosen[i]],
            *(q * metric.sign for q in quality[i, [chosen[i], baseline]]),
        )
        for outcome, rows in (("won", won), ("lost", lost))
        for i in rows
    ]
    name, where = pool.ids[baseline], f"{metric.title} on {runs.suite}"
    routed, alone = (
        value.mean() * metric.sign for value in (quality[:, baseline] + gain, quality[:, baseline])
    )
    return Exhibit(
        name="figure4",
        title=f"Figure 4. Where {router} won and lost most against {name}, {where}",
        header=("prompt", "routing", "routed to", "routed", name),
        rows=tuple((*names, f"{ours:.4g}", f"{theirs:.4g}") for *names, ours, theirs in shown),
        notes=(
            f"At a mean cost of {pool.cost[chosen].mean():.4g} {pool.unit}, where {name} costs "
            f"{pool.cost[baseline]:.4g}, {len(changed):,} of {len(quality):,} test prompts go elsewhere: "
            f"{(gain > 0).sum():,} win and {(gain < 0).sum():,} lose. Mean quality {routed:.5g} against "
            f"{alone:.5g}.",
            "Extremes of many prompts with few samples each: mostly the luck of single images.",
            *runs.left_out,
        ),
        signature=f"{runs.signature(router)}|metric:{metric.name}",
        data=pd.DataFrame(shown, columns=["prompt", "routing", "routed_to", "routed", "fixed"]),
    )
