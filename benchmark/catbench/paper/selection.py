"""Selection rates: where the prompts go as the budget grows (CATImage, Appendix H)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.paper.exhibit import Exhibit, Row
from catbench.paper.runs import Runs, by_cost
from catbench.report.axes import spread, tidy
from catbench.report.figure import cost_label
from catbench.score.answer import Answer
from catbench.score.deployment import choices_within
from catbench.score.measures import selection_rate
from catbench.score.scorer import cost_grid
from catbench.suite.info import Metric


def selection(runs: Runs) -> Exhibit:
    """Return the rates of the best of the paper's estimators that are available, a panel a metric."""
    router = runs.estimators[0]
    pool = runs.pool(runs.metrics[0].name)
    order = by_cost(pool)
    names = [pool.ids[m] for m in order]
    prices = pool.cost[order]
    along = f"mean {pool.unit} of at most"
    rows: list[Row] = []
    tables: list[pd.DataFrame] = []
    for metric in runs.metrics:
        answer = runs.answer(router, metric.name)
        for name, budget, at in zip(names, prices, rates_within(answer, pool.cost, prices), strict=True):
            shown = (f"{rate:.1%}" for rate in at[order])
            rows.append((metric.title, name, f"{budget:.4g}", *shown))
        budgets = cost_grid(pool.cost)
        table = pd.DataFrame(rates_within(answer, pool.cost, budgets)[:, order], columns=names)
        table.insert(0, "metric", metric.name)
        table.insert(1, along, budgets)
        tables.append(table)
    return Exhibit(
        name="selection",
        title=f"Selection rates (Appendix H), {router} on {runs.suite}",
        header=("metric", "at the cost of", pool.unit, *names),
        rows=tuple(rows),
        notes=(
            "Share of test prompts sent to each candidate (columns) at the least trade-off whose mean cost "
            "is within that of the candidate at the left; beyond what the router spends, as at its end.",
            *runs.left_out,
        ),
        signature=runs.signature(router),
        data=pd.concat(tables, ignore_index=True),
        draw=lambda figure: _draw(figure, runs.metrics, tables, names, pool.unit),
        size=(1.6 + 3.8 * len(tables), 4.2),
    )


def rates_within(answer: Answer, cost: Floats, budgets: Floats) -> Floats:
    """Return selection rates (B, M) of an answer at its own curve's last vertex within each budget."""
    return selection_rate(choices_within(answer, cost, budgets), len(cost))


def _draw(
    figure: Any, metrics: Sequence[Metric], tables: list[pd.DataFrame], names: list[str], unit: str
) -> None:
    from matplotlib import colormaps

    colours = colormaps["viridis"](np.linspace(0.05, 0.95, len(names)))
    panels = spread(figure, len(tables), bottom=0.23)
    for metric, table, panel in zip(metrics, tables, panels, strict=True):
        budgets = table.iloc[:, 1].to_numpy()
        panel.stackplot(budgets, table[names].to_numpy().T, labels=names, colors=colours, linewidth=0)
        tidy(panel, f"mean {cost_label(unit)}", budgets)
        panel.set(xlim=(budgets[0], budgets[-1]) if budgets[-1] > budgets[0] else None, ylim=(0, 1))
        panel.set_ylabel("share of prompts")
        panel.set_title(metric.title, fontsize=9)
    legend = panels[0].get_legend_handles_labels()
    figure.legend(*legend, loc="lower center", ncols=min(6, len(names)), frameon=False, fontsize=7.5)
