"""Is the one router better than the other? Paired differences, from the replicates beside reports."""

from __future__ import annotations

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.score.bootstrap import ends
from catbench.submit.problems import Axis, Problem, Row, on_axis

NAMES = ("metric", "slice", "prompts", "difference", "low", "high", "surely")


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
            rows.append(dict(zip(NAMES, values, strict=True)))
    return pd.DataFrame(rows, columns=NAMES)


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
