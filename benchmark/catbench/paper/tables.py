"""Tables 1 to 3 from any suite, with the paper's own numbers where it is the paper's suite."""

from __future__ import annotations

import numpy as np

from catbench import __version__
from catbench.arrays import Floats
from catbench.errors import UsageError
from catbench.paper.exhibit import MISSING, Bold, Exhibit, Row, number, titled
from catbench.paper.published import (
    COSTS,
    LAST_COLUMN,
    SUITES,
    TABLE1,
    TABLE1_CANDIDATES,
    TABLE2,
    TABLE2_CANDIDATES,
    TABLE3,
    TFLOPS,
)
from catbench.paper.runs import Runs, by_cost
from catbench.report.conventions import signature
from catbench.report.counter import Counter
from catbench.report.numbers import Estimate
from catbench.report.trials import Trials, run_trials
from catbench.route.router_loader import find_router
from catbench.score.bootstrap import Bootstrap
from catbench.score.measures import sign_test
from catbench.score.truth_of_rounds import truth_of
from catbench.suite.info import Metric
from catbench.suite.pool import UNIT_LABELS, Pool

SAMPLES = (1, 3)
"""Samples that a trial of Table 1 draws for each training prompt and candidate."""


def table1(runs: Runs, count: int) -> Exhibit:
    """Return k-NN trained on S samples of each training prompt, over `count` trials (CATImage §5.4)."""
    stored = runs.matrix.samples["train"]
    drawn = [Trials(count, samples) for samples in SAMPLES if samples < stored or stored == samples == 1]
    if not drawn:
        raise UsageError(f"table 1 draws {SAMPLES[0]} of the stored samples, and the suite has {stored}")
    pool = runs.pool(runs.metrics[0].name)
    order = [pool.ids[m] for m in by_cost(pool)]
    rows = [row for metric in runs.metrics for row in _trial_rows(runs, metric, drawn)]
    rows.append(_costs(pool))
    published = runs.matrix.suite.id == SUITES["table1"]
    if published:
        for label, values in TABLE1.items():
            of = dict(zip(TABLE1_CANDIDATES, values, strict=True))
            rows.append(("CLIPScore ↑, published", label, *(number(of.get(c)) for c in order)))
        rows.append(_published_costs(order))
    said = ",".join(trials.described(stored, runs.seed) for trials in drawn)
    conventions = signature(runs.matrix, runs.rounds, pool, Bootstrap(0), said, __version__)
    return Exhibit(
        name="table1",
        title=f"Table 1. {runs.knn} over T = {count} trials on {runs.suite}",
        header=("metric", "", *order),
        rows=tuple(rows),
        notes=(*_trial_notes(stored, drawn), *runs.read, *((COSTS, LAST_COLUMN) if published else ())),
        signature=f"{conventions}|router:{runs.knn}",
    )


def _trial_rows(runs: Runs, metric: Metric, drawn: list[Trials]) -> list[Row]:
    pool = runs.pool(metric.name)
    truth = truth_of(runs.rounds, pool)
    fixed, order = truth.quality.mean(axis=0), by_cost(pool)
    found: dict[int, Floats] = {}
    for trials in drawn:
        count = Counter(runs.progress, trials.count)
        count.begin(f"table 1: {metric.name}, S={trials.samples}")
        reached = run_trials(find_router(runs.knn), runs.rounds, pool, truth, trials, count)
        found[trials.samples] = reached.mean(axis=1)
    name = titled(metric)
    rows: list[Row] = []
    for samples, quality in found.items():
        mean = quality.mean(axis=0) * metric.sign
        rows.append((name, f"Ours (S={samples})", *(number(mean[m]) for m in order)))
    rows.append((name, "Fixed", *(number(fixed[m] * metric.sign) for m in order)))
    for samples, quality in found.items():
        rates = [None if m == pool.cheapest else sign_test(quality[:, m], float(fixed[m])) for m in order]
        rows.append((name, f"Win rate (S={samples})", *(f"{r[0]:.3g}" if r else MISSING for r in rates)))
        rows.append((name, f"Sign test p (S={samples})", *(f"{r[1]:.1e}" if r else MISSING for r in rates)))
        known = np.std(quality, axis=0, ddof=1) if len(quality) > 1 else np.full(len(pool), np.nan)
        known[pool.cheapest] = np.nan
        spread = (MISSING if np.isnan(known[m]) else f"{known[m]:.1e}" for m in order)
        rows.append((name, f"Deviation (S={samples})", *spread))
    return rows


