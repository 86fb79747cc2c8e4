"""The page Curves: deferral curves with bands, and what a budget buys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from catbench.arrays import Floats, Ints
from catbench.report.figure import cost_label, frame, outside_label
from catbench.report.plot import padded, plotly_names
from catbench.report.result import Result
from catbench.score.measures import selection_rate
from catbench_leaderboard import board_answers as answers
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.problems import Row
from catbench_leaderboard.ranking import ordered
from catbench_leaderboard.style import PageTheme, see_through, style_of
from catbench_leaderboard.text import in_figure

Numbers: TypeAlias = Sequence[float | None]
SHOWN = 5
"""Routers whose curves are drawn unasked."""
SIZE = (900.0, 330.0)
"""Pixels of the axes on a usual screen, where names must have room."""
REFERENCE_DASHES = {"mixture": "dash", "oracle": "dot", "best_per_kind": "dashdot", "cascade": "longdashdot"}


def default_routers(board: Board, view: View, most: int = SHOWN) -> list[str]:
    """Return the labels of the best ranked routers."""
    return [row.label for row in ordered(board, view)[:most]]


def budgets(board: Board, view: View) -> list[float]:
    """Return the budgets that can be chosen in a view, in the cost unit, rising."""
    return answers.budgets(board.rows(view)[0]).tolist()


def at_budget(rows: Sequence[Row], place: int, choices: Sequence[Ints | None]) -> pd.DataFrame:
    """Return `router`, `quality`, `low`, `high` and the selection rate of each candidate at a budget.

    `place` is the budget's position among `budgets`, `choices` what each router picks there (n,), positions
    among the candidates; None where that is not known.
    """
    found: list[dict[str, Any]] = []
    for row, chosen in zip(rows, choices, strict=True):
        curve, names = row.result.curve, row.result.candidates
        ends = {end: getattr(curve, end)[place] if curve.low else np.nan for end in ("low", "high")}
        rates = [np.nan] * len(names) if chosen is None else selection_rate(chosen[None], len(names))[0]
        found.append(
            {
                "router": row.label,
                "quality": curve.quality[place],
                **ends,
                **dict(zip(names, rates, strict=True)),
            }
        )
    return pd.DataFrame(found)


def savings(row: Row, place: int) -> pd.DataFrame:
    """Return how a router at a budget, by its position, stands against each fixed candidate.

    Columns: `candidate`, `cost`, `quality` of always picking it, `gain` of the router over it (positive is
    better) and `saving`, the share of its cost that is not spent (negative: the budget is larger).
    """
    result = row.result
    costs = np.array(result.costs)
    quality = np.array(result.fixed_quality.value, dtype=np.float64)
    sign = 1 if result.direction == "higher" else -1
    return pd.DataFrame(
        {
            "candidate": result.candidates,
            "cost": costs,
            "quality": quality,
            "gain": sign * (result.curve.quality[place] - quality),
            "saving": 1 - result.curve.cost[place] / costs,
        }
    )


def figure(
    board: Board, view: View, routers: Sequence[str], theme: PageTheme, *, budget: float | None = None
) -> Any:
    """Return the curves of some routers as a plotly figure: bands, fixed candidates, references."""
    from plotly.graph_objects import Figure

    drawn = Figure()
    rows = {row.label: row for row in ordered(board, view)}
    result = next(iter(rows.values())).result  # what is said of the suite is the same in all
    for name, heights in result.reference_curves.items():
        line = {"color": theme.faint, "dash": REFERENCE_DASHES.get(name, "dash"), "width": 1.5}
        drawn.add_trace(
            _line(result.curve.cost, heights, f"{name.replace('_', ' ')} (reference)", line, None)
        )
    for label in (label for label in routers if label in rows):
        curve, style = rows[label].result.curve, style_of(rows[label].colour, theme)
        line = {"color": style.colour, "dash": style.dash, "width": 2.5}
        shade = band(curve.cost, curve.low, curve.high, style.colour)
        drawn.add_trace(shade.update(legendgroup=in_figure(label, 28)))
        drawn.add_trace(_line(curve.cost, curve.quality, label, line, (curve.low, curve.high)))
    _add_candidates(drawn, result, theme, log=view.axis == "log")
    if budget is not None:
        drawn.add_vline(budget, line={"color": theme.faint, "width": 1, "dash": "dot"})
    better = " (lower is better)" if result.direction == "lower" else ""
    height = in_figure(f"mean {result.metric_label}{better}", 60)
    return layout(drawn, theme, cost_label(view.cost), height, result.costs, log=view.axis == "log")


def _add_candidates(drawn: Any, result: Result, theme: PageTheme, *, log: bool) -> None:
    """Add the fixed candidates as points, with the names that have room."""
    from plotly.graph_objects import Scatter

    cost, quality = np.array(result.costs), np.array(result.fixed_quality.value, dtype=np.float64)
    up = _frame(drawn, quality, theme)
    names = [in_figure(name) for name in result.candidates]
    x = np.log10(cost) if log else cost
    named = plotly_names(x, quality, names, padded(x), up, SIZE)
    drawn.add_trace(
        Scatter(
            x=cost,
            y=quality,
            **named | {"textfont": {"color": theme.ink, "size": 11}},
            mode="markers+text",
            marker={"color": theme.ink, "size": 7},
            name="fixed candidates",
            hovertext=names,
            hovertemplate="%{hovertext}: %{y:.4f} at %{x:.4g}<extra></extra>",
        )
    )


def _frame(drawn: Any, fixed: Floats, theme: PageTheme) -> tuple[float, float]:
    """Show the heights where the curves are; return the lowest and the highest."""
    heights = np.concatenate([np.asarray(trace.y, dtype=float) for trace in drawn.data] or [fixed])
    low, high, outside = frame(heights, fixed)
    drawn.update_yaxes(range=[low, high])
    if outside:
        text = f"{outside_label(outside)}: double click shows all"
        at = {"xref": "paper", "yref": "paper", "x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom"}
        drawn.add_annotation(text=text, showarrow=False, font={"color": theme.faint, "size": 11}, **at)
    return low, high


def layout(drawn: Any, theme: PageTheme, x: str, y: str, costs: Any, *, log: bool) -> Any:
    """Return a figure with the board's axes, legend and colours."""
    values = np.asarray(costs, dtype=float)
    axis = {"type": "log", "tickvals": _ticks(values), "tickformat": "~g"} if log else {"type": "linear"}
    drawn.update_xaxes(title={"text": x}, range=padded(np.log10(values) if log else values), **axis)
    drawn.update_yaxes(title={"text": y})
    common = {"color": theme.ink, "gridcolor": see_through(theme.faint, 0.25), "zeroline": False}
    drawn.update_xaxes(**common)
    drawn.update_yaxes(**common)
    return drawn.update_layout(
        height=480,
        margin={"l": 70, "r": 12, "t": 12, "b": 56},
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.24, "yanchor": "top", "font": {"color": theme.ink}},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": theme.faint, "activecolor": theme.ink},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": theme.ink},
    )


def _line(
    cost: Numbers, quality: Numbers, name: str, line: dict[str, Any], band: tuple[Numbers, Numbers] | None
) -> Any:
    from plotly.graph_objects import Scatter

    shown = in_figure(name, 28)
    return Scatter(
        x=cost,
        y=quality,
        name=shown,
        legendgroup=shown,
        mode="lines",
        line=line,
        customdata=list(zip(*band, strict=True)) if band else None,
        hovertemplate="%{y:.4f} [%{customdata[0]:.4f}, %{customdata[1]:.4f}]" if band else "%{y:.4f}",
    )


def band(cost: Numbers, low: Numbers, high: Numbers, colour: str, alpha: float = 0.15) -> Any:
    """Return a band between two ends along costs, as a plotly trace."""
    from plotly.graph_objects import Scatter

    return Scatter(
        x=[*cost, *reversed(cost)],
        y=[*high, *reversed(low)],
        fill="toself",
        fillcolor=see_through(colour, alpha),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def _ticks(costs: Floats) -> list[float]:
    """Return round numbers of the costs' decades for a logarithmic axis."""
    powers = range(int(np.floor(np.log10(costs.min()))), int(np.floor(np.log10(costs.max()))) + 1)
    return [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]
