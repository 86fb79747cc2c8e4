"""K nearest neighbours (CATImage §5.1): the mean quality of the most similar training prompts.

Similarity is the cosine in the suite's prompt embedding, or in TF-IDF; K is chosen on the validation split.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
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
        self._times = None
        self.flops_per_prompt = _similarity_flops(self._train)
        self._validation = validation
        return self.refit(quality)

    def refit(self, quality: Floats, rows: Ints | None = None) -> KnnRouter:
        """Take other qualities (n, M) of the same training prompts, or of those at `rows`, repeats allowed.

        A prompt that is drawn twice is two neighbours, at one distance; vectors and similarities stay.
        """
        times = None if rows is None else np.bincount(rows, minlength=self._count)
        if times is not None or self._times is not None:
            self._asked = [asked.among(times) for asked in self._asked]
        self._times = times
        self._centre = quality.mean(axis=0)
        self._labels = np.zeros((self._count, quality.shape[1]), np.float32)
        self._labels[slice(None) if rows is None else rows] = quality - self._centre
        self.k = min(DEFAULT, len(quality))
        if self._validation is not None:
            prompts, true = self._validation
            sums = dict(self._ask(prompts).sums(self._labels))
            tried = np.array([self._centre + total / k for k, total in sums.items()])
            self.k = list(sums)[int(np.argmax(routed_quality(tried, true, self._pool)))]
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return the mean quality (n, M) of each prompt's neighbours."""
        asked = self._ask(prompts)
        k = min(self.k, asked.neighbours.shape[1])
        return self._centre + (asked.ring(0, k) @ self._labels).astype(np.float64) / k

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` returned."""
        super().restore(state)
        self._search_among(self._train)

    def _search_among(self, vectors: Any) -> None:
        """Take the training prompts' vectors (N, d), among which neighbours are searched."""
        from sklearn.neighbors import NearestNeighbors

        self._train, self._count = vectors, vectors.shape[0]
        self._index: Any = NearestNeighbors(metric="cosine").fit(vectors)
        self._asked: list[_Asked] = []

    def _ask(self, prompts: Prompts) -> _Asked:
        """Return the neighbours of prompts, kept from the last two times.

        A refit is asked about the prompts of the one before, and may be about validation and test in turn.
        """
        for asked in self._asked:
            if asked.prompts is prompts:
                return asked
        from sklearn import config_context

        most = min(FOUND, self._count)
        with config_context(working_memory=SEARCHED):
            found = self._index.kneighbors(self._vectors.transform(prompts), most, return_distance=False)
        asked = _Asked(prompts, found, self._count).among(self._times)
        self._asked = [*self._asked[-1:], asked]
        return asked  # another thread may have put its own last by now


class _Asked:
    """Prompts whose neighbours were searched, and among which training prompts they count."""

    def __init__(self, prompts: Prompts, found: npt.NDArray[np.integer[Any]], count: int) -> None:
        self.prompts, self._found, self._count = prompts, found.astype(np.int32), count
        self.neighbours = self._found[:, : max(CHOICES)]
        """Training prompts (n, k), the nearest first."""
        self._rings: dict[tuple[int, int], Any] = {}

    def among(self, times: Ints | None) -> _Asked:
        """Return the same where training prompt j counts `times[j]` times; None = once each."""
        other = _Asked(self.prompts, self._found, self._count)
        if times is not None:
            repeats = times[self._found]
            ends = repeats.sum(axis=1).cumsum()
            wide = min(max(CHOICES), int(np.diff(ends, prepend=0).min()))
            starts = np.append(0, ends[:-1])
            flat = np.repeat(self._found.ravel(), repeats.ravel())
            other.neighbours = flat[starts[:, None] + np.arange(wide)]
        return other

    def ring(self, near: int, far: int) -> Any:
        """Return the sparse matrix of the `near`-th to `far`-th neighbours; it is kept."""
        if (near, far) not in self._rings:
            self._rings[near, far] = _ring(self.neighbours[:, near:far], self._count)
        return self._rings[near, far]

    def sums(self, labels: Any) -> Iterator[tuple[int, Any]]:
        """Yield each K that is tried, with the sums (n, M) of the labels (N, M) of the K neighbours."""
        tried = [k for k in CHOICES if k <= self.neighbours.shape[1]]
        total = 0.0
        for near, far in pairwise([0, *tried]):
            total = total + self.ring(near, far) @ labels
            yield far, total


def _ring(neighbours: npt.NDArray[np.int32], count: int) -> Any:
    """Return the sparse matrix (n, count) of ones at neighbours (n, k): its product with labels sums theirs.

    Refits to other labels come down to such products.
    """
    rows, width = neighbours.shape
    ones = np.ones(rows * width, np.float32)
    ends = np.arange(0, rows * width + 1, width, dtype=np.int32)  # small types: the product waits for memory
    return csr_array((ones, neighbours.ravel(), ends), shape=(rows, count))


def _similarity_flops(vectors: Any) -> float:
    """Return the FLOPs of one prompt's similarities to all training prompts (n, d)."""
    if isinstance(vectors, np.ndarray):
        return 2.0 * vectors.size
    prompts_with = np.bincount(vectors.indices, minlength=vectors.shape[1]).astype(np.float64)
    return float(2 * (prompts_with**2).sum() / vectors.shape[0])  # only words that both have are multiplied


make_router = KnnRouter
