"""Gradient-boosted trees from the prompt's vector to each candidate's quality (Friedman 2001).

Histogram trees, an ensemble a candidate, on at most 64 dense columns; the learning rate and the number of
rounds, the same for all candidates, are chosen on the validation split.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from catbench import Prompts
from catbench_baselines.features import Floats, Labelled, VectorRouter, contrast_error, routed_quality

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
    columns = COLUMNS

    def fit(self, prompts: Prompts, quality: Floats, validation: Labelled | None = None) -> TreesRouter:
        """Grow trees at each learning rate, as many as err least, and keep the rate that routes best."""
        vectors, held = self._read(prompts, validation)
        if held is None:
            rate, self.rounds = DEFAULT
            self.models = self._grow(vectors, quality, rate)
        else:
            asked, true = held
            most = -np.inf
            for rate in RATES:
                models = self._grow(vectors, quality, rate)
                errors = [contrast_error(predicted, true) for predicted in _stages(models, asked)]
                rounds = 1 + int(np.argmin(errors))
                area = routed_quality(_after(models, asked, rounds), true, self._pool)
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


make_router = TreesRouter
