"""The board as static files: CSV, Parquet and JSON of every table, and one HTML page that needs no server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from catbench.files import atomic_folder
from catbench_leaderboard import curves
from catbench_leaderboard.board import Board, Progress, View, open_board, quiet
from catbench_leaderboard.leaderboard import lead, leaderboard, references
from catbench_leaderboard.problems import AXES
from catbench_leaderboard.reports import Unranked
from catbench_leaderboard.style import THEMES

DRAWN = 8
"""Routers whose curves stand on the page, of each problem and metric."""
PLACE = ("suite", "pool", "cost", "metric", "slice", "axis")
"""What a view is found by."""


def export(
    folders: Sequence[Path],
    target: Path,
    *,
    force: bool = False,
    progress: Progress = quiet,
) -> None:
    """Write the board of some folders of reports into `target`, whole or not at all. Raises UsageError."""
    board = open_board(folders, progress=progress)
    with atomic_folder(target, force=force) as draft:
        for name, table in tables(board).items():
            table.to_parquet(draft / f"{name}.parquet", index=False)
            table.to_csv(draft / f"{name}.csv", index=False)
            table.to_json(draft / f"{name}.json", orient="records", indent=1, double_precision=15)
        (draft / "index.html").write_text(page(board), encoding="utf-8")


def tables(board: Board) -> dict[str, pd.DataFrame]:
    """Return `leaderboard` and `references` of every view, `curves`, and the reports that are `unranked`."""
    found: dict[str, list[pd.DataFrame]] = {"leaderboard": [], "references": [], "curves": []}
    for view in all_views(board):
        place = {name: getattr(view, name) for name in PLACE}
        for name, table in (
            ("leaderboard", leaderboard(board, view)),
            ("references", references(board, view)),
        ):
            found[name].append(table.assign(**place))
        for row in board.rows(view) if view.axis == AXES[0] else ():
            where = {f"curve_{name}": value for name, value in place.items() if name != "axis"}
            found["curves"].append(pd.DataFrame(vars(row.result.curve)).assign(router=row.label, **where))
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in found.items() if parts}
    return {**joined, "unranked": unranked(board)}


def unranked(board: Board) -> pd.DataFrame:
    """Return the reports that are not on the board, and why."""
    return pd.DataFrame(
        [vars(one) for one in board.unranked], columns=[field.name for field in fields(Unranked)], dtype=str
    )


def all_views(board: Board) -> list[View]:
    """Return every view that has results, ranked by the mean over metrics."""
    views = [
        View(problem.suite, problem.pool, problem.cost, metric, slice, axis=axis)
        for problem in board.problems
        for metric in problem.metrics
        for slice in problem.slices
        for axis in AXES
    ]
    return [view for view in views if board.rows(view)]


def page(board: Board) -> str:
    """Return the one HTML page: its tables and curves lie in it as data, its script needs nothing else."""
    from plotly.offline import get_plotlyjs

    template = files("catbench_leaderboard").joinpath("page.html").read_text(encoding="utf-8")
    # A name that holds "</script>" must not end the script that it lies in.
    data = json.dumps(_data(board), allow_nan=False).replace("<", "\\u003c")
    return template.replace("/*PLOTLY*/", get_plotlyjs()).replace("/*DATA*/", data)


def _data(board: Board) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    for view in all_views(board):
        drawn = curves.default_routers(board, view, DRAWN)
        figure = curves.figure(board, view, drawn, THEMES["light"]) if view.slice == "all" else None
        table = leaderboard(board, view)
        data.append(
            {
                **{name: getattr(view, name) for name in PLACE},
                "simulated": board.problem(view).key.simulated,
                "lead": lead(table),
                "leaderboard": _records(table),
                "references": _records(references(board, view)[["reference", "headroom", "audc", "peak"]]),
                "figure": json.loads(figure.to_json()) if figure else None,
            }
        )
    return {"views": data, "unranked": _records(unranked(board))}


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(table.to_json(orient="records", double_precision=8))
