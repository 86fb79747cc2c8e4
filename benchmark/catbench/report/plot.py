"""Draw deferral curves: .png and .svg with matplotlib, .html (to hover over, offline) with plotly."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from catbench.arrays import LARGEST_COST
from catbench.errors import UsageError
from catbench.files import atomic_file
from catbench.report.axes import check_format, draw_curve, make_logarithmic, name_points, set_frame
from catbench.report.figure import Panel, Series, frame, outside_label, panels
from catbench.report.report import Report

Numbers: TypeAlias = Sequence[float | None]
GAIN = "gain over the mixture"
SHARES = (3, 2)
"""Heights of the curves and of the gains below them."""
DASHES = {"router": ("-", "solid"), "mixture": ("--", "dash"), "oracle": (":", "dot")}
"""Role of a curve -> line style in matplotlib and in plotly."""


def write_plot(reports: Sequence[Report], path: Path) -> None:
    """Draw the deferral curves of reports, one panel a metric, whole or not at all."""
    check_format(path)
    described = panels(reports)
    largest = max((point for panel in described for point in panel.points), key=lambda point: point.cost)
    if largest.cost > LARGEST_COST:
        raise UsageError(
            f"cannot draw {path}: {largest.name} costs {largest.cost:g}, beyond {LARGEST_COST:g}: "
            "is its price right?"
        )
    with atomic_file(path) as draft:
        if path.suffix == ".html":
            plotly_figure(described).write_html(draft, include_plotlyjs=True)
        else:
            _matplotlib_figure(described).savefig(draft, dpi=150)


def plotly_figure(described: Sequence[Panel]) -> Any:
    """Return a plotly figure of the panels, names and values read by hovering; gains stand below."""
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=2, cols=len(described), row_heights=SHARES, vertical_spacing=0.07, shared_xaxes=True,
        subplot_titles=[panel.title for panel in described],
    )  # fmt: skip
    for column, panel in enumerate(described, start=1):
        for row, lines in enumerate((panel.series, panel.gains), start=1):
            _plotly_lines(figure, lines, row, column)
        cost, quality = ([getattr(point, name) for point in panel.points] for name in ("cost", "quality"))
        low, high, outside = frame(panel.heights, quality)
        figure.add_scatter(
            x=cost, y=quality, hovertext=[point.name for point in panel.points], hoverinfo="text+x+y",
            mode="markers", marker={"color": "#000000", "size": 7}, name="fixed candidates",
            legendgroup="fixed", showlegend=column == 1, row=1, col=column,
        )  # fmt: skip
        if outside:
            corner = {"x": 1, "xref": "x domain", "xanchor": "right", "y": 0, "yref": "y domain"}
            note = f"{outside_label(outside)}: double click shows all"
            figure.add_annotation(text=note, showarrow=False, **corner, row=1, col=column)
        span = padded(np.log10(cost))
        log = {"type": "log", "tickvals": cost_ticks(cost), "tickformat": "~g", "range": span}
        figure.update_xaxes(log, col=column)
        figure.update_xaxes({"title": panel.cost_label}, row=2, col=column)
        figure.update_yaxes({"title": panel.quality_label, "range": (low, high)}, row=1, col=column)
        figure.update_yaxes({"title": GAIN}, row=2, col=column)
    return figure.update_layout(template="simple_white", legend={"orientation": "h", "y": -0.12}, height=760)


def _plotly_lines(figure: Any, lines: Sequence[Series], row: int, column: int) -> None:
    """Draw lines with their bands; the legend holds those of the first panel."""
    for series in lines:
        curve, place = series.curve, {"row": row, "col": column, "legendgroup": series.name}
        if curve.low:
            figure.add_scatter(
                **band(curve.cost, curve.low, curve.high), fillcolor=series.colour, opacity=0.15, **place
            )
        line = {"color": series.colour, "dash": DASHES[series.role][1]}
        figure.add_scatter(
            x=curve.cost, y=curve.quality, name=series.name, showlegend=row == column == 1, mode="lines",
            line=line, **place,
        )  # fmt: skip


def band(cost: Numbers, low: Numbers, high: Numbers) -> dict[str, Any]:
    """Return the area between two lines as plotly draws it: there along the one, back along the other."""
    return {
        "x": [*cost, *reversed(cost)],
        "y": [*high, *reversed(low)],
        "fill": "toself",
        "mode": "lines",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def padded(values: npt.ArrayLike) -> tuple[float, float]:
    """Return the ends of an axis that shows the values."""
    low, high = float(np.min(values)), float(np.max(values))
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad


def cost_ticks(costs: Sequence[float]) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten that span the costs, for a logarithmic axis."""
    powers = range(floor(log10(min(costs))), floor(log10(max(costs))) + 1)
    return [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return a few round numbers between two."""
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(tick) for tick in found if low <= tick <= high]


def _matplotlib_figure(described: Sequence[Panel]) -> Any:
    """Return a matplotlib figure without touching its global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2 * len(described), 7.0), layout="constrained")
    above, below = figure.subplots(2, len(described), squeeze=False, sharex="col", height_ratios=SHARES)
    for axis, under, panel in zip(above, below, described, strict=True):
        for one, lines in ((axis, panel.series), (under, panel.gains)):
            for series in lines:
                style = {"color": series.colour, "linestyle": DASHES[series.role][0], "label": series.name}
                draw_curve(one, series.curve, {"linewidth": 1.8, **style})
            one.margins(x=0.08)
            one.spines[["top", "right"]].set_visible(False)
        points = panel.points
        axis.plot([p.cost for p in points], [p.quality for p in points], "ko", markersize=4)
        make_logarithmic(axis)
        axis.set_title(panel.title, fontsize=9)
        axis.set_ylabel(panel.quality_label)
        under.set_xlabel(panel.cost_label)
        under.set_ylabel(GAIN)
        set_frame(axis, panel.heights, points)
    legend = above[0].get_legend_handles_labels()
    figure.legend(*legend, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    figure.draw_without_rendering()  # names are placed by where the points come to lie
    for axis, panel in zip(above, described, strict=True):
        name_points(axis, panel.points, 7)
    return figure
