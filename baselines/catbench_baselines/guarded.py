"""Another router's predictions, shrunk towards the candidates' means as far as that surely costs nothing.

`guarded:ridge` fits `ridge` (`guarded:./my_router.py` what stands in a file), and predicts mean + factor
(prediction - mean) for each candidate's mean over the training prompts. At factor 0 the prompt is not read,
and that is the mixture. The factor is the smallest whose area on the validation split is within one standard
error of the best factor's (the rule of one standard error, Breiman et al. 1984, §3.4.3). Both areas are of
the same prompts; the standard error is that of their difference, which is far smaller than that of either,
by the jackknife (Efron and Stein 1981).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from catbench import CatbenchError, DeferralCurve, Pool, Prompts, deferral_curve, find_router
from catbench_baselines.features import Floats, Labelled, routed_quality

FACTORS = (0.0, 0.125, 0.25, 0.5, 1.0)
"""Tried, rising: from a prediction that does not read the prompt to the router's own."""
DEFAULT = 0.5
"""Factor where no validation split is given."""
POINTS = 64
"""Points of a curve from which the standard error is estimated."""


class GuardedRouter:
    """A router of qualities, and how far it is trusted."""

    factor: float
    """0: not at all, 1: as it is."""

    def __init__(self, pool: Pool, inner: Any) -> None:
        self._pool, self._inner = pool, inner

    @property
    def flops_per_prompt(self) -> float | None:
        """FLOPs of the inner router, where it knows them; none at factor 0, where it is not asked."""
        return getattr(self._inner, "flops_per_prompt", None) if self.factor else 0.0

    @property
    def encoder_flops_per_prompt(self) -> float | None:
        """FLOPs of the text encoder that the inner router runs, None where it runs none or is not asked."""
        return getattr(self._inner, "encoder_flops_per_prompt", None) if self.factor else None

    def fit(
        self,
        prompts: Prompts,
        quality: Floats,
        validation: Labelled | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> GuardedRouter:
        """Fit the inner router, and choose the factor on the validation split."""
        named = inspect.signature(self._inner.fit).parameters
        given = {"validation": validation, "progress": progress}
        self._prompts, self._validation = prompts, validation
        self._extra = {name: value for name, value in given.items() if name in named}
        self._inner.fit(prompts, quality, **self._extra)
        return self._guard(quality)

    def refit(self, quality: Floats) -> GuardedRouter:
        """Fit to other qualities (n, M) of the same training prompts."""
        if hasattr(self._inner, "refit"):
            self._inner.refit(quality)
        else:
            self._inner.fit(self._prompts, quality, **self._extra)
        return self._guard(quality)

    def predict(self, prompts: Prompts) -> Floats:
        """Return predicted qualities (n, M)."""
        if self.factor == 0:
            return np.tile(self._means, (len(prompts), 1))
        return self._shrunk(np.asarray(self._inner.predict(prompts), np.float64), self.factor)

    def state(self) -> dict[str, Any] | None:
        """Return what a prediction needs, None where the inner router cannot say what that is."""
        inner = self._inner.state() if hasattr(self._inner, "state") else None
        return None if inner is None else {"inner": inner, "factor": self.factor, "means": self._means}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` returned."""
        self._inner.restore(state["inner"])
        self.factor, self._means = state["factor"], state["means"]

    def _guard(self, quality: Floats) -> GuardedRouter:
        self._means, self.factor = quality.mean(axis=0), DEFAULT
        if self._validation is not None:
            texts, true = self._validation
            predicted = np.asarray(self._inner.predict(texts), np.float64)
            tried = [self._shrunk(predicted, factor) for factor in FACTORS]
            self.factor = FACTORS[smallest_as_good(tried, true, self._pool)]
        return self

    def _shrunk(self, predicted: Floats, factor: float) -> Floats:
        return self._means + factor * (predicted - self._means)


def smallest_as_good(tried: list[Floats], quality: Floats, pool: Pool) -> int:
    """Return the first of predictions (n, M) whose area is within one standard error of the largest area.

    The areas are those of `routed_quality`; the standard error is that of the difference to the largest.
    """
    areas = routed_quality(np.array(tried), quality, pool)
    if len(quality) < 2:
        return 0
    without = [areas_without_each(predicted, quality, pool) for predicted in tried]
    best = int(np.argmax(areas))
    return next(
        place
        for place, area in enumerate(areas)
        if areas[best] - area <= jackknife_error(without[best] - without[place])
    )


def jackknife_error(without: Floats) -> float:
    """Return the standard error of an estimate from its values (n,) without each prompt."""
    return float(np.sqrt((len(without) - 1) * without.var()))


def areas_without_each(predicted: Floats, quality: Floats, pool: Pool) -> Floats:
    """Return the areas (n,) on the log-cost axis of the curves without each of the n prompts.

    `predicted` and `quality` are (n, M). Those curves differ by little, and are followed through the same
    trade-offs, POINTS at most: there a mean without a prompt is the sum less its part.
    """
    low, high = pool.cost.min(), pool.cost.max()
    choices = _followed(predicted, deferral_curve(predicted, quality, pool.cost), pool)
    costs, qualities = pool.cost[choices], np.take_along_axis(quality, choices, axis=1)
    mean_cost, mean_quality = ((v.sum(axis=0) - v) / (len(v) - 1) for v in (costs, qualities))
    mean_cost[:, 0] = low  # all prompts are with the cheapest there; the mean may round to more
    curves = DeferralCurve(np.clip(mean_cost, low, high), mean_quality, trade_off=np.empty(0))
    return curves.area_log(low, high)


def _followed(predicted: Floats, curve: DeferralCurve, pool: Pool) -> npt.NDArray[np.int64]:
    """Return the choices (n, V) at some of the curve's vertices, about evenly spaced in log cost."""
    wanted = np.searchsorted(curve.cost, np.geomspace(curve.cost[0], curve.cost[-1], POINTS))
    vertices = np.unique([0, *wanted.clip(max=len(curve.cost) - 1), len(curve.cost) - 1])
    until = np.append(curve.trade_off[1:], 0.0)  # a vertex holds below its trade-off, down to the next one's
    since = np.append(3 * until[0], curve.trade_off[1:])
    order = np.argsort(pool.cost, kind="stable")  # of equally good candidates the cheapest
    value, cost = predicted[:, order], pool.cost[order]
    trade_offs = (since + until)[vertices] / 2
    return order[np.column_stack([(value - trade_off * cost).argmax(axis=1) for trade_off in trade_offs])]


def make_router(pool: Pool, inner: str = "") -> GuardedRouter:
    """Return the router around another, `guarded:ROUTER`: any that `catbench evaluate` takes, or ridge.

    Raises CatbenchError where there is no such router, or where it predicts no qualities.
    """
    named = find_router(inner or "ridge")
    made = named.make(pool)
    if not hasattr(made, "predict"):
        raise CatbenchError(
            f"guarded:{named.name} has nothing to shrink: it picks candidates itself and predicts no quality"
        )
    return GuardedRouter(pool, made)
