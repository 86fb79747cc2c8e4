"""A perceptron with one hidden layer from the prompt's vector to each candidate's quality.

Trained with Adam, one pass over the training prompts at a time, and stopped early: the pass with the
least error on the validation split is kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from catbench import Prompts
from catbench_baselines.features import Floats, Labelled, VectorRouter, contrast_error, entries

HIDDEN = 64
WORDS = 2048
"""Words kept where the vectors are TF-IDF."""
PASSES = 60
PATIENCE = 8
"""Passes without a lesser error after which training stops."""
DEFAULT_PASSES = 10
"""Passes where no validation split is given."""


class MlpRouter(VectorRouter):
    """A small perceptron; qualities are standardised for training and scaled back."""

    answers_by = ("layers", "_mean", "_scale")
    words = WORDS

    def fit(self, prompts: Prompts, quality: Floats, validation: Labelled | None = None) -> MlpRouter:
        """Train until the error on the validation split no longer falls."""
        vectors, held = self._read(prompts, validation)
        train = _scaled(vectors)
        self.flops_per_prompt = 2 * HIDDEN * (entries(vectors) + quality.shape[1])
        self._mean, self._scale = quality.mean(axis=0), quality.std(axis=0)
        self._scale[self._scale == 0] = 1
        target = (quality - self._mean) / self._scale
        from sklearn.neural_network import MLPRegressor

        model: Any = MLPRegressor(
            hidden_layer_sizes=(HIDDEN,),
            alpha=1e-3,
            batch_size=min(128, len(prompts)),  # pyright: ignore[reportArgumentType]
            random_state=self._pool.seed,
        )
        least, since = np.inf, 0
        for _ in range(PASSES if held else DEFAULT_PASSES):
            model.partial_fit(train, target if target.shape[1] > 1 else target.ravel())
            layers = [[w.copy(), b.copy()] for w, b in zip(model.coefs_, model.intercepts_, strict=True)]
            if held is None:
                self.layers = layers
                continue
            error, since = contrast_error(self._predict(layers, held[0]), held[1]), since + 1
            if error < least:
                self.layers, least, since = layers, error, 0
            if since >= PATIENCE:
                break
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return predicted qualities (n, M)."""
        return self._predict(self.layers, self._vectors.transform(prompts))

    def _predict(self, layers: list[list[Any]], vectors: Any) -> Floats:
        (first, start), (second, end) = layers
        hidden = np.maximum(_scaled(vectors) @ first + start, 0)
        return (hidden @ second + end) * self._scale + self._mean


def _scaled(vectors: Any) -> Any:
    """Return unit vectors of an embedding with entries of about 1; sparse ones as they are."""
    return vectors * np.sqrt(vectors.shape[1]) if isinstance(vectors, np.ndarray) else vectors


make_router = MlpRouter
