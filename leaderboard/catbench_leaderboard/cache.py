"""The board of some folders: read from where it was kept, or made once and kept.

What is kept lies in a folder named by the digests of all reports and suites behind it, written whole or not
at all. `$CATBENCH_HOME/leaderboard`, or the platform's cache folder, holds it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from platformdirs import user_cache_dir

from catbench import __version__
from catbench.arrays import Floats
from catbench.errors import CatbenchError, UsageError
from catbench.files import atomic_folder
from catbench_leaderboard.board import (
    TABLES,
    Board,
    Known,
    entry_table,
    problem_table,
    result_tables,
    trouble_table,
)
from catbench_leaderboard.draws import Draws, captured
from catbench_leaderboard.ranking import rank_table
from catbench_leaderboard.reports import Entry, Trouble, digest_of, find_reports, read_reports
from catbench_leaderboard.suites import matrix_of, suite_folders

FORMAT = "2"
"""Changes with the tables."""
KEPT = 3
"""Boards that are kept; older ones are removed."""
Progress = Callable[[str, int, int], None]


def cache_folder() -> Path:
    """Return the folder of what is kept."""
    home = os.environ.get("CATBENCH_HOME")
    return Path(home) / "leaderboard" if home else Path(user_cache_dir("catbench")) / "leaderboard"


def open_board(
    folders: Sequence[Path], cache: Path | None = None, progress: Progress = lambda what, done, total: None
) -> Board:
    """Return the board of the reports in these folders; raises UsageError where one does not exist."""
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder: give folders that hold reports")
    found = find_reports(folders)
    cache = cache or cache_folder()
    digests = {name: digest_of(path) for path, name in found.items()}
    kept = cache / "boards" / _key(digests)
    if (board := _read(kept)) is None:
        board = build_board(found, Draws(cache / "draws"), progress)
        _keep(board, kept)
    return board


def build_board(
    found: Mapping[Path, str], draws: Draws, progress: Progress = lambda what, done, total: None
) -> Board:
    """Return the board of these reports, by path with their names."""
    entries, troubles = read_reports(found)
    known, broken = _known_suites({r.suite_digest for e in entries for r in e.report.results})
    unranked: dict[str, str] = {}
    headrooms: dict[tuple[str, int], Floats] = {}
    for position, entry in enumerate(entries):
        progress("scoring predictions", position, len(entries))
        reason = _cannot_be_ranked(entry, known, broken)
        if not reason:
            try:
                headrooms |= _headrooms(entry, draws)
            except CatbenchError as error:
                reason = str(error)
        if reason:
            unranked[entry.id] = reason
            if entry.predictions:
                troubles.append(Trouble(entry.id, reason))
    entries.sort(key=lambda entry: entry.id in unranked)
    progress("ranking", len(entries), len(entries))
    if not entries:
        nothing = {name: pd.DataFrame() for name in TABLES}
        return Board(**{**nothing, "troubles": trouble_table(troubles)})
    problems = problem_table(entries, known)
    wanted = dict(zip(problems["id"], problems["metrics"], strict=True))
    return Board(
        problems=problems,
        entries=entry_table(entries),
        ranks=rank_table(entries, headrooms, unranked, wanted),
        troubles=trouble_table(troubles),
        **result_tables(entries),
    )


def _known_suites(wanted: set[str]) -> tuple[dict[str, Known], dict[str, str]]:
    """Return the suites at hand by digest, and what is wrong with those that do not load."""
    known: dict[str, Known] = {}
    broken: dict[str, str] = {}
    for digest in wanted & set(suite_folders()):
        try:
            matrix = matrix_of(digest)
            known[digest] = Known(tuple(metric.name for metric in matrix.metrics), matrix.cost_keys)
        except (CatbenchError, OSError) as error:
            broken[digest] = str(error)
    return known, broken


def _cannot_be_ranked(entry: Entry, known: Mapping[str, object], broken: Mapping[str, str]) -> str:
    if entry.predictions is None:
        return "no predictions"
    if entry.report.submission and not entry.report.submission.prompt_only:
        return "reads more than the prompt"
    for result in entry.report.results:
        if result.suite_digest not in known:
            lacking = f"suite {result.suite}@{result.suite_digest[:8]} is not here"
            return broken.get(result.suite_digest, lacking)
    return ""


def _headrooms(entry: Entry, draws: Draws) -> dict[tuple[str, int], Floats]:
    arrays = draws.of_entry(entry.digest, lambda: entry)
    found: dict[tuple[str, int], Floats] = {}
    for number, result in enumerate(entry.report.results):
        room = draws.room(result, entry.report.simulated)
        gains = arrays[f"gain_{number}"].astype(np.float64)
        found[entry.id, number] = captured(gains, room)[1:]
    return found


def _key(digests: Mapping[str, str]) -> str:
    made_of = [FORMAT, __version__, sorted(digests.items()), sorted(suite_folders())]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]


def _read(folder: Path) -> Board | None:
    if not folder.is_dir():
        return None
    try:
        return Board(**{name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES})
    except (OSError, ValueError):
        return None


def _keep(board: Board, folder: Path) -> None:
    """Keep a board, and remove the oldest ones; a place that cannot be written keeps none."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(folder, force=True) as draft:
            for name in TABLES:
                getattr(board, name).to_parquet(draft / f"{name}.parquet", index=False)
        boards = sorted(folder.parent.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in boards[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    except (OSError, UsageError):
        return
