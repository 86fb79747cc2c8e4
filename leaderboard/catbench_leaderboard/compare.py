"""The page Compare two: paired differences by metric and slice, along the budget, and prompt by prompt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.report.figure import cost_label
from catbench.score.bootstrap import ends
from catbench_leaderboard.board import MEAN, Board, View
from catbench_leaderboard.board_answers import chosen
from catbench_leaderboard.curves import band, layout
from catbench_leaderboard.problems import Row, on_axis
from catbench_leaderboard.ranking import ordered
from catbench_leaderboard.style import PageTheme
from catbench_leaderboard.text import in_figure

ALONG = 2
"""Every so many of a curve's costs stands in the replicates that lie beside a report."""


def table(board: Board, view: View, first: str, second: str) -> pd.DataFrame:
    """Return the difference of gain, first less second, by metric and slice, on the view's axis.

    Columns: `metric`, `slice`, `prompts`, `first`, `second` (gains over the mixture, positive is better),
    `difference`, `low`, `high` and `verdict`: `better` or `worse` where the interval is on one side of 0.
    """
    problem = board.problem(view)
    rows: list[dict[str, Any]] = []
    for slice in problem.slices:
        for metric in problem.metrics:
            here = {row.label: row for row in problem.rows.get((metric, slice), ())}
            if first in here and second in here:
                pair = here[first], here[second]
                gains = [row.result.estimate(on_axis("gain", view.axis)).value or 0.0 for row in pair]
                draws = pair[0].areas(view.axis) - pair[1].areas(view.axis)
                (low,), (high,), _ = ends(draws[:, None])
                rows.append(
                    {
                        "metric": metric,
                        "slice": slice,
                        "prompts": pair[0].result.prompts,
                        **dict(zip(("first", "second"), gains, strict=True)),
                        "difference": gains[0] - gains[1],
                        "low": low,
                        "high": high,
                        "verdict": "better" if low > 0 else "worse" if high < 0 else "",
                    }
                )
    return pd.DataFrame(rows)


def along_budget(first: Row, second: Row) -> pd.DataFrame:
    """Return the paired difference of two curves: `cost`, `difference`, `low`, `high`; positive is better.

    It is that of their gains over the same mixture, whose replicates lie beside both reports. Both rows are
    on all prompts: a slice has no curve. Raises CatbenchError where replicates are gone, or have changed.
    """
    sign = 1 if first.result.direction == "higher" else -1
    heights = [np.array(row.result.curve.quality) for row in (first, second)]
    low, high, _ = ends(_gains(first) - _gains(second))
    return pd.DataFrame(
        {
            "cost": first.result.curve.cost[::ALONG],
            "difference": sign * (heights[0] - heights[1])[::ALONG],
            "low": low,
            "high": high,
        }
    )


def _gains(row: Row) -> Floats:
    """Return replicates (R, G) of the gain over the mixture along the costs."""
    found = row.entry.table("replicates")
    found = found[found["result"] == row.number]
    return found.filter(like="gain_").to_numpy(dtype=np.float64)


def figure(table: pd.DataFrame, view: View, first: str, second: str, theme: PageTheme) -> Any:
    """Return the difference along the budget as a plotly figure."""
    from plotly.graph_objects import Figure, Scatter

    colour = theme.palette[0]
    drawn = Figure(band(list(table["cost"]), list(table["low"]), list(table["high"]), colour, 0.2))
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
    title = f"{in_figure(first, 24)} − {in_figure(second, 24)}<br>(above 0: the first is better)"
    return layout(drawn, theme, cost_label(view.cost), title, table["cost"], log=view.axis == "log")


def prompts(first: Row, second: Row, place: int, most: int = 50) -> pd.DataFrame:
    """Return a slice's prompts where two routers differ most in quality at a budget, widest first.

    `place` is the budget's position among those of a curve. Columns: `prompt_id`, `prompt`, `first` and
    `second` (the candidate each picks), `first_quality`, `second_quality` on the metric's own scale, and
    `gain` of the first, positive is better. Raises CatbenchError where predictions are gone, or have changed.
    """
    both = chosen(first), chosen(second)
    part, quality = both[0].part, both[0].quality
    picked = [one.choices[place] for one in both]
    reached = [quality[np.arange(len(quality)), choice] for choice in picked]
    gain = reached[0] - reached[1]
    order = np.argsort(-np.abs(gain), kind="stable")
    order = order[gain[order] != 0][:most]
    ids = np.array(first.result.candidates, dtype=object)
    asked = part.matrix.prompts.iloc[part.rows[order]]
    sign = 1 if first.result.direction == "higher" else -1
    return pd.DataFrame(
        {
            "prompt_id": asked["prompt_id"].to_numpy(),
            "prompt": asked["text"].to_numpy(),
            "first": ids[picked[0][order]],
            "second": ids[picked[1][order]],
            "first_quality": sign * reached[0][order],
            "second_quality": sign * reached[1][order],
            "gain": gain[order],
        }
    )


def default_pair(board: Board, view: View) -> tuple[str, str]:
    """Return the two best ranked routers, or one twice where there is no other."""
    labels = [row.label for row in ordered(board, replace(view, by=MEAN))]
    return labels[0], labels[min(1, len(labels) - 1)]
