"""What a report's router said about the test prompts of one result, and the qualities it is scored on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from catbench import sweep
from catbench.arrays import Floats, Ints
from catbench.bootstrap import Bootstrap, replicate_weights
from catbench.errors import CatbenchError
from catbench.evaluation import slice_masks
from catbench.matrix import ScoreMatrix
from catbench.pool import Pool
from catbench.predictions import answer_from_table
from catbench.routing import Answer
from catbench.sweep import SAME_BUDGET
from catbench_leaderboard.reports import read_predictions

BOOTSTRAP = Bootstrap()
"""The one set of draws that every router of the board is scored on."""
BUDGETS = 32
"""Budgets that can be chosen, beside the candidates' costs."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What routers are scored on: true qualities of n test prompts."""

    quality: Floats
    """(n, M), higher is better."""
    pool: Pool
    groups: npt.NDArray[np.str_]
    """(n,)."""

    def part(self, inside: npt.NDArray[np.bool_]) -> Ground:
        """Return the ground of some of the prompts, by a mask (n,)."""
        return Ground(self.quality[inside], self.pool, self.groups[inside])


def ground_of(matrix: ScoreMatrix, metric: str, candidates: Sequence[str], cost: str) -> Ground:
    """Return the ground of all test prompts. Raises CatbenchError for names that the suite lacks."""
    pool = matrix.pool(candidates=list(candidates), cost=cost, metric=matrix.metric(metric).name)
    quality = matrix.qualities(metric, "test", pool).mean(axis=2)
    return Ground(quality, pool, matrix.prompts["group"].to_numpy()[matrix.rows("test")])


def read_answer(path: Path, matrix: ScoreMatrix, pool: Pool, name: str) -> Answer:
    """Return what a report's predictions say on a pool's metric. Raises CatbenchError where they cannot."""
    table = read_predictions(path, [pool.metric])
    try:
        return answer_from_table(table, matrix, pool, name)
    except (TypeError, ValueError, KeyError) as error:  # a stranger's columns may hold anything
        raise CatbenchError(
            f"predictions of {name!r} hold something else than predictions: {error}"
        ) from error


def mask_of(matrix: ScoreMatrix, label: str) -> npt.NDArray[np.bool_]:
    """Return which test prompts are in a slice, (n,). Raises CatbenchError where there is no such slice."""
    rows = matrix.rows("test")
    for name, inside in slice_masks(matrix, rows, None if label == "all" else label.partition("=")[0]):
        if name == label:
            return inside
    raise CatbenchError(f"suite {matrix.suite.id!r} has no slice {label!r}")


def weights_of(groups: npt.NDArray[np.str_]) -> Floats:
    """Return the weights (1 + R, n) of the value itself and of each replicate."""
    return np.stack([np.ones(len(groups)), *replicate_weights(groups, BOOTSTRAP)])


def budgets_of(cost: Floats) -> Floats:
    """Return the budgets (B,) that can be chosen: each candidate's cost, and evenly spaced logarithms."""
    spaced = np.geomspace(cost.min(), cost.max(), 2 * BUDGETS)[::2]
    return np.unique(np.clip(np.concatenate([cost, spaced]), cost.min(), cost.max()))


def choices_within(answer: Answer, cost: Floats, budgets: Floats) -> Ints:
    """Return the candidate of each prompt (B, n) at the least trade-off whose mean cost is within a budget.

    A router may spend the rest by mixing with its next trade-off; its single choices are these.
    """
    if answer.predicted is not None:
        return sweep.choices_within(answer.predicted, cost, budgets)
    assert answer.choices is not None
    start = np.full((1, answer.choices.shape[1]), int(np.argmin(cost)))
    choices = np.concatenate([start, answer.choices])
    mean = cost[choices].mean(axis=1)
    order = np.argsort(mean, kind="stable")
    within = np.searchsorted(mean[order], budgets * (1 + SAME_BUDGET), "right") - 1
    return choices[order[np.maximum(within, 0)]]
