"""What a router chose for each prompt at the budgets of its curve, from the predictions beside its report."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from catbench.arrays import Floats, Ints
from catbench.errors import CatbenchError
from catbench.report.pools_and_slices import slice_masks
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.stored import pool_of_report, stored_answers
from catbench.score import sweep
from catbench.score.answer import Answer, restrict
from catbench.score.rounds import Part, Rounds
from catbench.score.scorer import cost_grid
from catbench.score.sweep import SAME_BUDGET


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a router chose for n prompts at B budgets."""

    part: Part
    """The prompts of the result's slice."""
    quality: Floats
    """(n, M), higher is better."""
    choices: Ints
    """(B, n), positions among the candidates."""


def budgets(result: Result) -> Floats:
    """Return the budgets (B,), rising: the costs where reports read their curves off."""
    return cost_grid(np.array(result.costs))


def chosen(report: Report, result: Result, rounds: Rounds) -> Chosen:
    """Return what the router of a report, with its predictions, chose on the prompts of one of its results.

    Raises CatbenchError where predictions or slice do not fit the suite.
    """
    answers = stored_answers(report, rounds)
    pool, test = pool_of_report(report, rounds, result.metric), rounds.test
    by = None if result.slice == "all" else result.slice.partition("=")[0]
    inside = dict(slice_masks(test.matrix, test, by)).get(result.slice)
    if inside is None:
        raise CatbenchError(f"suite {test.matrix.suite.id!r} has no slice {result.slice!r}")
    part = replace(test, rows=test.rows[inside])
    answer, of_prompt = restrict(answers[result.metric], inside), rounds.of_prompt[inside]
    choices = np.empty((len(budgets(result)), len(part)), dtype=np.int16)
    for number in np.unique(of_prompt):  # each fold's router spends the budget on its own prompts
        own = of_prompt == number
        choices[:, own] = _within(restrict(answer, own), pool.cost, budgets(result))
    return Chosen(part, part.qualities(pool).mean(axis=2), choices)


def _within(answer: Answer, cost: Floats, budgets: Floats) -> Ints:
    """Return the candidate of each prompt (B, n) at the least trade-off whose mean cost is within a budget.

    A router may spend the rest by mixing with its next trade-off; its single choices are these.
    """
    if answer.predicted is not None:
        return sweep.choices_within(answer.predicted, cost, budgets)
    assert answer.choices is not None
    choices = sweep.with_cheapest(answer.choices, cost)
    mean = cost[choices].mean(axis=1)
    order = np.argsort(mean, kind="stable")
    within = np.searchsorted(mean[order], budgets * (1 + SAME_BUDGET), "right") - 1
    return choices[order[np.maximum(within, 0)]]


def differing(first: Chosen, second: Chosen, result: Result, place: int, most: int = 20) -> pd.DataFrame:
    """Return the prompts where two routers differ most in quality at a budget, widest first.

    `result` is of either, `place` the budget's position among `budgets`. Columns: `prompt_id`, `prompt`,
    `first` and `second` (the candidate each picks), `first_quality`, `second_quality` on the metric's own
    scale, and `gain` of the first, positive is better.
    """
    part, quality = first.part, first.quality
    picked = [one.choices[place] for one in (first, second)]
    reached = [quality[np.arange(len(quality)), choice] for choice in picked]
    gain = reached[0] - reached[1]
    order = np.argsort(-np.abs(gain), kind="stable")
    order = order[gain[order] != 0][:most]
    ids = np.array(result.candidates, dtype=object)
    sign = 1 if result.direction == "higher" else -1
    found = part.matrix.prompts.iloc[part.rows[order]][["prompt_id", "text"]]
    found = found.rename(columns={"text": "prompt"}).reset_index(drop=True)
    for name, choice, own in zip(("first", "second"), picked, reached, strict=True):
        found[name], found[f"{name}_quality"] = ids[choice[order]], sign * own[order]
    return found.assign(gain=gain[order])
