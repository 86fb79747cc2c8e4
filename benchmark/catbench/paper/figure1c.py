"""Figure 1c: quality against the number of steps, on simple and on complex prompts (CATImage §1).

The paper shows one prompt of each kind. Here they are the lowest and the highest third of the test prompts by
`complexity`, where a suite has that column, else by the number of words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Floats
from catbench.paper.exhibit import Exhibit, Row, number, titled
from catbench.paper.runs import Runs, by_cost
from catbench.report.axes import spread, tidy
from catbench.report.figure import PALETTE, cost_label
from catbench.suite.info import Metric
from catbench.suite.matrix import ScoreMatrix

COLUMN = "complexity"
KINDS = {"simple": (PALETTE[0], "o"), "complex": (PALETTE[1], "s")}
"""Kind of prompt -> colour and mark."""


def figure1c(runs: Runs) -> Exhibit:
    """Return the figure: a panel a metric, along the steps of the homogeneous pool, or else along cost."""
    steps = _steps(runs)
    pool = runs.pool(runs.metrics[0].name, homogeneous=bool(steps))
    order = [m for m in by_cost(pool) if not steps or pool.ids[m] in steps]
    axis = np.array([steps[pool.ids[m]] if steps else pool.cost[m] for m in order], dtype=np.float64)
    label = "denoising steps" if steps else cost_label(pool.unit)
    by, groups = prompt_kinds(runs.matrix)
    rows: list[Row] = []
    curves: list[pd.DataFrame] = []
    for metric in runs.metrics:
        quality = runs.matrix.qualities(metric.name, "test", pool).mean(axis=2)[:, order] * metric.sign
        for kind, inside in groups.items():
            mean = quality[inside].mean(axis=0)
            count = inside.sum()  # the deviation of a single prompt is not known
            deviation = quality[inside].std(axis=0, ddof=1) if count > 1 else np.full(len(order), np.nan)
            error = deviation / np.sqrt(count)
            rows.append((titled(metric), kind, *map(number, mean, error)))
            columns = {"metric": metric.name, "prompts": kind, "candidate": [pool.ids[m] for m in order]}
            columns |= {"steps" if steps else pool.unit: axis, "quality": mean, "standard_error": error}
            curves.append(pd.DataFrame(columns))
    data = pd.concat(curves, ignore_index=True)
    counts = ", ".join(f"{inside.sum():,} {kind}" for kind, inside in groups.items())
    of = f" of {pool.candidates[0].model}" if steps else ""
    by_costs = ["No model of this pool has several numbers of steps, so candidates lie by cost."]
    return Exhibit(
        name="figure1c",
        title=f"Figure 1c. Quality by {label} on {runs.suite}",
        header=("metric", "prompts", *(f"{x:g}" for x in axis)),
        rows=tuple(rows),
        notes=(
            f"Mean ± standard error over test prompts, split into {by}: {counts}. Columns: {label}{of}.",
            *([] if steps else by_costs),
        ),
        signature=runs.signature(),
        data=data,
        draw=lambda figure: _draw(figure, runs.metrics, data, axis, label),
        size=(1.2 + 3.6 * len(runs.metrics), 3.6),
    )


def prompt_kinds(matrix: ScoreMatrix) -> tuple[str, dict[str, npt.NDArray[np.bool_]]]:
    """Return by what test prompts are split, and masks of the simple and the complex third of them.

    A suite of which a test prompt has no complexity is split by words.
    """
    prompts = matrix.prompts.iloc[matrix.rows("test")]
    numeric = COLUMN in prompts and pd.api.types.is_numeric_dtype(prompts[COLUMN])
    if numeric and not prompts[COLUMN].isna().any():
        value, by = prompts[COLUMN].to_numpy(dtype=np.float64), f"thirds by {COLUMN}"
    else:
        value, by = np.array([len(str(t).split()) for t in prompts["text"]], np.float64), "thirds by words"
    low, high = np.quantile(value, [1 / 3, 2 / 3], method="inverted_cdf")
    rest = low == high and (value > high).any()  # most prompts are alike: the rest is the other kind
    return by, {"simple": value <= low, "complex": value > high if rest else value >= high}


def _steps(runs: Runs) -> dict[str, float]:
    """Return the steps of homogeneous candidates that differ in nothing else: the largest such set.

    None where steps are not known or all the same.
    """
    alike: dict[str, dict[str, float]] = {}
    for candidate in runs.matrix.candidates:
        others = {name: value for name, value in candidate.settings.items() if name != "steps"}
        steps = candidate.settings.get("steps")
        if candidate.id in runs.homogeneous and isinstance(steps, (int, float)):
            alike.setdefault(json.dumps(others, sort_keys=True), {})[candidate.id] = float(steps)
    largest = max(alike.values(), key=len, default={})
    return largest if len(set(largest.values())) > 1 else {}


def _draw(figure: Any, metrics: Sequence[Metric], data: pd.DataFrame, axis: Floats, label: str) -> None:
    panels = spread(figure, len(metrics))
    for metric, panel in zip(metrics, panels, strict=True):
        for kind, (colour, mark) in KINDS.items():
            one = data[(data["metric"] == metric.name) & (data["prompts"] == kind)]
            style = {"color": colour, "marker": mark, "markersize": 4, "capsize": 2, "label": kind}
            panel.errorbar(axis, one["quality"], 1.96 * one["standard_error"], **style)
        panel.set_ylabel(f"mean {titled(metric)}")
        tidy(panel, label, axis)
    panels[0].legend(title="prompts", frameon=False, fontsize=8, title_fontsize=8)
