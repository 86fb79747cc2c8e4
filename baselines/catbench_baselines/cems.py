"""CEMS: which candidate does best on this prompt (Lee and Lee, CIKM 2024).

Candidates' qualities vary from prompt to prompt, and a classifier learns from the text which one is best
there. As in the paper's code a prompt counts by (1 - share) squared, for the share of prompts with the same
best candidate. The paper fine-tunes a CLIP text encoder; here, on the same vectors as the other routers, the
classifier is a multinomial logistic regression, its penalty chosen on the validation split by the area under
the curve. The paper has no trade-off: the probability of being best stands in for the quality in
CATImage's Eq. 3, scaled to the usual distance between the best candidate and the worst.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import softmax

from catbench import Prompts
from catbench_baselines.features import Floats, Labelled, VectorRouter, entries
from catbench_baselines.linear import LinearMap, linear_map

STRENGTHS = (0.01, 0.1, 1.0, 10.0)
"""Inverses of the penalty that are tried, rising."""
DEFAULT = 0.1
"""The one where no validation split is given."""


class CemsRouter(VectorRouter):
    """A classifier of the best candidate."""

    answers_by = ("_coefficients", "_intercept", "_classes", "_shares", "_level", "_scale")

    def fit(self, prompts: Prompts, quality: Floats, validation: Labelled | None = None) -> CemsRouter:
        """Learn which candidate is best; of equally good ones the first counts."""
        vectors, held = self._read(prompts, validation)
        best = quality.argmax(axis=1)
        self._shares = np.bincount(best, minlength=quality.shape[1]) / len(best)
        self._level, self._scale = float(quality.mean()), float(np.ptp(quality, axis=1).mean())
        self._coefficients = self._intercept = None
        self.flops_per_prompt = 2 * entries(vectors) * quality.shape[1]
        self._classes = np.unique(best)
        if len(self._classes) == 1:
            return self
        from sklearn.linear_model import LogisticRegression

        weight = {int(c): (1 - self._shares[c]) ** 2 for c in self._classes}
        model: Any = LogisticRegression(C=DEFAULT, class_weight=weight, max_iter=1000, warm_start=True)
        tried = STRENGTHS if held else (DEFAULT,)  # each starts where the one before ended
        maps = [linear_map(model.set_params(C=strength).fit(vectors, best)) for strength in tried]
        chosen = self._best(maps, self._scaled, held)
        self._coefficients, self._intercept = chosen.coefficients, chosen.intercept
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return the probabilities (n, M) of being best, on the scale of the qualities."""
        if self._coefficients is not None and self._intercept is not None:
            model = LinearMap(self._coefficients, self._intercept)
            return self._scaled(model, self._vectors.transform(prompts))
        return self._on_scale(np.tile(self._shares, (len(prompts), 1)))

    def _scaled(self, model: LinearMap, vectors: Any) -> Floats:
        scores = model.predict(vectors)
        if scores.shape[1] == 1:  # of two classes, the score of the second one
            scores = np.column_stack([np.zeros(len(scores)), scores])
        likely = np.zeros((len(scores), len(self._shares)))
        likely[:, self._classes] = softmax(scores, axis=1)
        return self._on_scale(likely)

    def _on_scale(self, likely: Floats) -> Floats:
        return self._level + self._scale * (likely - 1 / likely.shape[1])


make_router = CemsRouter
