"""Evaluate one router on one score matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench import __version__
from catbench.arrays import Floats
from catbench.download import Progress
from catbench.errors import UsageError
from catbench.report.conventions import overhead, pools_of, signature, slice_masks
from catbench.report.counter import Counter
from catbench.report.estimates import curve_record, estimates, measures, number, rounded, single
from catbench.report.numbers import ALONG, BestSingle, Budgets, Curve, Estimates
from catbench.report.predictions import compacted, predictions_table
from catbench.report.report import Report, RouterInfo, versions
from catbench.report.result import Result
from catbench.report.trials import Trials, win_rates
from catbench.report.verdict import verdict
from catbench.route.holdout import HoldOut, held_out
from catbench.route.router_loader import find_router
from catbench.route.routing import NamedRouter, run_router
from catbench.score.answer import Answer, restrict
from catbench.score.bootstrap import Bootstrap, Replicates, replicates
from catbench.score.deployment import sweep_of
from catbench.score.measures import audc
from catbench.score.rounds import Rounds, rounds_of
from catbench.score.scorer import Scorer
from catbench.score.sweep import mixture_curve
from catbench.score.truth import Truth, mean_cost
from catbench.score.truth_of_rounds import truth_of
from catbench.suite.hub_suites import fetched_from
from catbench.suite.info import Metric
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool

WHOLE_MEASURES = ("quality_at", "rmse", "rank_correlation")
WHOLE_REFERENCES = ("oracle_leave_one_out", "cascade", "audc_linear", "peak")
"""What only the result on all prompts holds, references or numbers of one: many slices stay small."""
KEPT = 2.0**-18
"""Steps of the numbers in the table of replicates, of the largest of their column."""


def evaluate(
    router: object,
    matrix: ScoreMatrix,
    *,
    metric: str | Sequence[str] | None = None,
    cost: str | None = None,
    pool: str | None = None,
    candidates: Sequence[str] | None = None,
    by: str | None = None,
    folds: int | None = None,
    train_on: ScoreMatrix | None = None,
    trials: Trials | int = 0,
    bootstrap: Bootstrap | None = None,
    seed: int = 0,
    hold_out: HoldOut | None = None,
    compact: bool = False,
    progress: Progress = lambda what, done, total: None,
    answers: Mapping[str, Answer] | None = None,
) -> Report:
    """Fit a router on the training split and score it on the test split.

    `router` is a router, a factory `make_router(pool)`, or a text that names one (`catbench.find_router`).
    It is fitted anew for every metric; `metric` is one, several, or None for all of the suite. `cost` is a
    cost key (default: the suite's first), `pool` a pool's name (default `all`), or `candidates` their ids.
    `by` names a prompt column to slice the results by; `hold_out` a candidate that is hidden in training.

    `folds` scores all prompts by cross-fitting (default: what the suite asks for), `train_on` fits on another
    suite that shares candidates (`catbench.score.rounds`). `compact` rounds predictions to what a compact
    table holds. `seed` is the router's and the trials'; the bootstrap has its own, so that results of several
    seeds pair. With `answers`, what the router said before by metric, it is not run. Raises UsageError for
    unknown names, RouterError where the router fails or answers wrongly.
    """
    if isinstance(matrix, str):  # as a router may be
        raise UsageError(f"evaluate() takes a suite that is loaded: catbench.load({matrix!r})")
    named = find_router(router)
    if hold_out:
        named = held_out(named, hold_out)
    metrics = _metrics(matrix, metric)
    rounds = rounds_of(matrix, folds, train_on)
    trials = trials if isinstance(trials, Trials) else Trials(trials)
    bootstrap = bootstrap or Bootstrap()
    slices = list(slice_masks(matrix, rounds.test, by))
    steps = len(rounds.each) * (1 + trials.count) + len(slices) * bootstrap.replicates
    count = Counter(progress, len(metrics) * steps)
    pools = pools_of(matrix, rounds, metrics, pool=pool, candidates=candidates, cost=cost, seed=seed)
    described = trials.described(rounds.each[0].train.samples, seed)
    conventions = signature(matrix, rounds, pools[0], bootstrap, described, __version__, compact=compact)
    if hold_out:
        conventions += f"|{hold_out.described}"
    results: list[Result] = []
    given: list[Answer] = []
    drawn: list[pd.DataFrame] = []
    for one in pools:
        answer = answers[one.metric] if answers else ask_all(named, rounds, one, count)
        if compact and not answers:
            answer = compacted(answer, rounds, one, named.name)
        given.append(answer)
        count.begin(f"{named.name}: intervals of {one.metric}")
        truth = truth_of(rounds, one)
        for label, inside in slices:
            found, table = _result(
                matrix, rounds, truth, answer, f"{conventions}|metric:{one.metric}", label, inside, bootstrap,
                count,
            )  # fmt: skip
            if label == "all" and trials.count:
                count.begin(f"{named.name}: trials on {one.metric}")
                rates = win_rates(named, rounds, one, truth, trials, bootstrap, count)
                found = found.model_copy(update={"measures": {**found.measures, "win_rate": rates}})
            drawn.append(table.assign(result=len(results)))
            results.append(found)
    tables = [
        predictions_table(answer, rounds, one, compact=compact)
        for answer, one in zip(given, pools, strict=True)
    ]
    return Report(
        schema=2,
        simulated=matrix.suite.simulated,
        router=RouterInfo(name=named.name, kind=given[0].kind, seed=seed),
        signature=conventions,
        versions=versions(),
        bootstrap={"replicates": bootstrap.replicates, "seed": bootstrap.seed},
        folds=len(rounds.each) if len(rounds.each) > 1 else 0,
        train_on=train_on.suite.id if train_on else "",
        fetched=fetched_from(matrix, train_on),
        left_out=rounds.left_out,
        compact=compact,
        results=tuple(results),
        predictions=pd.concat(tables, ignore_index=True),
        replicates=pd.concat(drawn, ignore_index=True),
    )


def ask_all(router: NamedRouter, rounds: Rounds, pool: Pool, count: Counter) -> Answer:
    """Fit a router anew in every round, and return its answers about all tested prompts."""
    answers: list[Answer] = []
    for fold_number, one in enumerate(rounds.each, start=1):
        fold = f" (fold {fold_number} of {len(rounds.each)})" if len(rounds.each) > 1 else ""
        count.begin(f"{router.name}: fitting to {pool.metric}{fold}")
        parts = one.train.labelled(pool), one.validation.labelled(pool), one.test.texts()
        answers.append(run_router(router, pool, *parts, count.part))
        count()
    return rounds.joined(answers)


def _metrics(matrix: ScoreMatrix, wanted: str | Sequence[str] | None) -> list[str]:
    if wanted is None:
        return [metric.name for metric in matrix.metrics]
    names = [wanted] if isinstance(wanted, str) else dict.fromkeys(wanted)
    if not names:
        raise UsageError("an empty list of metrics; leave it out for all of the suite")
    return [matrix.metric(name).name for name in names]


def _result(
    matrix: ScoreMatrix,
    rounds: Rounds,
    whole: Truth,
    answer: Answer,
    conventions: str,
    label: str,
    inside: npt.NDArray[np.bool_],
    bootstrap: Bootstrap,
    count: Callable[[], None],
) -> tuple[Result, pd.DataFrame]:
    """Return what was measured on a slice, and the table of its replicates."""
    pool, metric = whole.pool, matrix.metric(whole.pool.metric)
    truth = whole.part(inside)
    extra, note = overhead(answer, pool.unit, matrix.cost_hardware(pool))
    scorer = Scorer(restrict(answer, inside), truth, extra)
    drawn = replicates(scorer.measures, truth.groups, bootstrap, count)
    found = drawn.intervals()
    references: dict[str, dict[str, Any]] = {}
    for name, values in found.items():
        if name.startswith("references."):
            _, reference, measure = name.split(".")
            kind = "share" if measure == "headroom" else "quality"
            references.setdefault(reference, {})[measure] = single(values, metric, kind)
    best = references["best_single"]["quality"]
    deployment = scorer.deployment
    result = Result(
        verdict="",
        signature=f"{conventions}|best:{truth.best_single}|slice:{label}",
        suite=matrix.suite.id,
        suite_digest=matrix.digest,
        pool=pool.name,
        metric=metric.name,
        metric_label=metric.title,
        direction=metric.direction,
        cost=pool.unit,
        slice=label,
        prompts=int(inside.sum()),
        groups=len(np.unique(truth.groups)),
        fit_seconds=number(answer.fit_seconds) or 0.0,
        seconds_per_prompt=number(answer.seconds_per_prompt) or 0.0,
        hardware=answer.hardware,
        flops_per_prompt=answer.flops_per_prompt,
        encoder_flops_per_prompt=answer.encoder_flops_per_prompt,
        overhead_note=note,
        best_single=BestSingle(
            candidate=truth.best_single, cost=mean_cost(pool.cost[truth.best]), quality=best
        ),
        budgets=Budgets(kept=deployment.kept, beyond=len(deployment.budgets) - deployment.kept),
        kind=truth.kind,
        validation_gain=_validation_gain(answer, rounds, pool) if label == "all" else None,
        candidates=list(pool.ids),
        costs=pool.cost.tolist(),
        fixed_quality=estimates(found["fixed"], metric),
        measures=measures(found, metric),
        references=references,
        curve=curve_record(scorer.grid, found["curve"], metric),
        reference_curves={
            name: rounded(curve.quality_at(scorer.grid) * metric.sign)
            for name, curve in scorer.reference_curves().items()
        },
    )
    changes: dict[str, Any] = {"verdict": verdict(result)}
    if label != "all":
        changes |= _without_curves(result)
    return result.model_copy(update=changes), replicate_table(drawn, metric)


def _without_curves(result: Result) -> dict[str, Any]:
    """Return what a slice's result has otherwise than one on all prompts: no curves, fewer columns."""
    measured = {
        name: found.model_copy(update={"standard_error": []}) if isinstance(found, Estimates) else found
        for name, found in result.measures.items()
        if name not in WHOLE_MEASURES
    }
    references = {
        name: {what: one for what, one in found.items() if what not in WHOLE_REFERENCES}
        for name, found in result.references.items()
        if name not in WHOLE_REFERENCES
    }
    return {
        "measures": measured,
        "references": references,
        "fixed_quality": result.fixed_quality.model_copy(update={"standard_error": []}),
        "curve": Curve(cost=[], quality=[]),
        "reference_curves": {},
    }


def replicate_table(drawn: Replicates, metric: Metric) -> pd.DataFrame:
    """Return what a report keeps of replicates: areas with the metric's own sign, gains along the costs.

    Columns are float32, rounded to steps of KEPT of their largest size, which makes the file a third smaller.
    """
    columns = {name: drawn.draws[name][:, 0] * metric.sign for name in ("audc", "audc_linear")}
    along = drawn.draws["gain_along"][:, ::ALONG].T
    columns |= {f"gain_{position:02d}": gains for position, gains in enumerate(along)}
    return pd.DataFrame({name: _in_steps(drawn) for name, drawn in columns.items()}, dtype=np.float32)


def _in_steps(values: Floats) -> Floats:
    largest = np.abs(values).max(initial=0)
    if not 0 < largest < np.inf:
        return values
    step = KEPT * 2.0 ** np.ceil(np.log2(largest))
    return np.round(values / step) * step


def _validation_gain(answer: Answer, rounds: Rounds, pool: Pool) -> float | None:
    """Return the gain over the mixture on validation prompts, the mean of all rounds."""
    gains: list[float] = []
    for one, said in zip(rounds.each, answer.validation, strict=True):
        quality: Floats = one.validation.labelled(pool)[1]
        curves = sweep_of(said, quality, pool).curve(), mixture_curve(quality, pool.cost)
        own, mixture = (float(audc(curve, pool.cost)) for curve in curves)
        gains.append(own - mixture)
    return number(float(np.mean(gains)))
