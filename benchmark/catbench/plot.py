"""Draw deferral curves: .png and .svg with matplotlib, .html (to hover over, offline) with plotly."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from pathlib import Path
from typing import Any

from catbench.errors import UsageError
from catbench.figure import Panel, Series, panels
from catbench.files import atomic_file
from catbench.report import Report

FORMATS = (".png", ".svg", ".html")
DASHES = {"router": ("-", "solid"), "mixture": ("--", "dash"), "oracle": (":", "dot")}
"""Role of a curve -> line style in matplotlib and in plotly."""


def check_format(path: Path) -> None:
    """Raise UsageError where a file's ending is none that can be drawn."""
    if path.suffix not in FORMATS:
        raise UsageError(f"cannot draw {path}: a plot ends in {', '.join(FORMATS)}")


def write_plot(reports: Sequence[Report], path: Path) -> None:
    """Draw the deferral curves of reports, one panel a metric, whole or not at all."""
    check_format(path)
    described = panels(reports)
    with atomic_file(path) as draft:
        if path.suffix == ".html":
            plotly_figure(described).write_html(draft, include_plotlyjs=True)
        else:
            _matplotlib_figure(described).savefig(draft, dpi=150)


def plotly_figure(described: Sequence[Panel]) -> Any:
    """Return a plotly figure of the panels, values read by hovering."""
    from plotly.graph_objects import Scatter
    from plotly.subplots import make_subplots

    figure = make_subplots(cols=len(described), subplot_titles=[panel.title for panel in described])
    for column, panel in enumerate(described, start=1):
        for series in panel.series:
            if series.curve.low:
                figure.add_trace(_plotly_band(series), row=1, col=column)
            figure.add_trace(
                Scatter(
                    x=series.curve.cost,
                    y=series.curve.quality,
                    name=series.name,
                    legendgroup=series.name,
                    showlegend=column == 1,
                    mode="lines",
                    line={"color": series.colour, "dash": DASHES[series.role][1]},
                ),
                row=1,
                col=column,
            )
        figure.add_trace(
            Scatter(
                x=[point.cost for point in panel.points],
                y=[point.quality for point in panel.points],
                text=[point.name for point in panel.points],
                mode="markers+text",
                textposition="bottom center",
                marker={"color": "#000000", "size": 7},
                name="fixed candidates",
                legendgroup="fixed",
                showlegend=column == 1,
            ),
            row=1,
            col=column,
        )
        ticks = _ticks([point.cost for point in panel.points])
        figure.update_xaxes(title=panel.cost_label, type="log", tickvals=ticks, row=1, col=column)
        figure.update_yaxes(title=panel.quality_label, row=1, col=column)
    return figure.update_layout(template="simple_white", legend={"orientation": "h", "y": -0.2})


def _ticks(costs: Sequence[float]) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten that span the costs, for a logarithmic axis."""
    powers = range(floor(log10(min(costs))), floor(log10(max(costs))) + 1)
    return [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]


def _plotly_band(series: Series) -> Any:
    from plotly.graph_objects import Scatter

    curve = series.curve
    return Scatter(
        x=curve.cost + curve.cost[::-1],
        y=[*curve.high, *curve.low[::-1]],
        fill="toself",
        fillcolor=series.colour,
        opacity=0.15,
        line={"width": 0},
        hoverinfo="skip",
        legendgroup=series.name,
        showlegend=False,
    )


def _matplotlib_figure(described: Sequence[Panel]) -> Any:
    """Return a matplotlib figure without touching its global state."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    figure = Figure(figsize=(6.2 * len(described), 4.8), layout="constrained")
    axes = figure.subplots(1, len(described), squeeze=False)[0]
    for axis, panel in zip(axes, described, strict=True):
        for series in panel.series:
            curve = series.curve
            style = {"color": series.colour, "linestyle": DASHES[series.role][0]}
            axis.plot(curve.cost, curve.quality, label=series.name, linewidth=1.8, **style)
            if curve.low:
                axis.fill_between(
                    curve.cost, curve.low, curve.high, color=series.colour, alpha=0.15, linewidth=0
                )
        for point in panel.points:
            axis.plot(point.cost, point.quality, "o", color="black", markersize=4)
            axis.annotate(
                point.name,
                (point.cost, point.quality),
                xytext=(0, -6),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=7,
            )
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_title(panel.title, fontsize=9)
        axis.set_xlabel(panel.cost_label)
        axis.set_ylabel(panel.quality_label)
        axis.margins(x=0.08)
        axis.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure
