"""From arrays to the records of a report: signs, nulls and names per candidate, in one place."""

from __future__ import annotations

from math import isfinite

import numpy as np

from catbench.arrays import Floats
from catbench.bootstrap import Intervals
from catbench.matrix import Metric
from catbench.measures import MEASURES
from catbench.pool import Pool
from catbench.report import Curve, Estimate, Measured


def estimates(found: Intervals, metric: Metric, kind: str = "quality") -> list[Estimate]:
    """Return estimates (K,): qualities with the metric's own sign, null for what does not exist."""
    low, value, high = found.low, found.value, found.high
    if kind == "quality" and metric.sign < 0:
        low, value, high = -high, -value, -low
    return [
        Estimate(value=number(v), low=number(a), high=number(b), standard_error=number(e))
        for v, a, b, e in zip(value, low, high, found.standard_error, strict=True)
    ]


def measures(found: dict[str, Intervals], metric: Metric, pool: Pool) -> dict[str, Measured]:
    """Return every measure among the values, in the order of tables, one estimate or one a candidate."""
    record: dict[str, Measured] = {}
    for name, measure in MEASURES.items():
        if name in found:
            items = estimates(found[name], metric, measure.kind)
            record[name] = dict(zip(pool.ids, items, strict=True)) if measure.per_candidate else items[0]
    return record


def curve_record(cost: Floats, found: Intervals, metric: Metric) -> Curve:
    """Return a curve read off at costs (G,), with its band where replicates were drawn."""
    band = estimates(found, metric) if np.isfinite(found.low).all() else []
    return Curve(
        cost=cost.tolist(),
        quality=(found.value * metric.sign).tolist(),
        low=[point.low for point in band],
        high=[point.high for point in band],
    )


def number(value: float) -> float | None:
    """Return the value, or None where it is infinite or nan."""
    return float(value) if isfinite(value) else None
