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
    Curves of B resamples of the same prompts are one object too: with a first axis (B, V) here, and in
    whatever is read off.
    """

    cost: Floats
    quality: Floats
    trade_off: Floats
    """λ from which on a vertex holds: infinity at the first, falling along the curve. Curves of resamples
    may share theirs, (V,); empty for a curve that no λ made."""

    def _repr_html_(self) -> str:
        """Return the curve as a small picture for a notebook, cost on a logarithmic axis."""
        if self.cost.ndim > 1:
            return f"<p>{len(self.cost):,} curves of resamples</p>"
        return _picture(self.cost, self.quality)

    def quality_at(self, cost: npt.ArrayLike) -> Floats:
        """Return the height at the given costs: linear between vertices, flat beyond the last.

        Costs are a number or (K,), or (B, K) for curves (B, V). Raises UsageError below the curve's lowest
        cost, which no router can undercut.
        """
        at = np.asarray(cost, dtype=np.float64)
        if at.size and at.min() < (start := self.cost[..., 0].max()):
            raise UsageError(f"no router can spend {at.min():g}: the cheapest candidate costs {start:g}")
        if self.cost.ndim == 1:
            return np.interp(at, self.cost, self.quality)
        rows = at if at.ndim == 2 else [at] * len(self.cost)
        return np.array([np.interp(*row) for row in zip(rows, self.cost, self.quality, strict=True)])

    def area(self, low: float, high: float) -> Floats:
        """Return the mean height over costs [low, high]; the height itself where they are equal."""
        return self._area(low, high, log=False)

    def area_log(self, low: float, high: float) -> Floats:
        """Return the mean height over [low, high] on a logarithmic cost axis.

        The same curve, linear in cost between vertices, integrated over d ln c in closed form.
        """
        return self._area(low, high, log=True)

    def _area(self, low: float, high: float, *, log: bool) -> Floats:
        if not low <= high:
            raise UsageError(f"an area needs low <= high, not {low:g} and {high:g}")
        ends = self.quality_at([low, high])
        if low == high:
            return ends[..., 0]
        first, last = ends[..., :1], ends[..., 1:]
        cost, quality = self.cost, self.quality
        if (cost[..., 0] < low).any() or (cost[..., -1] > high).any():
            quality = np.where(cost < low, first, np.where(cost > high, last, quality))
            cost = np.clip(cost, low, high)  # segments outside have no length, and those across an end less
        start, step = cost[..., :-1], np.diff(cost)
        if log:
            segments = _segment_log(start, step, quality[..., :-1], np.diff(quality))
        else:
            segments = step * (quality[..., :-1] + quality[..., 1:]) / 2
        beyond = np.log(high / cost[..., -1]) if log else high - cost[..., -1]
        return (segments.sum(axis=-1) + beyond * last[..., 0]) / (np.log(high / low) if log else high - low)

    def cost_to_match(self, quality: npt.ArrayLike) -> Floats:
        """Return the least cost at which the curve reaches each quality, in its unit; infinity if never.

        Qualities are a number or (K,), or (B, K) for curves (B, V).
        """
        wanted = np.asarray(quality, dtype=np.float64)
        at = np.atleast_1d(wanted)
        target = at - REACHED * np.maximum(1.0, np.abs(at))
        reached = self.quality[..., None, :] >= target[..., None]
        first = reached.argmax(axis=-1)
        before = np.maximum(first - 1, 0)
        below, height = (np.take_along_axis(self.quality, i, axis=-1) for i in (before, first))
        start, stop = (np.take_along_axis(self.cost, i, axis=-1) for i in (before, first))
        rise = height - below
        share = np.divide(at - below, rise, out=np.ones_like(rise), where=rise > 0)
        found = start + np.clip(share, 0, 1) * (stop - start)
        found = np.where(reached.any(axis=-1), found, np.inf)
        return found if wanted.ndim else found[..., 0]

    def mixed(self) -> DeferralCurve:
        """Return the curve with mixing: the least concave, never falling curve above this one."""
        return lifted_curve(self.cost, self.quality)


def _segment_log(start: Floats, step: Floats, quality: Floats, rise: Floats) -> Floats:
    """Return the integral over d ln c of segments from cost `start`, `step` long, that rise by `rise`.

    Of q + rise (c - start)/step, arranged so that short steps stay exact.
    """
    x = step / start
    width = np.log1p(x)
    climb = np.divide(width, x, out=np.ones_like(x), where=x > 0)
    return quality * width + rise * (1 - climb)


def lifted_curve(cost: Floats, quality: Floats) -> DeferralCurve:
    """Return the least concave, never falling curve above points (V,) or (B, V), read off at their costs.

    `cost` does not fall. The curve has no trade-offs; `hull_curve` gives one set of points its own.
    """
    cost = np.broadcast_to(cost, quality.shape)
    lifted = np.empty(quality.shape)
    for row in np.ndindex(quality.shape[:-1]):
        keep = _upper_hull(cost[row], quality[row])
        lifted[row] = np.interp(cost[row], cost[row][keep], quality[row][keep])
    return DeferralCurve(cost, frozen(lifted), frozen(np.empty(0)))


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
    hull: list[tuple[float, float, int]] = []
    for x, y, point in zip(cost[keep].tolist(), quality[keep].tolist(), keep.tolist(), strict=True):
        while hull and hull[-1][0] == x:
            hull.pop()
        while len(hull) > 1:
            (x0, y0, _), (x1, y1, _) = hull[-2:]
            if (y - y1) / (x - x1) < (y1 - y0) / (x1 - x0):
                break
            hull.pop()
        hull.append((x, y, point))
    return np.array([point for _, _, point in hull], dtype=np.int64)


WIDTH, HEIGHT, MOST = 320, 140, 200
"""Of a picture in a notebook, in pixels; and the vertices that it draws at most."""


def _picture(cost: Floats, quality: Floats) -> str:
    """Return a curve (V,) as SVG, its ends told below it."""
    shown = np.unique(np.linspace(0, len(cost) - 1, MOST).astype(int))
    places = np.log(cost[shown]), quality[shown]
    x, y = ((values - values.min()) / (np.ptp(values) or 1) for values in places)
    across, down = 4 + x * (WIDTH - 8), HEIGHT - 4 - y * (HEIGHT - 8)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across, down, strict=True))
    ends = f"cost {cost[0]:.4g} to {cost[-1]:.4g}, quality {quality[0]:.4g} to {quality[-1]:.4g}"
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="deferral curve">'
        f'<rect width="100%" height="100%" fill="none" stroke="gray"/>'
        f'<polyline points="{points}" fill="none" stroke="teal" stroke-width="2"/></svg>'
        f"<p>deferral curve of {len(cost):,} vertices: {ends}</p>"
    )
