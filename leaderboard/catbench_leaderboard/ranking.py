"""The table of ranks: every router's score and place in each problem, slice, and way to rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.report import Result
from catbench_leaderboard.board import MEAN
from catbench_leaderboard.problems import problem_of
from catbench_leaderboard.ranks import ends, rank
from catbench_leaderboard.reports import Entry

UNCERTAIN = ("rank", "rank_low", "rank_high", "first", "behind", "behind_low", "behind_high")
"""Columns that only a ranked router has."""
COLUMNS = ("problem", "slice", "by", "entry", "value", "low", "high", *UNCERTAIN, "with_leader", "unranked")


@dataclass(frozen=True, eq=False)
class Score:
    """A router's headroom captured on one metric, or its mean over all, with replicates."""

    entry: str
    value: float
    low: float
    high: float
    draws: Floats | None
    """(R,); None where there are none, so that it has no rank."""
    unranked: str = ""
    """Why not."""


def rank_table(
    entries: Sequence[Entry],
    headroom_draws: Mapping[tuple[str, int], Floats],
    unranked: Mapping[str, str],
    metrics_of: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Return `ranks`.

    `headroom_draws` holds replicates (R,) by entry and number of its result, `unranked` why an entry is not
    ranked, `metrics_of` the metrics of each problem.
    """
    found: list[tuple[str, str, str, Score]] = []
    for entry in entries:
        for number, result in enumerate(entry.report.results):
            problem = problem_of(result, entry.report.simulated).id
            draws = headroom_draws.get((entry.id, number))
            score = _of_result(entry.id, result, draws, unranked.get(entry.id, ""))
            found.append((problem, result.slice, result.metric, score))
    rows: list[dict[str, Any]] = []
    found.sort(key=lambda row: row[:2])
    for (problem, slice), group in groupby(found, key=lambda row: row[:2]):
        by_metric: dict[str, list[Score]] = {}
        for _, _, metric, score in group:
            by_metric.setdefault(metric, []).append(score)
        wanted = metrics_of[problem]
        for by, scores in {MEAN: _means(by_metric, wanted), **by_metric}.items():
            rows += [{"problem": problem, "slice": slice, "by": by, **row} for row in ranked_rows(scores)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ranked_rows(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """Return the rows of one ranking, the ranked ones first and in order."""
    able = [score for score in scores if score.draws is not None and np.isfinite(score.value)]
    rows: list[dict[str, Any]] = []
    if able:
        draws = np.stack([score.draws for score in able if score.draws is not None], axis=1)
        found = rank(np.array([score.value for score in able]), draws)
        leader = able[int(np.argmin(found.rank))]
        for k, score in enumerate(able):
            rows.append(
                {
                    "entry": score.entry,
                    "value": score.value,
                    "low": score.low,
                    "high": score.high,
                    "rank": float(found.rank[k]),
                    "rank_low": float(found.low[k]),
                    "rank_high": float(found.high[k]),
                    "first": float(found.first[k]),
                    "behind": float(found.behind[k]),
                    "behind_low": float(found.behind_low[k]),
                    "behind_high": float(found.behind_high[k]),
                    "with_leader": bool(score.high >= leader.low),
                    "unranked": "",
                }
            )
        rows.sort(key=lambda row: row["rank"])
    missing = dict.fromkeys(UNCERTAIN, np.nan)
    for score in sorted(
        (s for s in scores if s not in able), key=lambda s: -np.nan_to_num(s.value, nan=-np.inf)
    ):
        shown = {"entry": score.entry, "value": score.value, "low": score.low, "high": score.high}
        reason = score.unranked or "no headroom to capture"
        rows.append({**shown, **missing, "with_leader": False, "unranked": reason})
    return rows


def _of_result(entry: str, result: Result, draws: Floats | None, unranked: str) -> Score:
    """Return the score of one result, with the draws' interval where its report has none."""
    found = result.estimate("headroom")
    value, low, high = (np.nan if end is None else end for end in (found.value, found.low, found.high))
    if draws is not None and np.isnan([low, high]).any():
        low, high = _interval(draws)
    return Score(entry, value, low, high, None if unranked else draws, unranked)


def _means(by_metric: Mapping[str, Sequence[Score]], wanted: Sequence[str]) -> list[Score]:
    """Return each router's mean over the metrics, its interval from replicates that all metrics share."""
    of_entry: dict[str, dict[str, Score]] = {}
    for metric, scores in by_metric.items():
        for score in scores:
            of_entry.setdefault(score.entry, {})[metric] = score
    means: list[Score] = []
    for entry, scores in of_entry.items():
        if lacking := [metric for metric in wanted if metric not in scores]:
            means.append(Score(entry, np.nan, np.nan, np.nan, None, f"no result on {', '.join(lacking)}"))
            continue
        chosen = [scores[metric] for metric in wanted]
        value = float(np.mean([score.value for score in chosen]))
        parts = [score.draws for score in chosen if score.draws is not None]
        if len(parts) < len(chosen):
            reason = next(score.unranked for score in chosen if score.draws is None)
            means.append(Score(entry, value, np.nan, np.nan, None, reason))
            continue
        draws = np.mean(parts, axis=0)
        means.append(Score(entry, value, *_interval(draws), draws))
    return means


def _interval(draws: Floats) -> tuple[float, float]:
    """Return the ends of the interval of replicates (R,), without those that do not exist."""
    finite = draws[np.isfinite(draws)]
    if not len(finite):
        return np.nan, np.nan
    low, high = ends(finite[:, None])
    return float(low[0]), float(high[0])
