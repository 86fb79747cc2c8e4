"""Every measure of a router: a pure function each, with its row of the table and its source.

Conventions: quality is higher-is-better by the time it is here; arrays per candidate are in the pool's
order; a target that is never reached is infinity, a value that does not exist is nan. What is read off one
curve is a number or (M,), off the curves of B resamples (B,) or (B, M).

A measure is added here and nowhere else, as a function with its row of the table: intervals, differences and
reports follow. The names of its parameters say what it is given: what `Scorer.measures` lists, or another
measure. `catbench.measures()` gives the table, `catbench.score_arrays` all measures of three arrays.

Sources: deferral curve, cost to match, win rate and selection rate (of its exhibit alone) are CATImage's
(§3.3, tables 1 to 3, appendix H). Headroom is the share of what an oracle gains over the mixture, the best
that is possible without reading the prompt; the oracle knows the test scores, noise included, so the share is
conservative.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats, Ints, frozen
from catbench.score.curve import DeferralCurve
from catbench.score.estimator_error import RankCorrelation
from catbench.score.measure_table import MEASURES, Measure, measure, measured, measures

__all__ = ["MEASURES", "measured", "measures"]

# Against the best single candidate, which is chosen by training means (`truth_of_rounds`), so that
# none of these is a maximum over test scores. With folds each fold has its own, and cost and quality are
# means over prompts. With no limit on cost the router draws each prompt with the candidate that it predicts
# to be best.


@measure("cost to match the best single", "ratio", better="lower")
def match_best(curve: DeferralCurve, best_quality: Floats, best_cost: Floats, cost: Floats) -> Floats:
    """Return the least cost that reaches the best single candidate's quality (B,), over its cost (B,).

    1 where it is the cheapest one, at which every curve starts; infinity where the curve never reaches it.
    """
    found = curve.cost_to_match(best_quality[:, None])[:, 0] / best_cost
    return np.where(best_cost <= cost.min(), 1.0, found)


@measure("gain at the best single's cost", "gain")
def gain_at_best(curve: DeferralCurve, best_quality: Floats, best_cost: Floats) -> Floats:
    """Return the curve's height at the best single candidate's cost (B,), less its quality (B,)."""
    return curve.quality_at(best_cost[:, None])[:, 0] - best_quality


@measure("gain with no limit on cost", "gain")
def unlimited_gain(unlimited: Floats, best_quality: Floats) -> Floats:
    """Return the mean quality (B,) of the choices at trade-off 0, less the best single candidate's (B,)."""
    return unlimited - best_quality


# Areas. The mean height, and not the bare area, so that the number is on the metric's own scale; the range
# is the pool's, so that it never depends on who is compared. The headline is on the logarithmic cost axis,
# where each doubling of a budget counts alike: pools span a factor of 17 to 800, and on the linear axis
# nearly all of the area lies where cost no longer decides anything. The linear area is the literature's.


@measure("headroom captured", "share")
def headroom(audc: Floats, mixture_audc: Floats, oracle_audc: Floats) -> Floats:
    """Return (AUDC - mixture) / (oracle - mixture) of three areas; nan where there is no headroom."""
    room = np.asarray(oracle_audc - mixture_audc)
    known = room > 1e-12 * np.maximum(1.0, np.abs(oracle_audc))
    return np.divide(audc - mixture_audc, room, out=np.full(room.shape, np.nan), where=known)


@measure("gain over the mixture", "gain")
def gain(audc: Floats, mixture_audc: Floats) -> Floats:
    """Return the area gained over the mixture, on the metric's scale."""
    return audc - mixture_audc


def audc_binding(curve: DeferralCurve, cost: Floats, limit: float) -> Floats:
    """Return the mean height over [c_min, limit] on a logarithmic axis: where the budget binds.

    `limit` is the best single candidate's cost. No candidate that is more expensive and never chosen changes
    it.
    """
    return curve.area_log(cost.min(), limit)


@measure("gain where the budget binds", "gain")
def gain_binding(curve: DeferralCurve, mixture: DeferralCurve, cost: Floats, limit: float) -> Floats:
    """Return the binding area gained over the mixture's."""
    return audc_binding(curve, cost, limit) - audc_binding(mixture, cost, limit)


