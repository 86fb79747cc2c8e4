"""What a saved report's predictions say, on the suite that they were made on, and what its router chose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats, Ints
from catbench.errors import CatbenchError, UsageError
from catbench.report.conventions import pools_of, slice_masks
from catbench.report.predictions import answer_from_table
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.score.answer import Answer, restrict
from catbench.score.deployment import choices_within
from catbench.score.rounds import Part, Rounds, rounds_of
from catbench.score.scorer import cost_grid
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool


def rounds_of_report(report: Report, matrix: ScoreMatrix, train_on: ScoreMatrix | None = None) -> Rounds:
    """Return the rounds of a report; raises UsageError where its training suite is needed and not given."""
    if report.train_on and (train_on is None or train_on.suite.id != report.train_on):
        raise UsageError(
            f"{report.router.name!r} was trained on suite {report.train_on!r}: give that one with --train-on"
        )
    return rounds_of(matrix, report.folds, train_on if report.train_on else None)


def stored_answers(report: Report, rounds: Rounds) -> dict[str, Answer]:
    """Return the answers beside a report, by metric. Raises CatbenchError where they do not fit the suite."""
    answers: dict[str, Answer] = {}
    for result in report.results:
        if result.metric not in answers:
            pool = pool_of_report(report, rounds, result.metric)
            answer = answer_from_table(
                report.predictions, rounds, pool, report.router.name, compact=report.compact
            )
            answers[result.metric] = replace(
                answer,
                fit_seconds=result.fit_seconds,
                seconds_per_prompt=result.seconds_per_prompt,
                hardware=result.hardware,
                flops_per_prompt=result.flops_per_prompt,
                encoder_flops_per_prompt=result.encoder_flops_per_prompt,
            )
    return answers


def pool_of_report(report: Report, rounds: Rounds, metric: str) -> Pool:
    """Return the pool that a report's router chose from, on one metric."""
    return pools_of(
        rounds.test.matrix,
        rounds,
        [metric],
        cost=report.results[0].cost,
        seed=report.router.seed,
        **pool_arguments(report),
    )[0]


def pool_arguments(report: Report) -> dict[str, Any]:
    """Return what names the pool of a report: `pool`, or `candidates`."""
    first = report.results[0]
    return {"candidates": list(first.fixed)} if first.pool == "custom" else {"pool": first.pool}


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
        choices[:, own] = choices_within(restrict(answer, own), pool.cost, budgets(result))
    return Chosen(part, part.qualities(pool).mean(axis=2), choices)


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
    found = part.matrix.prompts.iloc[part.rows[order]][["prompt_id", "text"]]
    found = found.rename(columns={"text": "prompt"}).reset_index(drop=True)
    for name, choice, own in zip(("first", "second"), picked, reached, strict=True):
        found[name], found[f"{name}_quality"] = ids[choice[order]], result.sign * own[order]
    return found.assign(gain=gain[order])
