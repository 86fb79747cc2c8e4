"""Table 2: quality at each candidate's cost, ours and the candidate's, on every metric (CATImage §5.5)."""

from __future__ import annotations

from catbench.paper.exhibit import MISSING, Cell, Exhibit, better, cells, number
from catbench.paper.published import COSTS, LAST_COLUMN, TABLE2, TABLE2_CANDIDATES, TFLOPS, is_published
from catbench.paper.runs import Runs, by_cost
from catbench.report.numbers import Estimate
from catbench.suite.info import Metric
from catbench.suite.pool import UNIT_LABELS


def table2(runs: Runs) -> Exhibit:
    """Return the table, of the k-NN estimator as in the paper."""
    pool = runs.pool(runs.metrics[0].name)
    order = [pool.ids[m] for m in by_cost(pool)]
    published = is_published(runs.matrix.suite.id, "table2")
    rows: list[tuple[Cell, ...]] = []
    for metric in runs.metrics:
        rows += _rows(runs, metric, order)
        if published and metric.name in TABLE2:
            rows += _published(metric, order)
    unit = UNIT_LABELS.get(pool.unit, pool.unit)
    rows.append(cells("", unit, *(f"{pool.cost[m]:.4g}" for m in by_cost(pool))))
    if published:
        rows.append(cells("published", "TFLOPs", *(number(TFLOPS.get(c)) for c in order)))
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


def _published(metric: Metric, order: list[str]) -> list[tuple[Cell, ...]]:
    """Return the paper's two rows of a metric, its best in bold as there."""
    ours, ours_error, fixed, fixed_error = TABLE2[metric.name]
    rows: list[tuple[Cell, ...]] = []
    for label, values, errors in (("Ours", ours, ours_error), ("Fixed", fixed, fixed_error)):
        known = zip(TABLE2_CANDIDATES, values, errors, strict=True)
        of = {c: Cell(f"{v:.3f} ± {e:g}", bold=v == max(ours)) for c, v, e in known}
        found = (of.get(candidate, Cell(MISSING)) for candidate in order)
        rows.append((*cells(f"{metric.title}, published", label), *found))
    return rows


def _rows(runs: Runs, metric: Metric, order: list[str]) -> list[tuple[Cell, ...]]:
    result = runs.result(runs.knn, metric.name)
    ours = [result.estimate("quality_at", candidate) for candidate in order]
    fixed = [result.fixed[candidate].quality for candidate in order]
    best = max((e.value or 0.0) * metric.sign for e in (*ours, *fixed)) * metric.sign

    def row(label: str, found: list[Estimate]) -> tuple[Cell, ...]:
        shown = [Cell(number(e.value, e.standard_error), bold=e.value == best) for e in found]
        return (Cell(f"{metric.title} {better(metric.direction)}"), Cell(label), *shown)

    return [row("Ours", ours), row("Fixed", fixed)]
