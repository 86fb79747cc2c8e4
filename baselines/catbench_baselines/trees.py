"""Gradient-boosted trees from the prompt's vector to each candidate's quality (Friedman 2001).

Histogram trees, an ensemble a candidate, on at most 64 dense columns; the learning rate and the number of
rounds, the same for all candidates, are chosen on the validation split.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from catbench import Pool, Prompts
from catbench_baselines.features import DenseVectors, VectorRouter, contrast_error, routed_quality

Floats = npt.NDArray[np.float64]
COLUMNS = 64
RATES = (0.03, 0.1)
ROUNDS = 150
"""Most trees of a candidate."""
LEAVES = 15
BINS = 63
"""Values that a column is rounded to."""
DEFAULT = (0.1, 50)
"""Learning rate and rounds where no validation split is given."""


class TreesRouter(VectorRouter):
    """An ensemble of small regression trees for each candidate."""

    answers_by = ("models", "rounds")

    def __init__(self, pool: Pool, vectors: str = "") -> None:
        super().__init__(pool, DenseVectors(vectors, COLUMNS))

    def fit(
        self, prompts: Prompts, quality: Floats, validation: tuple[Prompts, Floats] | None = None
    ) -> TreesRouter:
        """Grow trees at each learning rate, as many as err least, and keep the rate that routes best."""
        vectors = self._vectors.fit(prompts)
        if validation is None:
            rate, self.rounds = DEFAULT
            self.models = self._grow(vectors, quality, rate)
        else:
            held, true = self._vectors.transform(validation[0]), validation[1]
            most = -np.inf
            for rate in RATES:
                models = self._grow(vectors, quality, rate)
                errors = [contrast_error(predicted, true) for predicted in _stages(models, held)]
                rounds = 1 + int(np.argmin(errors))
                area = routed_quality(_after(models, held, rounds), true, self._pool)
                if area > most:
                    most, self.rounds, self.models = area, rounds, models
        self.flops_per_prompt = self._vectors.flops + self.rounds * quality.shape[1]  # a tree adds one number
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return predicted qualities (n, M)."""
        return _after(self.models, self._vectors.transform(prompts), self.rounds)

    def _grow(self, vectors: Any, quality: Floats, rate: float) -> list[Any]:
        from sklearn.ensemble import HistGradientBoostingRegressor

        with threadpool_limits(1):  # small steps: threads would mostly wait for each other
            return [
                HistGradientBoostingRegressor(
                    learning_rate=rate,
                    max_iter=ROUNDS,
                    max_leaf_nodes=LEAVES,
                    max_bins=BINS,
                    early_stopping=False,  # pyright: ignore[reportArgumentType]
                    random_state=self._pool.seed,
                ).fit(vectors, column)
                for column in quality.T
            ]


def _stages(models: list[Any], vectors: Any) -> Any:
    """Yield predictions (n, M) after each round."""
    with threadpool_limits(1):
        for stage in zip(*(model.staged_predict(vectors) for model in models), strict=True):
            yield np.column_stack(stage)


def _after(models: list[Any], vectors: Any, rounds: int) -> Floats:
    return next(islice(_stages(models, vectors), rounds - 1, None))


def make_router(pool: Pool, vectors: str = "") -> TreesRouter:
    """Return the router; `trees:NAME` chooses a prompt feature of the suite, or a text encoder."""
    return TreesRouter(pool, vectors)
