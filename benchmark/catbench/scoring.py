"""All measures of one router on one slice of the test prompts, as one function of prompt weights.

With every weight 1 it gives the values of a report; with a bootstrap's weights, replicates of all of them,
so that values, references and differences share their draws.
"""

from __future__ import annotations

from math import nan

import numpy as np

from catbench.arrays import Floats
from catbench.bootstrap import Values
from catbench.cascade import CascadeSweep
from catbench.curve import DeferralCurve
from catbench.measures import MEASURES
from catbench.measures.audc import audc, audc_log, audc_mixed
from catbench.measures.cost_to_match import cost_to_match
from catbench.measures.estimator_error import RankCorrelation, rmse
from catbench.measures.headroom import gain, headroom
from catbench.measures.leave_one_out import leave_one_out_audc, leave_one_out_sweeps
from catbench.measures.overhead import audc_with_overhead
from catbench.measures.peak import peak, peak_gain
from catbench.measures.quality_at import gain_at, quality_at
from catbench.pool import Pool
from catbench.routing import Answer
from catbench.sweep import EstimatorSweep, PolicySweep, Sweep, mixture_curve, mixture_curves

GRID = 64
"""Costs, evenly and geometrically spaced, at which a report's curve is read off, beside the candidates'."""


class Scorer:
    """Scores one router's answer on n test prompts.

    `samples` are true qualities (n, M, S), higher is better; `stages` are the two candidates of the
    cascade beside the router, None for no cascade. Weights have shape (B, n), one row a replicate;
    values are arrays (B, 1), or (B, M) for a measure per candidate, or (B, G) for the curve on a grid of G
    costs.
    """

    def __init__(
        self, answer: Answer, samples: Floats, pool: Pool, stages: tuple[int, int] | None = None
    ) -> None:
        self.quality = samples.mean(axis=2)
        self.cost = pool.cost
        self.grid = cost_grid(pool.cost)
        self.sweep = sweep_of(answer, self.quality, pool)
        self._answer = answer
        self._oracle = EstimatorSweep(self.quality, self.quality, pool.cost)
        self._leave_one_out = leave_one_out_sweeps(samples, pool.cost)
        self._cascade = CascadeSweep(samples, pool.cost, *stages) if stages else None
        self._overhead = _overhead(answer, pool.unit.partition("@")[0])
        self._ranks = None if answer.predicted is None else RankCorrelation(answer.predicted, self.quality)

    def fixed(self, weights: Floats) -> Floats:
        """Return each candidate's mean quality (B, M)."""
        return weights @ self.quality / weights.sum(axis=-1, keepdims=True)

    def measures(self, weights: Floats) -> Values:
        """Return every measure of the router, and the references that they need."""
        return self._measures(weights, self.fixed(weights), self.sweep.curve(weights))

    def report_values(self, weights: Floats) -> Values:
        """Return `measures`, each candidate's own quality, and the curve on the grid."""
        fixed, curve = self.fixed(weights), self.sweep.curve(weights)
        return self._measures(weights, fixed, curve) | {"fixed": fixed, "curve": curve.quality_at(self.grid)}

    def _measures(self, weights: Floats, fixed: Floats, curve: DeferralCurve) -> Values:
        references = self._references(weights, fixed)
        mixture, oracle = references["mixture.audc"], references["oracle.audc"]
        area, area_log = audc(curve, self.cost), audc_log(curve, self.cost)
        values: Values = {
            "audc": area,
            "audc_log": area_log,
            "audc_mixed": audc_mixed(curve, self.cost),
            "gain": gain(area, mixture),
            "headroom": headroom(area, mixture, oracle),
            "headroom_log": headroom(area_log, references["mixture.audc_log"], references["oracle.audc_log"]),
            "peak": peak(curve),
            "peak_gain": peak_gain(curve, fixed),
            "quality_at": quality_at(curve, self.cost),
            "gain_at": gain_at(curve, fixed, self.cost),
            "cost_to_match": cost_to_match(curve, fixed, self.cost),
            **self._of_estimates(weights),
        }
        if not np.isnan(self._overhead):
            cheapest = fixed[..., self.cost.argmin()]
            values["audc_with_overhead"] = audc_with_overhead(curve, cheapest, self.cost, self._overhead)
        return {
            name: value if MEASURES[name].per_candidate else value[..., None]
            for name, value in values.items()
        } | {f"references.{name}": value[..., None] for name, value in references.items()}

    def reference_curves(self) -> dict[str, DeferralCurve]:
        """Return the curves of the mixture, the oracle and, where there is one, the cascade."""
        curves = {
            "mixture": mixture_curve(self.quality, self.cost),
            "oracle": self._oracle.curve(),
        }
        return curves if self._cascade is None else curves | {"cascade": self._cascade.curve()}

    def _references(self, weights: Floats, fixed: Floats) -> Values:
        mixture, oracle = mixture_curves(fixed, self.cost), self._oracle.curve(weights)
        values: Values = {
            "mixture.audc": audc(mixture, self.cost),
            "mixture.audc_log": audc_log(mixture, self.cost),
            "oracle.audc": audc(oracle, self.cost),
            "oracle.audc_log": audc_log(oracle, self.cost),
            "oracle.peak": peak(oracle),
            "best_single.quality": fixed.max(axis=-1),
        }
        if self._cascade is not None:
            values["cascade.audc"] = audc(self._cascade.curve(weights), self.cost)
        if self._leave_one_out:
            values["oracle_leave_one_out.audc"] = leave_one_out_audc(self._leave_one_out, weights)
        return values

    def _of_estimates(self, weights: Floats) -> dict[str, Floats]:
        if self._answer.predicted is None or self._ranks is None:
            return {}
        return {
            "rmse": rmse(self._answer.predicted, self.quality, weights),
            "rank_correlation": self._ranks(weights),
        }


def sweep_of(answer: Answer, quality: Floats, pool: Pool) -> Sweep:
    """Return the sweep of a router's answer against true qualities (n, M)."""
    if answer.predicted is not None:
        return EstimatorSweep(answer.predicted, quality, pool.cost)
    assert answer.choices is not None
    return PolicySweep(answer.choices, answer.trade_offs, quality, pool.cost)


def _overhead(answer: Answer, unit: str) -> float:
    """Return what routing one prompt costs in the unit of the costs, nan where that is not known."""
    if unit == "seconds":
        return answer.seconds_per_prompt
    if unit in ("tflops", "tflops_paper") and answer.flops_per_prompt is not None:
        return (answer.flops_per_prompt + (answer.encoder_flops_per_prompt or 0)) / 1e12
    return nan


def cost_grid(cost: Floats) -> Floats:
    """Return the costs at which curves are read off: each candidate's, and spaced ones."""
    low, high = float(cost.min()), float(cost.max())
    spaced = np.concatenate([np.linspace(low, high, GRID), np.geomspace(low, high, GRID)])
    return np.unique(np.concatenate([cost, np.clip(spaced, low, high)]))
