"""What a router is evaluated on: the pool of each metric, and the slices of the tested prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.errors import UsageError, unknown_name
from catbench.score.rounds import Part, Rounds
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool

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
    if by not in matrix.slice_columns:
        raise unknown_name("column to slice by", by, matrix.slice_columns)
    column = matrix.prompts[by].iloc[rows]
    if column.isna().any():
        raise UsageError(f"{int(column.isna().sum())} of {len(rows)} test prompts have no {by!r} to slice by")
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > VALUES:
        column = pd.qcut(column, BINS, duplicates="drop").astype("object")  # intervals, which have an order
    for value in sorted(column.unique()):
        yield f"{by}={value}", (column == value).to_numpy()
