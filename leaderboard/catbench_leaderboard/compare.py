"""The page Compare two: paired differences, along the budget, by slice and metric, and prompt by prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from catbench.bootstrap import blocks_of
from catbench.figure import cost_label
from catbench.matrix import ScoreMatrix
from catbench.routing import Answer
from catbench.scoring import cost_grid, sweep_of
from catbench_leaderboard import views
from catbench_leaderboard.answers import Ground, choices_within, mask_of, weights_of
from catbench_leaderboard.board import MEAN, Board
from catbench_leaderboard.curves import layout
from catbench_leaderboard.ranks import ends
from catbench_leaderboard.style import Theme, see_through
from catbench_leaderboard.text import in_figure
from catbench_leaderboard.views import View

Headrooms = Callable[[str], Any]
"""By entry: replicates (R,) of headroom captured by number of its result; empty where there are none."""


def table(board: Board, view: View, first: str, second: str, headrooms: Headrooms) -> pd.DataFrame:
    """Return the difference of headroom captured, first less second, by metric and slice.

    Columns: `metric` (`mean` over the suite's metrics), `slice`, `prompts`, `first`, `second`,
    `difference`, `low`, `high` and `verdict`: `better` or `worse` where the interval is on one side of 0.
    """
    found = board.results[board.results["problem"] == views.problem(board, view)["id"]]
    label = board.entries.set_index("id")["label"]
    found = found.assign(label=label.reindex(found["entry"]).to_numpy())
    rows: list[dict[str, Any]] = []
    for slice in views.slices(board, view):
        parts: list[tuple[float, float, Any]] = []
        metrics = list(views.problem(board, view)["metrics"])
        prompts = 0
        for metric in metrics:
            here = found[(found["metric"] == metric) & (found["slice"] == slice)].set_index("label")
            if first in here.index and second in here.index:
                a, b = here.loc[first], here.loc[second]
                draws = _paired(
                    headrooms(a["entry"]), int(a["number"]), headrooms(b["entry"]), int(b["number"])
                )
                parts.append((float(a["headroom"]), float(b["headroom"]), draws))
                prompts = int(a["prompts"])
                rows.append({"metric": metric, "slice": slice, "prompts": prompts, **_difference(*parts[-1])})
        if len(parts) == len(metrics) and len(metrics) > 1:
            draws = None if any(p[2] is None for p in parts) else np.mean([p[2] for p in parts], axis=0)
            means = _difference(_mean(p[0] for p in parts), _mean(p[1] for p in parts), draws)
            row = {"metric": "mean", "slice": slice, "prompts": prompts, **means}
            rows.insert(len(rows) - len(parts), row)
    return pd.DataFrame(rows)


def along_budget(first: Answer, second: Answer, ground: Ground, sign: int) -> pd.DataFrame:
    """Return the paired difference of two curves on the metric's scale: `cost`, `difference`, `low`, `high`.

    The draws are the board's; `catbench compare` gives the same where it uses the same draws.
    """
    grid = cost_grid(ground.pool.cost)
    sweeps = [sweep_of(answer, ground.quality, ground.pool) for answer in (first, second)]
    with threadpool_limits(1):
        blocks = blocks_of(weights_of(ground.groups))
        draws = np.concatenate(
            [sweeps[0].curve(w).quality_at(grid) - sweeps[1].curve(w).quality_at(grid) for w in blocks]
        )
    low, high = ends(sign * draws[1:])
    return pd.DataFrame({"cost": grid, "difference": sign * draws[0], "low": low, "high": high})


def figure(
    table: pd.DataFrame, view: View, first: str, second: str, theme: Theme, *, log: bool, lower: bool
) -> Any:
    """Return the difference along the budget as a plotly figure."""
    from plotly.graph_objects import Figure, Scatter

    colour = theme.palette[0]
    drawn = Figure()
    drawn.add_trace(
        Scatter(
            x=pd.concat([table["cost"], table["cost"][::-1]]),
            y=pd.concat([table["high"], table["low"][::-1]]),
            fill="toself",
            fillcolor=see_through(colour, 0.2),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
        )
    )
    drawn.add_trace(
        Scatter(
            x=table["cost"],
            y=table["difference"],
            mode="lines",
            line={"color": colour, "width": 2.5},
            customdata=table[["low", "high"]].to_numpy(),
            hovertemplate="%{y:+.4f} [%{customdata[0]:+.4f}, %{customdata[1]:+.4f}]<extra></extra>",
            showlegend=False,
        )
    )
    drawn.add_hline(0, line={"color": theme.ink, "width": 1})
    better = "second" if lower else "first"
    title = f"{in_figure(first, 24)} − {in_figure(second, 24)}<br>(above 0: the {better} is better)"
    return layout(drawn, theme, cost_label(view.cost), title, table["cost"], log=log)


def prompts(
    first: Answer,
    second: Answer,
    ground: Ground,
    matrix: ScoreMatrix,
    budget: float,
    sign: int,
    slice: str = "all",
    most: int = 50,
) -> pd.DataFrame:
    """Return a slice's test prompts where two routers differ most in quality at a budget, widest first.

    The budget is the mean over all test prompts, as on every page.
    Columns: `prompt_id`, `prompt`, `first` and `second` (the candidate each picks), `first_quality`,
    `second_quality` on the metric's own scale, and `gain` of the first, positive is better.
    """
    rows = np.arange(len(ground.quality))
    chosen = [choices_within(answer, ground.pool.cost, np.array([budget]))[0] for answer in (first, second)]
    reached = [ground.quality[rows, choice] for choice in chosen]
    gain = reached[0] - reached[1]
    order = np.argsort(-np.abs(gain), kind="stable")
    order = order[(gain[order] != 0) & mask_of(matrix, slice)[order]][:most]
    ids = np.array(ground.pool.ids, dtype=object)
    asked = matrix.prompts.iloc[matrix.rows("test")[order]]
    return pd.DataFrame(
        {
            "prompt_id": asked["prompt_id"].to_numpy(),
            "prompt": asked["text"].to_numpy(),
            "first": ids[chosen[0][order]],
            "second": ids[chosen[1][order]],
            "first_quality": sign * reached[0][order],
            "second_quality": sign * reached[1][order],
            "gain": gain[order],
        }
    )


def default_pair(board: Board, view: View) -> tuple[str, str]:
    """Return the two best ranked routers, or one twice where there is no other."""
    labels = list(views.results(board, replace(view, by=MEAN))["label"])
    return labels[0], labels[min(1, len(labels) - 1)]


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _paired(a: Any, i: int, b: Any, j: int) -> Any:
    if i not in a or j not in b:
        return None
    return a[i] - b[j]


def _difference(first: float, second: float, draws: Any) -> dict[str, Any]:
    low = high = np.nan
    if draws is not None and np.isfinite(draws).any():
        (low,), (high,) = ends(draws[np.isfinite(draws)][:, None])
    verdict = "better" if low > 0 else "worse" if high < 0 else ""
    return {
        "first": first,
        "second": second,
        "difference": first - second,
        "low": low,
        "high": high,
        "verdict": verdict,
    }
