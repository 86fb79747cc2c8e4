"""Which part of the board a page shows, and the rows of that part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from catbench.errors import UsageError
from catbench_leaderboard.board import MEAN, Board, Part

Row: TypeAlias = Any
"""A row of a table: a pandas Series, whose cells have no common type."""


@dataclass(frozen=True)
class View:
    """One problem, metric and slice, as they are shown in an address."""

    suite: str
    pool: str
    cost: str
    metric: str
    slice: str = "all"
    by: str = MEAN
    """What routers are ranked by: the mean over metrics, or a metric."""


def options(board: Board, column: str, **chosen: str) -> list[str]:
    """Return the values of a column of `problems` among those chosen so far, in their order."""
    table = board.problems
    fits = [table[name].to_numpy() == value for name, value in chosen.items()]
    return list(dict.fromkeys(table[column][np.logical_and.reduce(fits)] if fits else table[column]))


def problem(board: Board, view: View) -> Row:
    """Return the row of `problems` that a view is about; raises UsageError where there is none."""
    found = board.find_problem(view.suite, view.pool, view.cost)
    if found is None:
        raise UsageError(f"no report on suite {view.suite!r}, pool {view.pool!r} and cost {view.cost!r}")
    return found


def rows(board: Board, table: Part, view: View) -> pd.DataFrame:
    """Return the rows of a table that a view is about, with the table's own index."""
    return board.part(table, problem(board, view)["id"], view.metric, view.slice)


def results(board: Board, view: View) -> pd.DataFrame:
    """Return the results in a view with their routers' labels and numbers, best ranked first.

    The index is that of `results`.
    """
    found = rows(board, "results", view)
    ranked = ranks(board, view).set_index("entry")
    entries = board.entries.set_index("id")
    found = found.assign(
        label=entries["label"].reindex(found["entry"]).to_numpy(),
        color_number=entries["number"].reindex(found["entry"]).to_numpy(),
        place=[list(ranked.index).index(entry) for entry in found["entry"]],
    )
    return found.sort_values("place", kind="stable")


def ranks(board: Board, view: View) -> pd.DataFrame:
    """Return the ranks in a view, the ranked ones first."""
    table = board.ranks
    chosen = (table["problem"] == problem(board, view)["id"]) & (table["slice"] == view.slice)
    return table[chosen & (table["by"] == view.by)]


def one(board: Board, view: View, label: str) -> Row:
    """Return the result of one router by its label; raises UsageError where it has none in this view."""
    found = results(board, view)
    found = found[found["label"] == label]
    if not len(found):
        raise UsageError(f"{label!r} has no result here")
    return found.iloc[0]


def slices(board: Board, view: View) -> Sequence[str]:
    """Return the slices of a view's problem, `all` first."""
    return list(problem(board, view)["slices"])


def sign(found: Row) -> int:
    """Return 1 where higher scores of a result's metric are better, else -1."""
    return -1 if found["direction"] == "lower" else 1


def signature(board: Board, view: View) -> str:
    """Return what the results of a view's problem share of their signatures."""
    found = board.results[board.results["problem"] == problem(board, view)["id"]]["signature"].iloc[0]
    return "|".join(part for part in found.split("|") if not part.startswith(("metric:", "slice:")))
