"""From a router's answers to its deferral curve, exactly.

A router that predicts qualities γ̂ sends prompt i to `argmax_m γ̂[i, m] - λ c[m]` (CATImage, Eq. 3). As
the trade-off λ falls from infinity to 0, that choice climbs the upper concave hull of the points
(c[m], γ̂[i, m]), from the cheapest candidate to the best predicted one. So each prompt's choices change
at finitely many events (λ, Δcost, Δquality), and the events of all prompts, sorted by falling λ and
cumulated, are the curve: no grid of λ anywhere.

Ties in γ̂ - λc go to the lower cost, then to the lower position in the pool. Events whose λ agree within
1e-9 relative are one event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from catbench.arrays import LARGEST_QUALITY, Floats, Ints, frozen
from catbench.errors import UsageError
from catbench.score.climbs import climbs
from catbench.score.curve import REACHED, DeferralCurve, hull_curve, lifted_curve

SAME_TRADE_OFF = 1e-9
"""Trade-offs that agree within this share are one event."""


class Sweep(Protocol):
    """A router's choices on fixed prompts, from which the curve of any resample follows quickly."""

    def curve(self, weights: Floats | None = None) -> DeferralCurve:
        """Return the curve where prompt i counts `weights[i]` times; None = once each.

        Weights (B, n) give the curves of B resamples, as one object.
        """
        ...


class EstimatorSweep:
    """The sorted events of a router that predicts qualities.

    `predicted` and `quality` have shape (n, M), `cost` (M,). The work is O(n M) and one sort of the
    events, of which there are at most n (M - 1).
    """

    def __init__(self, predicted: npt.ArrayLike, quality: npt.ArrayLike, cost: npt.ArrayLike) -> None:
        predicted, quality, cost = _checked(predicted, quality, cost)
        prompt, start, stop, trade_off, first = climbs(predicted, cost)
        order = np.argsort(-trade_off)
        falling = trade_off[order]
        new = falling[1:] < falling[:-1] * (1 - SAME_TRADE_OFF)
        self._prompt, start, self._stop = prompt[order], start[order], stop[order]
        self._d_cost = cost[self._stop] - cost[start]
        self._d_quality = quality[self._prompt, self._stop] - quality[self._prompt, start]
        # Where each event begins among changes that share a trade-off; None where no two share one.
        self._runs = None if new.all() else np.flatnonzero(np.append(True, new))
        trade_offs = falling if self._runs is None else falling[self._runs]
        self._trade_off = frozen(np.concatenate([[np.inf], trade_offs]))
        self._low, self._high = float(cost.min()), float(cost.max())
        self._first, self._first_quality = first, quality[np.arange(len(quality)), first]

    def curve(self, weights: Floats | None = None) -> DeferralCurve:
        """Return the curve where prompt i counts `weights[i]` times; None: once each. (B, n) gives (B, V)."""
        share = shares(weights, len(self._first_quality))
        of_event = share[..., self._prompt]
        d_cost, d_quality = self._d_cost * of_event, self._d_quality * of_event
        if self._runs is not None:
            d_cost, d_quality = (np.add.reduceat(d, self._runs, axis=-1) for d in (d_cost, d_quality))
        first = (share * self._first_quality).sum(axis=-1)
        cost, quality = np.empty((2, *d_cost.shape[:-1], len(self._trade_off)))
        cost[..., 0], quality[..., 0] = 0, first
        np.cumsum(d_cost, axis=-1, out=cost[..., 1:])
        np.cumsum(d_quality, axis=-1, out=quality[..., 1:])
        quality[..., 1:] += first[..., None]
        np.minimum(cost + self._low, self._high, out=cost)
        return DeferralCurve(frozen(cost), frozen(quality), self._trade_off)

    def choices(self, vertices: Ints) -> Ints:
        """Return the candidate of each prompt, (B, n), at each of B vertices of the curve, counted from 0."""
        begins = np.arange(len(self._stop)) if self._runs is None else self._runs
        ends = np.append(begins, len(self._stop))  # what has happened at vertex v lies before ends[v]
        chosen = np.empty((len(vertices), len(self._first)), dtype=np.int64)
        now, done = self._first.copy(), 0
        for row in np.argsort(vertices, kind="stable"):
            end = ends[vertices[row]]
            now[self._prompt[done:end]] = self._stop[done:end]  # of several steps of a prompt the last stays
            chosen[row], done = now, end
        return chosen


