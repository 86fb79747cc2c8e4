"""EmbedLLM's matrix factorisation: prompts and candidates in one small space (Zhuang et al. 2025).

Quality is the inner product of a candidate's embedding B (M, r) with a linear map X A of the prompt's vector,
beside the candidate's mean. The paper descends the gradient of a classification loss on answers that are
right or wrong; qualities are numbers, so the loss is squared here, and its minimum at each rank and
ridge penalty is known in closed form: the ridge fit, projected on the leading right singular vectors of
what it gives for the prompts and for the penalty's rows (Izenman 1975; Mukherjee and Zhu 2011). Rank and
penalty are chosen on the validation split.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from catbench import Prompts
from catbench_baselines.features import Floats, Labelled, VectorRouter, entries
from catbench_baselines.linear import LinearMap, ridge_path

COLUMNS = 256
PENALTIES = (1e-4, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
DEFAULT = 1.0
"""Penalty where no validation split is given; the rank is then full."""
RANKS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Ranks that are tried, and the full one, M."""


class EmbedLlmRouter(VectorRouter):
    """Reduced-rank ridge regression."""

    answers_by = ("_coefficients", "_intercept", "_basis", "_centre", "embeddings", "means")
    columns = COLUMNS

    def fit(self, prompts: Prompts, quality: Floats, validation: Labelled | None = None) -> EmbedLlmRouter:
        """Factorise at every penalty and rank, and keep those that route best."""
        self._train, self._validation = self._read(prompts, validation)
        return self.refit(quality)

    def refit(self, quality: Floats) -> EmbedLlmRouter:
        """Fit to other qualities (n, M) of the same training prompts."""
        means, count = quality.mean(axis=0), quality.shape[1]
        penalties = PENALTIES if self._validation else (DEFAULT,)
        ranks = [*(rank for rank in RANKS if rank < count), count] if self._validation else [count]
        tried: list[tuple[LinearMap, Floats]] = []
        for penalty, model in zip(penalties, ridge_path(self._train, quality, penalties), strict=True):
            fitted = model.predict(self._train) - means
            directions = leading_directions(fitted, model.coefficients.T, penalty)
            tried += [(model, directions[:, :rank]) for rank in ranks]

        def factorised(one: tuple[LinearMap, Floats], vectors: Any) -> Floats:
            return (one[0].predict(vectors) - means) @ one[1] @ one[1].T + means

        best, self._basis = self._best(tried, factorised, self._validation)
        self._coefficients, self._intercept, self._centre = best.coefficients, best.intercept, means
        self.embeddings, self.means = self._basis, self._centre
        inside = entries(self._train) + count
        self.flops_per_prompt = self._vectors.flops + 2 * inside * self.embeddings.shape[1]
        return self

    def add_candidate(self, prompts: Prompts, quality: Floats) -> EmbedLlmRouter:
        """Take in a candidate by its qualities (N,) on N prompts; it is the last column from now on.

        Its embedding is fitted to them by ridge regression; those of the prompts stay as they are.
        """
        inside = self._inside(self._vectors.transform(prompts))
        spread = float(inside.var(axis=0).sum()) or 1.0  # whatever the scale of the metric
        model = ridge_path(inside, quality[:, None], (spread,))[0]
        self.embeddings = np.vstack([self.embeddings, model.coefficients.T])
        self.means = np.append(self.means, model.intercept)
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return predicted qualities (n, M)."""
        return self._inside(self._vectors.transform(prompts)) @ self.embeddings.T + self.means

    def _inside(self, vectors: Any) -> Floats:
        """Return the prompts' embeddings (n, r)."""
        quality = LinearMap(self._coefficients, self._intercept).predict(vectors)
        return (quality - self._centre) @ self._basis


def leading_directions(fitted: Floats, coefficients: Floats, penalty: float) -> Floats:
    """Return directions (M, M) of quality, the leading first: a ridge fit projected on r of them has rank r.

    `fitted` (n, M) is what the fit gives for the training prompts, less its mean; `coefficients` are (M, d).
    No fit of that rank has a smaller penalised error: ridge regression is least squares with d rows more, of
    quality 0.
    """
    rows = np.vstack([fitted, np.sqrt(penalty) * coefficients.T])
    return np.linalg.svd(rows, full_matrices=False)[2].T


make_router = EmbedLlmRouter
