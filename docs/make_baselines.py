"""`python docs/make_baselines.py`: write docs/baselines.md, what the shipped routers choose, and per seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from make_shared import DOCS, table

from catbench import evaluate, load
from catbench.score.bootstrap import Bootstrap
from catbench_baselines import (
    adadiff,
    cems,
    embedllm,
    guarded,
    knn,
    mlp,
    ridge,
    routellm_mf,
    routet2i,
    token_router,
    transformer,
    trees,
    uniroute,
)

RANDOM = ("mlp", "uniroute", "transformer", "routet2i")
METRICS = ("clip_score", "scene_accuracy")
SEEDS = range(5)
TEXT = """# The shipped routers: what they choose, and results per seed

Made by `python docs/make_baselines.py`.

## What is chosen on the validation split, and what is fixed

{choices}

AUDC: the area under the deferral curve, as the headline has it (`adadiff` is trained for a reward at each
trade-off, and chosen by it). Contrast error: the squared error of the differences between
candidates, by which training stops early. What is fixed is a usual value for so small a model, tuned on no
suite; the paper's appendix fixes its own widths, pooling and optimiser, and they are not published.

## Results per seed

Routers that draw random numbers in training, with {count} seeds (`catbench evaluate ROUTER --seed K`) on the
suite nano, all candidates, cost in TFLOPs: headroom captured, in per cent. The seed is the router's
and not the bootstrap's, so results of two seeds are on the same draws of the test prompts. The spread here
is over trainings; how certain one of them is, over test prompts, the intervals say in
[nano.md](nano.md).

{seeds}

The others (knn, ridge, guarded, trees, embedllm, cems, routellm-mf, adadiff) draw none, or the same ones
always (to bring vectors down to fewer columns): every seed gives the same.
"""


def among(values: Sequence[float]) -> str:
    """Return `0.1 ... 100`."""
    return f"{values[0]:g} ... {values[-1]:g}"


def choices() -> list[list[str]]:
    """Return a row a router, from the routers' own constants."""
    tokens = f"{token_router.BATCH} prompts a step, AdamW {token_router.RATE:g}, decay {token_router.DECAY:g}"
    passes = f"up to {token_router.PASSES} passes"
    return [
        ["knn", f"K of {among(knn.CHOICES)}", "AUDC", "cosine similarity"],
        [
            "guarded:ROUTER",
            f"factor of {among(guarded.FACTORS)}, and what ROUTER chooses",
            "AUDC, within one standard error of the best",
            "",
        ],
        ["ridge", f"penalty of {among(ridge.PENALTIES)}", "AUDC", ""],
        [
            "embedllm",
            f"penalty of {among(embedllm.PENALTIES)}, rank of {among(embedllm.RANKS)} and full",
            "AUDC",
            f"at most {embedllm.COLUMNS} columns",
        ],
        ["uniroute", f"K of {among(uniroute.CHOICES)}", "AUDC", "at most 128 columns, one start of k-means"],
        ["cems", f"inverse penalty of {among(cems.STRENGTHS)}", "AUDC", ""],
        ["routellm-mf", f"inverse penalty of {among(routellm_mf.STRENGTHS)}", "AUDC", ""],
        [
            "adadiff",
            f"penalty of {among(adadiff.PENALTIES)}, for each trade-off",
            "mean reward",
            f"{adadiff.TRADE_OFFS} trade-offs, entropy bonus {adadiff.BONUS:g}, {adadiff.STEPS} iterations",
        ],
        [
            "trees",
            f"learning rate of {among(trees.RATES)}, up to {trees.ROUNDS} rounds",
            "AUDC (the rate), contrast error (rounds)",
            f"{trees.LEAVES} leaves, at most {trees.COLUMNS} columns",
        ],
        ["mlp", f"up to {mlp.PASSES} passes", "contrast error", f"{mlp.HIDDEN} hidden units, Adam, L2 0.001"],
        [
            "transformer",
            passes,
            "contrast error",
            f"{transformer.HIDDEN} hidden units, dropout {transformer.DROPOUT:g}, mean over tokens; {tokens}",
        ],
        [
            "routet2i",
            passes,
            "contrast error",
            f"{routet2i.EXPERTS} experts of {routet2i.HIDDEN} units, {routet2i.KEY} key tokens; {tokens}",
        ],
    ]


def per_seed() -> list[list[str]]:
    """Return a row a router and metric: headroom by seed, its mean and its standard deviation."""
    matrix, unsure = load("nano"), Bootstrap(0)  # no intervals
    rows: list[list[str]] = []
    for router in RANDOM:
        reports = [evaluate(router, matrix, metric=METRICS, bootstrap=unsure, seed=k) for k in SEEDS]
        for metric in METRICS:
            found = [100 * (report.result(metric).estimate("headroom").value or 0.0) for report in reports]
            said = [f"{value:.1f}" for value in (*found, np.mean(found), np.std(found, ddof=1))]
            rows.append([f"`{router}`", metric, *said])
    return rows


def page() -> str:
    """Return the page."""
    chosen = [[f"`{name}`", *said] for name, *said in choices()]
    seeds = [f"seed {seed}" for seed in SEEDS]
    return TEXT.format(
        choices=table(["router", "chosen on validation", "by", "fixed"], chosen),
        count=len(SEEDS),
        seeds=table(["router", "metric", *seeds, "mean", "deviation"], per_seed()),
    )


if __name__ == "__main__":
    (DOCS / "baselines.md").write_text(page(), encoding="utf-8")
