"""From arrays to the records of a report: signs, nulls, digits and columns, in one place."""

from __future__ import annotations

from math import isfinite

import numpy as np

from catbench.arrays import Floats
from catbench.report.numbers import Curve, Estimate, Estimates, Measured
from catbench.score.bootstrap import Intervals
from catbench.score.measures import MEASURES
from catbench.suite.info import Metric

DIGITS = 6
"""Digits that a number of a report keeps."""
TINY = 1e-13


def estimates(found: Intervals, metric: Metric, kind: str = "quality") -> Estimates:
    """Return columns (K,) of estimates: qualities with the metric's sign, null for what does not exist."""
    low, value, high = found.low, found.value, found.high
    if kind == "quality" and metric.sign < 0:
        low, value, high = -high, -value, -low
    columns = (numbers(column) for column in (value, low, high, found.standard_error))
    return Estimates(**dict(zip(("value", "low", "high", "standard_error"), columns, strict=True)))


def single(found: Intervals, metric: Metric, kind: str = "quality") -> Estimate:
    """Return the estimate of a value (1,)."""
    return estimates(found, metric, kind).at(0)


def measures(found: dict[str, Intervals], metric: Metric) -> dict[str, Measured]:
    """Return every measure among the values, in the order of tables, one estimate or columns a candidate."""
    record: dict[str, Measured] = {}
    for name, measure in MEASURES.items():
        if name in found:
            columns = estimates(found[name], metric, measure.kind)
            record[name] = columns if measure.per_candidate else columns.at(0)
    return record


def curve_record(cost: Floats, found: Intervals, metric: Metric, kind: str = "quality") -> Curve:
    """Return a curve read off at costs (G,), with its band where replicates were drawn."""
    columns = estimates(found, metric, kind)
    banded = np.isfinite(found.low).all()
    return Curve(
        cost=rounded(cost),
        quality=[value or 0.0 for value in columns.value],
        low=columns.low if banded else [],
        high=columns.high if banded else [],
    )


def numbers(values: Floats) -> list[float | None]:
    """Return values with the digits of a report, None where one is infinite or nan."""
    return [number(value) for value in values.tolist()]


def rounded(values: Floats) -> list[float]:
    """Return finite values with the digits of a report."""
    return [number(value) or 0.0 for value in values.tolist()]


def number(value: float) -> float | None:
    """Return the value with the digits of a report, or None where it is infinite or nan.

    What is smaller than TINY is the rounding of sums, and 0.
    """
    if not isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}") if abs(value) >= TINY else 0.0
