"""Table 3: what share of a candidate's cost routing needs for the same quality (CATImage §5.5)."""

from __future__ import annotations

from catbench.paper.exhibit import Exhibit, cells
from catbench.paper.published import COSTS, TABLE3, is_published
from catbench.paper.runs import Runs, by_cost
from catbench.report.numbers import Estimate


def table3(runs: Runs) -> Exhibit:
    """Return the table, of the k-NN estimator as in the paper, a column a metric."""
    pool = runs.pool(runs.metrics[0].name)
    order = [pool.ids[m] for m in by_cost(pool)]
    results = [runs.result(runs.knn, metric.name) for metric in runs.metrics]
    published = is_published(runs.matrix.suite.id, "table3")
    rows = [
        cells(
            candidate,
            *(_share(result.estimate("cost_to_match", candidate)) for result in results),
            *([f"{TABLE3[candidate]:.2%}" if candidate in TABLE3 else "-"] if published else []),
        )
        for candidate in order
    ]
    notes = (
        "Least cost at which the curve reaches the candidate's quality, as a share of the candidate's cost, "
        "with its 95% interval; never: the curve does not reach it.",
    )
    return Exhibit(
        name="table3",
        title=f"Table 3. Cost to match each candidate, {runs.knn} on {runs.suite}",
        header=(
            "candidate",
            *(metric.title for metric in runs.metrics),
            *(["Sharpness, published"] if published else []),
        ),
        rows=tuple(rows),
        notes=(*notes, *runs.read, *([COSTS] if published else [])),
        signature=runs.signature(runs.knn),
    )


def _share(estimate: Estimate) -> str:
    value, low, high = (
        "never" if end is None else f"{end:.2%}" for end in (estimate.value, estimate.low, estimate.high)
    )
    return value if value == low == high else f"{value} [{low}, {high}]"
