"""Deferral curves as a description of a figure; `catbench.report.plot` draws it, the leaderboard too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Floats
from catbench.report.estimates import numbers, rounded
from catbench.report.numbers import ALONG, Curve
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.score.bootstrap import ends
from catbench.suite.pool import UNIT_LABELS

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7A5195", "#333333")
"""Colours that colour-blind readers tell apart (Okabe and Ito 2008)."""
REFERENCE = "#767676"
MIXTURE = "mixture (does not read the prompt)"
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
    """The gain over the mixture, its own, which is 0, and each router's: the curves lie on each other."""

    @property
    def heights(self) -> list[float]:
        """All heights of the curves and their bands."""
        curves = [series.curve for series in self.series]
        ends = [end for c in curves for end in (*c.low, *c.high) if end is not None]
        return [*(height for c in curves for height in c.quality), *ends]


def panels(reports: Sequence[Report]) -> tuple[Panel, ...]:
    """Return one panel a metric of the first report, with the curves of every report that has it."""
    return tuple(_panel(result, reports) for result in reports[0].whole.values())


def gain_curve(report: Report, position: int) -> Curve:
    """Return the gain over the mixture along the costs of a result on all prompts, with its band.

    The band is made of the report's replicates, which are kept at every other cost of the curve: only those
    costs are in it. Without replicates there is no band, and every cost.
    """
    result = report.results[position]
    cost, gains = np.asarray(result.curve.cost), result.gains
    if report.replicates.empty:
        return Curve(cost=cost.tolist(), quality=rounded(gains))
    drawn = report.replicates[report.replicates["result"] == position].filter(like="gain_")
    low, high, _ = ends(drawn.to_numpy(np.float64))
    cost, gains = cost[::ALONG], gains[::ALONG]
    return Curve(cost=cost.tolist(), quality=rounded(gains), low=numbers(low), high=numbers(high))


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
        heights = pd.DataFrame(
            {
                "metric": result.metric,
                "cost": curve.cost,
                "quality": curve.quality,
                "low": curve.low or np.nan,
                "high": curve.high or np.nan,
                "gain": rounded(result.gains),
            }
        )
        band = {"cost": gain.cost, "gain_low": gain.low or np.nan, "gain_high": gain.high or np.nan}
        gains = pd.DataFrame(band).drop_duplicates("cost", keep="last")  # costs have a report's digits
        table = heights.merge(gains, how="left", on="cost")
        tables.append(table.assign(**result.reference_curves))
    return pd.concat(tables, ignore_index=True)


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
    """Return the candidates that none beats for as little, or matches for less, by rising cost."""
    quality = result.sign * np.array([value or 0.0 for value in result.fixed_quality.value])
    front = undominated(quality, np.array(result.costs))
    return [result.candidates[k] for k in np.argsort(result.costs, kind="stable") if front[k]]


def undominated(quality: Floats, cost: Floats) -> list[bool]:
    """Return for each of M candidates whether none is better for as little, or as good for less."""
    better = (quality >= quality[:, None]) & (cost <= cost[:, None])
    better &= (quality > quality[:, None]) | (cost < cost[:, None])
    return [not row.any() for row in better]


def fixed_points(result: Result) -> list[FixedPoint]:
    """Return the candidates whose quality is known: those on the Pareto front, then the best."""
    front = pareto_front(result)
    found = [FixedPoint(name, one.cost, one.quality.value or 0.0) for name, one in result.fixed.items()
             if one.quality.value is not None]  # fmt: skip
    return sorted(found, key=lambda point: (point.name not in front, -result.sign * point.quality))


def outside_label(outside: int) -> str:
    """Return what a figure says of candidates outside its frame."""
    return f"{outside} candidate{'s' * (outside > 1)} outside" if outside else ""


def cost_label(key: str) -> str:
    """Return how a cost key is written on an axis: `seconds per image (H200)`."""
    unit, _, hardware = key.partition("@")
    return f"{UNIT_LABELS.get(unit, unit)} per image" + (f" ({hardware})" if hardware else "")


def _panel(first: Result, reports: Sequence[Report]) -> Panel:
    mixture = first.reference_curve("mixture")
    level = Curve(cost=mixture.cost, quality=[0.0] * len(mixture.cost))
    curves: list[Series] = []
    gains = [Series(MIXTURE, level, "mixture", REFERENCE)]
    for number, report in enumerate(reports):
        name, colour = report.router.name, PALETTE[number % len(PALETTE)]
        for position, result in enumerate(report.results):
            if (result.metric, result.slice) == (first.metric, "all"):
                curves.append(Series(name, result.curve, "router", colour))
                gains.append(Series(name, gain_curve(report, position), "router", colour))
    better = " (lower is better)" if first.direction == "lower" else ""
    simulated = "SIMULATED: " if reports[0].simulated else ""
    return Panel(
        title=f"{simulated}{first.suite}, pool {first.pool}, {first.prompts:,} test prompts",
        cost_label=cost_label(first.cost),
        quality_label=f"mean {first.metric_label}{better}",
        series=(
            Series(MIXTURE, mixture, "mixture", REFERENCE),
            Series("oracle", first.reference_curve("oracle"), "oracle", REFERENCE),
            *curves,
        ),
        points=tuple(fixed_points(first)),
        gains=tuple(gains),
    )
