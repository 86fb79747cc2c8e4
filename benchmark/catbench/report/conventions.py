"""What numbers rest on: pools, slices of the tested prompts, what routing costs, and the signature of it all.

Two numbers may be compared where their signatures agree. The idea is that of sacreBLEU (Post 2018).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import nan

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.errors import UsageError, check_known
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap
from catbench.score.rounds import Part, Rounds
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool

FLOPS = ("tflops", "tflops_paper")
"""Units that a router's FLOPs can be added in."""
BINS = 3
"""Slices of equal size that a numeric column is cut into."""
VALUES = 12
"""A column with more distinct numbers than this is cut into bins."""


def pools_of(
    matrix: ScoreMatrix,
    rounds: Rounds,
    metrics: Sequence[str],
    *,
    pool: str | None = None,
    candidates: Sequence[str] | None = None,
    cost: str | None = None,
    seed: int = 0,
) -> list[Pool]:
    """Return the pool of each metric, less the candidates that the training suite lacks."""
    pools = [matrix.pool(pool, candidates=candidates, cost=cost, metric=name, seed=seed) for name in metrics]
    trained = rounds.each[0].train.matrix
    for name in metrics:
        if (there := trained.metric(name).direction) != (here := matrix.metric(name).direction):
            raise UsageError(
                f"metric {name!r}: {there} is better in suite {trained.suite.id!r} to train on, {here} in "
                f"{matrix.suite.id!r}: import one of them again with --metric {name}:lower or {name}:higher"
            )
    if not rounds.left_out:
        return pools
    kept = [position for position, name in enumerate(pools[0].ids) if name not in rounds.left_out]
    if not kept:
        raise UsageError(f"no candidate of pool {pools[0].name!r} is in the suite to train on")
    return [
        replace(one, candidates=tuple(one.candidates[m] for m in kept), cost=one.cost[kept]) for one in pools
    ]


def slice_masks(
    matrix: ScoreMatrix, test: Part, by: str | None
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield label and mask over the tested prompts: all of them, then one a value or bin of a column."""
    rows = test.rows
    yield "all", np.ones(len(rows), dtype=bool)
    if by is None:
        return
    check_known("column to slice by", matrix.slice_columns, by)
    column = matrix.prompts[by].iloc[rows]
    if column.isna().any():
        raise UsageError(f"{int(column.isna().sum())} of {len(rows)} test prompts have no {by!r} to slice by")
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > VALUES:
        column = pd.qcut(column, BINS, duplicates="drop").astype("object")  # intervals, which have an order
    for value in sorted(column.unique()):
        yield f"{by}={value}", (column == value).to_numpy()


def overhead(answer: Answer, key: str, hardware: str) -> tuple[float, str]:
    """Return an answer's overhead for one prompt under a cost key, or nan and the reason why there is none.

    `hardware` is what the candidates' costs were measured on. Seconds of one machine say nothing of another,
    so they are added only where the router ran on the same.
    """
    unit = key.partition("@")[0]
    if unit == "seconds":
        if hardware and hardware == answer.hardware:
            return answer.seconds_per_prompt, ""
        here, there = (name or "a machine that is not named" for name in (answer.hardware, hardware))
        return nan, f"the router's seconds were measured on {here}, the candidates' on {there}"
    if unit in FLOPS:
        if answer.flops_per_prompt is None:
            return nan, "the router does not say how many FLOPs it takes"
        return (answer.flops_per_prompt + (answer.encoder_flops_per_prompt or 0)) / 1e12, ""
    return nan, f"a router's work is not known in {unit}"


def signature(
    matrix: ScoreMatrix,
    rounds: Rounds,
    pool: Pool,
    bootstrap: Bootstrap,
    trials: str,
    version: str,
    *,
    compact: bool = False,
) -> str:
    """Return `suite:...|pool:...|cost:...|...`; `trials` tells how win rates were drawn."""
    test = rounds.test
    members = hashlib.sha256(" ".join(pool.ids).encode()).hexdigest()[:8]
    low, high = float(pool.cost.min()), float(pool.cost.max())
    parts = [
        *["SIMULATED"] * matrix.suite.simulated,
        f"suite:{matrix.suite.id}@{matrix.digest[:12]}",
        f"pool:{pool.name}({len(pool)})@{members}",
        f"cost:{pool.unit}",
        f"split:{'test' if not rounds.described.startswith('folds') else 'all'}({len(test)}x{test.samples})",
        *[rounds.described] * bool(rounds.described),
        *["compact"] * compact,
        "curve:exact,flat",
        f"axis:log({low:.6g}-{high:.6g})",
        f"bootstrap:{bootstrap.replicates},groups,seed={bootstrap.seed}",
        f"trials:{trials}",
        f"catbench:{version}",
    ]
    return "|".join(parts)
