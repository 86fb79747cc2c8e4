"""What a router does with test prompts, and why it may lose to the mixture. Shown to people, never ranked.

Where the prompts go: the share of the tested prompts that each candidate draws, at a budget (trade-offs as in
`catbench.score.deployment`) and where cost does not count.

Why it loses: routing needs differences between candidates, prompt by prompt. Two things are measured of them,
among the candidates that the router draws with. *Departures*: how far the predictions depart from the
candidates' means, against the truth, and which part of a predicted departure is found (the slope of the true
on the predicted ones; 1 = all of it). A router that fits noise predicts more than there is, and shrinking its
predictions mends that. *Level*: by how much it over- or underrates one candidate on average.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from catbench.arrays import Floats, Ints
from catbench.score.answer import Answer
from catbench.score.deployment import deploy, unlimited
from catbench.score.unseen_oracles import variances

USED = 0.01
"""A candidate is drawn with where some budget sends it this share of the prompts."""


@dataclass(frozen=True, eq=False)
class Shares:
    """Where the tested prompts go at B budgets, and with no limit on cost."""

    budgets: Floats
    """(B,), in the unit of the costs, rising; those within the end of the validation curve."""
    at: Floats
    """(B, M): the share of the prompts that each candidate draws."""
    unlimited: Floats
    """(M,)."""

    @property
    def used(self) -> Ints:
        """Positions of the candidates that are drawn with."""
        return np.flatnonzero(np.vstack([self.at, self.unlimited]).max(axis=0) >= USED)


@dataclass(frozen=True)
class Departures:
    """Predicted against true departures from the candidates' means; qualities, higher is better."""

    predicted: float
    """Standard deviation of the predicted departures."""
    true: float
    """That of the true ones, less the noise of the samples where there are several."""
    found: float
    """Which part of a predicted departure is found; nan where nothing departs."""
    level: float
    """The largest error of a candidate's mean, against the others'; above 0 it is overrated."""
    candidate: int
    """Position of that candidate in the pool."""
    expected: float
    """Mean predicted gain of the choices with no limit on cost over always one candidate."""
    real: float
    """What that gain is."""


def where_prompts_go(answer: Answer, of_prompt: Ints, cost: Floats) -> Shares:
    """Return where n prompts go, whose rounds are `of_prompt` (n,), at costs (M,)."""
    deployed = deploy(answer, of_prompt, cost)
    kept = slice(deployed.kept)
    alone = (np.broadcast_to(drawn, (len(of_prompt), len(cost))) for drawn in np.eye(len(cost)))
    at = np.stack([deployed.mean(drawn).mean(axis=1) for drawn in alone], axis=1)
    free = np.bincount(unlimited(answer, cost), minlength=len(cost)) / len(of_prompt)
    return Shares(deployed.budgets[kept], at[kept], free)


def departures(predicted: Floats, samples: Floats, cost: Floats, used: Ints, always: int) -> Departures:
    """Return how predictions (n, M) depart from the means, against qualities of samples (n, M, S).

    `used` are positions of the candidates to look at, `always` that of the one to compare choices with.
    """
    quality = samples.mean(axis=2)
    said, true = _departures(predicted[:, used]), _departures(quality[:, used])
    power = float((said**2).mean())
    if power <= 1e-20 * max(1.0, float((predicted**2).mean())):  # what is left of equal numbers is rounding
        power = 0.0
    variance = variances(samples[:, used])[0] if samples.shape[2] > 1 else float((true**2).mean())
    level = (predicted - quality)[:, used].mean(axis=0)
    level -= np.median(level)
    worst = int(np.abs(level).argmax())
    row, free = np.arange(len(quality)), unlimited(Answer(predicted, None, np.empty(0)), cost)
    expected, real = (
        float((values[row, free] - values[:, always]).mean()) for values in (predicted, quality)
    )
    return Departures(
        predicted=float(np.sqrt(power)),
        true=float(np.sqrt(variance)),
        found=float((said * true).mean()) / power if power else nan,
        level=float(level[worst]),
        candidate=int(used[worst]),
        expected=expected,
        real=real,
    )


def _departures(values: Floats) -> Floats:
    """Return values (n, M) less the mean of each prompt and of each candidate."""
    centred = values - values.mean(axis=1, keepdims=True)
    return centred - centred.mean(axis=0)
