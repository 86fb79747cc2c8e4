"""What a fitted router is worth on prompts that were drawn and scored later, without fitting it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from catbench.errors import SuiteError
from catbench.report.evaluation import evaluate
from catbench.report.report import Report
from catbench.report.spelling import spell
from catbench.route.routing import NamedRouter
from catbench.score.answer import restrict
from catbench.score.rounds import rounds_of
from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Cost
from catbench.suite.prompts import SPLITS, normalise
from catbench.suite.tables.from_table import matrix_from_table
from catbench.suite.tables.table_reading import read_table
from catbench.use.fitted import FittedRouter

FOLDS = 5
"""All prompts are scored; in each fold the best single candidate is that of the others."""


@dataclass(frozen=True)
class LaterScores:
    """A report on later scores, and how the budgets were kept that validation prompts had set."""

    report: Report
    prompts: int
    budget_error: float | None
    """Mean of |cost / budget - 1| over the candidates' costs that the router can spend; None without one."""
    unlike: int
    """How many of the prompts have more unknown words than is usual."""

    @property
    def facts(self) -> list[tuple[str, str, str]]:
        """What there is to say beside the report's sentence: a name, a value and what it means."""
        headroom = self.report.result().estimate("headroom")
        return [
            (
                "headroom captured",
                spell(headroom, percent=True, missing="none"),
                "0% = not reading the prompt, 100% = oracle",
            ),
            (
                "budget error",
                "-" if self.budget_error is None else f"{self.budget_error:.1%}",
                "on average over budgets that were set on validation prompts",
            ),
            (
                "unlike training",
                f"{self.unlike / self.prompts:.0%}",
                "of the prompts: more unknown words than 99% of the validation prompts",
            ),
        ]


def later_scores(
    fitted: FittedRouter, scores: Path, tell: Callable[[str], None] = lambda line: None
) -> LaterScores:
    """Return what a router would have scored on a table of prompt, candidate and its metric.

    It has all candidates of the pool; others are passed over. Prices are those of the pool. Raises
    SuiteError for a table that breaks a rule, UsageError for a file that is not there.
    """
    matrix = _matrix(fitted, scores, tell)
    rounds, pool = rounds_of(matrix, FOLDS), fitted.pool
    texts = list(rounds.test.texts())
    answer = fitted.answer(texts)
    tested = rounds.test.rows  # all, rising
    validation = tuple(restrict(answer, np.searchsorted(tested, one.validation.rows)) for one in rounds.each)
    answers = {pool.metric: replace(answer, validation=validation)}
    report = evaluate(
        NamedRouter(fitted.name, lambda pool: fitted.router),  # whose answers are given: it is not asked
        matrix,
        metric=pool.metric,
        cost=pool.unit,
        candidates=pool.ids,
        folds=FOLDS,
        answers=answers,
    )
    unlike = int(fitted.familiar.unlike(texts).sum())
    return LaterScores(report, len(texts), _budget_error(fitted, texts), unlike)


def _budget_error(fitted: FittedRouter, texts: list[str]) -> float | None:
    known, errors = fitted.calibration, list[float]()
    for budget in np.unique(fitted.pool.cost)[1:]:
        setting = known.setting(budget=float(budget))
        if np.isclose(known.plan(setting).cost.value or 0.0, budget, rtol=1e-6):  # it can spend as much
            errors.append(abs(float(fitted.choose_at(texts, setting).cost.mean()) / budget - 1))
    return float(np.mean(errors)) if errors else None


def _matrix(fitted: FittedRouter, scores: Path, tell: Callable[[str], None]) -> ScoreMatrix:
    pool, metric = fitted.pool, fitted.calibration.metric
    table = read_table(scores)
    for name in ("prompt", "candidate", metric.name):
        if name not in table:
            raise SuiteError(f"{scores}: no column {name!r}; it has {', '.join(map(str, table.columns))}")
    kept = [name for name in ("prompt", "prompt_id", "candidate", "sample", metric.name) if name in table]
    rows = table.loc[table["candidate"].astype(str).isin(pool.ids), kept]
    # Each split has some: all are scored in folds, whatever their split. (Hashes would not do, since later
    # prompts may be those of one split.)
    number, _ = rows["prompt"].map(normalise).factorize(sort=True)
    rows = rows.assign(split=np.array(SPLITS)[number % len(SPLITS)])
    if lacking := sorted(set(pool.ids) - set(rows["candidate"].astype(str))):
        raise SuiteError(f"{scores}: no score of candidate {lacking[0]!r}, which the router chooses from")
    unit, _, hardware = pool.unit.partition("@")
    costs = [
        Cost(candidate=name, unit=unit, hardware=hardware, value=cost)
        for name, cost in zip(pool.ids, pool.cost.tolist(), strict=True)
    ]
    suite = SuiteInfo(id="later", title=scores.name, source=scores.name)
    return matrix_from_table(
        rows, costs, [metric], suite, candidates=pool.candidates, where=str(scores), tell=tell
    )
