"""From a budget to two trade-offs by validation prompts, and what is to be expected of them.

A budget is met on average: the two neighbouring trade-offs of the validation curve are mixed
(`catbench.score.deployment`). Which of the two a prompt gets is decided by a SHA-256 of the router's digest
and the normalised text, so the same prompt always goes the same way; splits and folds hash other texts.

The interval of a mean over N prompts to come counts both samples: the validation prompts that it is estimated
by, and the N prompts themselves. Groups of validation prompts are drawn twice, independently, and the
difference of the two means stands for that between the mean to come and the estimate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats
from catbench.errors import UsageError, check_known
from catbench.report.numbers import Estimate
from catbench.report.spelling import spell_cost
from catbench.route.routing import NamedRouter, ask, ask_at, fit, make, no_progress
from catbench.score.answer import Answer
from catbench.score.bootstrap import Bootstrap, ends
from catbench.score.curve import REACHED
from catbench.score.deployment import chosen_at, sweep_of, trade_offs_around
from catbench.score.rounds import rounds_of
from catbench.score.truth import best_position
from catbench.suite.info import Metric
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool
from catbench.suite.prompts import Prompts, normalise
from catbench.use.familiar import Familiar, familiar


@dataclass(frozen=True)
class Setting:
    """Two trade-offs, and how they mix: what a budget comes down to."""

    trade_offs: tuple[float, float]
    """λ; infinity is the cheapest candidate."""
    share: float
    """How many of the prompts get the second."""


@dataclass(frozen=True)
class Expected:
    """What is to be expected, with 95% intervals for the mean over so many prompts."""

    prompts: int
    cost: Estimate
    """Mean, in the pool's unit."""
    quality: Estimate
    """Mean, on the metric's own scale."""
    gain: Estimate
    """Mean quality above that of always the best single candidate; above 0 is better, whatever the metric's
    direction."""
    best_single: str
    best_single_cost: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a fitted router said about n validation prompts, and what is true of them."""

    pool: Pool
    metric: Metric
    answer: Answer
    quality: Floats
    """(n, M), higher is better."""
    groups: npt.NDArray[np.str_]
    """(n,)."""
    best_single: int
    """Position of the candidate with the best training mean."""

    def setting(
        self,
        *,
        budget: float | None = None,
        match: str | None = None,
        save: float | None = None,
        trade_off: float | None = None,
    ) -> Setting:
        """Return the trade-offs of a mean cost, of a candidate's quality, of a saving, or of a trade-off.

        Exactly one is given: `budget` in the pool's unit; `match` a candidate's id; `save` a share of the
        best single candidate's cost; `trade_off` λ, in units of quality a unit of cost. A policy is known
        where it was asked: between two such trade-offs both are mixed, by their distance on a logarithmic
        scale. Raises UsageError for what is not possible, with what is.
        """
        given = {"budget": budget, "match": match, "save": save, "trade-off": trade_off}
        named = [name for name, value in given.items() if value is not None]
        if len(named) != 1:
            said = " and ".join(named) or "none"
            raise UsageError(f"give one of budget, match, save and trade-off, not {said}")
        for name in ("budget", "save", "trade-off"):
            if isinstance(given[name], str):
                raise UsageError(f"{name} {given[name]!r} is a text: give a number")
        if trade_off is not None:
            return self._at(trade_off)
        if match is not None:
            mean = self._matching(match)
        else:
            mean = self._saving(save) if save is not None else self._possible(budget or 0.0)
        below, above, share = trade_offs_around(self.answer, self.pool.cost, np.array([mean]))
        return Setting((float(below[0]), float(above[0])), float(share[0]))

    def _at(self, trade_off: float) -> Setting:
        if not trade_off >= 0:
            raise UsageError(f"trade-off {trade_off:g}: it must be 0 (cost does not count) or more")
        if self.answer.predicted is not None or np.isinf(trade_off):
            return Setting((trade_off, trade_off), 0.0)
        asked = self.answer.trade_offs  # falling, the last is 0
        if trade_off >= asked[0]:  # on to the cheapest, where cost is all that counts
            return Setting((np.inf, float(asked[0])), float(asked[0] / trade_off) if trade_off else 1.0)
        upper = int((asked > trade_off).sum())
        one, other = float(asked[upper - 1]), float(asked[upper])
        away = np.log(one / trade_off) / np.log(one / other) if other > 0 else 1 - trade_off / one
        return Setting((one, other), float(away))

    def _possible(self, budget: float) -> float:
        cost, ids, unit = self.pool.cost, self.pool.ids, self.pool.unit
        low, high = int(cost.argmin()), int(cost.argmax())
        if cost[low] * (1 - REACHED) <= budget <= cost[high] * (1 + REACHED):
            return budget
        raise UsageError(
            f"a mean cost of {budget:g} {unit} is not possible: an image costs from {spell_cost(cost[low])} "
            f"({ids[low]}) to {spell_cost(cost[high])} ({ids[high]})"
        )

    def _saving(self, save: float) -> float:
        cost, best = self.pool.cost, self.best_single
        most = 1 - float(cost.min() / cost[best])
        if not 0 <= save <= most * (1 + REACHED):
            raise UsageError(
                f"a saving of {save:.0%} is not possible: from 0% to {100 * most:.3g}% of what "
                f"{self.pool.ids[best]}, the best single candidate, costs ({spell_cost(cost[best])} "
                f"{self.pool.unit}){'; 40% is 0.4' if save > 1 else ''}"
            )
        return float((1 - save) * cost[best])

    def _matching(self, candidate: str) -> float:
        ids, sign = self.pool.ids, self.metric.sign
        check_known("candidate", ids, candidate)
        curve = sweep_of(self.answer, self.quality, self.pool).curve()
        wanted = float(self.quality[:, ids.index(candidate)].mean())
        found = float(curve.cost_to_match(wanted))
        if np.isfinite(found):
            return found
        most = int(curve.quality.argmax())
        raise UsageError(
            f"this router never is as good as {candidate} on validation prompts: at best "
            f"{curve.quality[most] * sign:.4g} at a mean cost of {spell_cost(curve.cost[most])} "
            f"{self.pool.unit}, and {candidate} has {wanted * sign:.4g}"
        )

    def plan(
        self, setting: Setting, prompts: int | None = None, bootstrap: Bootstrap | None = None
    ) -> Expected:
        """Return what is to be expected of a setting.

        `prompts` is how many the means will be over: by default as many as there are validation prompts.
        """
        count = len(self.quality) if prompts is None else prompts
        row, cost = np.arange(len(self.quality)), self.pool.cost
        always = self.quality[:, self.best_single]
        each = [
            np.column_stack([cost[chosen], self.quality[row, chosen], self.quality[row, chosen] - always])
            for chosen in chosen_at(self.answer, cost, setting.trade_offs)
        ]
        values = (1 - setting.share) * each[0] + setting.share * each[1]
        coins = setting.share * (1 - setting.share) * (each[1] - each[0]) ** 2
        low, high = _to_come(values, coins, self.groups, count, bootstrap or Bootstrap())
        means, sign = values.mean(axis=0), np.array([1.0, self.metric.sign, 1.0])
        low[0], high[0], means[0] = np.clip([low[0], high[0], means[0]], cost.min(), cost.max())
        lower, upper = np.sort([low * sign, high * sign], axis=0)
        found = [
            Estimate(value=float(v), low=float(a), high=float(b))
            for v, a, b in zip(means * sign, lower, upper, strict=True)
        ]
        best = self.best_single
        return Expected(count, *found, best_single=self.pool.ids[best], best_single_cost=float(cost[best]))


def _to_come(
    values: Floats, coins: Floats, groups: npt.NDArray[np.str_], prompts: int, bootstrap: Bootstrap
) -> tuple[Floats, Floats]:
    """Return the ends (K,) of the means over so many prompts to come, by values (n, K) of validation prompts.

    `coins` (n, K) is the variance that mixing adds to each.
    """
    _, member = np.unique(groups, return_inverse=True)
    size = np.bincount(member).astype(np.float64)
    summed = np.column_stack([np.bincount(member, column) for column in (*values.T, *coins.T)])
    count, width, random = len(size), values.shape[1], np.random.default_rng(bootstrap.seed)
    evenly = np.full(count, 1 / count)

    def means(drawn: int) -> tuple[Floats, Floats]:
        times = random.multinomial(drawn, evenly, size=bootstrap.replicates).astype(np.float64)
        total = (times @ size)[:, None]
        return times @ summed / total, total

    estimated, _ = means(count)
    coming, total = means(max(1, round(prompts * count / len(values))))
    noise = random.normal(size=(bootstrap.replicates, width)) * np.sqrt(coming[:, width:] / total)
    low, high, _ = ends(coming[:, :width] + noise - estimated[:, :width])
    return values.mean(axis=0) + low, values.mean(axis=0) + high


def fit_for_use(
    named: NamedRouter,
    matrix: ScoreMatrix,
    pool: Pool,
    progress: Callable[[int, int], None] = no_progress,
) -> tuple[Calibration, Familiar, Any]:
    """Return the calibration, the words of training, and a router fitted to texts alone; it sees no tests.

    Raises RouterError where it fails or answers wrongly.
    """
    one = rounds_of(matrix, 0).each[0]
    labelled = one.train.labelled(pool), one.validation.labelled(pool)
    train, validation = ((Prompts(list(prompts)), quality) for prompts, quality in labelled)
    made = make(named, pool)
    fit(named.name, made, train, validation, progress)
    answer = ask(named.name, made, validation[0], pool, ask_at(train[1], pool.cost))
    best = best_position(train[1].mean(axis=0), pool.cost)
    known = Calibration(pool, matrix.metric(pool.metric), answer, validation[1], one.validation.groups, best)
    return known, familiar(train[0], validation[0]), made


def places(texts: Sequence[str], digest: str) -> Floats:
    """Return a number in [0, 1) of each prompt, (n,), evenly spread: below the share the second is used."""
    keys = (f"use {digest} {normalise(text)}".encode("utf-8", "surrogatepass") for text in texts)
    return np.array([int.from_bytes(hashlib.sha256(key).digest()[:6]) / 2**48 for key in keys])
