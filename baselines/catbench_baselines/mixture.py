"""The best that can be done without reading the prompt: every prompt gets the training means."""

from __future__ import annotations

import numpy as np

from catbench import Pool, Prompts
from catbench_baselines.features import Floats


class MixtureRouter:
    """Predicts each candidate's mean training quality for every prompt."""

    flops_per_prompt = 0.0

    def fit(self, prompts: Prompts, quality: Floats) -> MixtureRouter:
        """Learn the means of quality (n, M)."""
        self.means = quality.mean(axis=0)
        return self

    def add_candidate(self, prompts: Prompts, quality: Floats) -> MixtureRouter:
        """Take in a candidate by its qualities (N,); it is the last column from now on."""
        self.means = np.append(self.means, quality.mean())
        return self

    def state(self) -> dict[str, Floats]:
        """Return the means."""
        return {"means": self.means}

    def restore(self, state: dict[str, Floats]) -> None:
        """Take the means."""
        self.means = state["means"]

    def predict(self, prompts: Prompts) -> Floats:
        """Return the means, once a prompt."""
        return np.tile(self.means, (len(prompts), 1))


def make_router(pool: Pool) -> MixtureRouter:
    """Return the router."""
    return MixtureRouter()
