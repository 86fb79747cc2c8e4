"""Who is ahead: on a metric by gain over the mixture, over metrics and suites by mean rank.

Draws are those that lie beside the reports. A gain is an area minus the same mixture's for all routers, so
ranks and differences of areas are those of gains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.score.bootstrap import ends
from catbench_leaderboard.board import MEAN, Board, View
from catbench_leaderboard.problems import Axis, Problem, Row, on_axis
from catbench_leaderboard.ranks import mean_ranks, over_suites, rank, same_area

RANKED = ("rank", "rank_low", "rank_high", "first", "behind", "behind_low", "behind_high")
"""Columns that only a ranked router has."""
COLUMNS = ("router", "value", "low", "high", *RANKED, "unranked")
DRAWS = 1e-9
"""Mean ranks that differ by less are tied: sums of the same ranks in another order."""


def ranking(board: Board, view: View) -> pd.DataFrame:
    """Return the ranking of a view, the ranked ones first and in order.

    Columns: `router` (its label), `value` (gain, or mean rank where a view is ranked by the mean over
    metrics) with `low` and `high`, `rank` with its ends, `first` (probability), `behind` the leader with the
    ends of its paired interval, and `unranked`: why there is no rank.
    """
    return _ranking(board, board.problem(view), view.by, view.slice, view.axis)


def ordered(board: Board, view: View) -> list[Row]:
    """Return the routers of a view that have its metric, best ranked first."""
    order = list(ranking(board, view)["router"])
    return sorted(board.rows(view), key=lambda row: order.index(row.label))


def certain(table: pd.DataFrame) -> Any:
    """Return (K,) whether a ranked router is surely behind the leader, by the paired interval."""
    return (table["behind_low"] > 0).to_numpy()


@lru_cache(maxsize=256)
def _ranking(board: Board, problem: Problem, by: str, slice: str, axis: Axis) -> pd.DataFrame:
    if by == MEAN:
        draws, lacking = _mean_ranks(problem, slice, axis)
        return _by_mean_rank(draws, lacking)
    rows = problem.rows.get((by, slice), ())
    gains = {row.label: row.result.estimate(on_axis("gain", axis)) for row in rows}
    able = [row for row in rows if not row.entry.unranked]
    table = pd.DataFrame(columns=list(COLUMNS))
    if able:
        areas = np.stack([row.areas(axis) for row in able], axis=1)
        score = np.array([gains[row.label].value for row in able], dtype=np.float64)
        table = _table([row.label for row in able], score, areas, same_area(areas))
    reasons = {row.label: row.entry.unranked for row in rows if row.entry.unranked}
    table = _with_unranked(table, reasons)
    for end in ("value", "low", "high"):
        table[end] = [_number(getattr(gains[label], end)) for label in table["router"]]
    return table


def suites_ranking(board: Board, axis: Axis, suites: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the ranking over suites, as `ranking` does by mean rank, and the problem of each suite in words.

    Of each suite its first problem counts. Compared are the routers with results on all metrics of all these
    suites; the others say in `unranked` what they lack.
    """
    chosen: dict[str, Problem] = {}
    for problem in board.problems:
        if problem.suite in suites:
            chosen.setdefault(problem.suite, problem)
    lacking: dict[str, list[str]] = {}
    for problem in chosen.values():
        for row in (row for rows in problem.rows.values() for row in rows):
            lacking.setdefault(row.label, [])
    for suite, problem in chosen.items():
        able, missing = _able(problem, "all")
        for label in lacking:
            if label not in able:
                lacking[label].append(f"{suite}: {missing.get(label, 'no result')}")
    both = [label for label, reasons in lacking.items() if not reasons]
    ranks = [_ranks_among(problem, "all", axis, both) for problem in chosen.values()] if both else []
    draws = dict(zip(both, over_suites(ranks).T, strict=True)) if both else {}
    reasons = {label: "; ".join(found) for label, found in lacking.items() if found}
    words = [f"{suite} ({problem.pool}, {problem.cost})" for suite, problem in chosen.items()]
    return _by_mean_rank(draws, reasons), words


def _mean_ranks(problem: Problem, slice: str, axis: Axis) -> tuple[dict[str, Floats], dict[str, str]]:
    able, lacking = _able(problem, slice)
    draws = _ranks_among(problem, slice, axis, able).T if able else []
    return dict(zip(able, draws, strict=True)), lacking


def _able(problem: Problem, slice: str) -> tuple[list[str], dict[str, str]]:
    """Return the routers that can be ranked over a problem's metrics, and what the others lack."""
    of_label: dict[str, dict[str, Row]] = {}
    for metric in problem.metrics:
        for row in problem.rows.get((metric, slice), ()):
            of_label.setdefault(row.label, {})[metric] = row
    lacking: dict[str, str] = {}
    for label, rows in of_label.items():
        absent = [metric for metric in problem.metrics if metric not in rows]
        reason = next(iter(rows.values())).entry.unranked
        if reason or absent:
            lacking[label] = reason or f"no result on {', '.join(absent)}"
    return [label for label in of_label if label not in lacking], lacking


def _ranks_among(problem: Problem, slice: str, axis: Axis, labels: Sequence[str]) -> Floats:
    """Return mean ranks (R, K) over a problem's metrics, among K of its routers only."""
    areas: list[Floats] = []
    for metric in problem.metrics:
        rows = {row.label: row for row in problem.rows[metric, slice]}
        areas.append(np.stack([rows[label].areas(axis) for label in labels], axis=1))
    return mean_ranks(areas)


def _by_mean_rank(of_label: Mapping[str, Floats], lacking: Mapping[str, str]) -> pd.DataFrame:
    """Return a ranking by mean ranks (R,) of each router."""
    table = pd.DataFrame(columns=list(COLUMNS))
    if of_label:
        draws = np.stack(list(of_label.values()), axis=1)
        table = _table(list(of_label), -draws.mean(axis=0), -draws, DRAWS)
        low, high, _ = ends(draws)
        for name, column in {"value": draws.mean(axis=0), "low": low, "high": high}.items():
            table[name] = table["router"].map(dict(zip(of_label, column.tolist(), strict=True)))
    return _with_unranked(table, lacking)


def _table(labels: Sequence[str], score: Floats, draws: Floats, same: float) -> pd.DataFrame:
    found = rank(score, draws, same)
    columns = (found.rank, found.low, found.high, found.first)
    behind = (found.behind, found.behind_low, found.behind_high)
    table = pd.DataFrame(dict(zip(RANKED, (*columns, *behind), strict=True)), dtype=np.float64)
    table = table.assign(router=list(labels), value=np.nan, low=np.nan, high=np.nan, unranked="")
    return table[list(COLUMNS)].iloc[np.argsort(-score, kind="stable")].reset_index(drop=True)


def _with_unranked(table: pd.DataFrame, reasons: Mapping[str, str]) -> pd.DataFrame:
    """Return a ranking with those below that have no rank, and why."""
    if not reasons:
        return table
    nothing = dict.fromkeys(("value", "low", "high", *RANKED), np.nan)
    below = pd.DataFrame([{"router": name, **nothing, "unranked": why} for name, why in reasons.items()])
    return pd.concat([table, below], ignore_index=True) if len(table) else below[list(COLUMNS)]


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def forget() -> None:
    """Forget what belongs to a board that is gone."""
    _ranking.cache_clear()
