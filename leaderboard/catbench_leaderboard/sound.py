"""Whether a report that has the right form also makes sense, so that no page stumbles over it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isfinite

from catbench.errors import CatbenchError
from catbench.report import Curve, Estimate, Report, Result
from catbench_leaderboard.text import one_line

NEEDED = ("audc", "gain", "headroom", "peak")
"""Measures that every result has."""
REFERENCES = ("mixture", "oracle")
NAMES = ("suite", "pool", "cost", "metric", "slice")
"""What a result is found by: an empty one would be no choice."""


def check_report(report: Report) -> None:
    """Raise CatbenchError that names the result and what is wrong with it."""
    seen: set[tuple[str, ...]] = set()
    for result in report.results:
        place = (result.suite_digest, result.pool, result.cost, result.metric, result.slice)
        where = f"{result.metric}/{result.slice}"
        if place in seen:
            raise CatbenchError(f"two results on {where}")
        seen.add(place)
        if wrong := _wrong(result):
            raise CatbenchError(f"{where}: {wrong}")


def _wrong(result: Result) -> str:
    """Return what is wrong with a result, empty where nothing is."""
    for name in NAMES:
        if not one_line(getattr(result, name)):
            return f"its {name} is empty"
    if not result.fixed or not all(0 < fixed.cost < float("inf") for fixed in result.fixed.values()):
        return "it needs fixed candidates of positive, finite cost"
    if lacking := [name for name, fixed in result.fixed.items() if fixed.quality.value is None]:
        return f"fixed candidate {lacking[0]!r} has no quality"
    for name in NEEDED:
        if not isinstance(result.measures.get(name), Estimate):
            return f"it has no {name}"
    for name in REFERENCES:
        if "audc" not in result.references.get(name, {}):
            return f"it has no reference {name!r}"
    for name, curve in {"curve": result.curve, **result.reference_curves}.items():
        if problem := _wrong_curve(curve):
            return f"{name}: {problem}"
    steps = len(result.selection.cost)
    rates = result.selection.rate
    if set(rates) != set(result.fixed) or not steps or any(len(rate) != steps for rate in rates.values()):
        return "selection rates do not fit their costs"
    numbers = [*result.selection.cost, result.fit_seconds, result.seconds_per_prompt, *_measured(result)]
    if not all(map(isfinite, numbers)):
        return "a number is not finite"
    return ""


def _wrong_curve(curve: Curve) -> str:
    lengths = {len(curve.cost), len(curve.quality), *(len(end) for end in (curve.low, curve.high) if end)}
    if lengths == {0} or len(lengths) > 1:
        return f"lists of lengths {sorted(lengths)}"
    if not all(map(isfinite, [*curve.cost, *curve.quality])):
        return "a number is not finite"
    if not _rising(curve.cost):
        return "costs that fall"
    return ""


def _rising(values: Sequence[float]) -> bool:
    return all(a <= b for a, b in pairwise(values))


def _measured(result: Result) -> Iterable[float]:
    """Yield every number of a result's measures, references and fixed candidates."""
    estimates = [fixed.quality for fixed in result.fixed.values()]
    for found in (*result.measures.values(), *result.references.values()):
        estimates += [found] if isinstance(found, Estimate) else found.values()
    for estimate in estimates:
        yield from (end for end in (estimate.value, estimate.low, estimate.high) if end is not None)
