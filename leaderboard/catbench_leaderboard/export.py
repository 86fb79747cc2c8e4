"""The board as static files: CSV, Parquet and JSON of every table, and one HTML page that needs no server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catbench.files import atomic_folder
from catbench_leaderboard import curves, views
from catbench_leaderboard.board import MEAN, Board
from catbench_leaderboard.cache import Progress, open_board
from catbench_leaderboard.standing import references, standing
from catbench_leaderboard.style import THEMES
from catbench_leaderboard.views import View

DRAWN = 8
"""Routers whose curves stand on the page, of each problem and metric."""


def export(
    folders: Sequence[Path],
    target: Path,
    *,
    force: bool = False,
    progress: Progress = lambda what, done, total: None,
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
    """Return `standing` and `references` of every problem, metric and slice, `curves` and `problems`."""
    found: dict[str, list[pd.DataFrame]] = {"standing": [], "references": [], "curves": []}
    for view in all_views(board):
        place = {name: getattr(view, name) for name in ("suite", "pool", "cost", "metric", "slice")}
        for name, table in (("standing", standing(board, view)), ("references", references(board, view))):
            found[name].append(table.assign(**place))
        for _, row in views.results(board, view).iterrows():
            columns = {end: row[f"curve_{end}"] for end in ("cost", "quality", "low", "high")}
            length = len(columns["cost"])
            columns = {name: v if len(v) else np.full(length, np.nan) for name, v in columns.items()}
            where = {f"curve_{name}": value for name, value in place.items()}
            found["curves"].append(pd.DataFrame(columns).assign(router=row["label"], **where))
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in found.items() if parts}
    return {**joined, "problems": board.troubles}


def all_views(board: Board) -> list[View]:
    """Return every view that has results, ranked by its metric's mean."""
    found: list[View] = []
    for _, row in board.problems.iterrows():
        for metric in row["metrics"]:
            for slice in row["slices"]:
                view = View(row["suite"], row["pool"], row["cost"], metric, slice, MEAN)
                if len(views.rows(board, "results", view)):
                    found.append(view)
    return found


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
        data.append(
            {
                **{name: getattr(view, name) for name in ("suite", "pool", "cost", "metric", "slice")},
                "simulated": bool(views.problem(board, view)["simulated"]),
                "standing": _records(standing(board, view)),
                "references": _records(references(board, view)[["reference", "headroom", "audc", "peak"]]),
                "figure": json.loads(figure.to_json()) if figure else None,
            }
        )
    return {"views": data, "problems": _records(board.troubles)}


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(table.to_json(orient="records", double_precision=8))
