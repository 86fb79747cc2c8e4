"""What an answer comes down to, of either kind of router: a sweep, or the choices at a budget.

Where a router is used nobody knows the test prompts. So for a budget the trade-off is chosen on *validation
predictions* alone: the two neighbouring vertices of their predicted curve around the budget are mixed so that
their mean cost meets it. The same two trade-offs, in the same shares, are then used on the tested prompts.

Budgets are the distinct candidates' costs above the cheapest. Beyond the end of the validation curve a router
has nothing left to buy and stays at that end, with folds each round at its own. Such budgets are counted
apart, and are no part of the budget's error: thrift is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats, Ints
from catbench.score.answer import Answer, restrict
from catbench.score.curve import REACHED, DeferralCurve
from catbench.score.sweep import (
    SAME_TRADE_OFF,
    EstimatorSweep,
    FoldedSweep,
    PolicySweep,
    Sweep,
    choices_at,
    with_cheapest,
)
from catbench.suite.pool import Pool

SAME_BUDGET = 1e-9
"""A mean cost is within a budget up to this share of it: sums of costs are rounded."""


@dataclass(frozen=True, eq=False)
class Deployment:
    """Choices about n prompts at B budgets: each prompt's, below and above the budget, and how they mix."""

    budgets: Floats
    """(B,), in the unit of the costs, rising."""
    kept: int
    """How many of the budgets, the first, lie within the end of every round's validation curve."""
    below: Ints
    above: Ints
    """(B, n), positions in the pool."""
    share: Floats
    """(B, n): how much of `above`; the rest is `below`."""

    def mean(self, values: Floats) -> Floats:
        """Return the expected value (B, n) of what each candidate gives each prompt, (n, M)."""
        row = np.arange(values.shape[0])
        return (1 - self.share) * values[row, self.below] + self.share * values[row, self.above]

    def same(self, pairs: Ints) -> Floats:
        """Return (P,): at how many of the budgets both prompts of a pair (P, 2) go to one candidate; nan
        without budgets."""
        if not len(self.budgets):
            return np.full(len(pairs), np.nan)
        one, other = pairs.T
        share = self.share[:, one]
        alike = (1 - share) * (self.below[:, one] == self.below[:, other])
        return (alike + share * (self.above[:, one] == self.above[:, other])).mean(axis=0)


def sweep_of(answer: Answer, quality: Floats, pool: Pool, of_prompt: Ints | None = None) -> Sweep:
    """Return the sweep of a router's answer against true qualities (n, M), `of_prompt` being rounds (n,)."""
    if of_prompt is not None and of_prompt.any():
        numbers, of_part = np.unique(of_prompt, return_inverse=True)
        masks = [of_prompt == number for number in numbers]
        parts = [sweep_of(restrict(answer, inside), quality[inside], pool) for inside in masks]
        return FoldedSweep(parts, of_part)
    if answer.predicted is not None:
        return EstimatorSweep(answer.predicted, quality, pool.cost)
    assert answer.choices is not None
    return PolicySweep(answer.choices, answer.trade_offs, quality, pool.cost)


def chosen_at(answer: Answer, cost: Floats, trade_offs: npt.ArrayLike) -> Ints:
    """Return the choices (T, n) of an answer at trade-offs (T,); infinity is the cheapest candidate.

    A policy's trade-offs are among those at which it was asked.
    """
    if answer.predicted is not None:
        return choices_at(answer.predicted, cost, trade_offs)
    assert answer.choices is not None
    asked_at = np.append(np.inf, answer.trade_offs)
    places = (asked_at == np.reshape(trade_offs, (-1, 1))).argmax(axis=1)
    return with_cheapest(answer.choices, cost)[places]


def unlimited(answer: Answer, cost: Floats) -> Ints:
    """Return the choice (n,) where cost does not count: the best predicted, or a policy's at trade-off 0."""
    return chosen_at(answer, cost, [0.0])[0]


