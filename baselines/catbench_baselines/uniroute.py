"""UniRoute with clusters: the error of each candidate on each kind of prompt (Jitkrittum et al. 2025).

The training prompts are put into K clusters by k-means. A candidate is known by its mean quality on each
cluster, and a prompt's predicted quality is that of its cluster. So a candidate that was never
trained on needs only a few labelled prompts. K is chosen on the validation split. The means are over the
training prompts, by whose labels all routers here learn; the paper takes them from a labelled sample apart.

A cluster's mean counts one more prompt, of the candidate's mean quality, so that a cluster without a label
has a value too; with one cluster that changes nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from catbench import Prompts
from catbench_baselines.features import Floats, Labelled, VectorRouter

CHOICES = (1, 2, 4, 8, 16, 32, 64, 128)
"""Values of K that are tried."""
DEFAULT = 16
"""K where no validation split is given."""


class UniRouteRouter(VectorRouter):
    """Predicts the mean quality of the prompt's cluster."""

    answers_by = ("centres", "means")
    columns = 128

    def fit(self, prompts: Prompts, quality: Floats, validation: Labelled | None = None) -> UniRouteRouter:
        """Cluster the training prompts for each K, and keep the one that routes best."""
        vectors, self._validation = self._read(prompts, validation)
        most = len(np.unique(vectors, axis=0))
        tried = [k for k in CHOICES if k <= most] if validation else [min(DEFAULT, most)]
        from sklearn.cluster import KMeans

        make: Any = KMeans  # its stubs take no number of starts
        self._clusters = [make(k, n_init=1, random_state=self._pool.seed).fit(vectors) for k in tried]
        return self.refit(quality)

    def refit(self, quality: Floats) -> UniRouteRouter:
        """Take other qualities (n, M) of the same training prompts; clusters stay as they are."""
        tried = [(c, _cluster_means(c.labels_, quality, c.n_clusters)) for c in self._clusters]
        best = self._best(tried, lambda one, vectors: one[1][one[0].predict(vectors)], self._validation)
        self.centres, self.means = best[0].cluster_centers_, best[1]
        self.flops_per_prompt = self._vectors.flops + 2.0 * self.centres.size
        return self

    def add_candidate(self, prompts: Prompts, quality: Floats) -> UniRouteRouter:
        """Take in a candidate by its qualities (N,) on N prompts; it is the last column from now on."""
        column = _cluster_means(self._nearest(prompts), quality[:, None], len(self.centres))
        self.means = np.column_stack([self.means, column])
        return self

    def predict(self, prompts: Prompts) -> Floats:
        """Return the mean quality (n, M) of each prompt's cluster."""
        return self.means[self._nearest(prompts)]

    def _nearest(self, prompts: Prompts) -> npt.NDArray[np.int64]:
        """Return each prompt's cluster (n,)."""
        products = self._vectors.transform(prompts) @ self.centres.T
        return ((self.centres**2).sum(axis=1) / 2 - products).argmin(axis=1)


def _cluster_means(of: npt.NDArray[Any], quality: Floats, count: int) -> Floats:
    """Return mean qualities (K, M) of labels in clusters `of` (n,), each with one label of the mean more."""
    member = (of[:, None] == np.arange(count)).astype(np.float64)
    return (member.T @ quality + quality.mean(axis=0)) / (member.sum(axis=0)[:, None] + 1)


make_router = UniRouteRouter
