"""On real scores: routing beats the best single model's quality, for less than that model costs."""

from __future__ import annotations

import numpy as np
import pytest

from catbench.route.router_loader import find_router
from catbench.score.bootstrap import Bootstrap, replicates
from catbench.score.sweep import EstimatorSweep
from catbench.suite.recipes.making import find_recipe, make

SHARES = (0.9, 1.0)
"""Of the best single model's cost, at which routing is held against it."""


@pytest.mark.slow
def test_ridge_beats_the_best_single_model_at_a_lower_cost(shared):
    matrix = make(find_recipe("cems"), shared / "data" / "cems")
    pool = matrix.pool(metric="clip_score", cost="seconds")
    data = {
        split: (matrix.texts(matrix.rows(split)), matrix.qualities("clip_score", split, pool).mean(axis=2))
        for split in ("train", "validation", "test")
    }
    router = find_router("ridge").make(pool).fit(*data["train"], validation=data["validation"])
    best = int(data["train"][1].mean(axis=0).argmax())
    assert pool.ids[best] == "sdxl-turbo"
    texts, quality = data["test"]
    sweep = EstimatorSweep(router.predict(texts), quality, pool.cost)

    def found(weights):
        alone = weights @ quality[:, [best]] / weights.sum(axis=1, keepdims=True)
        curve, price = sweep.curve(weights), pool.cost[best]
        gains = curve.quality_at(price * np.array(SHARES)) - alone
        return {"gain": gains, "cost": curve.cost_to_match(alone) / price}

    groups = matrix.prompts["group"].to_numpy()[matrix.rows("test")]
    ends = replicates(found, groups, Bootstrap()).intervals()
    gain, cost = ends["gain"], ends["cost"]
    for share, better, *ends in zip(SHARES, gain.value, gain.low, gain.high, strict=True):
        print(f"\nridge at {share:.0%} of sdxl-turbo's cost: better by {better:.3f} {np.round(ends, 3)}")
    print(f"as good for {cost.value} [{cost.low}, {cost.high}] of its cost")
    assert (gain.low > 0).all()
    assert cost.high[0] < 1