def deploy(answer: Answer, of_prompt: Ints, cost: Floats) -> Deployment:
    """Return the choices of an answer about n prompts, whose rounds are `of_prompt` (n,), costs (M,)."""
    ends = [_end(one, cost) for one in answer.validation]
    budgets = np.unique(cost)[1:] if ends else np.empty(0)
    kept = int((budgets <= min(ends, default=0.0) * (1 + REACHED)).sum())
    below, above = np.zeros((2, len(budgets), len(of_prompt)), dtype=np.int64)
    share = np.zeros((len(budgets), len(of_prompt)))
    for number, validation in enumerate(answer.validation):
        inside = of_prompt == number
        # Of a policy, the joined answer's trade-offs are those of the first round: only their places are its.
        used = replace(restrict(answer, inside), trade_offs=validation.trade_offs)
        lower, upper, mix = trade_offs_around(validation, cost, budgets)
        below[:, inside], above[:, inside] = (chosen_at(used, cost, at) for at in (lower, upper))
        share[:, inside] = mix[:, None]
    return Deployment(budgets, kept, below, above, share)


def trade_offs_around(validation: Answer, cost: Floats, budgets: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the trade-offs (B,) around each budget (B,) of validation answers, and the share of the second.

    Infinity stands for the cheapest candidate. Mixed in these shares, the validation prompts cost on average
    what the budget allows, or all that the router would ever spend.
    """
    spent, trade_offs, _ = _path(validation, cost)
    lower, upper, share = _neighbours(spent, budgets)
    return trade_offs[lower], trade_offs[upper], share


def choices_within(answer: Answer, cost: Floats, budgets: Floats) -> Ints:
    """Return the candidate of each prompt, (B, n), at the last point of an answer's own curve within each of
    B mean costs; a budget below the cheapest candidate's cost gets the first point.

    A router may spend the rest by mixing with its next trade-off; its single choices are these.
    """
    spent, _, choices = _path(answer, cost)
    within = np.searchsorted(spent, budgets * (1 + SAME_BUDGET), side="right") - 1
    return choices(np.maximum(within, 0))


def quality_within(answer: Answer, quality: Floats, cost: Floats, of_prompt: Ints) -> Floats:
    """Return the expected quality (n, M) of each prompt where each round spends each candidate's cost (M,).

    Its mean is the height of the answer's own curve there, against qualities (n, M); `of_prompt` (n,) tells
    rounds.
    """
    found = np.empty(quality.shape)
    for number in np.unique(of_prompt):
        inside = of_prompt == number
        true = quality[inside]
        spent, _, choices = _path(restrict(answer, inside), cost)
        lower, upper, share = _neighbours(spent, cost)
        row, mix = np.arange(len(true)), share[:, None]
        found[inside] = ((1 - mix) * true[row, choices(lower)] + mix * true[row, choices(upper)]).T
    return found


def _end(validation: Answer, cost: Floats) -> float:
    choices = unlimited(validation, cost)[None] if validation.choices is None else validation.choices
    return float(cost[choices].mean(axis=1).max())


def _path(answer: Answer, cost: Floats) -> tuple[Floats, Floats, Callable[[Ints], Ints]]:
    """Return how an answer's own curve rises: the mean costs (V,) of its points, trade-offs (V,) at which
    they hold, and the choices (B, n) at B of them, counted from 0."""
    if answer.predicted is not None:
        sweep = EstimatorSweep(answer.predicted, answer.predicted, cost)
        curve = sweep.curve()
        return curve.cost, _holding(curve), sweep.choices
    assert answer.choices is not None
    choices = with_cheapest(answer.choices, cost)
    mean = cost[choices].mean(axis=1)
    order = np.argsort(mean, kind="stable")
    return mean[order], np.append(np.inf, answer.trade_offs)[order], lambda points: choices[order[points]]


def _holding(curve: DeferralCurve) -> Floats:
    """Return a trade-off (V,) at which each vertex of a curve holds: halfway down to the next one's.

    Just below an event's trade-off the event has happened; the next one, however near, has not.
    """
    following = np.append(curve.trade_off[1:], 0.0)
    just_below = curve.trade_off * (1 - 2 * SAME_TRADE_OFF)
    return np.maximum(just_below, (curve.trade_off + following) / 2)


def _neighbours(rising: Floats, budgets: Floats) -> tuple[Ints, Ints, Floats]:
    """Return the last point within each budget (B,), the next, and the share of it that meets the budget.

    Of points of equal cost the last one counts, as on a curve.
    """

    def last_within(costs: Floats) -> Ints:
        return np.searchsorted(rising, costs * (1 + REACHED), side="right") - 1

    lower = last_within(budgets)
    upper = last_within(rising[np.minimum(lower + 1, len(rising) - 1)])
    step = rising[upper] - rising[lower]
    share = np.divide(budgets - rising[lower], step, out=np.zeros(len(budgets)), where=step > 0)
    return lower, upper, np.clip(share, 0, 1)