class PolicySweep:
    """The choices of a router that routes directly, at each of several trade-offs.

    `choices` has shape (T, n) and holds positions in the pool; `trade_offs` (T,) falls. The curve
    starts at the cheapest candidate's own point, since mixing with it needs no router, and goes through
    the points in the order of their cost; of equally expensive ones the last one counts, and stands for all.
    """

    def __init__(
        self, choices: Ints, trade_offs: Floats, quality: npt.ArrayLike, cost: npt.ArrayLike
    ) -> None:
        quality, cost = np.asarray(quality, np.float64), np.asarray(cost, np.float64)
        choices = with_cheapest(choices, cost)
        self._cost = cost[choices]
        self._quality = quality[np.arange(quality.shape[0]), choices]
        self._trade_offs = np.concatenate([[np.inf], trade_offs])
        self._low, self._high = float(cost.min()), float(cost.max())

    def curve(self, weights: Floats | None = None) -> DeferralCurve:
        """Return the curve where prompt i counts `weights[i]` times; None: once each. (B, n) gives (B, V)."""
        share = shares(weights, self._quality.shape[1])
        cost = np.clip(share @ self._cost.T, self._low, self._high)
        quality = share @ self._quality.T
        same = np.abs(cost[..., :, None] - cost[..., None, :]) <= REACHED * self._high
        last = cost.shape[-1] - 1 - same[..., ::-1].argmax(axis=-1)  # of equally expensive ones
        order = np.argsort(np.take_along_axis(cost, last, axis=-1), axis=-1, kind="stable")
        order = np.take_along_axis(last, order, axis=-1)
        cost, quality = (np.take_along_axis(values, order, axis=-1) for values in (cost, quality))
        cost[cost <= self._low * (1 + REACHED)] = self._low
        return DeferralCurve(frozen(cost), frozen(quality), frozen(self._trade_offs[order]))


class FoldedSweep:
    """The mean of the curves of several rounds, each of which spends the same.

    `parts` are the rounds' sweeps, `of_prompt` (n,) which round each prompt is in. Choices are not pooled at
    one trade-off: a fold whose scores are good by chance trains a router that thinks little of them, so
    pooling would let the worse folds spend first (so it is with pooled ROC curves: Parker et al. 2007).
    """

    def __init__(self, parts: Sequence[Sweep], of_prompt: Ints) -> None:
        self._parts, self._of_prompt = parts, of_prompt

    def curve(self, weights: Floats | None = None) -> DeferralCurve:
        """Return the curve where prompt i counts `weights[i]` times; None: once each. (B, n) gives (B, V)."""
        if weights is not None and weights.ndim > 1:
            return _stacked([self.curve(row) for row in weights])
        if weights is None:
            weights = np.ones(len(self._of_prompt))
        curves: list[DeferralCurve] = []
        counts: list[float] = []
        for number, part in enumerate(self._parts):
            of_part = weights[self._of_prompt == number]
            if of_part.any():  # a resample may draw no prompt of a small fold
                curves.append(part.curve(of_part))
                counts.append(float(of_part.sum()))
        cost = np.unique(np.concatenate([curve.cost for curve in curves]))
        heights = [np.interp(cost, curve.cost, curve.quality) for curve in curves]
        quality = np.average(heights, axis=0, weights=counts)
        return DeferralCurve(frozen(cost), frozen(quality), frozen(np.empty(0)))


def shares(weights: Floats | None, count: int) -> Floats:
    """Return what part of a mean each of `count` prompts is, (n,) or (B, n), by weights of that shape."""
    return np.full(count, 1 / count) if weights is None else weights / weights.sum(axis=-1, keepdims=True)


