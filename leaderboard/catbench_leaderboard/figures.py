"""Figures, as plotly's: curves along the cost, candidates, choices, differences.

Each is a pure function of results; names of strangers are escaped. On a phone they keep their height.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from catbench.arrays import Floats
from catbench.report.figure import cost_label, frame, outside_label
from catbench.report.plot import padded, plotly_names
from catbench.report.result import Result
from catbench.submit.problems import Axis, Row
from catbench_leaderboard.style import PageTheme, see_through, style_of
from catbench_leaderboard.text import in_figure

Numbers: TypeAlias = Sequence[float | None]
ALONG = 2
"""Every so many of a curve's costs stands in the replicates that lie beside a report."""


class Picture(NamedTuple):
    """A figure, and what a screen reader says of it."""

    figure: Any
    alt: str


def curve_figure(
    result: Result,
    rows: Sequence[Row],
    axis: Axis,
    theme: PageTheme,
    size: tuple[float, float] = (760.0, 400.0),
) -> Picture:
    """Return quality along the cost: curves of some routers, every candidate, and the mixture of these.

    Candidates are named where there is room in a frame of `size`, in pixels.
    """
    from plotly.graph_objects import Scatter

    drawn = _figure()
    mixture = result.reference_curves["mixture"]
    _add_line(drawn, 7, "not reading the prompt", result.curve.cost, mixture, [], [], theme)
    for number, row in enumerate(rows):
        curve = row.result.curve
        _add_line(drawn, number, row.label, curve.cost, curve.quality, curve.low, curve.high, theme)
    heights = np.concatenate([np.asarray(trace.y, dtype=float) for trace in drawn.data])
    cost, quality = np.array(result.costs), np.array(result.fixed_quality.value, dtype=np.float64)
    low, high, outside = frame(heights, quality)
    drawn.update_yaxes(range=[low, high])
    names = [in_figure(name) for name in result.candidates]
    x = np.log10(cost) if axis == "log" else cost
    named = plotly_names(x, quality, names, padded(x), (low, high), (size[0], size[1] - 100))
    drawn.add_trace(
        Scatter(
            x=cost, y=quality, **named | {"textfont": {"color": theme.ink, "size": 11}}, mode="markers+text",
            marker={"color": theme.ink, "size": 6}, name="always one candidate", hovertext=names,
            hovertemplate="%{hovertext}: %{y:.4f} at %{x:.4g}<extra></extra>",
        )
    )  # fmt: skip
    if outside:
        note = f"{outside_label(outside)}: double click shows all"
        _note(drawn, note, "bottom", x=1, xref="paper", y=0, yref="paper", xanchor="right", font={"size": 11})
    title = f"mean {in_figure(result.metric_label)}{', lower is better' * (result.direction == 'lower')}"
    done = _laid_out(drawn, theme, cost_label(result.cost), title, result.costs, axis, size[1], legend=True)
    return Picture(done, f"{title} against cost: every candidate, and the curves of routers")


def choices_figure(budgets: Floats, rates: Floats, result: Result, axis: Axis, theme: PageTheme) -> Picture:
    """Return what is chosen along the budget, rates (B, M), as areas; what is never chosen is left out."""
    from plotly.graph_objects import Scatter

    drawn = _figure()
    used = [k for k in np.argsort(result.costs, kind="stable") if rates[:, k].max() > 0.05]
    along = [float(f"{one:.5g}") for one in budgets]
    for number, k in enumerate(used):
        style = style_of(number, theme)
        drawn.add_trace(
            Scatter(
                x=along, y=np.round(rates[:, k] * 100, 1).tolist(), name=in_figure(result.candidates[k]),
                line={"color": style.colour, "width": 1, "dash": style.dash}, mode="lines", stackgroup="all",
                fillcolor=see_through(style.colour, 0.65 if number < 8 else 0.3), hovertemplate="%{y:.0f}%",
            )
        )  # fmt: skip
    drawn.update_yaxes(range=[0, 100])
    x = f"budget: {cost_label(result.cost)}"
    title = "share of prompts, %"
    done = _laid_out(drawn, theme, x, title, result.costs, axis, 400, legend=True)
    return Picture(done, "Share of prompts sent to each candidate, by budget")


