"""Paired differences between two routers on the same suite.

Both reports' predictions are scored again on the same bootstrap draws, so a difference's interval does
not count the noise of the test prompts that both share.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from catbench.arrays import Floats
from catbench.download import Progress
from catbench.errors import CatbenchError, UsageError
from catbench.report.conventions import overhead
from catbench.report.counter import Counter
from catbench.report.estimates import curve_record, measures
from catbench.report.numbers import Curve, Measures
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.side_by_side import apart
from catbench.report.stored import pool_of_report, rounds_of_report, stored_answers
from catbench.report.verdict import compared
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap, Values, replicates
from catbench.score.measures import MEASURES
from catbench.score.rounds import Rounds
from catbench.score.scorer import Scorer
from catbench.score.truth_of_rounds import truth_of
from catbench.suite.info import Metric
from catbench.suite.matrix import ScoreMatrix


class Difference(Measures):
    """First router minus second, on one metric, cost and pool: differences of every measure that both have.

    Qualities are on the metric's own scale and sign.
    """

    first: str
    second: str
    suite: str
    pool: str
    metric: str
    cost: str
    prompts: int
    direction: Literal["higher", "lower"]
    """Which scores of the metric are better."""
    curve: Curve
    """Difference of the curves along the budget, with its band."""

    def __repr__(self) -> str:
        said = compared(self.first, self.second, self.estimate("gain"))
        return f"Difference({self.suite}, {self.metric}: {said})"

    __str__ = __repr__


def compare(
    first: Report,
    second: Report,
    matrix: ScoreMatrix,
    progress: Progress = lambda what, done, total: None,
    train_on: ScoreMatrix | None = None,
) -> tuple[Difference, ...]:
    """Return the paired differences of two reports, one for each metric that both have.

    `train_on` is the suite that one or both were trained on, where that is another one.
    Raises CatbenchError where the reports are of other suites, pools, costs or draws, or lack predictions.
    """
    for report in (first, second):
        report.beside("predictions")
    if why := apart(first, second):
        raise CatbenchError(f"the reports cannot be compared: {why}")
    result = first.results[0]
    if matrix.digest != result.suite_digest:
        raise UsageError(
            f"suite {matrix.suite.id!r} here has digest {matrix.digest[:12]}, the reports were made on "
            f"{result.suite_digest[:12]}: give the right folder with --suite"
        )
    rounds = [rounds_of_report(report, matrix, train_on) for report in (first, second)]
    answers = [stored_answers(report, one) for report, one in zip((first, second), rounds, strict=True)]
    shared = [metric for metric in first.whole if metric in second.whole]
    count = Counter(progress, len(shared) * first.bootstrap["replicates"])
    count.begin("paired intervals")
    return tuple(
        _difference(
            (first, second),
            first.whole[metric],
            [_scorer(*both, metric) for both in zip((first, second), rounds, answers, strict=True)],
            matrix.metric(metric),
            count,
        )
        for metric in shared
    )


def _scorer(report: Report, rounds: Rounds, answers: dict[str, Answer], metric: str) -> Scorer:
    pool = pool_of_report(report, rounds, metric)
    answer, hardware = answers[metric], rounds.test.matrix.cost_hardware(pool)
    return Scorer(answer, truth_of(rounds, pool), overhead(answer, pool.unit, hardware)[0])


def _difference(
    reports: tuple[Report, Report], result: Result, scorers: list[Scorer], metric: Metric, count: Counter
) -> Difference:
    def difference(weights: Floats) -> Values:
        a, b = (scorer.measures(weights) for scorer in scorers)
        compared = [name for name in a if name in b and (name in MEASURES or name == "curve")]
        with np.errstate(invalid="ignore"):  # a target that neither reaches: inf - inf has no value
            return {name: a[name] - b[name] for name in compared}

    groups = scorers[0].truth.groups
    found = replicates(difference, groups, Bootstrap(**reports[0].bootstrap), count).intervals()
    return Difference(
        first=reports[0].router.name,
        second=reports[1].router.name,
        suite=result.suite,
        pool=result.pool,
        metric=metric.name,
        cost=result.cost,
        direction=metric.direction,
        prompts=len(groups),
        candidates=result.candidates,
        measures=measures(found, metric),
        curve=curve_record(scorers[0].grid, found["curve"], metric),
    )
