"""All measures of one router on one slice of the tested prompts, as one function of prompt weights.

With every weight 1 it gives the values of a report; with a bootstrap's weights, replicates of all of them,
so that values, references and differences share their draws. `score_arrays` is for who has scores and
predictions and wants no suite.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats
from catbench.errors import UsageError
from catbench.score import measures
from catbench.score.answer import Answer
from catbench.score.bootstrap import Values
from catbench.score.cascade import CascadeSweep
from catbench.score.curve import DeferralCurve
from catbench.score.deployment import Deployment, deploy, sweep_of, unlimited
from catbench.score.estimator_error import RankCorrelation
from catbench.score.measures import MEASURES, measured
from catbench.score.sweep import (
    EstimatorSweep,
    Sweep,
    mixture_curve,
    mixture_curves,
)
from catbench.score.truth import Truth, best_position
from catbench.score.unseen_oracles import shrinkage, unseen_sweeps
from catbench.suite.pool import Candidate, Pool

UNSEEN, BETWEEN = ("oracle_leave_one_out", "oracle_shrunk"), ("best_per_kind", "cascade")
REFERENCES = ("mixture", "oracle", *UNSEEN, *BETWEEN)
"""References that have an area, those that a suite does not allow with nan."""
POINTS = 33
"""Costs, geometrically spaced, at which a report's curves are read off."""
ArrayMeasure = float | list[float | None] | None
NEED_MORE = {"overhead", "budgets", "spent", "reached", "mixture_reached", "alike", "pair_weights"}
"""What three arrays do not give: the router's overhead, validation answers, rewordings of a prompt."""


class Scorer:
    """Scores one router's answer about n prompts against the truth about them.

    Weights have shape (B, n), one row a replicate; values are arrays (B, 1), or (B, M) for a measure per
    candidate, or (B, G) along the costs of `grid`; nan is what a router or suite cannot have (rewordings, a
    second image, an overhead that is not known).
    """

    def __init__(self, answer: Answer, truth: Truth, overhead: float = nan) -> None:
        """Take the router's overhead for one prompt in the unit of the costs, nan where it is not known."""
        self.truth, self.cost = truth, truth.pool.cost
        self.quality = quality = truth.quality
        self.grid = cost_grid(self.cost)
        self.sweep = sweep_of(answer, quality, truth.pool, truth.round)
        self.deployment: Deployment = deploy(answer, truth.round, self.cost)
        self._answer, self._overhead = answer, overhead
        self._ranks = None if answer.predicted is None else RankCorrelation(answer.predicted, quality)
        row = np.arange(len(quality))
        self._best = np.stack([self.cost[truth.best], quality[row, truth.best]], axis=1)
        self._unlimited = quality[row, unlimited(answer, self.cost)]
        paid = np.broadcast_to(self.cost, quality.shape)
        self._deployed = [self.deployment.mean(values).T for values in (paid, quality)]
        self._same = self.deployment.same(truth.pairs)
        self._references = reference_sweeps(truth)

    def measures(self, weights: Floats) -> Values:
        """Return every measure of the router, the references, and what a report shows along the costs."""
        fixed, curve = _means(weights, self.quality), self.sweep.curve(weights)
        mixture = mixture_curves(fixed, self.cost)
        references = self._of_references(weights, mixture)
        best_cost, best_quality = _means(weights, self._best).T
        spent, reached = (_means(weights, values) for values in self._deployed)
        # A mean may round below the cheapest.
        best_cost, spent = (np.clip(paid, self.cost.min(), self.cost.max()) for paid in (best_cost, spent))
        values = measured(
            {
                "curve": curve,  # the router's
                "mixture": mixture,
                "cost": self.cost,  # of each candidate (M,)
                "limit": self.truth.limit,  # the cost of the best single candidate
                "overhead": self._overhead,  # of routing a prompt
                "fixed": fixed,  # mean quality of each candidate (B, M)
                "best_cost": best_cost,  # mean cost (B,) of the best single candidate
                "best_quality": best_quality,
                "unlimited": _means(weights, self._unlimited[:, None])[:, 0],  # mean quality at trade-off 0
                "budgets": self.deployment.budgets[: self.deployment.kept],  # those within reach (K,)
                "spent": spent[:, : self.deployment.kept],  # mean cost (B, K) of the choices for them
                "reached": reached,  # mean quality of the choices for all budgets, and the mixture's there
                "mixture_reached": mixture.quality_at(spent),
                "alike": self._same,  # how often each pair of rewordings (P,) has one candidate
                "pair_weights": weights[:, self.truth.pairs[:, 0]],
                "predicted": self._answer.predicted,  # (n, M), None for policies; and their ranks
                "ranks": self._ranks,
                "quality": self.quality,  # (n, M)
                "weights": weights,
                **{name.replace(".", "_"): value for name, value in references.items()},  # `oracle_audc`, ...
            }
        )
        along = curve.quality_at(self.grid)
        return {
            **{
                name: value if MEASURES[name].per_candidate else value[..., None]
                for name, value in values.items()
            },
            **{f"references.{name}": value[..., None] for name, value in references.items()},
            "fixed": fixed,
            "curve": along,
            "gain_along": along - mixture.quality_at(self.grid),
        }

    def reference_curves(self) -> dict[str, DeferralCurve]:
        """Return the curves of the references that have one."""
        with_curve = ("oracle", "best_per_kind", "cascade")
        curves = {name: sweep.curve() for name in with_curve for sweep in self._references[name]}
        return {"mixture": mixture_curve(self.quality, self.cost), **curves}

    def _of_references(self, weights: Floats, mixture: DeferralCurve) -> Values:
        values: Values = {}
        missing = np.full(len(weights), nan)
        for name in REFERENCES:
            sweeps = self._references.get(name, ())
            curves = [mixture] if name == "mixture" else [sweep.curve(weights) for sweep in sweeps]
            log, linear = (
                np.mean([area(one, self.cost) for one in curves], axis=0) if curves else missing
                for area in (measures.audc, measures.audc_linear)
            )
            values |= {f"{name}.audc": log, f"{name}.audc_linear": linear}
            if name in UNSEEN or (curves and name in BETWEEN):
                values[f"{name}.headroom"] = measures.headroom(
                    log, values["mixture.audc"], values["oracle.audc"]
                )
            if name == "oracle":
                values["oracle.peak"] = measures.peak(curves[0])
        values["best_single.quality"] = _means(weights, self._best)[:, 1]
        return values


