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
import numpy.typing as npt
from sklearn.linear_model import Ridge

from catbench import Pool, Prompts
from catbench_baselines.features import DenseVectors, VectorRouter, entries, routed_quality

Floats = npt.NDArray[np.float64]
COLUMNS = 256
PENALTIES = (1e-4, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
DEFAULT = 1.0
"""Penalty where no validation split is given; the rank is then full."""
RANKS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Ranks that are tried, and the full one, M."""


class EmbedLlmRouter(VectorRouter):
    """Reduced-rank ridge regression."""

    answers_by = ("_model", "_basis", "_centre", "embeddings", "means")

    def __init__(self, pool: Pool, vectors: str = "") -> None:
        super().__init__(pool, DenseVectors(vectors, COLUMNS))

    def fit(
        self, prompts: Prompts, quality: Floats, validation: tuple[Prompts, Floats] | None = None
    ) -> EmbedLlmRouter:
        """Factorise at every penalty and rank, and keep those that route best."""
        self._train = self._vectors.fit(prompts)
        self._validation = validation and (self._vectors.transform(validation[0]), validation[1])
        return self.refit(quality)

    def refit(self, quality: Floats) -> EmbedLlmRouter:
        """Fit to other qualities (n, M) of the same training prompts."""
        means, count = quality.mean(axis=0), quality.shape[1]
        most = -np.inf
        for penalty in PENALTIES if self._validation else (DEFAULT,):
            model: Any = Ridge(alpha=penalty).fit(self._train, quality)
            fitted = _linear(model, self._train) - means
            directions = leading_directions(fitted, model.coef_.reshape(count, -1), penalty)
            for rank in [*(rank for rank in RANKS if rank < count), count] if self._validation else [count]:
                basis = directions[:, :rank]
                reached = self._reached(model, basis, means)
                if reached > most:
                    most, self._model, self._basis, self._centre = reached, model, basis, means
        self.embeddings, self.means = self._basis, self._centre
        inside = entries(self._train) + count
        self.flops_per_prompt = self._vectors.flops + 2 * inside * self.embeddings.shape[1]
        return self

    def add_candidate(self, prompts: Prompts, quality: Floats) -> EmbedLlmRouter:
        """Take in a candidate by its qualities (N,) on N prompts; it is the last column from now on.

        Its embedding is fitted to them by ridge regression; those of the prompts stay as they are.
        """
        inside = self._inside(self._vectors.transform(prompts))
        spread = (
            float(inside.var(axis=0).sum()) or 1.0
        )  # a penalty that does not depend on the metric's scale
        model: Any = Ridge(alpha=spread).fit(inside, quality)
        self.embeddings = np.vstack([self.embeddings, model.coef_])
        self.means = np.append(self.means, model.intercept_)
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return predicted qualities (n, M)."""
        return self._inside(self._vectors.transform(prompts)) @ self.embeddings.T + self.means

    def _inside(self, vectors: Any) -> Floats:
        """Return the prompts' embeddings (n, r)."""
        return (_linear(self._model, vectors) - self._centre) @ self._basis

    def _reached(self, model: Any, basis: Floats, means: Floats) -> float:
        """Return what routing by a factorisation reaches on the validation split, 0 where there is none."""
        if self._validation is None:
            return 0.0
        vectors, true = self._validation
        return routed_quality((_linear(model, vectors) - means) @ basis @ basis.T + means, true, self._pool)


def leading_directions(fitted: Floats, coefficients: Floats, penalty: float) -> Floats:
    """Return directions (M, M) of quality, the leading first: a ridge fit projected on r of them has rank r.

    `fitted` (n, M) is what the fit gives for the training prompts, less its mean; `coefficients` are (M, d).
    No fit of that rank has a smaller penalised error: ridge regression is least squares with d rows more, of
    quality 0.
    """
    rows = np.vstack([fitted, np.sqrt(penalty) * coefficients.T])
    return np.linalg.svd(rows, full_matrices=False)[2].T


def _linear(model: Any, vectors: Any) -> Floats:
    return np.asarray(model.predict(vectors), dtype=np.float64).reshape(vectors.shape[0], -1)


def make_router(pool: Pool, vectors: str = "") -> EmbedLlmRouter:
    """Return the router; `embedllm:NAME` chooses a prompt feature of the suite, or a text encoder."""
    return EmbedLlmRouter(pool, vectors)
