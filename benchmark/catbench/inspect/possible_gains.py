"""What could be gained over not reading the prompt, as one function of prompt weights.

With every weight 1 it gives the values of an inspection; with a bootstrap's weights, replicates of all of
them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from catbench.arrays import Floats
from catbench.report.numbers import ALONG, Curve
from catbench.score.answer import Answer
from catbench.score.answer_sweep import sweep_of
from catbench.score.bootstrap import Values
from catbench.score.measures import audc, gain, headroom
from catbench.score.scorer import cost_grid
from catbench.score.sweep import EstimatorSweep, Sweep, mixture_curve, mixture_curves
from catbench.score.truth import Truth
from catbench.score.unseen_oracles import Variation, shrunk_sweeps


class PossibleGains:
    """Gains of references that know the scores, or the kinds, of n prompts.

    Weights have shape (B, n), one row a replicate; values are arrays (B, 1), (B, M) for a candidate each, or
    (B, G) along the costs of `grid`.
    """

    def __init__(self, truth: Truth) -> None:
        self.cost, self.quality = truth.pool.cost, truth.quality
        self.costs = cost_grid(self.cost)
        self.grid = self.costs[::ALONG]
        unseen = truth.samples if truth.unseen else truth.samples[:, :, :1]
        oracle = EstimatorSweep(self.quality, self.quality, self.cost)
        self.sweeps: dict[str, Sequence[Sweep]] = {
            "oracle": [oracle],
            "oracle_shrunk": shrunk_sweeps(unseen, self.cost, truth.shrinkage),
        }
        """Each reference's sweeps, of which the mean counts; empty where there is none."""
        if truth.best_of_kind is not None:
            kinds = Answer(truth.best_of_kind, None, np.zeros(1))
            self.sweeps["best_per_kind"] = [sweep_of(kinds, self.quality, truth.pool, truth.round)]
        self.names = tuple(name for name, sweeps in self.sweeps.items() if sweeps)
        self._variation = Variation.of(unseen) if unseen.shape[2] > 1 else None

    def values(self, weights: Floats) -> Values:
        """Return `fixed`, NAME.gain, NAME.headroom and NAME.along of every reference, and variances."""
        fixed = weights @ self.quality / weights.sum(axis=-1, keepdims=True)
        mixture = mixture_curves(fixed, self.cost)
        level, heights = audc(mixture, self.cost), mixture.quality_at(self.grid)
        values: Values = {"fixed": fixed}
        best = level
        for name in self.names:
            curves = [sweep.curve(weights) for sweep in self.sweeps[name]]
            area = np.mean([audc(curve, self.cost) for curve in curves], axis=0)
            best = area if name == "oracle" else best
            values[f"{name}.gain"] = gain(area, level)[:, None]
            values[f"{name}.headroom"] = headroom(area, level, best)[:, None]
            along = np.mean([curve.quality_at(self.grid) for curve in curves], axis=0)
            values[f"{name}.along"] = along - heights
        if self._variation is not None:
            interaction, noise = self._variation.variances(weights)
            both = interaction + noise
            share = np.divide(interaction, both, out=np.full(both.shape, np.nan), where=both > 0)
            values |= {
                "interaction": interaction[:, None],
                "noise": noise[:, None],
                "repeats": share[:, None],
            }
        return values

    def heights(self, sign: int) -> dict[str, Curve]:
        """Return the curves of mixture and oracle, with the metric's own sign."""
        curves = {
            "mixture": mixture_curve(self.quality, self.cost),
            "oracle": self.sweeps["oracle"][0].curve(),
        }
        return {
            name: Curve(cost=self.costs.tolist(), quality=(curve.quality_at(self.costs) * sign).tolist())
            for name, curve in curves.items()
        }
