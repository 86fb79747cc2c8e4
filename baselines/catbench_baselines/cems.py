"""CEMS: which candidate does best on this prompt (Lee and Lee, CIKM 2024).

Candidates' qualities vary from prompt to prompt, and a classifier learns from the text which one is best
there. As in the paper's code a prompt counts by (1 - share) squared, for the share of prompts with the same
best candidate. The paper fine-tunes a CLIP text encoder; here, on the same vectors as the other routers, the
classifier is a multinomial logistic regression, its penalty chosen on the validation split by the area under
the curve. The paper has no trade-off: the probability of being best stands in for the quality in
CATImage's Eq. 3, scaled to the usual distance between the best candidate and the worst.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from catbench import Pool, Prompts
from catbench_baselines.features import PromptVectors, VectorRouter, entries, routed_quality

Floats = npt.NDArray[np.float64]
STRENGTHS = (0.01, 0.1, 1.0, 10.0)
"""Inverses of the penalty that are tried, rising."""
DEFAULT = 0.1
"""The one where no validation split is given."""


class CemsRouter(VectorRouter):
    """A classifier of the best candidate."""

    answers_by = ("_model", "_shares", "_level", "_scale")

    def __init__(self, pool: Pool, vectors: str = "") -> None:
        super().__init__(pool, PromptVectors(vectors))

    def fit(
        self, prompts: Prompts, quality: Floats, validation: tuple[Prompts, Floats] | None = None
    ) -> CemsRouter:
        """Learn which candidate is best; of equally good ones the first counts."""
        vectors = self._vectors.fit(prompts)
        best = quality.argmax(axis=1)
        self._shares = np.bincount(best, minlength=quality.shape[1]) / len(best)
        self._level, self._scale = float(quality.mean()), float(np.ptp(quality, axis=1).mean())
        self._model = None
        self.flops_per_prompt = 2 * entries(vectors) * quality.shape[1]
        if len(classes := np.unique(best)) == 1:
            return self
        weight = {int(c): (1 - self._shares[c]) ** 2 for c in classes}
        model: Any = LogisticRegression(C=DEFAULT, class_weight=weight, max_iter=1000, warm_start=True)
        if validation is None:
            self._model = model.fit(vectors, best)
            return self
        held, true, most = self._vectors.transform(validation[0]), validation[1], -np.inf
        for strength in STRENGTHS:  # each starts where the one before ended
            predicted = self._scaled(model.set_params(C=strength).fit(vectors, best), held)
            if (area := routed_quality(predicted, true, self._pool)) > most:
                most, self._model = area, copy.deepcopy(model)
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return the probabilities (n, M) of being best, on the scale of the qualities."""
        if self._model is not None:
            return self._scaled(self._model, self._vectors.transform(prompts))
        return self._on_scale(np.tile(self._shares, (len(prompts), 1)))

    def _scaled(self, model: Any, vectors: Any) -> Floats:
        likely = np.zeros((vectors.shape[0], len(self._shares)))
        likely[:, model.classes_] = model.predict_proba(vectors)
        return self._on_scale(likely)

    def _on_scale(self, likely: Floats) -> Floats:
        return self._level + self._scale * (likely - 1 / likely.shape[1])


def make_router(pool: Pool, vectors: str = "") -> CemsRouter:
    """Return the router; `cems:NAME` chooses a prompt feature of the suite, or a text encoder."""
    return CemsRouter(pool, vectors)
