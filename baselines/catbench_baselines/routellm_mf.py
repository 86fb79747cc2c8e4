"""RouteLLM's matrix factorisation router: which of two candidates wins a prompt (Ong et al. 2025).

It knows two candidates, the cheapest (weak) and, of the others, the best on the training prompts (strong),
learns from preferences the probability that the strong one wins, and sends a prompt to it above a
threshold; the threshold is the trade-off. In the paper a candidate's score is w . (v * U x), with the
prompt's vector x and a learned vector v of the candidate. Between two candidates the difference of the
scores is linear in x, and the cross-entropy of the preferences that of a logistic regression. Its one
minimum is found here, with a penalty on the product of the factors where the paper has one on each; it is
chosen on the validation split by the area under the curve. A draw is half a win for each.

What it predicts are qualities that put the curve through every threshold: of the weak candidate its mean,
of the strong one more by the probability times the usual gap, of others less than the weak one's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from catbench import Pool, Prompts
from catbench_baselines.features import Floats, Labelled, VectorRouter, entries
from catbench_baselines.linear import LinearMap, linear_map

STRENGTHS = (0.01, 0.1, 1.0, 10.0)
"""Inverses of the penalty that are tried."""
DEFAULT = 0.1
"""The one where no validation split is given."""


class RouteLlmRouter(VectorRouter):
    """Ranks prompts by the probability that the strong candidate beats the weak one."""

    answers_by = ("_coefficients", "_intercept", "_count", "strong", "_weak_mean", "_gap")

    def __init__(self, pool: Pool, option: str = "") -> None:
        super().__init__(pool, option)
        self.weak = pool.cheapest

    def fit(self, prompts: Prompts, quality: Floats, validation: Labelled | None = None) -> RouteLlmRouter:
        """Learn from which of the two has the higher quality on each training prompt."""
        means = quality.mean(axis=0)
        others = [m for m in range(len(means)) if m != self.weak] or [self.weak]
        self.strong = max(others, key=lambda m: means[m])
        gap = quality[:, self.strong] - quality[:, self.weak]
        self._weak_mean, self._gap = means[self.weak], float(np.abs(gap).mean()) or 1.0
        vectors, held = self._read(prompts, validation)
        self._count, self._coefficients, self._intercept = len(means), None, None
        self.flops_per_prompt = 2 * entries(vectors)
        if (gap >= 0).all() or (gap <= 0).all():  # nothing to tell apart
            return self
        from sklearn.linear_model import LogisticRegression

        rows, won, weight = _preferences(gap)
        tried = STRENGTHS if held else (DEFAULT,)
        models = [
            linear_map(LogisticRegression(C=strength, max_iter=1000).fit(vectors[rows], won, weight))
            for strength in tried
        ]
        best = self._best(models, self._ordered, held)
        self._coefficients, self._intercept = best.coefficients, best.intercept
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return qualities (n, M) that order prompts by the probability that the strong candidate wins."""
        model = None
        if self._coefficients is not None and self._intercept is not None:
            model = LinearMap(self._coefficients, self._intercept)
        return self._ordered(model, self._vectors.transform(prompts))

    def _ordered(self, model: LinearMap | None, vectors: Any) -> Floats:
        wins = 0.5 if model is None else expit(model.predict(vectors)[:, 0])
        predicted = np.full((vectors.shape[0], self._count), self._weak_mean - self._gap)
        predicted[:, self.strong] = self._weak_mean + self._gap * wins
        predicted[:, self.weak] = self._weak_mean
        return predicted


def _preferences(gap: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Return row, label (1: strong wins) and weight of each preference; a draw gives one of each, half."""
    rows = np.concatenate([np.flatnonzero(gap >= 0), np.flatnonzero(gap <= 0)])
    won = np.repeat([1, 0], [(gap >= 0).sum(), (gap <= 0).sum()])
    return rows, won, np.where(gap[rows] == 0, 0.5, 1.0)


make_router = RouteLlmRouter
