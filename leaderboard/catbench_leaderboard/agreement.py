"""Whether a report's numbers are those of its predictions and the suite.

Compared are the values of all measures but two, qualities and costs of fixed candidates, references without
the cascade, heights of curves, and of intervals that of headroom captured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats
from catbench.bootstrap import Bootstrap, Intervals, intervals
from catbench.errors import CatbenchError
from catbench.estimates import curve_record, estimates, measures, number
from catbench.matrix import Metric
from catbench.measures import MEASURES
from catbench.pool import Pool
from catbench.report import Curve, Estimate, Measured, Result
from catbench.scoring import Scorer
from catbench_leaderboard.answers import BOOTSTRAP
from catbench_leaderboard.ranks import ends

AGREES = 1e-6
"""Numbers agree where they differ by less than this share of their size, or of the headroom."""
NOT_DERIVED = ("win_rate", "audc_with_overhead")
"""Measures that need refits, or the running time that was measured."""
NOT_COMPARED = "cascade"
"""A reference that is chosen by training scores."""
WITHOUT_UNIT = ("share", "ratio", "correlation")

Numbers: TypeAlias = Mapping[str, float | None]
"""What a number is called -> the number, None where it does not exist."""


def check_numbers(
    result: Result, scorer: Scorer, metric: Metric, pool: Pool, groups: npt.NDArray[np.str_]
) -> None:
    """Raise CatbenchError where a number of a result is not that of its predictions.

    `scorer` scores these on the result's prompts, whose groups are (n,).
    """
    if result.direction != metric.direction:
        raise CatbenchError(f"{metric.name} is {metric.direction}-is-better in the suite: not ranked")
    found = intervals(scorer.report_values, groups, Bootstrap(0))
    room = float(found["references.oracle.audc"].value[0] - found["references.mixture.audc"].value[0])
    scale = max(room, AGREES * float(np.abs(scorer.quality).max()))
    derived = measures(found, metric, pool)
    for name, measure in MEASURES.items():
        if name not in NOT_DERIVED:
            one, other = (_values(measure.label, record.get(name)) for record in (result.measures, derived))
            _compare(result, one, other, 1.0 if measure.kind in WITHOUT_UNIT else scale)
    fixed = dict(zip(pool.ids, estimates(found["fixed"], metric), strict=True))
    said = {name: one.quality for name, one in result.fixed.items()}
    _compare(result, _values("quality", said), _values("quality", fixed), scale)
    paid = {f"cost ({name})": one.cost for name, one in result.fixed.items()}
    _compare(result, paid, dict(zip(paid, pool.cost.tolist(), strict=True)), 0.0)
    for name, reference in result.references.items():
        if name != NOT_COMPARED:
            if not any(key.startswith(f"references.{name}.") for key in found):
                raise CatbenchError(f"{name!r} is no reference of {metric.name}/{result.slice}: not ranked")
            stated = {f"{what} of the {name}": one.value for what, one in reference.items()}
            own = {f"{what} of the {name}": _reference(found, name, what, metric) for what in reference}
            _compare(result, stated, own, scale)
    _compare_curves(result, "curve", result.curve, curve_record(scorer.grid, found["curve"], metric), scale)
    for name, curve in scorer.reference_curves().items():
        if name in result.reference_curves:
            heights = (curve.quality_at(scorer.grid) * metric.sign).tolist()
            own = Curve(cost=scorer.grid.tolist(), quality=heights)
            _compare_curves(result, f"curve of the {name}", result.reference_curves[name], own, scale)


def check_interval(result: Result, bootstrap: Mapping[str, int], draws: Floats) -> None:
    """Raise CatbenchError where the interval of headroom captured is not that of the board's draws (R,).

    `bootstrap` is the report's. Where its draws are the board's or the first of these, both ends are derived.
    Of others, an end may lie within the draws' interval, or outside by its width beyond the last draw.
    """
    found, count = result.estimate("headroom"), bootstrap.get("replicates", 0)
    names = [f"the {end} end of headroom captured" for end in ("low", "high")]
    stated = dict(zip(names, (found.low, found.high), strict=True))
    if bootstrap.get("seed") == BOOTSTRAP.seed and count <= BOOTSTRAP.replicates:
        _compare(result, stated, dict(zip(names, _ends(draws[:count]), strict=True)), 1.0)
        return
    low, high = _ends(draws)
    if low is None or high is None:
        return
    width = high - low + AGREES
    bounds = (float(np.nanmin(draws)) - width, high + AGREES), (low - AGREES, float(np.nanmax(draws)) + width)
    for (name, end), own, (least, most) in zip(stated.items(), (low, high), bounds, strict=True):
        if end is not None and not least <= end <= most:
            raise _differs(result, name, end, own)


def _ends(draws: Floats) -> tuple[float | None, float | None]:
    """Return the ends of an interval as a report has them: draws (R,) without a value widen it both ways."""
    if not len(draws):
        return None, None
    missing = np.isnan(draws)[:, None]
    low, _ = ends(np.where(missing, -np.inf, draws[:, None]))
    _, high = ends(np.where(missing, np.inf, draws[:, None]))
    return number(low[0]), number(high[0])


def _values(label: str, found: Measured | Mapping[str, Estimate] | None) -> Numbers:
    if isinstance(found, Estimate):
        return {label: found.value}
    return {f"{label} ({candidate})": one.value for candidate, one in (found or {}).items()}


def _reference(found: Mapping[str, Intervals], name: str, measure: str, metric: Metric) -> float | None:
    values = found.get(f"references.{name}.{measure}")
    return estimates(values, metric)[0].value if values else None


def _compare(result: Result, stated: Numbers, derived: Numbers, scale: float) -> None:
    """Raise CatbenchError at the first number that differs; None equals None only."""
    for name in {**derived, **stated}:
        one, other = stated.get(name), derived.get(name)
        if one is None and other is None:
            continue
        if one is None or other is None or abs(one - other) > AGREES * max(scale, abs(other)):
            raise _differs(result, name, one, other)


def _compare_curves(result: Result, name: str, stated: Curve, derived: Curve, scale: float) -> None:
    same = len(stated.cost) == len(derived.cost)
    if not same or not np.allclose(stated.cost, derived.cost, rtol=AGREES, atol=0):
        raise CatbenchError(
            f"{name} of {result.metric}/{result.slice} is not read off at a report's costs: not ranked"
        )
    places = [f"{name} at {cost:.6g}, point {position}" for position, cost in enumerate(derived.cost)]
    one, other = (dict(zip(places, curve.quality, strict=True)) for curve in (stated, derived))
    _compare(result, one, other, scale)


def _differs(result: Result, name: str, stated: float | None, derived: float | None) -> CatbenchError:
    one, other = ("none" if value is None else f"{value:.9g}" for value in (stated, derived))
    where = f"{result.metric}/{result.slice}"
    return CatbenchError(
        f"{name} of {where} is {one} in the report and {other} by its predictions: not ranked"
    )
