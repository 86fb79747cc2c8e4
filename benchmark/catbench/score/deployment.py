"""A budget in, choices out: what a router does where it is used, and whether it keeps its word.

In use nobody knows the test prompts. So for a budget the trade-off is chosen on *validation predictions*
alone: the two neighbouring vertices of their predicted curve around the budget are mixed so that their mean
cost meets it. The same two trade-offs, in the same shares, are then used on the tested prompts.

Budgets are the distinct candidates' costs above the cheapest. Beyond the end of the validation curve a router
has nothing left to buy and stays at that end, with folds each round at its own. Such budgets are counted
apart, and are no part of the budget's error: thrift is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catbench.arrays import Floats, Ints
from catbench.score.answer import Answer, restrict
from catbench.score.curve import REACHED, DeferralCurve
from catbench.score.sweep import SAME_TRADE_OFF, EstimatorSweep, choices_at, with_cheapest


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


def deploy(answer: Answer, of_prompt: Ints, cost: Floats) -> Deployment:
    """Return the choices of an answer about n prompts, whose rounds are `of_prompt` (n,), costs (M,)."""
    ends = [_end(one, cost) for one in answer.validation]
    budgets = np.unique(cost)[1:] if ends else np.empty(0)
    kept = int((budgets <= min(ends, default=0.0) * (1 + REACHED)).sum())
    below, above = np.zeros((2, len(budgets), len(of_prompt)), dtype=np.int64)
    share = np.zeros((len(budgets), len(of_prompt)))
    for number, validation in enumerate(answer.validation):
        inside = of_prompt == number
        found = _mixed(validation, restrict(answer, inside), cost, budgets)
        below[:, inside], above[:, inside] = found[:2]
        share[:, inside] = found[2][:, None]
    return Deployment(budgets, kept, below, above, share)


def trade_offs_around(validation: Answer, cost: Floats, budgets: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the trade-offs (B,) around each budget (B,) of validation answers, and the share of the second.

    Infinity stands for the cheapest candidate. Mixed in these shares, the validation prompts cost on average
    what the budget allows, or all that the router would ever spend.
    """
    if validation.predicted is not None:
        curve = EstimatorSweep(validation.predicted, validation.predicted, cost).curve()
        lower, upper, share = _neighbours(curve.cost, budgets)
        held = _holding(curve)
        return held[lower], held[upper], share
    assert validation.choices is not None
    lower, upper, share = _choices_around(with_cheapest(validation.choices, cost), cost, budgets)
    asked_at = np.append(np.inf, validation.trade_offs)
    return asked_at[lower], asked_at[upper], share


def unlimited(answer: Answer, cost: Floats) -> Ints:
    """Return the choice (n,) where cost does not count: the best predicted, or a policy's at trade-off 0."""
    if answer.predicted is not None:
        return choices_at(answer.predicted, cost, [0.0])[0]
    assert answer.choices is not None
    return answer.choices[-1]


def quality_within(answer: Answer, quality: Floats, cost: Floats, of_prompt: Ints) -> Floats:
    """Return the expected quality (n, M) of each prompt where each round spends each candidate's cost (M,).

    Its mean is the height of the answer's own curve there, against qualities (n, M); `of_prompt` (n,) tells
    rounds.
    """
    found = np.empty(quality.shape)
    for number in np.unique(of_prompt):
        inside = of_prompt == number
        own, true = restrict(answer, inside), quality[inside]
        below, above, share = _mixed(own, own, cost, cost)
        row, mix = np.arange(len(true)), share[:, None]
        found[inside] = ((1 - mix) * true[row, below] + mix * true[row, above]).T
    return found


def _end(validation: Answer, cost: Floats) -> float:
    if validation.predicted is not None:
        return float(cost[unlimited(validation, cost)].mean())
    assert validation.choices is not None
    return float(cost[validation.choices].mean(axis=1).max())


def _mixed(asked: Answer, used: Answer, cost: Floats, budgets: Floats) -> tuple[Ints, Ints, Floats]:
    """Return what `used` chooses (B, n) at the trade-offs around each budget (B,) of `asked`, and the share
    (B,) of the second. A policy's trade-offs are told by their place."""
    if asked.predicted is None:
        assert asked.choices is not None
        assert used.choices is not None
        lower, upper, share = _choices_around(with_cheapest(asked.choices, cost), cost, budgets)
        choices = with_cheapest(used.choices, cost)
        return choices[lower], choices[upper], share
    assert used.predicted is not None
    if used is asked:
        sweep = EstimatorSweep(asked.predicted, asked.predicted, cost)
        lower, upper, share = _neighbours(sweep.curve().cost, budgets)
        return sweep.choices(lower), sweep.choices(upper), share
    below, above, share = trade_offs_around(asked, cost, budgets)
    return choices_at(used.predicted, cost, below), choices_at(used.predicted, cost, above), share


def _holding(curve: DeferralCurve) -> Floats:
    """Return a trade-off (V,) at which each vertex of a curve holds: halfway down to the next one's.

    Just below an event's trade-off the event has happened; the next one, however near, has not.
    """
    following = np.append(curve.trade_off[1:], 0.0)
    just_below = curve.trade_off * (1 - 2 * SAME_TRADE_OFF)
    return np.maximum(just_below, (curve.trade_off + following) / 2)


def _choices_around(choices: Ints, cost: Floats, budgets: Floats) -> tuple[Ints, Ints, Floats]:
    """Return the rows (B,) of choices (T, n) around each budget (B,), and the share of the second."""
    mean = cost[choices].mean(axis=1)
    order = np.argsort(mean, kind="stable")
    lower, upper, share = _neighbours(mean[order], budgets)
    return order[lower], order[upper], share


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
