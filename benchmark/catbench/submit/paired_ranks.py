"""Who is ahead, by mean paired rank over metrics and over suites; and is one router better than another?

Draws are those that lie beside the reports. A gain is an area minus the same mixture's for all routers, so
ranks of areas are those of gains. Compared are the routers that can have a rank on all metrics of all
problems, among themselves; the others say what they lack.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.report.ranks import mean_ranks, over_suites, rank
from catbench.score.bootstrap import ends
from catbench.submit.problems import Axis, Problem, Row, on_axis

MEAN = "all metrics"
"""What routers are ranked by where it is no single metric: their mean rank over a suite's metrics."""
COLUMNS = ("router", "mean_rank", "mean_low", "mean_high", "rank", "rank_low", "rank_high", "first", "tier")
DIFFERENCES = ("metric", "slice", "prompts", "difference", "low", "high", "surely")
SAME = 1e-9
"""Mean ranks that differ by less are tied: sums of the same ranks in another order."""


def metrics_of(problem: Problem, by: str) -> tuple[str, ...]:
    """Return the metrics whose ranks are averaged."""
    return problem.metrics if by == MEAN else (by,)


def ranked(problems: tuple[Problem, ...], by: str, slice: str, axis: Axis) -> pd.DataFrame:
    """Return the ranking over some problems, each counting once: the ranked ones first and in order.

    Columns: `router` (its label); `mean_rank` with the ends `mean_low` and `mean_high`; `rank` with
    `rank_low` and `rank_high`; `first` (share of draws); `tier` (`catbench.report.ranks.Ranks`); and
    `unranked`: why there is no rank.
    """
    here: list[list[dict[str, Row]]] = []
    for problem in problems:
        tables = [problem.rows.get((metric, slice), ()) for metric in metrics_of(problem, by)]
        here.append([{row.label: row for row in table} for table in tables])
    lacking: dict[str, list[str]] = {label: [] for parts in here for rows in parts for label in rows}
    for label, reasons in lacking.items():
        for problem, parts in zip(problems, here, strict=True):
            found = [rows[label] for rows in parts if label in rows]
            reasons += [row.entry.unranked for row in found if row.entry.unranked]
            absent = [m for m, rows in zip(metrics_of(problem, by), parts, strict=True) if label not in rows]
            if absent:
                reasons.append(f"no result on {', '.join(absent) if found else problem.suite}")
    able = [label for label, reasons in lacking.items() if not reasons]
    areas = [[{label: row.areas(axis) for label, row in rows.items()} for rows in parts] for parts in here]
    rows = _table(able, areas).assign(unranked="").to_dict("records") if able else []
    rows += [
        {"router": label, "unranked": "; ".join(dict.fromkeys(reasons))}
        for label, reasons in lacking.items()
        if reasons
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS, "unranked"])


def _table(labels: Sequence[str], areas: Sequence[Sequence[dict[str, Floats]]]) -> pd.DataFrame:
    """Return the ranking of K routers that have areas (R,) on all metrics of all problems."""
    of_suites = [
        mean_ranks([np.stack([of[label] for label in labels], axis=1) for of in metrics]) for metrics in areas
    ]
    draws = over_suites(of_suites) if len(of_suites) > 1 else of_suites[0]
    mean = draws.mean(axis=0)
    found = rank(-mean, -draws, SAME)
    low, high, _ = ends(draws)
    columns = (list(labels), mean, low, high, found.rank, found.low, found.high, found.first, found.tier)
    table = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    return table.iloc[np.argsort(mean, kind="stable")].reset_index(drop=True)


def paired_gains(problem: Problem, metric: str, axis: Axis, first: str, second: str) -> pd.DataFrame:
    """Return the paired difference of two routers' gains, first less second, by metric and slice.

    `first` and `second` are labels; `metric` comes first. Columns: `metric`, `slice`, `prompts`,
    `difference`, `low`, `high`, and `surely`: `better` or `worse` where the interval is on one side of 0.
    """
    rows: list[dict[str, object]] = []
    for part in sorted(problem.rows, key=lambda part: part[0] != metric):
        here = {row.label: row for row in problem.rows[part]}
        if first in here and second in here:
            pair = here[first], here[second]
            gains = [row.result.estimate(on_axis("gain", axis)).value or 0.0 for row in pair]
            (low,), (high,), _ = ends((pair[0].areas(axis) - pair[1].areas(axis))[:, None])
            surely = "better" if low > 0 else "worse" if high < 0 else ""
            values = (*part, pair[0].result.prompts, gains[0] - gains[1], low, high, surely)
            rows.append(dict(zip(DIFFERENCES, values, strict=True)))
    return pd.DataFrame(rows, columns=DIFFERENCES)


def paired_bands(first: Row, second: Row) -> tuple[Floats, Floats]:
    """Return the ends of the paired difference of two routers' gains along the cost, (G,) each.

    Raises CatbenchError where replicates are gone, or have changed.
    """
    gains: list[Floats] = []
    for row in (first, second):
        table = row.entry.table("replicates")
        own = table[table["result"] == row.number]
        gains.append(own.filter(like="gain_").to_numpy(dtype=np.float64))
    return ends(gains[0] - gains[1])[:2]
