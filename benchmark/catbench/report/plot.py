"""Draw deferral curves: .png and .svg with matplotlib, .html (to hover over, offline) with plotly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor, log10
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from catbench.arrays import LARGEST_COST, Floats
from catbench.errors import UsageError
from catbench.files import atomic_file
from catbench.report.figure import (
    PLACES,
    REFERENCE,
    FixedPoint,
    Panel,
    Series,
    frame,
    label_places,
    outside_label,
    panels,
)
from catbench.report.numbers import Curve
from catbench.report.report import Report

GAIN = "gain over the mixture"
SHARES = (3, 2)
"""Heights of the curves and of the gains below them."""
FORMATS = (".png", ".svg", ".html")
DASHES = {"router": ("-", "solid"), "mixture": ("--", "dash"), "oracle": (":", "dot")}
"""Role of a curve -> line style in matplotlib and in plotly."""
ACROSS = {-1: "left", 0: "center", 1: "right"}
UPWARDS = {-1: "bottom", 0: "middle", 1: "top"}
"""Where a name stands beside its point (`catbench.report.figure.Place`), as plotly calls it."""


def check_format(path: Path, formats: Sequence[str] = FORMATS) -> None:
    """Raise UsageError where a file's ending is none that can be drawn."""
    if path.suffix not in formats:
        raise UsageError(f"cannot draw {path}: a plot ends in {', '.join(formats[:-1])} or {formats[-1]}")


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
    """Return a plotly figure of the panels, values read by hovering; gains stand below."""
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=2, cols=len(described), row_heights=SHARES, vertical_spacing=0.07, shared_xaxes=True,
        subplot_titles=[panel.title for panel in described],
    )  # fmt: skip
    wide = 1000 / len(described)  # of a panel on a usual screen, where names must have room
    for column, panel in enumerate(described, start=1):
        _plotly_lines(figure, panel.series, 1, column)
        _plotly_lines(figure, [_level(panel), *panel.gains], 2, column, named=False)
        cost, quality = ([getattr(point, name) for point in panel.points] for name in ("cost", "quality"))
        low, high, outside = frame(panel.heights, quality)
        span = padded(np.log10(cost))
        _plotly_points(figure, panel, column, (span, (low, high)), (wide, 330))
        if outside:
            corner = {"x": 1, "xref": "x domain", "xanchor": "right", "y": 0, "yref": "y domain"}
            note = f"{outside_label(outside)}: double click shows all"
            figure.add_annotation(text=note, showarrow=False, **corner, row=1, col=column)
        log = {"type": "log", "tickvals": cost_ticks(cost), "tickformat": "~g", "range": span}
        figure.update_xaxes(log, col=column)
        figure.update_xaxes({"title": panel.cost_label}, row=2, col=column)
        figure.update_yaxes({"title": panel.quality_label, "range": (low, high)}, row=1, col=column)
        figure.update_yaxes({"title": GAIN}, row=2, col=column)
    return figure.update_layout(template="simple_white", legend={"orientation": "h", "y": -0.12}, height=760)


def _plotly_lines(figure: Any, lines: Sequence[Series], row: int, column: int, *, named: bool = True) -> None:
    """Draw lines with their bands; `named` says whether the legend may hold them."""
    from plotly.graph_objects import Scatter

    for series in lines:
        if series.curve.low:
            figure.add_trace(_plotly_band(series), row=row, col=column)
        figure.add_trace(
            Scatter(
                x=series.curve.cost,
                y=series.curve.quality,
                name=series.name,
                legendgroup=series.name,
                showlegend=named and column == 1,
                mode="lines",
                line={"color": series.colour, "dash": DASHES[series.role][1]},
            ),
            row=row,
            col=column,
        )


def _plotly_points(
    figure: Any,
    panel: Panel,
    column: int,
    axes: tuple[tuple[float, float], tuple[float, float]],
    size: tuple[float, float],
) -> None:
    """Draw the fixed candidates in a frame of `size` pixels with axes from one end to the other."""
    from plotly.graph_objects import Scatter

    cost, quality = ([getattr(point, name) for point in panel.points] for name in ("cost", "quality"))
    names = [point.name for point in panel.points]
    lines = [(np.log10(one.curve.cost), one.curve.quality) for one in panel.series]
    figure.add_trace(
        Scatter(
            x=cost,
            y=quality,
            **plotly_names(np.log10(cost), quality, names, *axes, size, lines),
            hovertext=names,
            hoverinfo="text+x+y",
            mode="markers+text",
            marker={"color": "#000000", "size": 7},
            name="fixed candidates",
            legendgroup="fixed",
            showlegend=column == 1,
        ),
        row=1,
        col=column,
    )


