"""Every measure of a router: their table, then each as a pure function, with its source.

Conventions: quality is higher-is-better by the time it is here; arrays per candidate are in the pool's
order; a target that is never reached is infinity, a value that does not exist is nan. What is read off one
curve is a number or (M,), off the curves of B resamples (B,) or (B, M).

A measure is added here, as a function and a row of the table, and called in `Scorer.measures`: intervals,
differences and reports follow. `catbench.measures()` gives the table,
`catbench.score_arrays` all measures of three arrays.

Sources: deferral curve, cost to match, win rate and selection rate (of its exhibit alone) are CATImage's
(§3.3, tables 1 to 3, appendix H). Headroom is the share of what an oracle gains over the mixture, the best
that is possible without reading the prompt; the oracle knows the test scores, noise included, so the share is
conservative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from catbench.arrays import Floats, Ints, frozen
from catbench.score.curve import DeferralCurve

Kind = Literal["quality", "gain", "share", "ratio", "error", "correlation"]


@dataclass(frozen=True)
class Measure:
    """What a table needs to know of a measure."""

    name: str
    """Its name in reports."""
    label: str
    kind: Kind
    """`quality`: on the metric's own scale and with its own sign. `gain`: a difference of qualities,
    positive is better. `share`, `ratio` and `correlation`: without unit. `error`: on the metric's scale,
    lower is better."""
    per_candidate: bool = False
    better: Literal["higher", "lower"] = "higher"


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("match_best", "cost to match the best single", "ratio", better="lower"),
        Measure("gain_at_best", "gain at the best single's cost", "gain"),
        Measure("unlimited_gain", "gain with no limit on cost", "gain"),
        Measure("headroom", "headroom captured", "share"),
        Measure("gain", "gain over the mixture", "gain"),
        Measure("gain_binding", "gain where the budget binds", "gain"),
        Measure("audc", "AUDC", "quality"),
        Measure("audc_mixed", "AUDC with mixing", "quality"),
        Measure("audc_with_overhead", "AUDC with overhead", "quality"),
        Measure("headroom_linear", "headroom captured (linear cost)", "share"),
        Measure("gain_linear", "gain over the mixture (linear cost)", "gain"),
        Measure("audc_linear", "AUDC (linear cost)", "quality"),
        Measure("budget_error", "budget error", "ratio", better="lower"),
        Measure("overspend", "overspend", "ratio", better="lower"),
        Measure("deployed_gain", "gain at kept budgets", "gain"),
        Measure("consistency", "rewordings drawn alike", "share"),
        Measure("peak", "peak", "quality"),
        Measure("peak_gain", "peak over the best single on test", "gain"),
        Measure("quality_at", "router at that cost", "quality", per_candidate=True),
        Measure("gain_at", "gain", "gain", per_candidate=True),
        Measure("cost_to_match", "cost to match", "ratio", per_candidate=True, better="lower"),
        Measure("win_rate", "win rate", "share", per_candidate=True),
        Measure("rmse", "RMSE of the estimate", "error", per_candidate=True, better="lower"),
        Measure("rank_correlation", "rank correlation of the estimate", "correlation", per_candidate=True),
    )
}
"""Every measure by name, in the order of tables. Areas are on the log-cost axis unless named linear."""


def measures() -> pd.DataFrame:
    """Return the table of all measures, a row each: name (the index), label, kind, per_candidate, better."""
    return pd.DataFrame([vars(measure) for measure in MEASURES.values()]).set_index("name")


# Areas. The mean height, and not the bare area, so that the number is on the metric's own scale; the range
# is the pool's, so that it never depends on who is compared. The headline is on the logarithmic cost axis,
# where each doubling of a budget counts alike: pools span a factor of 17 to 800, and on the linear axis
# nearly all of the area lies where cost no longer decides anything. The linear area is the literature's.


def audc(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the mean height over [c_min, c_max] of the costs (M,) on a logarithmic cost axis.

    The height itself where they are equal, here and below.
    """
    return curve.area_log(cost.min(), cost.max())


