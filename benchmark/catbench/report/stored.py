"""What a saved report's predictions say, on the suite that they were made on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from catbench.errors import UsageError
from catbench.report.pools_and_slices import pools_of
from catbench.report.predictions import answer_from_table
from catbench.report.report import Report
from catbench.score.answer import Answer
from catbench.score.rounds import Rounds, rounds_of
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
