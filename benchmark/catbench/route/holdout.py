"""Unseen candidates: one is hidden while a router trains, and shown by a few labels afterwards.

Models join a pool more often than a router is trained. So the router is made for and fitted to the other
candidates alone, and then given the hidden one's qualities on N prompts of the validation split (the
question of Jitkrittum et al. 2025). It is scored on the whole pool.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from catbench.arrays import Floats
from catbench.errors import RouterError, UsageError, check_known
from catbench.route.router_output import check_predictions
from catbench.route.routing import NamedRouter, call, fit, make, no_progress
from catbench.score.answer import Labelled
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts


@dataclass(frozen=True)
class HoldOut:
    """Which candidate is hidden, and how many labels of it are given."""

    candidate: str
    labels: int

    @property
    def described(self) -> str:
        """What a signature says of it."""
        return f"hold-out:{self.candidate},labels={self.labels}"


def held_out(router: NamedRouter, hold_out: HoldOut) -> NamedRouter:
    """Return the router as it is where a candidate is held out.

    Making or fitting it raises UsageError where the pool has no such candidate, no other, or too few
    validation prompts, and RouterError where the router cannot take in a candidate.
    """
    return NamedRouter(router.name, lambda pool: _HeldOutRouter(router, hold_out, pool))


class _HeldOutRouter:
    """Hides a column of the qualities from a router, and puts its prediction back in place.

    It has no `refit`, which would be given the hidden qualities: a trial fits anew.
    """

    def __init__(self, router: NamedRouter, hold_out: HoldOut, pool: Pool) -> None:
        check_known("candidate to hold out", pool.ids, hold_out.candidate)
        if len(pool) < 2:
            raise UsageError(f"pool {pool.name!r} has no candidate beside {hold_out.candidate!r} to train on")
        self._name, self._labels, self._seed = router.name, hold_out.labels, pool.seed
        self._hidden = pool.ids.index(hold_out.candidate)
        self._known = [m for m in range(len(pool)) if m != self._hidden]
        candidates = tuple(pool.candidates[m] for m in self._known)
        self._ids = (*(candidate.id for candidate in candidates), hold_out.candidate)
        self._router = make(router, replace(pool, candidates=candidates, cost=pool.cost[self._known]))
        if not hasattr(self._router, "predict"):
            raise RouterError(f"router {router.name!r} is a policy: it cannot take in an unseen candidate")
        if not hasattr(self._router, "add_candidate"):
            raise RouterError(
                f"router {router.name!r} cannot take in a candidate it never trained on: it has no "
                "add_candidate(prompts, quality); shipped routers that can are embedllm, mixture and uniroute"
            )

    @property
    def flops_per_prompt(self) -> object:
        return getattr(self._router, "flops_per_prompt", None)

    @property
    def encoder_flops_per_prompt(self) -> object:
        return getattr(self._router, "encoder_flops_per_prompt", None)

    def fit(
        self,
        prompts: Prompts,
        quality: Floats,
        validation: Labelled,
        progress: Callable[[int, int], None] = no_progress,
    ) -> _HeldOutRouter:
        """Fit to the other candidates, then give the labels: of prompts drawn by the pool's seed."""
        texts, true = validation
        if not 1 <= self._labels <= len(texts):
            raise UsageError(
                f"--labels {self._labels}: the validation split has from 1 to {len(texts)} to give"
            )
        known = texts, true[:, self._known]
        fit(self._name, self._router, (prompts, quality[:, self._known]), known, progress)
        rows = np.random.default_rng(self._seed).permutation(len(texts))[: self._labels]
        labels = true[rows, self._hidden]
        call(self._name, "add_candidate", self._router.add_candidate, texts.take(rows), labels)
        return self

    def predict(self, prompts: Prompts) -> Floats:
        said = self._router.predict(prompts)
        if getattr(said, "shape", None) == (len(prompts), len(self._known)):
            raise RouterError(
                f"router {self._name!r}: predict() returned shape {said.shape} after add_candidate(); it "
                f"needs {len(self._known) + 1} columns, the new candidate's last"
            )
        said = check_predictions(self._name, said, len(prompts), self._ids)
        return np.insert(said[:, :-1], self._hidden, said[:, -1], axis=1)