def _trial_notes(stored: int, drawn: list[Trials]) -> tuple[str, ...]:
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


def _costs(pool: Pool) -> Row:
    return "", UNIT_LABELS.get(pool.unit, pool.unit), *(f"{pool.cost[m]:.4g}" for m in by_cost(pool))


def _published_costs(order: list[str]) -> Row:
    return "published", "TFLOPs", *(number(TFLOPS.get(candidate)) for candidate in order)


def table2(runs: Runs) -> Exhibit:
    """Return quality at each candidate's cost, k-NN's and the candidate's, a metric a pair of rows (§5.5)."""
    pool = runs.pool(runs.metrics[0].name)
    order = [pool.ids[m] for m in by_cost(pool)]
    published = runs.matrix.suite.id == SUITES["table2"]
    rows: list[Row] = []
    for metric in runs.metrics:
        rows += _quality_rows(runs, metric, order)
        if published and metric.name in TABLE2:
            rows += _published_qualities(metric, order)
    rows.append(_costs(pool))
    rows += [_published_costs(order)] if published else []
    notes = (
        "Quality reached at each candidate's cost, ± the standard error over groups of test prompts "
        "(bootstrap). Bold: the best of a metric.",
    )
    return Exhibit(
        name="table2",
        title=f"Table 2. Quality at each candidate's cost, {runs.knn} on {runs.suite}",
        header=("metric", "", *order),
        rows=tuple(rows),
        notes=(*notes, *runs.read, *((COSTS, LAST_COLUMN) if published else ())),
        signature=runs.signature(runs.knn),
    )


def _published_qualities(metric: Metric, order: list[str]) -> list[Row]:
    """Return the paper's two rows of a metric, its best in bold as there."""
    ours, ours_error, fixed, fixed_error = TABLE2[metric.name]
    rows: list[Row] = []
    for label, values, errors in (("Ours", ours, ours_error), ("Fixed", fixed, fixed_error)):
        known = zip(TABLE2_CANDIDATES, values, errors, strict=True)
        of = {c: _cell(f"{v:.3f} ± {e:g}", bold=v == max(ours)) for c, v, e in known}
        rows.append((f"{metric.title}, published", label, *(of.get(c, MISSING) for c in order)))
    return rows


def _quality_rows(runs: Runs, metric: Metric, order: list[str]) -> list[Row]:
    result = runs.result(runs.knn, metric.name)
    ours = [result.estimate("quality_at", candidate) for candidate in order]
    fixed = [result.fixed[candidate].quality for candidate in order]
    best = max((e.value or 0.0) * metric.sign for e in (*ours, *fixed)) * metric.sign

    def row(label: str, found: list[Estimate]) -> Row:
        shown = [_cell(number(e.value, e.standard_error), bold=e.value == best) for e in found]
        return titled(metric), label, *shown

    return [row("Ours", ours), row("Fixed", fixed)]


def _cell(text: str, *, bold: bool) -> str:
    return Bold(text) if bold else text


def table3(runs: Runs) -> Exhibit:
    """Return what share of a candidate's cost k-NN needs for the same quality, a column a metric (§5.5)."""
    pool = runs.pool(runs.metrics[0].name)
    order = [pool.ids[m] for m in by_cost(pool)]
    results = [runs.result(runs.knn, metric.name) for metric in runs.metrics]
    published = runs.matrix.suite.id == SUITES["table3"]
    rows: list[Row] = []
    for candidate in order:
        shares = [_share(result.estimate("cost_to_match", candidate)) for result in results]
        if published:
            shares.append(f"{TABLE3[candidate]:.2%}" if candidate in TABLE3 else MISSING)
        rows.append((candidate, *shares))
    notes = (
        "Least cost at which the curve reaches the candidate's quality, as a share of the candidate's cost, "
        "with its 95% interval; never: the curve does not reach it.",
    )
    return Exhibit(
        name="table3",
        title=f"Table 3. Cost to match each candidate, {runs.knn} on {runs.suite}",
        header=("candidate", *(m.title for m in runs.metrics), *["Sharpness, published"] * published),
        rows=tuple(rows),
        notes=(*notes, *runs.read, *([COSTS] if published else [])),
        signature=runs.signature(runs.knn),
    )


def _share(estimate: Estimate) -> str:
    value, low, high = (
        "never" if end is None else f"{end:.2%}" for end in (estimate.value, estimate.low, estimate.high)
    )
    return value if value == low == high else f"{value} [{low}, {high}]"