@measure("AUDC", "quality")
def audc(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the mean height over [c_min, c_max] of the costs (M,) on a logarithmic cost axis.

    The height itself where they are equal, here and elsewhere.
    """
    return curve.area_log(cost.min(), cost.max())


@measure("AUDC with mixing", "quality")
def audc_mixed(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the AUDC of the curve's concave hull: what mixing any two of its points would reach.

    The hull is chosen with test qualities in hand, so it stands beside AUDC, never instead.
    """
    return curve.mixed().area_log(cost.min(), cost.max())


@measure("AUDC with overhead", "quality")
def audc_with_overhead(curve: DeferralCurve, fixed: Floats, cost: Floats, overhead: float) -> Floats:
    """Return the AUDC after adding `overhead` (in the unit of the costs (M,)) to every routed image.

    The curve moves right by it; below its new start only the cheapest candidate, unrouted, is left, of
    `fixed` (M,) mean qualities. An overhead that is not known, nan, gives nan.
    """
    start = fixed[..., cost.argmin(), None]
    if np.isnan(overhead):
        return np.full(start.shape[:-1], np.nan)
    shifted = DeferralCurve(
        frozen(np.concatenate([np.full(start.shape, cost.min()), curve.cost + overhead], axis=-1)),
        frozen(np.concatenate([start, curve.quality], axis=-1)),
        frozen(np.empty(0)),
    )
    return shifted.area_log(cost.min(), cost.max())


@measure("headroom captured (linear cost)", "share")
def headroom_linear(audc_linear: Floats, mixture_audc_linear: Floats, oracle_audc_linear: Floats) -> Floats:
    """Return the headroom captured of areas on the linear axis."""
    return headroom(audc_linear, mixture_audc_linear, oracle_audc_linear)


@measure("gain over the mixture (linear cost)", "gain")
def gain_linear(audc_linear: Floats, mixture_audc_linear: Floats) -> Floats:
    """Return the area gained over the mixture on the linear axis."""
    return audc_linear - mixture_audc_linear


@measure("AUDC (linear cost)", "quality")
def audc_linear(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the mean height over [c_min, c_max] on a linear cost axis."""
    return curve.area(cost.min(), cost.max())


# In use: is a budget kept, and what is it worth? (CATImage §3.1 demands C(r) <= B.) Trade-offs are chosen
# on validation predictions alone (`catbench.score.deployment`); costs and qualities are the tested
# prompts'.


@measure("budget error", "ratio", better="lower")
def budget_error(spent: Floats, budgets: Floats) -> Floats:
    """Return the mean over budgets (K,) of |spent / budget - 1|, of mean costs (B, K); nan without budgets.

    Budgets beyond the end of the validation curve are left out by the caller.
    """
    return _mean(np.abs(spent / budgets - 1))


@measure("overspend", "ratio", better="lower")
def overspend(spent: Floats, budgets: Floats) -> Floats:
    """Return the mean over budgets of the share by which they are exceeded, 0 where they are kept."""
    return _mean(np.maximum(spent / budgets - 1, 0))


@measure("gain at kept budgets", "gain")
def deployed_gain(reached: Floats, mixture_reached: Floats) -> Floats:
    """Return the mean over budgets of quality (B, K) less the mixture's at the cost really spent (B, K).

    All budgets count: those beyond the end of the validation curve by that end.
    """
    return _mean(reached - mixture_reached)


@measure("rewordings drawn alike", "share")
def consistency(alike: Floats, pair_weights: Floats) -> Floats:
    """Return the share (B,) of pairs of rewordings that go to one candidate.

    `alike` (P,) is each pair's mean over budgets, `pair_weights` (B, P) how often it counts; nan without
    pairs.
    """
    total = pair_weights.sum(axis=1)
    return np.divide(pair_weights @ alike, total, out=np.full(len(total), np.nan), where=total > 0)


def _mean(values: Floats) -> Floats:
    return values.mean(axis=1) if values.shape[1] else np.full(len(values), np.nan)


# The peak: a maximum over test qualities is biased upwards, the more so for a curve with many vertices, and
# each replicate of a bootstrap takes it anew. Its gain is a difference of two such maxima: where routers
# predict noise, its interval lies above 0 far more often than 2.5% of the time. `gain_at_best` is the fair
# test.


@measure("peak", "quality")
def peak(curve: DeferralCurve) -> Floats:
    """Return the greatest quality on the curve."""
    return curve.quality.max(axis=-1)


@measure("peak over the best single on test", "gain")
def peak_gain(curve: DeferralCurve, fixed: Floats) -> Floats:
    """Return the peak less the quality of the best single candidate, of `fixed` (M,) mean qualities."""
    return peak(curve) - fixed.max(axis=-1)


# Against each candidate (tables 2 and 3). The paper makes a router spend at the last column of its table;
# here a curve is flat beyond trade-off 0. Cost-to-match is never clamped: a quality that the curve does not
# reach has no cost.


@measure("router at that cost", "quality", per_candidate=True)
def quality_at(curve: DeferralCurve, cost: Floats) -> Floats:
    """Return the curve's height at the cost (M,) of each candidate."""
    return curve.quality_at(cost)


@measure("gain", "gain", per_candidate=True)
def gain_at(curve: DeferralCurve, fixed: Floats, cost: Floats) -> Floats:
    """Return the height at each candidate's cost (M,) less that candidate's own mean quality (M,)."""
    return curve.quality_at(cost) - fixed


@measure("cost to match", "ratio", per_candidate=True, better="lower")
def cost_to_match(curve: DeferralCurve, fixed: Floats, cost: Floats) -> Floats:
    """Return least cost reaching each candidate's mean quality `fixed` (M,), over its cost (M,)."""
    ratios = curve.cost_to_match(fixed) / cost
    cheapest = np.flatnonzero(cost == cost.min())
    if len(cheapest) == 1:  # the curve starts at that candidate, whatever the rounding of means
        ratios[..., cheapest] = 1
    return ratios


# Win rates come from trials, and no curve has one.

MEASURES["win_rate"] = Measure("win_rate", "win rate", "share", per_candidate=True)


# Of the estimates, where there are any: whether a poor curve comes from poor estimates.


@measure("RMSE of the estimate", "error", per_candidate=True, better="lower")
def rmse(predicted: Floats | None, quality: Floats, weights: Floats) -> Floats:
    """Return the root mean squared error (M,) of predictions (n, M), prompt i counted `weights[i]` times.

    Weights (B, n) of resamples give (B, M).
    """
    if predicted is None:
        return np.full((*weights.shape[:-1], quality.shape[1]), np.nan)
    return np.sqrt(weights @ (predicted - quality) ** 2 / weights.sum(axis=-1, keepdims=True))


@measure("rank correlation of the estimate", "correlation", per_candidate=True)
def rank_correlation(ranks: RankCorrelation | None, quality: Floats, weights: Floats) -> Floats:
    """Return Spearman's rank correlation (B, M) of predictions with qualities (n, M)."""
    return np.full((len(weights), quality.shape[1]), np.nan) if ranks is None else ranks(weights)


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
