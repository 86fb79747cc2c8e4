"""What routers chose for each prompt, from the predictions beside their reports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats, Ints
from catbench.errors import CatbenchError
from catbench.report.pools_and_slices import slice_masks
from catbench.report.stored import pool_of_report, rounds_of_report, stored_answers
from catbench.score import sweep
from catbench.score.answer import Answer, restrict
from catbench.score.rounds import Part, Rounds
from catbench.score.scorer import cost_grid
from catbench.score.sweep import SAME_BUDGET
from catbench.suite.matrix import ScoreMatrix
from catbench_leaderboard.problems import Row
from catbench_leaderboard.reports import Entry
from catbench_leaderboard.suites import matrix_of, trained_on


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a router chose for n prompts at the B budgets where its curve is read off."""

    part: Part
    """The prompts of the row's slice."""
    quality: Floats
    """(n, M), higher is better."""
    choices: Ints
    """(B, n), positions among the candidates."""


@lru_cache(maxsize=256)
def chosen(row: Row) -> Chosen:
    """Return what a router chose. Raises CatbenchError where its predictions are gone, or have changed."""
    rounds, answers = _stored(row.entry)
    result = row.result
    pool = pool_of_report(row.entry.report, rounds, result.metric)
    inside = slice_mask(rounds.test.matrix, rounds.test, result.slice)
    part = replace(rounds.test, rows=rounds.test.rows[inside])
    answer, of_prompt = restrict(answers[result.metric], inside), rounds.of_prompt[inside]
    choices = np.empty((len(budgets(row)), len(part)), dtype=np.int16)
    for number in np.unique(of_prompt):  # each fold's router spends the budget on its own prompts
        own = of_prompt == number
        choices[:, own] = choices_within(restrict(answer, own), pool.cost, budgets(row))
    return Chosen(part, part.qualities(pool).mean(axis=2), choices)


def budgets(row: Row) -> Floats:
    """Return the budgets (B,) that can be chosen, rising: the costs where reports read their curves off."""
    return cost_grid(np.array(row.result.costs))


def tested(row: Row) -> Part:
    """Return the prompts that a report's router is scored on."""
    return _rounds(row.entry).test


def slice_mask(matrix: ScoreMatrix, test: Part, label: str) -> npt.NDArray[np.bool_]:
    """Return which tested prompts are in a slice, (n,). Raises CatbenchError where there is no such slice."""
    for name, inside in slice_masks(matrix, test, None if label == "all" else label.partition("=")[0]):
        if name == label:
            return inside
    raise CatbenchError(f"suite {matrix.suite.id!r} has no slice {label!r}")


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


@lru_cache(maxsize=16)
def _stored(entry: Entry) -> tuple[Rounds, dict[str, Answer]]:
    rounds = _rounds(entry)
    report = entry.report.model_copy(update={"predictions": entry.table("predictions")})
    return rounds, stored_answers(report, rounds)


def _rounds(entry: Entry) -> Rounds:
    matrix = matrix_of(entry.report.results[0].suite_digest)
    return rounds_of_report(entry.report, matrix, trained_on(entry.report))


def forget() -> None:
    """Forget what belongs to a board that is gone."""
    chosen.cache_clear()
    _stored.cache_clear()
