"""Table 1: k-NN trained on S samples of each training prompt, over T trials (CATImage §5.4)."""

from __future__ import annotations

from functools import partial

import numpy as np

from catbench import __version__
from catbench.arrays import Floats
from catbench.errors import UsageError
from catbench.paper.exhibit import MISSING, Cell, Exhibit, better, cells, number
from catbench.paper.published import COSTS, LAST_COLUMN, TABLE1, TABLE1_CANDIDATES, TFLOPS, is_published
from catbench.paper.runs import Runs, by_cost
from catbench.report.conventions import signature
from catbench.report.trials import Trials, run_trials
from catbench.route.router_loader import find_router
from catbench.score.bootstrap import Bootstrap
from catbench.score.measures import sign_test
from catbench.score.truth_of_rounds import truth_of
from catbench.suite.info import Metric
from catbench.suite.pool import UNIT_LABELS, Pool

SAMPLES = (1, 3)
"""Samples that a trial draws for each training prompt and candidate."""


def table1(runs: Runs, count: int) -> Exhibit:
    """Return the table of `count` trials, on every metric."""
    stored = runs.matrix.samples["train"]
    drawn = [Trials(count, samples) for samples in SAMPLES if samples < stored or stored == samples == 1]
    if not drawn:
        raise UsageError(f"table 1 draws {SAMPLES[0]} of the stored samples, and the suite has {stored}")
    pool = runs.pool(runs.metrics[0].name)
    rows = [row for metric in runs.metrics for row in _rows(runs, metric, drawn)]
    unit = UNIT_LABELS.get(pool.unit, pool.unit)
    rows.append(cells("", unit, *(f"{pool.cost[m]:.4g}" for m in by_cost(pool))))
    published = is_published(runs.matrix.suite.id, "table1")
    if published:
        rows += _published(pool)
    said = ",".join(trials.described(stored, runs.seed) for trials in drawn)
    conventions = signature(runs.matrix, runs.rounds, pool, Bootstrap(0), said, __version__)
    return Exhibit(
        name="table1",
        title=f"Table 1. {runs.knn} over T = {count} trials on {runs.suite}",
        header=("metric", "", *(pool.ids[m] for m in by_cost(pool))),
        rows=tuple(rows),
        notes=(*_notes(stored, drawn), *runs.read, *((COSTS, LAST_COLUMN) if published else ())),
        signature=f"{conventions}|router:{runs.knn}",
    )


def _rows(runs: Runs, metric: Metric, drawn: list[Trials]) -> list[tuple[Cell, ...]]:
    pool = runs.pool(metric.name)
    truth = truth_of(runs.rounds, pool)
    fixed, order = truth.quality.mean(axis=0), by_cost(pool)
    found: dict[int, Floats] = {}
    for trials in drawn:
        step = _counted(runs, f"table 1: {metric.name}, S={trials.samples}", trials.count)
        reached = run_trials(find_router(runs.knn), runs.rounds, pool, truth, trials, step)
        found[trials.samples] = reached.mean(axis=1)
    name = f"{metric.title} {better(metric.direction)}"
    rows: list[tuple[Cell, ...]] = []
    for samples, quality in found.items():
        mean = quality.mean(axis=0) * metric.sign
        rows.append(cells(name, f"Ours (S={samples})", *(number(mean[m]) for m in order)))
    rows.append(cells(name, "Fixed", *(number(fixed[m] * metric.sign) for m in order)))
    for samples, quality in found.items():
        rates = [None if m == pool.cheapest else sign_test(quality[:, m], float(fixed[m])) for m in order]
        rows.append(cells(name, f"Win rate (S={samples})", *(f"{r[0]:.3g}" if r else MISSING for r in rates)))
        rows.append(
            cells(name, f"Sign test p (S={samples})", *(f"{r[1]:.1e}" if r else MISSING for r in rates))
        )
        spread = np.std(quality, axis=0, ddof=1) if len(quality) > 1 else np.full(len(pool), np.nan)
        rows.append(
            cells(
                name,
                f"Deviation (S={samples})",
                *(MISSING if m == pool.cheapest or len(quality) < 2 else f"{spread[m]:.1e}" for m in order),
            )
        )
    return rows


def _counted(runs: Runs, what: str, total: int) -> partial[None]:
    done = iter(range(1, total + 1))
    return partial(lambda: runs.progress(what, next(done), total))


def _published(pool: Pool) -> list[tuple[Cell, ...]]:
    """Return the paper's rows, and its costs."""
    order = [pool.ids[m] for m in by_cost(pool)]
    rows: list[tuple[Cell, ...]] = []
    for label, values in TABLE1.items():
        of = dict(zip(TABLE1_CANDIDATES, values, strict=True))
        rows.append(cells("CLIPScore ↑, published", label, *(number(of.get(c)) for c in order)))
    return [*rows, cells("published", "TFLOPs", *(number(TFLOPS.get(c)) for c in order))]


def _notes(stored: int, drawn: list[Trials]) -> tuple[str, ...]:
    notes = (
        "Ours: mean over trials of the quality at the candidate's cost. Win rate: share of trials above the "
        "fixed candidate; one-sided sign test, ties dropped; deviation: standard deviation over trials. All "
        "trials share one set of test prompts, so p falls with T alone and says nothing of other prompts; "
        "`catbench evaluate --trials` gives the share an interval over prompts and refits.",
    )
    if stored == 1:
        notes += ("The suite stores one sample, so a trial resamples the training prompts instead.",)
    elif len(drawn) < len(SAMPLES):
        notes += (f"The suite stores {stored} samples; S = {SAMPLES[-1]} needs more than that.",)
    return notes
