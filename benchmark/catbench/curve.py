"""Deferral curves: mean quality against mean cost, and what is read off them (CATImage §3.3).

Conventions
- Between vertices the curve is linear: a router may mix two neighbouring trade-offs.
- Every curve starts at the lowest cost, and is flat beyond its last vertex: nobody has to spend.
- Quality is higher-is-better; cost is positive and in one unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats, Ints, frozen
from catbench.errors import UsageError

REACHED = 1e-12
"""A quality counts as reached from this share below it."""


@dataclass(frozen=True, eq=False)
class DeferralCurve:
    """Mean quality against mean cost: vertices of a piecewise-linear curve.

    Arrays have shape (V,) and are read-only. `cost` does not fall; where it repeats, so does `quality`.
    """

    cost: Floats
    quality: Floats
    trade_off: Floats
    """λ from which on a vertex holds: infinity at the first, falling along the curve."""

    def quality_at(self, cost: npt.ArrayLike) -> Floats:
        """Return the height at the given costs: linear between vertices, flat beyond the last.

        Raises UsageError below the curve's lowest cost, which no router can undercut.
        """
        at = np.asarray(cost, dtype=np.float64)
        if (at < self.cost[0]).any():
            raise UsageError(
                f"no router can spend {at.min():g}: the cheapest candidate costs {self.cost[0]:g}"
            )
        return np.interp(at, self.cost, self.quality)

    def area(self, low: float, high: float) -> float:
        """Return the mean height over costs [low, high]; the height itself where they are equal."""
        return self._area(low, high, log=False)

    def area_log(self, low: float, high: float) -> float:
        """Return the mean height over [low, high] on a logarithmic cost axis.

        The same curve, linear in cost between vertices, integrated over d ln c in closed form.
        """
        return self._area(low, high, log=True)

    def _area(self, low: float, high: float, *, log: bool) -> float:
        if not low <= high:
            raise UsageError(f"an area needs low <= high, not {low:g} and {high:g}")
        ends = self.quality_at([low, high])
        if low == high:
            return float(ends[0])
        first, stop = np.searchsorted(self.cost, low, "right"), np.searchsorted(self.cost, high, "left")
        cost = np.concatenate([[low], self.cost[first:stop], [high]])
        quality = np.concatenate([ends[:1], self.quality[first:stop], ends[1:]])
        step, rise = cost[1:] - cost[:-1], quality[1:] - quality[:-1]
        if not log:
            return float((step * (quality[:-1] + quality[1:])).sum() / (2 * (high - low)))
        x = step / cost[:-1]
        width = np.log1p(x)
        # The integral of q0 + rise (c - c0)/(c1 - c0) over d ln c, arranged so that short steps stay exact.
        climb = np.divide(width, x, out=np.ones_like(x), where=x > 0)
        return float((quality[:-1] * width + rise * (1 - climb)).sum() / np.log(high / low))

    def cost_to_match(self, quality: float) -> float:
        """Return the least cost at which the curve reaches `quality`, in the curve's unit; inf if never."""
        target = quality - REACHED * max(1.0, abs(quality))
        reached = self.quality >= target
        first = int(reached.argmax())
        if not reached[first]:
            return float("inf")
        if first == 0:
            return float(self.cost[0])
        rise = self.quality[first] - self.quality[first - 1]
        share = min(1.0, max(0.0, (quality - self.quality[first - 1]) / rise))
        return float(self.cost[first - 1] + share * (self.cost[first] - self.cost[first - 1]))

    def mixed(self) -> DeferralCurve:
        """Return the curve with mixing: the least concave, never falling curve above this one."""
        return hull_curve(self.cost, self.quality)


def hull_curve(cost: Floats, quality: Floats) -> DeferralCurve:
    """Return the least concave, never falling curve above points of cost (V,), in any order."""
    order = np.lexsort((quality, cost))
    cost, quality = cost[order], quality[order]
    keep = _upper_hull(cost, quality)
    cost, quality = cost[keep], quality[keep]
    slopes = (quality[1:] - quality[:-1]) / (cost[1:] - cost[:-1])
    return DeferralCurve(frozen(cost), frozen(quality), frozen(np.concatenate([[np.inf], slopes])))


def _upper_hull(cost: Floats, quality: Floats) -> Ints:
    """Return the positions of the vertices of the least concave, never falling curve above the points.

    `cost` does not fall. First every point on or under the chord of its neighbours is dropped, again and
    again while that pays (such a point is never a vertex); a monotone chain does the rest.
    """
    rising = quality > np.concatenate([[-np.inf], np.maximum.accumulate(quality)[:-1]])
    keep = np.flatnonzero(rising)
    while len(keep) > 64:
        x, y = cost[keep], quality[keep]
        above = (y[1:-1] - y[:-2]) * (x[2:] - x[1:-1]) > (y[2:] - y[1:-1]) * (x[1:-1] - x[:-2])
        if above.mean() > 0.9:
            break
        keep = keep[np.concatenate([[True], above, [True]])]
    hull: list[int] = []
    for point in keep.tolist():
        while hull and cost[hull[-1]] == cost[point]:
            hull.pop()
        while len(hull) > 1 and _slope(cost, quality, hull[-1], point) >= _slope(
            cost, quality, hull[-2], hull[-1]
        ):
            hull.pop()
        hull.append(point)
    return np.array(hull, dtype=np.int64)


def _slope(cost: Floats, quality: Floats, start: int, stop: int) -> float:
    return float((quality[stop] - quality[start]) / (cost[stop] - cost[start]))
