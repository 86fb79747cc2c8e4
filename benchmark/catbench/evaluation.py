"""Evaluate one router on one score matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench import __version__
from catbench.arrays import Ints
from catbench.bootstrap import Bootstrap, intervals
from catbench.cascade import best_stages
from catbench.errors import UsageError, unknown_name
from catbench.estimates import curve_record, estimates, measures, number
from catbench.holdout import HoldOut, held_out
from catbench.matrix import ScoreMatrix
from catbench.measures.selection_rate import selection_rate
from catbench.measures.win_rate import win_rate
from catbench.pool import Pool
from catbench.predictions import predictions_table, restrict
from catbench.report import (
    Curve,
    Estimate,
    Fixed,
    Report,
    Result,
    RouterInfo,
    Selection,
    WinRateEstimate,
    versions,
)
from catbench.routing import Answer, NamedRouter, find_router, run_router
from catbench.scoring import Scorer
from catbench.signature import signature
from catbench.sweep import choices_at
from catbench.trials import Trials, run_trials

Progress = Callable[[str, int, int], None]
"""Called with what is being done, steps done and steps in all."""
BINS = 3
"""Slices of equal size that a numeric column is cut into."""
VALUES = 12
"""A column with more distinct numbers than this is cut into bins."""


def evaluate(
    router: object,
    matrix: ScoreMatrix,
    *,
    metric: str | Sequence[str] | None = None,
    cost: str | None = None,
    pool: str | None = None,
    candidates: Sequence[str] | None = None,
    by: str | None = None,
    trials: Trials | int = 0,
    bootstrap: Bootstrap | None = None,
    seed: int = 0,
    hold_out: HoldOut | None = None,
    progress: Progress = lambda what, done, total: None,
    answers: Mapping[str, Answer] | None = None,
) -> Report:
    """Fit a router on the training split and score it on the test split.

    `router` is a router, a factory `make_router(pool)`, or a text that names one (`catbench.routing`). It is
    fitted anew for every metric; `metric` is one, several, or None for all of the suite. `cost` is a cost
    key (default: the suite's first), `pool` a pool's name (default `all`), or `candidates` their ids. `by`
    names a prompt column to slice the results by; `hold_out` a candidate that is hidden in training. `seed`
    is the router's and the trials'; the bootstrap has its own, so that results of several seeds pair. With
    `answers`, what the router said before by metric, it is not run. Raises UsageError for unknown names,
    RouterError where the router fails or answers wrongly.
    """
    named = find_router(router)
    if hold_out:
        named = held_out(named, hold_out)
    metrics = _metrics(matrix, metric)
    trials = trials if isinstance(trials, Trials) else Trials(trials)
    bootstrap = bootstrap or Bootstrap()
    slices = list(slice_masks(matrix, matrix.rows("test"), by))
    count = Counter(progress, len(metrics) * (1 + len(slices) * bootstrap.replicates + trials.count))
    offered = [
        matrix.pool(pool, candidates=candidates, cost=cost, metric=name, seed=seed) for name in metrics
    ]
    described = trials.described(matrix.samples["train"], seed)
    conventions = signature(matrix, offered[0], bootstrap, described, __version__)
    if hold_out:
        conventions += f"|{hold_out.described}"
    results: list[Result] = []
    given: list[Answer] = []
    for one in offered:
        count.begin(f"{named.name}: fitting to {one.metric}")
        answer = answers[one.metric] if answers else _run(named, matrix, one, count.part)
        count()
        given.append(answer)
        count.begin(f"{named.name}: intervals of {one.metric}")
        found = [
            _result(matrix, one, answer, conventions, label, inside, bootstrap, count)
            for label, inside in slices
        ]
        if trials.count:
            count.begin(f"{named.name}: trials on {one.metric}")
            found[0] = _with_win_rates(found[0], named, matrix, one, trials, count)
        results += found
    return Report(
        schema=1,
        simulated=matrix.suite.simulated,
        router=RouterInfo(name=named.name, kind=given[0].kind, seed=seed),
        signature=conventions,
        versions=versions(),
        bootstrap={"replicates": bootstrap.replicates, "seed": bootstrap.seed},
        results=tuple(results),
        predictions=_predictions(matrix, given, offered),
    )


class Counter:
    """Counts the steps of long work for a progress bar."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done, self._what = progress, total, 0, ""

    def begin(self, what: str) -> None:
        """Say what is done from now on."""
        self._what = what
        self._progress(what, self._done, self._total)

    def part(self, done: int, total: int) -> None:
        """Say how far the step that is under way has come."""
        self._progress(f"{self._what} ({done}/{total})", self._done, self._total)

    def __call__(self) -> None:
        """Count a step."""
        self._done += 1
        self._progress(self._what, self._done, self._total)


def _predictions(matrix: ScoreMatrix, answers: list[Answer], pools: list[Pool]) -> pd.DataFrame:
    ids = matrix.prompts["prompt_id"].to_numpy()[matrix.rows("test")]
    tables = [predictions_table(ids, answer, pool) for answer, pool in zip(answers, pools, strict=True)]
    return pd.concat(tables, ignore_index=True)


def _metrics(matrix: ScoreMatrix, wanted: str | Sequence[str] | None) -> list[str]:
    if wanted is None:
        return [metric.name for metric in matrix.metrics]
    names = [wanted] if isinstance(wanted, str) else dict.fromkeys(wanted)
    if not names:
        raise UsageError("an empty list of metrics; leave it out for all of the suite")
    return [matrix.metric(name).name for name in names]


def _run(
    router: NamedRouter, matrix: ScoreMatrix, pool: Pool, progress: Callable[[int, int], None]
) -> Answer:
    train, validation = (
        (matrix.texts(matrix.rows(split)), matrix.qualities(pool.metric, split, pool).mean(axis=2))
        for split in ("train", "validation")
    )
    return run_router(router, pool, train, validation, matrix.texts(matrix.rows("test")), progress)


def slice_masks(
    matrix: ScoreMatrix, rows: Ints, by: str | None
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield label and mask over the test prompts: all of them, then one a value or bin of a column."""
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


def _result(
    matrix: ScoreMatrix,
    pool: Pool,
    answer: Answer,
    conventions: str,
    label: str,
    inside: npt.NDArray[np.bool_],
    bootstrap: Bootstrap,
    count: Callable[[], None],
) -> Result:
    metric = matrix.metric(pool.metric)
    part = restrict(answer, inside)
    stages = best_stages(matrix.qualities(pool.metric, "train", pool), pool.cost)
    scorer = Scorer(part, matrix.qualities(pool.metric, "test", pool)[inside], pool, stages)
    groups = matrix.prompts["group"].to_numpy()[matrix.rows("test")][inside]
    found = intervals(scorer.report_values, groups, bootstrap, count)
    references: dict[str, dict[str, Estimate]] = {}
    for name, values in found.items():
        if name.startswith("references."):
            _, reference, measure = name.split(".")
            references.setdefault(reference, {})[measure] = estimates(values, metric)[0]
    fixed = zip(pool.ids, pool.cost, estimates(found["fixed"], metric), strict=True)
    return Result(
        signature=f"{conventions}|metric:{metric.name}|slice:{label}",
        suite=matrix.suite.id,
        suite_digest=matrix.digest,
        pool=pool.name,
        metric=metric.name,
        metric_label=metric.title,
        direction=metric.direction,
        cost=pool.unit,
        slice=label,
        prompts=int(inside.sum()),
        groups=len(np.unique(groups)),
        fit_seconds=answer.fit_seconds,
        seconds_per_prompt=answer.seconds_per_prompt,
        flops_per_prompt=answer.flops_per_prompt,
        encoder_flops_per_prompt=answer.encoder_flops_per_prompt,
        measures=measures(found, metric, pool),
        references=references,
        fixed={candidate: Fixed(cost=float(price), quality=quality) for candidate, price, quality in fixed},
        curve=curve_record(scorer.grid, found["curve"], metric),
        reference_curves={
            name: Curve(
                cost=scorer.grid.tolist(), quality=(curve.quality_at(scorer.grid) * metric.sign).tolist()
            )
            for name, curve in scorer.reference_curves().items()
        },
        selection=_selection(part, pool),
    )


def _selection(answer: Answer, pool: Pool) -> Selection:
    choices = answer.choices
    if choices is None:
        assert answer.predicted is not None
        choices = choices_at(answer.predicted, pool.cost, answer.trade_offs)
    rate = selection_rate(choices, len(pool))
    return Selection(
        trade_off=answer.trade_offs.tolist(),
        cost=(rate @ pool.cost).tolist(),
        rate=dict(zip(pool.ids, rate.T.tolist(), strict=True)),
    )


def _with_win_rates(
    result: Result,
    router: NamedRouter,
    matrix: ScoreMatrix,
    pool: Pool,
    trials: Trials,
    count: Callable[[], None],
) -> Result:
    train, validation, test = (
        (matrix.texts(matrix.rows(split)), matrix.qualities(pool.metric, split, pool))
        for split in ("train", "validation", "test")
    )
    quality = test[1].mean(axis=2)
    runs = run_trials(
        router, pool, train, (validation[0], validation[1].mean(axis=2)), (test[0], quality), trials, count
    )
    rates: dict[str, WinRateEstimate] = {}
    for i, candidate in enumerate(pool.ids):
        if i == pool.cheapest:
            rates[candidate] = WinRateEstimate(value=None, p_value=None, deviation=None)
            continue
        rate = win_rate(runs[:, i], float(quality[:, i].mean()))
        rates[candidate] = WinRateEstimate(
            value=rate.value,
            low=rate.low,
            high=rate.high,
            p_value=rate.p_value,
            deviation=number(rate.deviation),
        )
    return result.model_copy(update={"measures": {**result.measures, "win_rate": rates}})
