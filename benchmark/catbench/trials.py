"""Trials for the win rate: the router refitted on other draws of its training labels (CATImage §5.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from catbench.arrays import Floats
from catbench.errors import UsageError
from catbench.pool import Pool
from catbench.prompts import Prompts
from catbench.routing import Labelled, NamedRouter, ask, ask_at, fit, make, subset
from catbench.scoring import sweep_of


@dataclass(frozen=True)
class Trials:
    """How many trials, and how each draws its training labels."""

    count: int = 0
    samples: int = 1
    """Samples drawn without replacement for each training prompt and candidate."""

    def described(self, stored: int, seed: int) -> str:
        """Return what a signature says of trials on a suite that stores so many training samples."""
        if not self.count:
            return "0"
        drawn = f"{self.samples}of{stored}" if stored > 1 else "prompts"
        return f"{self.count}x{drawn},seed={seed}"


def run_trials(
    router: NamedRouter,
    pool: Pool,
    train: tuple[Prompts, Floats],
    validation: Labelled,
    test: Labelled,
    trials: Trials,
    progress: Callable[[], None] = lambda: None,
) -> Floats:
    """Return the router's quality at each candidate's cost in each trial, shape (T, M).

    `train` holds qualities (n, M, S). Where S is 1 a trial resamples the training prompts instead. A
    router with `refit(quality)` is fitted once and refitted. Raises UsageError where S is too small.
    """
    prompts, samples = train
    stored = samples.shape[2]
    if stored > 1 and not 1 <= trials.samples < stored:
        raise UsageError(
            f"a trial draws fewer samples than the {stored} stored, and at least 1, not {trials.samples}"
        )
    qualities = np.empty((trials.count, len(pool)))
    fitted = None
    for trial in range(trials.count):
        random = np.random.default_rng([pool.seed, trial])
        if stored > 1:
            labelled = prompts, draw_samples(samples, trials.samples, random)
        else:
            labelled = subset((prompts, samples[:, :, 0]), random.integers(0, len(prompts), len(prompts)))
        if fitted is not None and stored > 1 and hasattr(fitted, "refit"):
            fitted.refit(labelled[1])
        else:
            fitted = make(router, pool)
            fit(router.name, fitted, labelled, validation)
        answer = ask(router.name, fitted, test[0], pool, ask_at(labelled[1], pool.cost))
        qualities[trial] = sweep_of(answer, test[1], pool).curve().quality_at(pool.cost)
        progress()
    return qualities


def draw_samples(samples: Floats, count: int, random: np.random.Generator) -> Floats:
    """Return the mean (n, M) of `count` samples of (n, M, S), drawn without replacement in every cell."""
    if count == 1:  # no need to order them all
        picked = random.integers(samples.shape[2], size=(*samples.shape[:2], 1))
    else:
        picked = random.random(samples.shape).argsort(axis=2)[:, :, :count]
    return np.take_along_axis(samples, picked, axis=2).mean(axis=2)
