"""What a running board keeps in memory, for all its visitors."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.errors import CatbenchError
from catbench.predictions import restrict
from catbench.routing import Answer
from catbench.submission.places import shipped_folders
from catbench_leaderboard import compare, views
from catbench_leaderboard.answers import Ground, ground_of, mask_of, read_answer
from catbench_leaderboard.board import Board
from catbench_leaderboard.cache import cache_folder, open_board
from catbench_leaderboard.draws import Draws, captured
from catbench_leaderboard.reports import Entry, find_reports, fingerprint, read_report
from catbench_leaderboard.suites import matrix_of
from catbench_leaderboard.views import View

FOLDERS = "CATBENCH_REPORTS"
"""Environment variable with the folders of reports: a JSON list, or paths as in `$PATH`.

Without it, the shipped ones are shown.
"""


def folders() -> tuple[Path, ...]:
    """Return the folders whose reports are shown."""
    given = os.environ.get(FOLDERS)
    if not given:
        return tuple(shipped_folders())
    try:
        names = json.loads(given)
    except ValueError:
        names = None
    listed = names if isinstance(names, list) else given.split(os.pathsep)
    return tuple(Path(str(name)) for name in listed if name)


def board() -> Board:
    """Return the board; it is made anew when a report has changed on disk."""
    places = tuple(folder for folder in folders() if folder.is_dir())
    return _board(places, fingerprint(places))


@lru_cache(maxsize=1)
def _board(places: tuple[Path, ...], stamps: object) -> Board:
    for kept in (answer, headrooms, along_budget, choices):
        kept.cache_clear()
    return open_board(places)


def entry(identity: str) -> Entry:
    """Return one entry, read from disk."""
    for path, name in find_reports(folder for folder in folders() if folder.is_dir()).items():
        if name == identity:
            return read_report(path, name)
    raise CatbenchError(f"{identity} is gone; reload the page")


def ground(board: Board, view: View) -> Ground:
    """Return the ground of a view's metric, on all test prompts."""
    found = views.problem(board, view)
    return _ground(str(found["digest"]), view.metric, tuple(found["candidates"]), view.cost)


@lru_cache(maxsize=16)
def _ground(digest: str, metric: str, candidates: tuple[str, ...], cost: str) -> Ground:
    return ground_of(matrix_of(digest), metric, list(candidates), cost)


@lru_cache(maxsize=64)
def answer(identity: str, digest: str, metric: str, candidates: tuple[str, ...], cost: str) -> Answer:
    """Return what one report's router said about all test prompts on one metric."""
    found = entry(identity)
    if found.predictions is None:
        raise CatbenchError(f"{found.report.router.name!r} has no predictions beside its report")
    pool = _ground(digest, metric, candidates, cost).pool
    return read_answer(found.predictions, matrix_of(digest), pool, found.report.router.name)


def answer_of(board: Board, view: View, label: str) -> Answer:
    """Return what a router said, by its label in a view."""
    found = views.problem(board, view)
    one = views.one(board, view, label)
    return answer(one["entry"], str(found["digest"]), view.metric, tuple(found["candidates"]), view.cost)


@lru_cache(maxsize=64)
def headrooms(identity: str) -> dict[int, Floats]:
    """Return replicates of headroom captured by number of a report's result, none where it is not ranked."""
    draws = Draws(cache_folder() / "draws")
    found = entry(identity)
    try:
        arrays = draws.of_entry(found.digest, lambda: found)
        rooms = [draws.room(result, found.report.simulated) for result in found.report.results]
    except CatbenchError:
        return {}
    return {number: captured(arrays[f"gain_{number}"], room)[1:] for number, room in enumerate(rooms)}


@lru_cache(maxsize=32)
def along_budget(board: Board, view: View, first: str, second: str) -> pd.DataFrame:
    """Return the paired difference along the budget of two routers."""
    inside = mask_of(matrix_of(str(views.problem(board, view)["digest"])), view.slice)
    one, other = (restrict(answer_of(board, view, label), inside) for label in (first, second))
    sign = views.sign(views.one(board, view, first))
    return compare.along_budget(one, other, ground(board, view).part(inside), sign)


@lru_cache(maxsize=8)
def choices(board: Board, view: View) -> tuple[list[str], Any]:
    """Return labels (K,) and choices (K, B, n) of the routers in a view that are ranked in it."""
    draws = Draws(cache_folder() / "draws")
    digests = board.entries.set_index("id")["digest"]
    labels: list[str] = []
    found: list[Any] = []
    for _, row in views.results(board, view).iterrows():
        name = row["entry"]
        try:
            arrays = draws.of_entry(digests[name], lambda name=name: entry(name))
        except CatbenchError:
            continue
        labels.append(row["label"])
        found.append(arrays[f"choices_{row['number']}"])
    return labels, np.stack(found) if found else np.empty((0, 0, 0), dtype=np.int16)
