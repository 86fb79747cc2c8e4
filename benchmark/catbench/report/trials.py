"""Win rates: the router refitted on other draws of its training labels (CATImage §5.4, Table 1).

A trial refits the router in every round, and asks whether its curve lies above a candidate at its cost.
One test set serves all trials, so their share says nothing of other prompts: a p-value of T draws falls
with T alone. The interval here resamples both, prompts and refits. On resampled prompts each refit keeps the
trade-offs by which it met the candidate's cost on all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from math import nan

import numpy as np

from catbench.arrays import Floats
from catbench.errors import UsageError
from catbench.report.estimates import numbers
from catbench.report.numbers import WinRates
from catbench.route.routing import NamedRouter, ask, ask_at, call, fit, make
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap, ends, replicate_blocks
from catbench.score.curve import REACHED
from catbench.score.deployment import quality_within
from catbench.score.rounds import Round, Rounds
from catbench.score.truth import Truth
from catbench.suite.pool import Pool


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


def win_rates(
    router: NamedRouter,
    rounds: Rounds,
    pool: Pool,
    truth: Truth,
    trials: Trials,
    bootstrap: Bootstrap,
    progress: Callable[[], None] = lambda: None,
) -> WinRates:
    """Return in how many trials the router beats each candidate at its cost; null at the cheapest."""
    reached = run_trials(router, rounds, pool, truth, trials, progress)
    fixed = truth.quality
    margin = REACHED * np.maximum(1.0, np.abs(fixed).max())  # a router that draws the same is no better
    wins = (reached.mean(axis=1) > fixed.mean(axis=0) + margin).mean(axis=0)
    random = np.random.default_rng([bootstrap.seed, trials.count])
    found: list[Floats] = []
    for weights in replicate_blocks(truth.groups, bootstrap):
        share = weights / weights.sum(axis=1, keepdims=True)
        means = np.einsum("bn,tnm->btm", share, reached, optimize=True)
        won = means > (share @ fixed)[:, None] + margin
        again = random.integers(0, trials.count, (len(weights), trials.count))
        found.append(np.take_along_axis(won, again[:, :, None], axis=1).mean(axis=1))
    low, high, spread = ends(np.concatenate(found) if found else np.empty((0, len(pool))))
    deviation = reached.mean(axis=1).std(axis=0, ddof=1) if trials.count > 1 else np.full(len(pool), np.nan)
    columns = {"value": wins, "low": low, "high": high, "standard_error": spread, "deviation": deviation}
    for column in columns.values():
        column[pool.cheapest] = nan
    return WinRates(**{name: numbers(column) for name, column in columns.items()})


def run_trials(
    router: NamedRouter,
    rounds: Rounds,
    pool: Pool,
    truth: Truth,
    trials: Trials,
    progress: Callable[[], None] = lambda: None,
) -> Floats:
    """Return the expected quality of each prompt at each candidate's cost in each trial, (T, n, M).

    Where one sample is stored a trial resamples the training prompts instead. A router with `refit` is fitted
    once and refitted, in the latter case if it takes `rows`: then what it learnt of the prompts' texts alone
    (a vocabulary) is that of all of them. Raises UsageError where too few samples are stored.
    """
    stored = rounds.each[0].train.samples
    if stored > 1 and not 1 <= trials.samples < stored:
        raise UsageError(
            f"a trial draws fewer samples than the {stored} stored, and at least 1, not {trials.samples}"
        )
    answers: list[list[Answer]] = [[] for _ in range(trials.count)]
    for one in rounds.each:
        for trial, answer in enumerate(_answers(router, one, pool, trials)):
            answers[trial].append(answer)
            progress()
    reached = np.empty((trials.count, *truth.quality.shape), dtype=np.float64)
    for trial, given in enumerate(answers):
        reached[trial] = quality_within(rounds.joined(given), truth.quality, pool.cost, truth.round)
    return reached


def _answers(router: NamedRouter, one: Round, pool: Pool, trials: Trials) -> list[Answer]:
    prompts, samples, validation = one.train.texts(), one.train.qualities(pool), one.validation.labelled(pool)
    test = one.test.texts()
    resampled, made = samples.shape[2] == 1, make(router, pool)
    again = hasattr(made, "refit") and (not resampled or "rows" in signature(made.refit).parameters)
    if again:
        fit(router.name, made, (prompts, samples.mean(axis=2)), validation)
    answers: list[Answer] = []
    for trial in range(trials.count):
        random = np.random.default_rng([pool.seed, trial])
        rows = random.integers(0, len(prompts), len(prompts)) if resampled else None
        quality = draw_samples(samples, trials.samples, random) if rows is None else samples[rows, :, 0]
        if again:
            call(router.name, "refit", made.refit, quality.copy(), **({} if rows is None else {"rows": rows}))
        else:
            made = make(router, pool) if trial else made
            drawn = prompts if rows is None else prompts.take(rows)
            fit(router.name, made, (drawn, quality), validation)
        answers.append(ask(router.name, made, test, pool, ask_at(quality, pool.cost)))
    return answers


def draw_samples(samples: Floats, count: int, random: np.random.Generator) -> Floats:
    """Return the mean (n, M) of `count` samples of (n, M, S), drawn without replacement in every cell."""
    if count == 1:  # no need to order them all
        picked = random.integers(samples.shape[2], size=(*samples.shape[:2], 1))
    else:
        picked = random.random(samples.shape).argsort(axis=2)[:, :, :count]
    return np.take_along_axis(samples, picked, axis=2).mean(axis=2)
