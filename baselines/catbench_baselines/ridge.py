"""Ridge regression from the prompt's vector to each candidate's quality (Hoerl and Kennard 1970).

The penalty is chosen on the validation split.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catbench import Prompts
from catbench_baselines.features import Floats, Labelled, VectorRouter, entries
from catbench_baselines.linear import LinearMap, ridge_path

Ints = npt.NDArray[np.int64]
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
DEFAULT = 1.0
"""Penalty where no validation split is given."""


class RidgeRouter(VectorRouter):
    """A linear map from prompt vectors to qualities."""

    answers_by = ("coefficients", "intercept")

    def fit(self, prompts: Prompts, quality: Floats, validation: Labelled | None = None) -> RidgeRouter:
        """Fit one map a penalty, and keep the one that routes best on the validation split."""
        self._train, self._validation = self._read(prompts, validation)
        self.flops_per_prompt = 2 * entries(self._train) * quality.shape[1]
        return self.refit(quality)

    def refit(self, quality: Floats, rows: Ints | None = None) -> RidgeRouter:
        """Fit to other qualities (n, M) of the same training prompts, or of those at `rows`, repeats allowed.

        The vectors stay, and with them the vocabulary.
        """
        train = self._train if rows is None else self._train[rows]
        maps = ridge_path(train, quality, PENALTIES if self._validation else (DEFAULT,))
        best = self._best(maps, LinearMap.predict, self._validation)
        self.coefficients, self.intercept = best.coefficients, best.intercept
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return predicted qualities (n, M)."""
        return LinearMap(self.coefficients, self.intercept).predict(self._vectors.transform(prompts))


make_router = RidgeRouter
