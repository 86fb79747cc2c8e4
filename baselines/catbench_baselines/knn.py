"""K nearest neighbours (CATImage §5.1): the mean quality of the most similar training prompts.

Similarity is the cosine in the suite's prompt embedding, or in TF-IDF; K is chosen on the validation split.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.neighbors import NearestNeighbors

from catbench import Pool, Prompts
from catbench_baselines.features import PromptVectors, VectorRouter, routed_quality

Floats = npt.NDArray[np.float64]
CHOICES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
"""Values of K that are tried."""
DEFAULT = 64
"""K where no validation split is given."""
SEARCHED = 128
"""MiB of similarities that are held at a time."""


class KnnRouter(VectorRouter):
    """Averages the training qualities of the K nearest training prompts."""

    def __init__(self, pool: Pool, vectors: str = "") -> None:
        super().__init__(pool, PromptVectors(vectors))
        self._asked: list[tuple[Prompts, npt.NDArray[np.int64], dict[int, Any]]] = []

    def fit(
        self, prompts: Prompts, quality: Floats, validation: tuple[Prompts, Floats] | None = None
    ) -> KnnRouter:
        """Index the training prompts, and choose K by the quality reached on the validation split."""
        vectors = self._vectors.fit(prompts)
        count = min(max(CHOICES), len(prompts))
        self._index: Any = NearestNeighbors(n_neighbors=count, metric="cosine").fit(vectors)
        self._asked = []
        self.flops_per_prompt = _similarity_flops(vectors)
        self._validation = None
        if validation is not None:
            _, found, _ = self._ask(validation[0])
            tried = [0, *(k for k in CHOICES if k <= count)]
            rings = [_ring(found[:, near:far], len(prompts)) for near, far in pairwise(tried)]
            self._validation = list(zip(tried[1:], rings, strict=True)), validation[1]
        return self.refit(quality)

    def refit(self, quality: Floats) -> KnnRouter:
        """Take other qualities (n, M) of the same training prompts; neighbours stay as they are."""
        self._centre = quality.mean(axis=0)
        self._labels = (quality - self._centre).astype(np.float32)
        self.k = min(DEFAULT, len(quality))
        if self._validation is not None:
            rings, true = self._validation
            total, reached = np.zeros(true.shape, np.float32), dict[int, float]()
            for k, ring in rings:
                total += ring @ self._labels
                reached[k] = routed_quality(self._centre + total / k, true, self._pool)
            self.k = max(reached, key=lambda k: reached[k])
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return the mean quality (n, M) of each prompt's neighbours."""
        _, found, nearest = self._ask(prompts)
        if self.k not in nearest:
            nearest[self.k] = _ring(found[:, : self.k], len(self._labels))
        return self._centre + (nearest[self.k] @ self._labels).astype(np.float64) / self.k

    def _ask(self, prompts: Prompts) -> tuple[Prompts, npt.NDArray[np.int64], dict[int, Any]]:
        """Return prompts, their neighbours (n, k), and products' matrices by K; the last two are kept.

        A refit is asked about the prompts of the one before, and may be about validation and test in turn.
        """
        for asked in self._asked:
            if asked[0] is prompts:
                return asked
        with config_context(working_memory=SEARCHED):
            found = self._index.kneighbors(self._vectors.transform(prompts), return_distance=False)
        self._asked = [*self._asked[-1:], (prompts, found, {})]
        return self._asked[-1]


def _ring(neighbours: npt.NDArray[np.int64], count: int) -> Any:
    """Return the sparse matrix (n, count) of ones at neighbours (n, k): its product with labels sums theirs.

    Refits to other labels come down to such products.
    """
    rows, width = neighbours.shape
    ones = np.ones(rows * width, np.float32)
    ends = np.arange(0, rows * width + 1, width, dtype=np.int32)  # small types: the product waits for memory
    return csr_array((ones, neighbours.astype(np.int32).ravel(), ends), shape=(rows, count))


def _similarity_flops(vectors: Any) -> float:
    """Return the FLOPs of one prompt's similarities to all training prompts (n, d)."""
    if isinstance(vectors, np.ndarray):
        return 2.0 * vectors.size
    prompts_with = np.bincount(vectors.indices, minlength=vectors.shape[1]).astype(np.float64)
    return float(2 * (prompts_with**2).sum() / vectors.shape[0])  # only words that both have are multiplied


def make_router(pool: Pool, vectors: str = "") -> KnnRouter:
    """Return the router; `knn:NAME` chooses a prompt feature of the suite, or a text encoder."""
    return KnnRouter(pool, vectors)
