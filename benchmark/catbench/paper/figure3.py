"""Figure 3: deferral curves of both estimators, in the homogeneous and the whole pool (CATImage §5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from catbench.paper.exhibit import Exhibit, Row, number, titled
from catbench.paper.runs import Runs, by_cost
from catbench.report.axes import draw_curve, name_points, set_frame, spread, tidy
from catbench.report.figure import PALETTE, REFERENCE, cost_label, fixed_points
from catbench.report.numbers import Curve
from catbench.suite.info import Metric

HOMOGENEOUS = "(homogeneous)"


@dataclass(frozen=True)
class _Line:
    metric: Metric
    name: str
    curve: Curve
    colour: str
    dashes: str


def figure3(runs: Runs) -> Exhibit:
    """Return the figure: a panel a metric, with the fixed candidates, the mixture and the cascade."""
    lines = [line for metric in runs.metrics for line in _lines(runs, metric)]
    pool = runs.pool(runs.metrics[0].name)
    order = by_cost(pool)
    rows: list[Row] = []
    for line in lines:
        at = _at(line.curve, [float(pool.cost[m]) for m in order])
        rows.append((titled(line.metric), line.name, *map(number, at)))
    data = pd.DataFrame(
        [
            (line.metric.name, line.name, cost, quality)
            for line in lines
            for cost, quality in zip(line.curve.cost, line.curve.quality, strict=True)
        ],
        columns=["metric", "curve", pool.unit, "quality"],
    )
    alone = ["No model of this pool has two candidates: there is no homogeneous pool."]
    return Exhibit(
        name="figure3",
        title=f"Figure 3. Deferral curves on {runs.suite}",
        header=("metric", "curve", *(pool.ids[m] for m in order)),
        rows=tuple(rows),
        notes=(
            "Quality at each candidate's cost; - below a curve's start. The band is the 95% interval of the "
            "first curve. The mixture does not read the prompt; the cascade is no router: it draws "
            "with a cheap candidate, sees the score, and pays for a second image where it is poor.",
            *([] if runs.homogeneous else alone),
            *runs.read,
            *runs.left_out,
        ),
        signature=runs.signature(*runs.estimators),
        data=data,
        draw=lambda figure: _draw(figure, runs, lines),
        size=(1.2 + 4.4 * len(runs.metrics), 4.6),
    )


def _lines(runs: Runs, metric: Metric) -> list[_Line]:
    lines: list[_Line] = []
    for number_, router in enumerate(runs.estimators):
        result = runs.result(router, metric.name)
        lines.append(_Line(metric, f"{router} ({result.pool})", result.curve, PALETTE[number_], "-"))
        if runs.homogeneous:
            same = runs.result(router, metric.name, homogeneous=True)
            lines.append(_Line(metric, f"{router} {HOMOGENEOUS}", same.curve, PALETTE[number_], "--"))
    curve = runs.result(runs.knn, metric.name).reference_curve
    lines.append(_Line(metric, "mixture", curve("mixture"), REFERENCE, "--"))
    lines.append(_Line(metric, "cascade (sees an image)", curve("cascade"), REFERENCE, ":"))
    return lines


def _at(curve: Curve, costs: list[float]) -> list[float | None]:
    """Return a curve's heights at costs: None below its start, flat beyond its end."""
    heights = np.interp(costs, curve.cost, curve.quality)
    start = curve.cost[0] * (1 - 1e-5)  # costs of a curve have six digits
    return [float(h) if c >= start else None for c, h in zip(costs, heights, strict=True)]


def _draw(figure: Any, runs: Runs, lines: list[_Line]) -> None:
    panels = spread(figure, len(runs.metrics), bottom=0.25)
    for metric, panel in zip(runs.metrics, panels, strict=True):
        result = runs.result(runs.knn, metric.name)
        own = [line for line in lines if line.metric == metric]
        for line in own:
            style = {"color": line.colour, "linestyle": line.dashes, "label": line.name, "linewidth": 1.6}
            draw_curve(panel, line.curve, style, banded=line is own[0])
        points = fixed_points(result)
        panel.plot([p.cost for p in points], [p.quality for p in points], "k*", markersize=6)
        tidy(panel, cost_label(result.cost), np.array([fixed.cost for fixed in result.fixed.values()]))
        panel.set_ylabel(f"mean {titled(metric)}")
        panel.margins(x=0.1)
        # The homogeneous pool's cheapest candidate may draw noise; the whole pool's curves are the figure.
        whole = [line.curve for line in own if HOMOGENEOUS not in line.name]
        set_frame(panel, [quality for curve in whole for quality in curve.quality], points)
        name_points(panel, points, 6.5)
    legend = panels[0].get_legend_handles_labels()
    figure.legend(*legend, loc="lower center", ncols=3, frameon=False, fontsize=7.5)