def reference_sweeps(truth: Truth) -> dict[str, Sequence[Sweep]]:
    """Return the sweeps of each reference but the mixture, of which the mean counts: none where a suite does
    not allow it."""
    quality, cost, kinds = truth.quality, truth.pool.cost, truth.best_of_kind
    samples = truth.samples if truth.unseen else truth.samples[:, :, :1]
    of_kind = None if kinds is None else Answer(kinds, None, np.zeros(1))
    return {
        "oracle": [EstimatorSweep(quality, quality, cost)],
        "oracle_leave_one_out": unseen_sweeps(samples, cost),
        "oracle_shrunk": unseen_sweeps(samples, cost, truth.shrinkage),
        "best_per_kind": [sweep_of(of_kind, quality, truth.pool, truth.round)] if of_kind else [],
        "cascade": [CascadeSweep(truth.samples, cost, *truth.stages)] if truth.stages else [],
    }


def cost_grid(cost: Floats) -> Floats:
    """Return the costs at which curves are read off, POINTS from the cheapest to the most expensive."""
    low, high = float(cost.min()), float(cost.max())
    return np.unique(np.clip(np.geomspace(low, high, POINTS), low, high))


def _means(weights: Floats, values: Floats) -> Floats:
    """Return weighted means (B, K) of values (n, K)."""
    return weights @ values / weights.sum(axis=-1, keepdims=True)


def score_arrays(
    predicted: npt.ArrayLike,
    quality: npt.ArrayLike,
    cost: npt.ArrayLike,
    *,
    best: int | None = None,
) -> dict[str, ArrayMeasure]:
    """Return every measure of predictions that no suite is needed for, by name (`catbench.measures()`).

    `predicted` (n, M) are a router's estimates of `quality`, which is (n, M) or, with samples, (n, M, S);
    higher is better in both. `cost` (M,) is the price of one image of each candidate, positive. `best` is the
    position of the best single candidate by scores that are not these, such as training's; without it the
    best on these prompts is taken, which makes it harder to beat. Measures per candidate are lists in the
    order of the columns. None is what does not exist, and a quality that is never reached: the measures of
    budgets, rewordings and overhead are left out. Raises UsageError for shapes that do not fit and values
    that are missing or not finite.
    """
    said, true, price = _finite("predicted", predicted), _finite("quality", quality), _finite("cost", cost)
    samples = true[:, :, None] if true.ndim == 2 else true
    if said.ndim != 2 or samples.shape[:2] != said.shape or price.shape != said.shape[1:] or not said.size:
        raise UsageError(
            f"predicted has shape {said.shape}, quality {true.shape} and cost {price.shape}: they must be "
            "(n, M), (n, M) or (n, M, S), and (M,), of n prompts and M candidates"
        )
    count, width = said.shape
    if best is not None and not 0 <= best < width:
        raise UsageError(f"best is {best}: it is a position among {width} candidates, from 0 to {width - 1}")
    names = tuple(Candidate(id=f"candidate-{place}") for place in range(width))
    pool = Pool("given", names, price, "cost", "quality")
    chosen = best_position(samples.mean(axis=(0, 2)), price) if best is None else best
    truth = Truth(
        pool=pool,
        samples=samples,
        groups=np.arange(count).astype(str),
        round=np.zeros(count, dtype=np.int64),
        best=np.full(count, chosen),
        best_single=names[chosen].id,
        limit=float(price[chosen]),
        pairs=np.empty((0, 2), dtype=np.int64),
        shrinkage=shrinkage(samples),
    )
    found = Scorer(Answer(said, None, np.zeros(1)), truth).measures(np.ones((1, count)))
    by_name: dict[str, ArrayMeasure] = {}
    for name, measure in MEASURES.items():
        if name in found and not NEED_MORE & {*measure.ingredients}:
            numbers = [None if isnan(value) or value == np.inf else float(value) for value in found[name][0]]
            by_name[name] = numbers if measure.per_candidate else numbers[0]
    return by_name


def _finite(name: str, values: npt.ArrayLike) -> Floats:
    if isinstance(values, np.ma.MaskedArray):
        raise UsageError(f"{name} is a masked array: what is masked would count; fill it or leave it out")
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} is no array of numbers: {error}") from error
    if not np.isfinite(array).all():
        raise UsageError(f"{name} has values that are missing or not finite: every one must be a number")
    return array