def _level(panel: Panel) -> Series:
    """Return the mixture's own gain: 0 at every cost."""
    mixture = next(series for series in panel.series if series.role == "mixture")
    return replace(mixture, curve=Curve(cost=mixture.curve.cost, quality=[0.0] * len(mixture.curve.cost)))


def padded(values: npt.ArrayLike) -> tuple[float, float]:
    """Return the ends of an axis that shows the values."""
    low, high = float(np.min(values)), float(np.max(values))
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad


def plotly_names(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    names: Sequence[str],
    across: tuple[float, float],
    up: tuple[float, float],
    size: tuple[float, float],
    lines: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]] = (),
) -> dict[str, Any]:
    """Return `text` and `textposition` of points in a frame of `size` pixels with axes `across` and `up`.

    The first points are named first; names keep off `lines`, each (x, y), where they can.
    """
    (left, low), (right, high) = np.array([across, up]).T

    def pixels(x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
        shares = (np.asarray(x) - left) / (right - left), (np.asarray(y) - low) / (high - low)
        return np.column_stack(shares) * size

    inked = [pixels(*line) for line in lines]
    places = label_places(pixels(x, y), names, size, (6.2, 12), inked)
    known = [place or PLACES[0] for place in places]
    return {
        "text": [name if place else "" for name, place in zip(names, places, strict=True)],
        "textposition": [f"{UPWARDS[up]} {ACROSS[across]}" for across, up in known],
        "textfont": {"size": 11},
    }


def cost_ticks(costs: Sequence[float]) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten that span the costs, for a logarithmic axis."""
    powers = range(floor(log10(min(costs))), floor(log10(max(costs))) + 1)
    return [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return a few round numbers between two."""
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(tick) for tick in found if low <= tick <= high]


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

    figure = Figure(figsize=(6.2 * len(described), 7.0), layout="constrained")
    above, below = figure.subplots(2, len(described), squeeze=False, sharex="col", height_ratios=SHARES)
    for axis, under, panel in zip(above, below, described, strict=True):
        _lines(axis, panel.series)
        _lines(under, [_level(panel), *panel.gains])
        axis.plot(
            [point.cost for point in panel.points],
            [point.quality for point in panel.points],
            "ko",
            markersize=4,
        )
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_title(panel.title, fontsize=9)
        axis.set_ylabel(panel.quality_label)
        under.set_xlabel(panel.cost_label)
        under.set_ylabel(GAIN)
        for one in (axis, under):
            one.margins(x=0.08)
            one.spines[["top", "right"]].set_visible(False)
    handles, labels = above[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    for axis, panel in zip(above, described, strict=True):
        set_frame(axis, panel.heights, panel.points)
    figure.draw_without_rendering()  # names are placed by where the points come to lie
    for axis, panel in zip(above, described, strict=True):
        name_points(axis, panel.points, 7)
    return figure


def _lines(axis: Any, lines: Sequence[Series]) -> None:
    """Draw lines with their bands."""
    for series in lines:
        curve = series.curve
        style = {"color": series.colour, "linestyle": DASHES[series.role][0]}
        axis.plot(curve.cost, curve.quality, label=series.name, linewidth=1.8, **style)
        if curve.low:
            axis.fill_between(curve.cost, curve.low, curve.high, color=series.colour, alpha=0.15, linewidth=0)


def set_frame(axis: Any, curves: Sequence[float], points: Sequence[FixedPoint]) -> None:
    """Show the heights where the curves are, and say how many fixed candidates lie outside."""
    low, high, outside = frame(curves, [point.quality for point in points])
    axis.set_ylim(low, high)
    at = {"transform": axis.transAxes, "ha": "right", "va": "bottom"}
    axis.text(1, 0.01, outside_label(outside), fontsize=7, color=REFERENCE, **at)


def name_points(axis: Any, points: Sequence[FixedPoint], size: float) -> None:
    """Write the candidates' names beside their points in letters of `size`, as many as have room.

    The first are named first, away from the lines that are drawn.
    """
    corner, far = axis.transAxes.transform([(0, 0), (1, 1)])
    low, high = axis.get_ylim()
    points = [point for point in points if low <= point.quality <= high]
    where = axis.transData.transform([(point.cost, point.quality) for point in points]) - corner
    pixel = axis.figure.dpi / 72
    character = (0.58 * size * pixel, 1.1 * size * pixel)
    drawn = [line.get_xydata() for line in axis.lines if line.get_linestyle() != "None"]
    lines = [axis.transData.transform(line) - corner for line in drawn]
    places = label_places(where, [point.name for point in points], tuple(far - corner), character, lines)
    for point, place in zip(points, places, strict=True):
        if place:
            across, up = place
            axis.annotate(
                point.name, (point.cost, point.quality), xytext=(4 * across, 4 * up),
                textcoords="offset points", ha=ACROSS[-across], va=UPWARDS[-up].replace("middle", "center"),
                fontsize=size,
            )  # fmt: skip