def deferral_curve(predicted: npt.ArrayLike, quality: npt.ArrayLike, cost: npt.ArrayLike) -> DeferralCurve:
    """Return the exact deferral curve of predicted qualities.

    `predicted` and `quality` have shape (n, M), higher is better: what a router predicts and what is
    true. `cost` has shape (M,), positive. Predictions (B, n, M) of the same prompts give their curves
    (B, V) as one object, without trade-offs. Raises UsageError where shapes or values are wrong.
    """
    predicted = np.asarray(predicted, np.float64)
    if predicted.ndim != 3 or not len(predicted):
        return EstimatorSweep(predicted, quality, cost).curve()
    return _stacked([EstimatorSweep(one, quality, cost).curve() for one in predicted])


def _stacked(curves: Sequence[DeferralCurve]) -> DeferralCurve:
    """Return curves (V,) as one object; the shorter ones stay at their last vertex."""
    wide = max(len(curve.cost) for curve in curves)
    cost, quality = (
        np.array([np.pad(values, (0, wide - len(values)), "edge") for values in rows])
        for rows in ([curve.cost for curve in curves], [curve.quality for curve in curves])
    )
    return DeferralCurve(frozen(cost), frozen(quality), frozen(np.empty(0)))


def oracle_curve(quality: npt.ArrayLike, cost: npt.ArrayLike) -> DeferralCurve:
    """Return the curve of a router that knows the true qualities (n, M): no router lies above it."""
    return deferral_curve(quality, quality, cost)


def mixture_curve(quality: npt.ArrayLike, cost: npt.ArrayLike) -> DeferralCurve:
    """Return the best curve that does not read the prompt: the concave hull of the fixed points.

    `quality` is (n, M), or the M means of it; `cost` (M,). Raises UsageError where they do not fit.
    """
    table = np.atleast_2d(np.asarray(quality, dtype=np.float64))
    _, table, cost = _checked(table, table, cost)
    return hull_curve(cost, table.mean(axis=0))


def mixture_curves(means: Floats, cost: Floats) -> DeferralCurve:
    """Return the mixtures of B sets of mean qualities (B, M) as one object, without trade-offs."""
    order = np.argsort(cost, kind="stable")
    return lifted_curve(cost[order], means[..., order])


def choices_at(predicted: npt.ArrayLike, cost: npt.ArrayLike, trade_offs: npt.ArrayLike) -> Ints:
    """Return the candidate that Eq. 3 picks, shape (T, n), for each of T trade-offs and n prompts.

    An infinite trade-off picks the best predicted of the cheapest candidates.
    """
    predicted, cost = np.asarray(predicted, np.float64), np.asarray(cost, np.float64)
    order = np.argsort(cost, kind="stable")
    cheapest = cost == cost.min()
    chosen = np.empty((np.size(trade_offs), len(predicted)), dtype=np.int64)
    for row, trade_off in enumerate(np.ravel(trade_offs)):
        value = (
            np.where(cheapest, predicted, -np.inf) if np.isinf(trade_off) else predicted - trade_off * cost
        )
        chosen[row] = order[value[:, order].argmax(axis=1)]
    return chosen


def with_cheapest(choices: Ints, cost: Floats) -> Ints:
    """Return choices (T, n) below a first row of the cheapest candidate, with which anybody can mix."""
    return np.concatenate([np.full((1, choices.shape[1]), int(np.argmin(cost))), choices])


def _checked(
    predicted: npt.ArrayLike, quality: npt.ArrayLike, cost: npt.ArrayLike
) -> tuple[Floats, Floats, Floats]:
    predicted, quality = np.asarray(predicted, np.float64), np.asarray(quality, np.float64)
    cost = np.asarray(cost, np.float64)
    if quality.ndim != 2 or 0 in quality.shape or predicted.shape != quality.shape:
        raise UsageError(
            f"predicted {predicted.shape} and quality {quality.shape} must both be (prompts, candidates)"
        )
    if cost.shape != quality.shape[1:]:
        raise UsageError(
            f"cost has shape {cost.shape}; {quality.shape[1]} candidates need ({quality.shape[1]},)"
        )
    if not (np.isfinite(cost) & (cost > 0)).all():
        raise UsageError("every cost must be positive and finite")
    for name, values in (("predicted", predicted), ("quality", quality)):
        if not (np.abs(values) < LARGEST_QUALITY).all():
            raise UsageError(f"{name} qualities must be finite numbers below {LARGEST_QUALITY:g}")
    return predicted, quality, cost
