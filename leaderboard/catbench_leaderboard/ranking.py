"""Who is ahead in a view (`catbench.submit.standings`)."""

from __future__ import annotations

import pandas as pd

from catbench.submit.problems import Row
from catbench.submit.standings import ranked
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.remembered import kept

_ranked = kept(ranked)


def ranking(board: Board, view: View) -> pd.DataFrame:
    """Return the ranking of a view's routers (`ranked`), the ranked ones first and in order.

    Routers without a result in the view are left out.
    """
    found = _ranked(board.ranked_over(view), view.by, view.slice, view.axis)
    return found[found["router"].isin([row.label for row in board.rows(view)])].reset_index(drop=True)


def ordered(board: Board, view: View) -> list[Row]:
    """Return the routers of a view that have its metric, best ranked first."""
    rows = {row.label: row for row in board.rows(view)}
    return [rows[label] for label in ranking(board, view)["router"]]
