"""The page Curves: deferral curves with bands, and what a budget buys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.figure import cost_label, frame, outside_label
from catbench.plot import padded, plotly_names
from catbench_leaderboard import views
from catbench_leaderboard.answers import budgets_of
from catbench_leaderboard.board import Board
from catbench_leaderboard.style import Theme, see_through, style_of
from catbench_leaderboard.text import in_figure
from catbench_leaderboard.views import Row, View

SHOWN = 5
"""Routers whose curves are drawn unasked."""
SIZE = (900.0, 330.0)
"""Pixels of the axes on a usual screen, where names must have room."""
REFERENCE_DASHES = {"mixture": "dash", "oracle": "dot", "cascade": "longdashdot"}


def default_routers(board: Board, view: View, most: int = SHOWN) -> list[str]:
    """Return the labels of the best ranked routers."""
    return list(views.results(board, view)["label"].head(most))


def budgets(board: Board, view: View) -> list[float]:
    """Return the budgets that can be chosen, in the cost unit, rising."""
    fixed = views.rows(board, "fixed", view)
    return [float(budget) for budget in budgets_of(fixed["cost"].to_numpy())]


def at_budget(board: Board, view: View, routers: Sequence[str], budget: float) -> pd.DataFrame:
    """Return `router`, `quality`, `low`, `high` and the selection rate of each candidate at a budget."""
    rows: list[dict[str, Any]] = []
    for label in routers:
        found = views.one(board, view, label)
        row: dict[str, Any] = {"router": label}
        for name in ("quality", "low", "high"):
            heights = found[f"curve_{name}"]
            row[name] = float(np.interp(budget, found["curve_cost"], heights)) if len(heights) else np.nan
        rows.append(row | selection_at(board, found, budget))
    return pd.DataFrame(rows)


def selection_at(board: Board, found: Row, budget: float) -> dict[str, float]:
    """Return the share of prompts sent to each candidate at a budget, mixing neighbouring trade-offs.

    A router whose prompts all go to their best predicted candidate below the budget spends no more.
    """
    rates = board.per_candidate[board.per_candidate["result"] == found.name]
    order = np.argsort(found["selection_cost"], kind="stable")
    cost = np.asarray(found["selection_cost"])[order]
    return {
        str(candidate): float(np.interp(budget, cost, np.asarray(rate)[order]))
        for candidate, rate in zip(rates["candidate"], rates["selection_rate"], strict=True)
    }


def savings(board: Board, view: View, router: str, budget: float) -> pd.DataFrame:
    """Return how a router at a budget stands against each fixed candidate.

    Columns: `candidate`, `cost`, `quality` of always picking it, `gain` of the router over it (positive is
    better) and `saving`, the share of its cost that is not spent (negative: the budget is larger).
    """
    found = views.one(board, view, router)
    fixed = views.rows(board, "fixed", view)
    reached = float(np.interp(budget, found["curve_cost"], found["curve_quality"]))
    return pd.DataFrame(
        {
            "candidate": fixed["candidate"].to_numpy(),
            "cost": fixed["cost"].to_numpy(),
            "quality": fixed["quality"].to_numpy(),
            "gain": views.sign(found) * (reached - fixed["quality"].to_numpy()),
            "saving": 1 - budget / fixed["cost"].to_numpy(),
        }
    )


def figure(
    board: Board,
    view: View,
    routers: Sequence[str],
    theme: Theme,
    *,
    log: bool = True,
    budget: float | None = None,
) -> Any:
    """Return the curves of some routers as a plotly figure: bands, fixed candidates, mixture and oracle."""
    from plotly.graph_objects import Figure, Scatter

    drawn = Figure()
    fixed = views.rows(board, "fixed", view)
    for _, reference in views.rows(board, "references", view).iterrows():
        if len(reference["curve_cost"]):
            name = str(reference["reference"])
            line = {"color": theme.faint, "dash": REFERENCE_DASHES.get(name, "dash"), "width": 1.5}
            shown = f"{name} (reference)"
            drawn.add_trace(_line(reference["curve_cost"], reference["curve_quality"], shown, line, None))
    found = views.results(board, view).set_index("label")
    for label in routers:
        if label in found.index:
            row: Row = found.loc[label]
            style = style_of(int(row["color_number"]), theme)
            line = {"color": style.colour, "dash": style.dash, "width": 2.5}
            band = (row["curve_low"], row["curve_high"]) if len(row["curve_low"]) else None
            if band:
                drawn.add_trace(_band(row["curve_cost"], *band, style.colour, label))
            drawn.add_trace(_line(row["curve_cost"], row["curve_quality"], label, line, band))
    up = _frame(drawn, fixed["quality"].to_numpy(), theme)
    names = [in_figure(name) for name in fixed["candidate"]]
    x = np.log10(fixed["cost"]) if log else fixed["cost"]
    named = plotly_names(x, fixed["quality"], names, padded(x), up, SIZE)
    drawn.add_trace(
        Scatter(
            x=fixed["cost"],
            y=fixed["quality"],
            **named | {"textfont": {"color": theme.ink, "size": 11}},
            mode="markers+text",
            marker={"color": theme.ink, "size": 7},
            name="fixed candidates",
            hovertext=names,
            hovertemplate="%{hovertext}: %{y:.4f} at %{x:.4g}<extra></extra>",
        )
    )
    if budget is not None:
        drawn.add_vline(budget, line={"color": theme.faint, "width": 1, "dash": "dot"})
    direction = found["direction"].iloc[0] if len(found) else "higher"
    better = " (lower is better)" if direction == "lower" else ""
    label = found["metric_label"].iloc[0] if len(found) else view.metric
    return layout(
        drawn, theme, cost_label(view.cost), in_figure(f"mean {label}{better}", 60), fixed["cost"], log=log
    )


def _frame(drawn: Any, fixed: Floats, theme: Theme) -> tuple[float, float]:
    """Show the heights where the curves are; return the lowest and the highest."""
    heights = np.concatenate([np.asarray(trace.y, dtype=float) for trace in drawn.data] or [fixed])
    low, high, outside = frame(heights, fixed)
    drawn.update_yaxes(range=[low, high])
    if outside:
        text = f"{outside_label(outside)}: double click shows all"
        at = {"xref": "paper", "yref": "paper", "x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom"}
        drawn.add_annotation(text=text, showarrow=False, font={"color": theme.faint, "size": 11}, **at)
    return low, high


def layout(drawn: Any, theme: Theme, x: str, y: str, costs: Any, *, log: bool) -> Any:
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
    cost: Floats, quality: Floats, name: str, line: dict[str, Any], band: tuple[Floats, Floats] | None
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
        customdata=np.stack(band, axis=1) if band else None,
        hovertemplate="%{y:.4f} [%{customdata[0]:.4f}, %{customdata[1]:.4f}]" if band else "%{y:.4f}",
    )


def _band(cost: Floats, low: Floats, high: Floats, colour: str, name: str) -> Any:
    from plotly.graph_objects import Scatter

    return Scatter(
        x=np.concatenate([cost, cost[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        fill="toself",
        fillcolor=see_through(colour, 0.15),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        legendgroup=in_figure(name, 28),
        showlegend=False,
    )


def _ticks(costs: Floats) -> list[float]:
    """Return round numbers of the costs' decades for a logarithmic axis."""
    powers = range(int(np.floor(np.log10(costs.min()))), int(np.floor(np.log10(costs.max()))) + 1)
    return [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]
