"""Deferral curves as a description of a figure; `catbench.report.plot` draws it, the leaderboard too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Floats
from catbench.report.estimates import numbers, rounded
from catbench.report.numbers import Curve
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.score.bootstrap import ends
from catbench.suite.pool import UNIT_LABELS

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7A5195", "#333333")
"""Colours that colour-blind readers tell apart (Okabe and Ito 2008)."""
REFERENCE = "#767676"


Place: TypeAlias = tuple[int, int]
"""Where a point's name stands: -1, 0 or 1 across (to its left, its middle, to its right), and so upwards."""
PLACES: tuple[Place, ...] = ((0, -1), (0, 1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
"""In the order in which they are tried."""
BEYOND = 0.5
"""Candidates farther from the curves than this share of their height are not shown: they would press the
curves into a line."""


@dataclass(frozen=True)
class Series:
    """One curve: a router's, with its band, or a reference's."""

    name: str
    curve: Curve
    role: Literal["router", "mixture", "oracle"]
    colour: str


@dataclass(frozen=True)
class FixedPoint:
    """Always using one candidate."""

    name: str
    cost: float
    quality: float


@dataclass(frozen=True)
class Panel:
    """Quality against cost on one metric, and below it the gain over the mixture."""

    title: str
    cost_label: str
    quality_label: str
    series: tuple[Series, ...]
    points: tuple[FixedPoint, ...]
    gains: tuple[Series, ...]
    """Each router's gain over the mixture, above 0 where it is better: the curves lie on each other."""

    @property
    def heights(self) -> list[float]:
        """All heights of the curves and their bands."""
        curves = [series.curve for series in self.series]
        ends = [end for c in curves for end in (*c.low, *c.high) if end is not None]
        return [*(height for c in curves for height in c.quality), *ends]


def panels(reports: Sequence[Report]) -> tuple[Panel, ...]:
    """Return one panel a metric of the first report, with the curves of every report that has it."""
    return tuple(_panel(result, reports) for result in reports[0].results if result.slice == "all")


def gain_curve(report: Report, position: int) -> Curve:
    """Return the gain over the mixture along the costs of a result on all prompts, with its band.

    The band is made of the report's replicates, which are kept at every other cost of the curve: only those
    costs are in it. Without replicates there is no band, and every cost.
    """
    result = report.results[position]
    cost, gains = np.asarray(result.curve.cost), _gains(result)
    if report.replicates.empty:
        return Curve(cost=cost.tolist(), quality=rounded(gains))
    drawn = report.replicates[report.replicates["result"] == position].filter(like="gain_")
    low, high, _ = ends(drawn.to_numpy(np.float64))
    kept = np.linspace(0, len(cost) - 1, drawn.shape[1]).round().astype(int)
    return Curve(cost=cost[kept].tolist(), quality=rounded(gains[kept]), low=numbers(low), high=numbers(high))


def curve_table(report: Report) -> pd.DataFrame:
    """Return the curves on all prompts as a table, a row a metric and cost, in the order of the report.

    Columns: `metric`, `cost`, `quality` with its band `low` and `high`, `gain` over the mixture with
    `gain_low` and `gain_high`, and the heights of the references. A band is missing without replicates, that
    of the gain also at every other cost (`gain_curve`).
    """
    tables: list[pd.DataFrame] = []
    for position, result in enumerate(report.results):
        if result.slice != "all":  # which has no curve
            continue
        curve, gain = result.curve, gain_curve(report, position)
        nothing = [np.nan] * len(curve.cost)
        columns: dict[str, Any] = {
            "metric": result.metric,
            "cost": curve.cost,
            "quality": curve.quality,
            "low": curve.low or nothing,
            "high": curve.high or nothing,
            "gain": rounded(_gains(result)),
        }
        for name, end in (("gain_low", gain.low), ("gain_high", gain.high)):
            at = dict(zip(gain.cost, end, strict=True)) if end else {}
            columns[name] = [at.get(cost, np.nan) for cost in curve.cost]
        tables.append(pd.DataFrame({**columns, **result.reference_curves}))
    return pd.concat(tables, ignore_index=True)


def _gains(result: Result) -> Floats:
    """Return the gain over the mixture at the costs of the curve, above 0 where the router is better."""
    sign = -1 if result.direction == "lower" else 1
    mixture = np.asarray(result.reference_curve("mixture").quality)
    return sign * (np.asarray(result.curve.quality) - mixture) + 0.0


def frame(curves: npt.ArrayLike, fixed: npt.ArrayLike) -> tuple[float, float, int]:
    """Return the lowest and highest quality to show, and how many fixed candidates lie outside."""
    heights, points = np.asarray(curves, dtype=np.float64), np.asarray(fixed, dtype=np.float64)
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    reach = BEYOND * (high - low or 1.0)
    near = points[(points >= low - reach) & (points <= high + reach)]
    low, high = min([low, *near]), max([high, *near])
    pad = 0.08 * (high - low or 1.0)
    return low - pad, high + pad, len(points) - len(near)


def pareto_front(result: Result) -> list[str]:
    """Return the candidates that no other matches or beats at no greater cost, by rising cost."""
    sign = -1 if result.direction == "lower" else 1
    quality = {name: sign * (fixed.quality.value or 0.0) for name, fixed in result.fixed.items()}
    cost = dict(zip(result.candidates, result.costs, strict=True))
    front: list[str] = []
    for name in sorted(result.candidates, key=lambda name: (cost[name], -quality[name])):
        if not front or quality[name] > quality[front[-1]]:
            front.append(name)
    return front


def fixed_points(result: Result) -> list[FixedPoint]:
    """Return the candidates whose quality is known: those on the Pareto front, then the best."""
    front, sign = pareto_front(result), -1 if result.direction == "lower" else 1
    found = [FixedPoint(name, one.cost, one.quality.value or 0.0) for name, one in result.fixed.items()
             if one.quality.value is not None]  # fmt: skip
    return sorted(found, key=lambda point: (point.name not in front, -sign * point.quality))


def outside_label(outside: int) -> str:
    """Return what a figure says of candidates outside its frame."""
    return f"{outside} candidate{'s' * (outside > 1)} outside" if outside else ""


def label_places(
    points: Floats,
    names: Sequence[str],
    size: tuple[float, float],
    character: tuple[float, float],
    lines: Sequence[Floats] = (),
) -> list[Place | None]:
    """Return where the name of each point (P, 2) has room, None where it would cover another or the frame.

    `points` and `lines`, each (K, 2), are in pixels from the lower left corner of a frame of `size`;
    `character` is the width and height of one. The first points are named first, each where lines strike
    through least of its name.
    """
    markers = [_Box(x - 3, y - 3, x + 3, y + 3) for x, y in points]
    inked = np.concatenate([np.empty((0, 2)), *map(_along, lines)])
    taken: list[_Box] = []
    places: list[Place | None] = []
    for i, (name, (x, y)) in enumerate(zip(names, points.tolist(), strict=True)):
        others = [box for j, box in enumerate(markers) if j != i]
        free: list[tuple[int, Place, _Box]] = [
            (box.covers(inked), place, box)
            for place, box in _boxes(x, y, len(name) * character[0], character[1])
            if box.left >= 0 and box.low >= 0 and box.right <= size[0] and box.high <= size[1]
            and not any(box.meets(other) for other in (*taken, *others))
        ]  # fmt: skip
        best = min(free, key=lambda one: one[0], default=None)
        places.append(best[1] if best else None)
        taken += [best[2]] if best else []
    return places


def _along(line: Floats) -> Floats:
    """Return points along a line (K, 2), close to each other."""
    shares = np.linspace(0, 1, 40)[:, None, None]
    return (line[:-1] + shares * np.diff(line, axis=0)).reshape(-1, 2)


@dataclass(frozen=True)
class _Box:
    left: float
    low: float
    right: float
    high: float

    def meets(self, other: _Box) -> bool:
        """Return whether two boxes overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.low < other.high and other.low < self.high

    def covers(self, points: Floats) -> int:
        """Return how many points (P, 2) lie in the box."""
        x, y = points.T
        return int(((x > self.left) & (x < self.right) & (y > self.low) & (y < self.high)).sum())


def _boxes(x: float, y: float, wide: float, high: float) -> list[tuple[Place, _Box]]:
    away = 4.0  # pixels between a point and its name
    found: list[tuple[Place, _Box]] = []
    for across, up in PLACES:
        left = x + across * away + (across - 1) * wide / 2
        low = y + up * away + (up - 1) * high / 2
        found.append(((across, up), _Box(left, low, left + wide, low + high)))
    return found


def cost_label(key: str) -> str:
    """Return how a cost key is written on an axis: `seconds per image (H200)`."""
    unit, _, hardware = key.partition("@")
    return f"{UNIT_LABELS.get(unit, unit)} per image" + (f" ({hardware})" if hardware else "")


def _panel(first: Result, reports: Sequence[Report]) -> Panel:
    found = [
        (report, position, PALETTE[number % len(PALETTE)])
        for number, report in enumerate(reports)
        for position, result in enumerate(report.results)
        if (result.metric, result.slice) == (first.metric, "all")
    ]
    curves, gains = (
        tuple(
            Series(report.router.name, curve, "router", colour)
            for curve, (report, _, colour) in zip(drawn, found, strict=True)
        )
        for drawn in (
            [report.results[position].curve for report, position, _ in found],
            [gain_curve(report, position) for report, position, _ in found],
        )
    )
    better = " (lower is better)" if first.direction == "lower" else ""
    simulated = "SIMULATED: " if reports[0].simulated else ""
    return Panel(
        title=f"{simulated}{first.suite}, pool {first.pool}, {first.prompts:,} test prompts",
        cost_label=cost_label(first.cost),
        quality_label=f"mean {first.metric_label}{better}",
        series=(
            Series(
                "mixture (does not read the prompt)", first.reference_curve("mixture"), "mixture", REFERENCE
            ),
            Series("oracle", first.reference_curve("oracle"), "oracle", REFERENCE),
            *curves,
        ),
        points=tuple(fixed_points(first)),
        gains=gains,
    )
