"""K nearest neighbours (CATImage §5.1): the mean quality of the most similar training prompts.

Similarity is the cosine in the suite's prompt embedding, or in TF-IDF; K is chosen on the validation split.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from catbench import Prompts
from catbench_baselines.features import Floats, Labelled, VectorRouter, routed_quality

Ints = npt.NDArray[np.int64]
CHOICES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
"""Values of K that are tried."""
DEFAULT = 64
"""K where no validation split is given."""
SEARCHED = 128
"""MiB of similarities that are held at a time."""
FOUND = 640
"""Neighbours that are searched: with repeats drawn as many remain on average, and 512 almost surely."""


class KnnRouter(VectorRouter):
    """Averages the training qualities of the K nearest training prompts."""

    answers_by = ("_train", "_labels", "_centre", "_times", "k")

    def fit(self, prompts: Prompts, quality: Floats, validation: Labelled | None = None) -> KnnRouter:
        """Index the training prompts, and choose K by the quality reached on the validation split."""
        self._search_among(self._vectors.fit(prompts))
        self.flops_per_prompt = _similarity_flops(self._train)
        self._validation = validation
        return self.refit(quality)

    def refit(self, quality: Floats, rows: Ints | None = None) -> KnnRouter:
        """Take other qualities (n, M) of the same training prompts, or of those at `rows`, repeats allowed.

        A prompt that is drawn twice is two neighbours, at one distance; vectors and similarities stay.
        """
        self._times = None if rows is None else np.bincount(rows, minlength=self._count)
        self._centre = quality.mean(axis=0)
        self._labels = np.zeros((self._count, quality.shape[1]), np.float32)
        self._labels[slice(None) if rows is None else rows] = quality - self._centre
        self.k = min(DEFAULT, len(quality))
        if self._validation is not None:
            prompts, true = self._validation
            nearest = self._nearest(prompts)
            tried = [k for k in CHOICES if k <= nearest.shape[1]]
            rings = [self._sums(nearest[:, near:far]) for near, far in pairwise([0, *tried])]
            totals = zip(accumulate(rings), tried, strict=True)
            predicted = np.array([self._centre + total / k for total, k in totals])
            self.k = tried[int(np.argmax(routed_quality(predicted, true, self._pool)))]
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return the mean quality (n, M) of each prompt's neighbours."""
        nearest = self._nearest(prompts)[:, : self.k]
        return self._centre + self._sums(nearest).astype(np.float64) / nearest.shape[1]

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` returned."""
        super().restore(state)
        self._search_among(self._train)

    def _search_among(self, vectors: Any) -> None:
        """Take the training prompts' vectors (N, d), among which neighbours are searched."""
        from sklearn.neighbors import NearestNeighbors

        self._train, self._count = vectors, vectors.shape[0]
        self._index: Any = NearestNeighbors(metric="cosine").fit(vectors)
        self._searched: list[tuple[Prompts, npt.NDArray[np.int32]]] = []

    def _nearest(self, prompts: Prompts) -> npt.NDArray[np.int32]:
        """Return the training prompts (n, k) that are the neighbours of each prompt, the nearest first."""
        found = self._found(prompts)
        if self._times is None:
            return found[:, : max(CHOICES)]
        repeats = self._times[found]
        ends = repeats.sum(axis=1).cumsum()
        wide = min(max(CHOICES), int(np.diff(ends, prepend=0).min()))
        starts = np.append(0, ends[:-1])
        return np.repeat(found.ravel(), repeats.ravel())[starts[:, None] + np.arange(wide)]

    def _found(self, prompts: Prompts) -> npt.NDArray[np.int32]:
        """Return the neighbours that were searched for prompts, kept from the last two times.

        A refit is asked about the prompts of the one before, and may be about validation and test in turn.
        """
        for asked, found in self._searched:
            if asked is prompts:
                return found
        from sklearn import config_context

        most = min(FOUND, self._count)
        with config_context(working_memory=SEARCHED):
            found = self._index.kneighbors(self._vectors.transform(prompts), most, return_distance=False)
        found = found.astype(np.int32)
        self._searched = [*self._searched[-1:], (prompts, found)]
        return found

    def _sums(self, neighbours: npt.NDArray[np.int32]) -> Any:
        """Return the sums (n, M) of the labels of neighbours (n, k).

        A product of a sparse matrix of ones: refits to other labels come down to such products.
        """
        rows, width = neighbours.shape
        ones = np.ones(rows * width, np.float32)
        ends = np.arange(0, rows * width + 1, width, dtype=np.int32)  # small: the product waits for memory
        return csr_array((ones, neighbours.ravel(), ends), shape=(rows, self._count)) @ self._labels


def _similarity_flops(vectors: Any) -> float:
    """Return the FLOPs of one prompt's similarities to all training prompts (n, d)."""
    if isinstance(vectors, np.ndarray):
        return 2.0 * vectors.size
    prompts_with = np.bincount(vectors.indices, minlength=vectors.shape[1]).astype(np.float64)
    return float(2 * (prompts_with**2).sum() / vectors.shape[0])  # only words that both have are multiplied


make_router = KnnRouter
