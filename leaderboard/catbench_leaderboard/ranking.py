"""Who is ahead in a view (`catbench.submit.paired_ranks`)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from catbench.submit.paired_ranks import ranked
from catbench.submit.problems import Row
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


def alike(first: Row, second: Row) -> bool:
    """Return whether two routers chose alike: every draw of their areas is the same."""
    return np.array_equal(first.areas("log"), second.areas("log"))


@kept
def numbers(board: Board) -> dict[str, int]:
    """Return every router's number, which gives it its colour on every page and under every filter.

    The best ranked of the first page come first: those that are drawn most are distinguished best.
    """
    first = [row.label for row in ordered(board, board.view())] if board.problems else []
    rows = (row for problem in board.problems for found in problem.rows.values() for row in found)
    return {label: k for k, label in enumerate(dict.fromkeys([*first, *(row.label for row in rows)]))}