def audc_linear(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the mean height over [c_min, c_max] on a linear cost axis."""
    return curve.area(cost.min(), cost.max())


def audc_binding(curve: DeferralCurve, cost: Floats, limit: float) -> Floats:
    """Return the mean height over [c_min, limit] on a logarithmic axis: where the budget binds.

    `limit` is the best single candidate's cost. No candidate that is more expensive and never chosen changes
    it.
    """
    return curve.area_log(cost.min(), limit)


def audc_mixed(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the AUDC of the curve's concave hull: what mixing any two of its points would reach.

    The hull is chosen with test qualities in hand, so it stands beside AUDC, never instead.
    """
    return curve.mixed().area_log(cost.min(), cost.max())


def audc_with_overhead(curve: DeferralCurve, cheapest: Floats, cost: Floats, overhead: float) -> Floats:
    """Return the AUDC after adding `overhead` (in the unit of the costs (M,)) to every routed image.

    The curve moves right by it; below its new start only the cheapest candidate, unrouted, is left, of
    mean quality `cheapest`. Costs in other units than the overhead's cannot carry it.
    """
    start = np.asarray(cheapest)[..., None]
    shifted = DeferralCurve(
        frozen(np.concatenate([np.full(start.shape, cost.min()), curve.cost + overhead], axis=-1)),
        frozen(np.concatenate([start, curve.quality], axis=-1)),
        frozen(np.empty(0)),
    )
    return shifted.area_log(cost.min(), cost.max())


def gain(audc: Floats, mixture: Floats) -> Floats:
    """Return the area gained over the mixture, on the metric's scale."""
    return audc - mixture


def headroom(audc: Floats, mixture: Floats, oracle: Floats) -> Floats:
    """Return (AUDC - mixture) / (oracle - mixture) of three areas; nan where there is no headroom."""
    room = np.asarray(oracle - mixture)
    known = room > 1e-12 * np.maximum(1.0, np.abs(oracle))
    return np.divide(audc - mixture, room, out=np.full(room.shape, np.nan), where=known)


# Against the best single candidate, which is chosen by training means (`truth_of_rounds`), so that
# none of these is a maximum over test scores. With folds each fold has its own, and cost and quality are
# means over prompts. With no limit on cost the router draws each prompt with the candidate that it predicts
# to be best.


def match_best(curve: DeferralCurve, quality: Floats, cost: Floats, cheapest: float) -> Floats:
    """Return the least cost that reaches the best single candidate's quality (B,), over its cost (B,).

    1 where it is the cheapest one, at which every curve starts; infinity where the curve never reaches it.
    """
    found = curve.cost_to_match(quality[:, None])[:, 0] / cost
    return np.where(cost <= cheapest, 1.0, found)


def gain_at_best(curve: DeferralCurve, quality: Floats, cost: Floats) -> Floats:
    """Return the curve's height at the best single candidate's cost (B,), less its quality (B,)."""
    return curve.quality_at(cost[:, None])[:, 0] - quality


def unlimited_gain(unlimited: Floats, quality: Floats) -> Floats:
    """Return the mean quality (B,) of the choices at trade-off 0, less the best single candidate's (B,)."""
    return unlimited - quality


# Against each candidate (tables 2 and 3). The paper makes a router spend at the last column of its table;
# here a curve is flat beyond trade-off 0. Cost-to-match is never clamped: a quality that the curve does not
# reach has no cost.


def quality_at(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the curve's height at the cost (M,) of each candidate."""
    return curve.quality_at(cost)


def gain_at(curve: DeferralCurve, fixed: Floats, cost: Floats) -> Floats:
    """Return the height at each candidate's cost (M,) less that candidate's own mean quality (M,)."""
    return curve.quality_at(cost) - fixed


def cost_to_match(curve: DeferralCurve, fixed: Floats, cost: Floats) -> Floats:
    """Return least cost reaching each candidate's mean quality `fixed` (M,), over its cost (M,)."""
    ratios = curve.cost_to_match(fixed) / cost
    cheapest = np.flatnonzero(cost == cost.min())
    if len(cheapest) == 1:  # the curve starts at that candidate, whatever the rounding of means
        ratios[..., cheapest] = 1
    return ratios


# The peak: a maximum over test qualities is biased upwards, the more so for a curve with many vertices, and
# each replicate of a bootstrap takes it anew. Its gain is a difference of two such maxima: where routers
# predict noise, its interval lies above 0 far more often than 2.5% of the time. `gain_at_best` is the fair
# test.


def peak(curve: DeferralCurve) -> Floats:
    """Return the greatest quality on the curve."""
    return curve.quality.max(axis=-1)


def peak_gain(curve: DeferralCurve, fixed: Floats) -> Floats:
    """Return the peak less the quality of the best single candidate, of `fixed` (M,) mean qualities."""
    return peak(curve) - fixed.max(axis=-1)


# In use: is a budget kept, and what is it worth? (CATImage §3.1 demands C(r) <= B.) Trade-offs are chosen
# on validation predictions alone (`catbench.score.deployment`); costs and qualities are the tested
# prompts'.


def budget_error(cost: Floats, budgets: Floats) -> Floats:
    """Return the mean over budgets (K,) of |cost / budget - 1|, of mean costs (B, K); nan without budgets.

    Budgets beyond the end of the validation curve are left out by the caller.
    """
    return _mean(np.abs(cost / budgets - 1))


def overspend(cost: Floats, budgets: Floats) -> Floats:
    """Return the mean over budgets of the share by which they are exceeded, 0 where they are kept."""
    return _mean(np.maximum(cost / budgets - 1, 0))


def deployed_gain(quality: Floats, mixture: Floats) -> Floats:
    """Return the mean over budgets of quality (B, K) less the mixture's at the cost really spent (B, K).

    All budgets count: those beyond the end of the validation curve by that end.
    """
    return _mean(quality - mixture)


def consistency(same: Floats, weights: Floats) -> Floats:
    """Return the share (B,) of pairs of rewordings that go to one candidate.

    `same` (P,) is each pair's mean over budgets, `weights` (B, P) how often it counts; nan without pairs.
    """
    total = weights.sum(axis=1)
    return np.divide(weights @ same, total, out=np.full(len(weights), np.nan), where=total > 0)


def _mean(values: Floats) -> Floats:
    return values.mean(axis=1) if values.shape[1] else np.full(len(values), np.nan)


# Shares of prompts and trials.


def selection_rate(choices: Ints, candidates: int) -> Floats:
    """Return the share (T, M) of n prompts sent to each of M candidates, of choices (T, n)."""
    counts = [np.bincount(row, minlength=candidates) for row in choices]
    return np.array(counts) / choices.shape[1]


def sign_test(quality: Floats, fixed: float) -> tuple[float, float]:
    """Return the share of wins of T trials, and p of the one-sided test against even odds, ties dropped.

    All trials share one set of test prompts, so p falls with T alone and says nothing of other prompts: it is
    the paper's column, for the paper's table, and `catbench.report.trials` gives the share an interval that
    counts. `quality` (T,) is the router's at a candidate's cost, `fixed` the candidate's own.
    """
    from scipy.stats import binomtest  # slow to import, and only trials need it

    wins, losses = int((quality > fixed).sum()), int((quality < fixed).sum())
    p = binomtest(wins, wins + losses, alternative="greater").pvalue if wins + losses else 1.0
    return wins / len(quality), float(p)