def difference_figure(
    first: Row, second: Row, ends: tuple[Floats, Floats], axis: Axis, theme: PageTheme
) -> Picture:
    """Return the paired difference of two routers' quality along the cost, above 0 the first is better."""
    drawn = _figure()
    (cost, one), (_, other) = along(first.result), along(second.result)
    difference = [a - b for a, b in zip(one, other, strict=True)]
    _add_line(drawn, 0, "difference", cost, difference, ends[0].tolist(), ends[1].tolist(), theme)
    drawn.add_hline(0, line={"color": theme.ink, "width": 1})
    title = f"{in_figure(first.label, 24)} less {in_figure(second.label, 24)}: above 0 the first is better"
    x = cost_label(first.result.cost)
    return Picture(_laid_out(drawn, theme, x, title, first.result.costs, axis, 300), title)


def _figure() -> Any:
    from plotly.graph_objects import Figure

    return Figure()


def along(result: Result) -> tuple[list[float], list[float]]:
    """Return the costs that bands are known at, and the gains over the mixture there, above 0 is better."""
    sign = 1 if result.direction == "higher" else -1
    gain = sign * (np.array(result.curve.quality) - np.array(result.reference_curves["mixture"]))
    return result.curve.cost[::ALONG], gain[::ALONG].tolist()


def _add_line(
    drawn: Any, number: int, label: str, cost: Numbers, heights: Numbers, low: Numbers, high: Numbers,
    theme: PageTheme,
) -> None:  # fmt: skip
    """Draw a line, and its band if it has one, in the style of a number."""
    from plotly.graph_objects import Scatter

    style, name = style_of(number, theme), in_figure(label, 28)
    said = "%{y:.4f}"
    if low:
        shade = see_through(style.colour, 0.13)
        there_and_back = {"x": [*cost, *reversed(cost)], "y": [*high, *reversed(low)], "fill": "toself"}
        quiet = {"line": {"width": 0}, "mode": "lines", "hoverinfo": "skip", "showlegend": False}
        drawn.add_trace(Scatter(**there_and_back, **quiet, fillcolor=shade))
        said += " [%{customdata[0]:.4f}, %{customdata[1]:.4f}]"
    line = {"color": style.colour, "dash": style.dash, "width": 2.5}
    ends = list(zip(low, high, strict=True))
    drawn.add_trace(
        Scatter(x=cost, y=heights, name=name, mode="lines", line=line, customdata=ends, hovertemplate=said)
    )


def _note(drawn: Any, text: str, yanchor: str, **where: Any) -> None:
    drawn.add_annotation(**{"text": text, "showarrow": False, "xanchor": "left", "yanchor": yanchor} | where)


def _laid_out(
    drawn: Any, theme: PageTheme, x: str, y: str, costs: Sequence[float], axis: Axis, height: float, *,
    legend: bool = False,
) -> Any:  # fmt: skip
    """Return a figure with the board's axes and colours; what is drawn upwards stands above it."""
    values = np.asarray(costs, dtype=float)
    log = axis == "log"
    grid = see_through(theme.faint, 0.25)
    common = {"color": theme.ink, "gridcolor": grid, "zeroline": False, "fixedrange": not legend}
    ends = padded(np.log10(values) if log else values)
    ticks = {"type": "log", "tickvals": cost_ticks(costs), "tickformat": "~g"} if log else {"type": "linear"}
    drawn.update_xaxes(title={"text": x, "standoff": 4}, range=ends, **ticks, **common)
    drawn.update_yaxes(**common)
    _note(drawn, y, "bottom", x=0, xref="paper", y=1, yref="paper", font={"size": 12})
    return drawn.update_layout(
        height=height,
        margin={"l": 44, "r": 10 if legend else 104, "t": 26, "b": 44},
        hovermode="x unified",
        showlegend=legend,
        dragmode=False,
        legend={"orientation": "h", "y": -0.2, "yanchor": "top"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": theme.ink},
        template="none",
    )


def cost_ticks(costs: Sequence[float]) -> list[float]:
    """Return round numbers of the costs' decades for a logarithmic axis."""
    powers = range(int(np.floor(np.log10(min(costs)))), int(np.floor(np.log10(max(costs)))) + 1)
    return [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]
