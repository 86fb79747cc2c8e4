"""Selection rates: where the prompts go as the budget grows (CATImage, Appendix H)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.figure import cost_label
from catbench.paper.axes import spread, tidy
from catbench.paper.exhibit import Cell, Exhibit, cells
from catbench.paper.runs import Runs, by_cost
from catbench.report import Result


def selection(runs: Runs) -> Exhibit:
    """Return the rates of the best of the paper's estimators that can be had, a panel a metric."""
    router = runs.estimators[0]
    results = [runs.result(router, metric.name) for metric in runs.metrics]
    pool = runs.pool(runs.metrics[0].name)
    order = [pool.ids[m] for m in by_cost(pool)]
    rows: list[tuple[Cell, ...]] = []
    for result in results:
        cost, rates = along_cost(result, order)
        for m, budget in zip(order, sorted(pool.cost), strict=True):
            at = [float(np.interp(budget, cost, rates[:, i])) for i in range(len(order))]
            rows.append(cells(result.metric_label, m, f"{budget:.4g}", *(f"{rate:.1%}" for rate in at)))
    data = pd.concat([_table(result, order) for result in results], ignore_index=True)
    return Exhibit(
        name="selection",
        title=f"Selection rates (Appendix H), {router} on {runs.suite}",
        header=("metric", "at the cost of", pool.unit, *order),
        rows=tuple(rows),
        notes=(
            "Share of test prompts sent to each candidate (columns) where the mean cost is that of the "
            "candidate named at the left: between two trade-offs on the line between them, as the curve is; "
            "beyond what the router spends at most, as there.",
            *runs.left_out,
        ),
        signature=runs.signature(router),
        data=data,
        draw=lambda figure: _draw(figure, results, order),
        size=(1.6 + 3.8 * len(results), 4.2),
    )


def along_cost(result: Result, order: list[str]) -> tuple[Floats, Floats]:
    """Return mean costs (T,), rising, and the selection rates (T, M) there."""
    cost = np.array(result.selection.cost)
    rates = np.array([result.selection.rate[candidate] for candidate in order]).T
    rising = np.argsort(cost, kind="stable")
    return cost[rising], rates[rising]


def _table(result: Result, order: list[str]) -> pd.DataFrame:
    cost, rates = along_cost(result, order)
    table = pd.DataFrame(rates, columns=order)
    table.insert(0, "metric", result.metric)
    table.insert(1, f"mean {result.cost}", cost)
    return table


def _draw(figure: Any, results: list[Result], order: list[str]) -> None:
    from matplotlib import colormaps

    colours = colormaps["viridis"](np.linspace(0.05, 0.95, len(order)))
    panels = spread(figure, len(results), bottom=0.23)
    for result, panel in zip(results, panels, strict=True):
        cost, rates = along_cost(result, order)
        panel.stackplot(cost, rates.T, labels=order, colors=colours, linewidth=0)
        tidy(panel, f"mean {cost_label(result.cost)}", cost)
        panel.set(xlim=(cost[0], cost[-1]) if cost[-1] > cost[0] else None, ylim=(0, 1))
        panel.set_ylabel("share of prompts")
        panel.set_title(result.metric_label, fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=min(6, len(order)), frameon=False, fontsize=7.5)
