"""Figures, as plotly's: curves along the cost, candidates, choices, differences.

Each is a pure function of results; names of strangers are escaped. On a phone they keep their height.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from catbench.arrays import Floats
from catbench.report.figure import cost_label, fixed_points, frame, outside_label, pareto_front
from catbench.report.numbers import ALONG, Estimate
from catbench.report.plot import Numbers, band, cost_ticks, padded, round_ticks
from catbench.report.result import Result
from catbench.report.spelling import short, spell_cost
from catbench.submit.problems import Axis, Row
from catbench_leaderboard.style import PATTERNS, PageTheme, Style, see_through, style_of
from catbench_leaderboard.text import in_figure, spelled

SAID = "%%{fullData.name}: %s<extra></extra>"
"""What is said of a line where it is pointed at."""
FRONT = "Pareto front: nothing as cheap is better"
SELDOM = 0.05
"""A candidate that no budget sends more of the prompts to has no area of its own."""


class Picture(NamedTuple):
    """A figure, and what a screen reader says of it."""

    figure: Any
    alt: str


def curve_figure(
    result: Result, rows: Sequence[Row], axis: Axis, theme: PageTheme, numbers: Mapping[str, int],
    height: float = 400.0,
) -> Picture:  # fmt: skip
    """Return quality along the cost: curves of some routers, every candidate, and the mixture of these.

    Without routers the Pareto front is drawn instead of them. Candidates on it are named, others where they
    are pointed at.
    """
    drawn = _figure()
    faint = Style(theme.faint, "solid")
    _add_line(drawn, faint, "not reading the prompt", result.curve.cost, result.reference_curves["mixture"])
    for row in rows:
        curve, style = row.result.curve, style_of(numbers[row.label], theme)
        _add_line(drawn, style, row.label, curve.cost, curve.quality, curve.low, curve.high)
    heights = np.concatenate([np.asarray(trace.y, dtype=float) for trace in drawn.data])
    front, points = pareto_front(result), fixed_points(result)
    names = [point.name for point in points]
    cost = np.array([point.cost for point in points])
    quality = np.array([point.quality for point in points])
    if not rows:
        at = [names.index(name) for name in front]
        x, y = np.repeat(cost[[*at, int(np.argmax(cost))]], 2)[1:-1], np.repeat(quality[at], 2)
        line = {"color": style_of(0, theme).colour, "width": 2}
        drawn.add_scatter(x=x, y=y, line=line, mode="lines", name=FRONT, hoverinfo="skip")
    low, high, outside = frame(heights, quality)
    shapes = ["circle" if name in front else "circle-open" for name in names]
    said = [f"{in_figure(p.name)}: {short(p.quality)} at {spell_cost(p.cost)}" for p in points]
    how = {"mode": "markers+text", "marker": {"color": theme.ink, "size": 7, "symbol": shapes}}
    shown = [in_figure(name, 24) * (name in front) for name in names]
    sides = np.where(cost < cost.min() ** 0.3 * cost.max() ** 0.7, "bottom right", "bottom left")
    alone = "a candidate (filled: Pareto front)"
    drawn.add_scatter(
        x=cost, y=quality, **how, text=shown, textposition=sides, textfont={"size": 11},
        hovertext=said, hoverinfo="text", name=alone,
    )  # fmt: skip
    if note := outside_label(outside):
        _note(drawn, note, x=1, xref="paper", y=0, yref="paper", xanchor="right", font={"size": 11})
    title = f"mean {in_figure(result.metric_label)}{', lower is better' * (result.direction == 'lower')}"
    x_label, span = cost_label(result.cost), (low, high)
    done = _laid_out(drawn, theme, x_label, title, result.costs, axis, height, span, legend=True)
    return Picture(done, f"{title} against cost: every candidate, and the curves of routers")


def gain_figure(rows: Sequence[Row], axis: Axis, theme: PageTheme, numbers: Mapping[str, int]) -> Picture:
    """Return the gains of some routers over the mixture along the cost, with their paired bands."""
    drawn, result = _figure(), rows[0].result
    bands = [row.entry.bands[row.number].astype(np.float64) for row in rows]
    for row, (low, high) in zip(rows, bands, strict=True):
        style = style_of(numbers[row.label], theme)
        _add_line(drawn, style, row.label, *along(row.result), low.tolist(), high.tolist())
    drawn.add_hline(0, line={"color": theme.ink, "width": 1})
    best, costs = result.best_single, result.costs
    drawn.add_vline(best.cost, line={"color": theme.faint, "width": 1, "dash": "dot"})
    places = np.array([best.cost, min(costs), max(costs)])
    at, low, high = (np.log10(places) if axis == "log" else places).tolist()
    side = "right" if at > (low + high) / 2 else "left"
    note = f"cost of always {in_figure(best.candidate, 24)}"
    _note(drawn, note, x=at, y=0, yref="paper", xanchor=side, font={"size": 11})
    title = f"gain in {in_figure(result.metric_label)} over not reading the prompt"
    x, span = cost_label(result.cost), padded(np.concatenate([[0.0], *(band.ravel() for band in bands)]))
    done = _laid_out(drawn, theme, x, title, costs, axis, 240, span, legend=True)
    return Picture(done, f"{title}: numbers are in the table")


def choices_figure(budgets: Floats, rates: Floats, result: Result, axis: Axis, theme: PageTheme) -> Picture:
    """Return what is chosen along the budget, rates (B, M), as areas; the seldom chosen share one."""
    drawn = _figure()
    used = [k for k in np.argsort(result.costs, kind="stable") if rates[:, k].max() > SELDOM]
    areas = [(in_figure(result.candidates[k]), rates[:, k]) for k in used]
    rest = 1 - rates[:, used].sum(axis=1)
    if (others := int((rates.max(axis=0) > 0).sum()) - len(used)) > 0:
        areas.append((f"{others} other{'s' * (others > 1)}", rest))
    along = [float(f"{one:.5g}") for one in budgets]
    for number, (name, heights) in enumerate(areas):
        seldom = number == len(used)
        colour = theme.faint if seldom else style_of(number, theme).colour
        shade = see_through(colour, 0.6)
        pattern = {"shape": PATTERNS[number % len(PATTERNS)], "fgcolor": theme.ink, "fgopacity": 0.25}
        y = np.round(heights * 100, 1).tolist()
        drawn.add_scatter(
            x=along, y=y, name=name, line={"color": colour, "width": 1}, mode="lines", stackgroup="all",
            fillcolor=shade, fillpattern={**pattern, "bgcolor": shade, "size": 9},
            hovertemplate=SAID % "%{y:.0f}%",
        )  # fmt: skip
    x = f"budget: {cost_label(result.cost)}"
    y, span = "share of prompts, %", (0.0, 100.0)
    done = _laid_out(drawn, theme, x, y, result.costs, axis, 340, span, legend=True)
    return Picture(done, "Share of prompts sent to each candidate, by budget")


def difference_figure(
    first: Row, second: Row, ends: tuple[Floats, Floats], axis: Axis, theme: PageTheme
) -> Picture:
    """Return the paired difference of two routers' quality along the cost, above 0 the first is better."""
    drawn = _figure()
    (cost, one), (_, other) = along(first.result), along(second.result)
    difference = [a - b for a, b in zip(one, other, strict=True)]
    low, high = ends[0].tolist(), ends[1].tolist()
    _add_line(drawn, Style(theme.ink, "solid"), "difference", cost, difference, low, high)
    drawn.add_hline(0, line={"color": theme.ink, "width": 1})
    names = f"{in_figure(first.label, 24)} less {in_figure(second.label, 24)}"
    title = f"{in_figure(first.result.metric_label, 24)}, {names}: above 0 the first is better"
    x, span = cost_label(first.result.cost), padded(np.array([0.0, *low, *high]))
    return Picture(_laid_out(drawn, theme, x, title, first.result.costs, axis, 300, span), title)


def _figure() -> Any:
    from plotly.graph_objects import Figure

    return Figure()


def along(result: Result) -> tuple[list[float], list[float]]:
    """Return the costs that bands are known at, and the gains over the mixture there, above 0 is better."""
    return result.curve.cost[::ALONG], result.gains[::ALONG].tolist()


def _add_line(
    drawn: Any, style: Style, label: str, cost: Numbers, heights: Sequence[float], low: Numbers = (),
    high: Numbers = (),
) -> None:  # fmt: skip
    """Draw a line, and its band if it has one."""
    name = in_figure(label, 28)
    if low:
        drawn.add_scatter(**band(cost, low, high), fillcolor=see_through(style.colour, 0.13))
    line = {"color": style.colour, "dash": style.dash, "width": 2.5}
    ends = zip(heights, low or [None] * len(heights), high or [None] * len(heights), strict=True)
    said = spelled([Estimate(value=value, low=start, high=end) for value, start, end in ends])
    how = {"mode": "lines", "text": said, "hovertemplate": SAID % "%{text}"}
    drawn.add_scatter(x=cost, y=heights, name=name, line=line, **how)


def _note(drawn: Any, text: str, **where: Any) -> None:
    drawn.add_annotation(**{"text": text, "showarrow": False, "xanchor": "left", "yanchor": "bottom"} | where)


def _laid_out(
    drawn: Any, theme: PageTheme, x: str, y: str, costs: Sequence[float], axis: Axis, height: float,
    span: tuple[float, float], *, legend: bool = False,
) -> Any:  # fmt: skip
    """Return a figure with the board's axes and colours; what is drawn upwards stands above it."""
    values = np.asarray(costs, dtype=float)
    log = axis == "log"
    grid = see_through(theme.faint, 0.25)
    common = {"color": theme.ink, "gridcolor": grid, "zeroline": False, "fixedrange": True}
    ends = padded(np.log10(values) if log else values)
    across = cost_ticks(costs) if log else round_ticks(*ends)
    up = round_ticks(*span)
    drawn.update_xaxes(
        title={"text": x, "standoff": 4, "font": {"size": 12}}, type=axis, range=ends, tickvals=across,
        ticktext=[short(tick) for tick in across], **common,
    )  # fmt: skip
    drawn.update_yaxes(range=span, tickvals=up, ticktext=[short(tick) for tick in up], **common)
    _note(drawn, y, x=0, xref="paper", y=1, yref="paper", font={"size": 12})
    clear = dict.fromkeys(("paper_bgcolor", "plot_bgcolor"), "rgba(0,0,0,0)")
    below = {"orientation": "h", "y": -0.16, "yanchor": "top", "font": {"size": 11}}
    return drawn.update_layout(
        height=height, margin={"l": 44, "r": 10, "t": 22, "b": 44}, hovermode="x", dragmode=False,
        showlegend=legend, legend=below, font={"color": theme.ink}, template="none", **clear,
    )  # fmt: skip
