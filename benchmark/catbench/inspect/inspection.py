"""Is there anything to route? What a score matrix says before anybody builds a router for it.

Every gain is over the mixture, the best that can be done without reading the prompt: the mean difference of
two deferral curves over the pool's costs, on the logarithmic axis (`catbench.score.measures`).

    oracle          knows every score: what no router passes, and more than any can reach, since it knows the
                    noise of single samples too
    oracle_shrunk   knows a prompt's other samples only: a lower bound of what can be reached, and no ceiling
    best_per_kind   the best candidate of each kind of prompt, by training means
    ridge           a ridge regression on the words of the prompt (TF-IDF), the shipped baseline

The last two are fitted on other prompts than they are scored on: by folds, or by the suite's own splits
where those store different numbers of samples. Intervals (95%) are those of `catbench.score.bootstrap`: they
cover the noise of the prompts looked at, and their width falls with the square root of their number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from catbench import __version__
from catbench.arrays import Floats, Ints
from catbench.download import Progress
from catbench.errors import UsageError
from catbench.inspect.finding import Basis, Gain, Inspection, Variances, concluded, money
from catbench.report.conventions import signature
from catbench.report.estimates import curve_record, estimates, single
from catbench.report.evaluation import evaluate
from catbench.report.figure import gain_curve, undominated
from catbench.report.numbers import ALONG, Curve
from catbench.route.router_loader import router_names
from catbench.score.bootstrap import Bootstrap, Intervals, Values, replicates
from catbench.score.measures import audc, gain, headroom
from catbench.score.rounds import rounds_of
from catbench.score.scorer import cost_grid, reference_sweeps
from catbench.score.sweep import Sweep, mixture_curve, mixture_curves
from catbench.score.truth import Truth
from catbench.score.truth_of_rounds import truth_of
from catbench.score.unseen_oracles import Variation
from catbench.suite.info import Metric
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.prompts import SPLITS

MOST = 5000
"""Prompts that are looked at: enough for intervals that tell, and few enough for a minute."""
FOLDS = 5
LEAST = 50
"""Groups of prompts below which a fold may be left with none to validate on."""
GAINING = ("oracle", "oracle_shrunk", "best_per_kind")
"""References whose gains are shown."""
ROUTER = "ridge"
"""What is tried, where it is installed."""


def inspect(
    matrix: ScoreMatrix,
    *,
    metric: str | None = None,
    cost: str | None = None,
    pool: str | None = None,
    seed: int = 0,
    most: int = MOST,
    bootstrap: Bootstrap | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Inspection:
    """Look at one metric of a suite (default: the first), under a cost key and in a pool as in `evaluate`.

    Of a suite with more than `most` prompts so many are drawn by `seed`: whole groups, of each split in
    proportion. Raises UsageError for unknown names and too few prompts, RouterError where the ridge fails.
    """
    bootstrap = bootstrap or Bootstrap()
    measured = matrix.metric(metric or matrix.metrics[0].name)
    priced = matrix.pool(pool, cost=cost, metric=measured.name)
    part = replace(matrix, features={})  # the ridge is to read words alone
    if len(matrix.prompts) > most:
        part = part.take(_sample(matrix, most, seed))
    folds = _folds(part)
    rounds = rounds_of(part, folds)
    truth = truth_of(rounds, priced)
    costs = cost_grid(priced.cost)
    sweeps = {name: some for name, some in reference_sweeps(truth).items() if name in GAINING and some}
    found = replicates(possible_gains(truth, sweeps, costs[::ALONG]), truth.groups, bootstrap).intervals()
    gains = {name: _gain(found, name, costs[::ALONG], measured) for name in sweeps}
    known = {"mixture": mixture_curve(truth.quality, priced.cost), "oracle": sweeps["oracle"][0].curve()}
    curves = {
        name: Curve(cost=costs.tolist(), quality=(curve.quality_at(costs) * measured.sign).tolist())
        for name, curve in known.items()
    }
    saves = sure = ""
    if ROUTER in router_names() and len(priced) > 1:
        report = evaluate(
            ROUTER, part, metric=measured.name, cost=priced.unit, candidates=priced.ids, folds=folds,
            bootstrap=bootstrap, progress=progress,
        )  # fmt: skip
        result = report.result()
        gained = {name: result.estimate(name) for name in ("gain", "headroom")}
        gains[ROUTER], curves[ROUTER] = Gain(**gained, along=gain_curve(report, 0)), result.curve
        saves, sure = result.verdict, money(result)
    spread = {n: single(found[n], measured, "share") for n in Variances.model_fields if n in found}
    conventions = signature(matrix, rounds, priced, bootstrap, "0", __version__) + "|features:none"
    if len(part.prompts) < len(matrix.prompts):
        conventions += f"|drawn:{len(part.prompts)}of{len(matrix.prompts)},groups,seed={seed}"
    inspection = Inspection(
        signature=f"{conventions}|metric:{measured.name}",
        basis=Basis(
            suite=matrix.suite.id,
            suite_digest=matrix.digest,
            simulated=matrix.suite.simulated,
            stored=len(matrix.prompts),
            prompts=len(part.prompts),
            seed=seed,
            folds=folds,
            tested=len(truth.groups),
            groups=len(np.unique(truth.groups)),
            samples=truth.samples.shape[2],
            samples_are=matrix.suite.samples_are,
            embeddings=list(matrix.features),
        ),
        metric=measured.name,
        metric_label=measured.title,
        direction=measured.direction,
        cost=priced.unit,
        pool=priced.name,
        candidates=list(priced.ids),
        costs=priced.cost.tolist(),
        fixed_quality=estimates(found["fixed"], measured),
        front=undominated(truth.quality.mean(axis=0), priced.cost),
        variances=Variances(**spread) if spread else None,
        gains=gains,
        kind=truth.kind,
        saves=saves,
        money=sure,
        curves=curves,
    )
    return concluded(inspection)


def possible_gains(
    truth: Truth, sweeps: Mapping[str, Sequence[Sweep]], grid: Floats
) -> Callable[[Floats], Values]:
    """Return gains of references that know the scores, or the kinds, of n prompts, for any resample of them.

    Weights have shape (B, n), one row a replicate. Values are `fixed` (B, M); of every reference of `sweeps`
    NAME.gain and NAME.headroom (B, 1), and NAME.along (B, G) at the costs `grid`; and variances (B, 1).
    """
    cost, quality = truth.pool.cost, truth.quality
    variation = Variation(truth.samples) if truth.unseen and truth.samples.shape[2] > 1 else None

    def values(weights: Floats) -> Values:
        fixed = weights @ quality / weights.sum(axis=-1, keepdims=True)
        mixture = mixture_curves(fixed, cost)
        level, heights = audc(mixture, cost), mixture.quality_at(grid)
        values: Values = {"fixed": fixed}
        best = level
        for name, some in sweeps.items():
            curves = [sweep.curve(weights) for sweep in some]
            area = np.mean([audc(curve, cost) for curve in curves], axis=0)
            best = area if name == "oracle" else best
            along = np.mean([curve.quality_at(grid) for curve in curves], axis=0)
            values |= {
                f"{name}.gain": gain(area, level)[:, None],
                f"{name}.headroom": headroom(area, level, best)[:, None],
                f"{name}.along": along - heights,
            }
        if variation is not None:
            interaction, noise = (found[:, None] for found in variation.variances(weights))
            both = interaction + noise
            repeats = np.divide(interaction, both, out=np.full(both.shape, np.nan), where=both > 0)
            values |= {"interaction": interaction, "noise": noise, "repeats": repeats}
        return values

    return values


def _sample(matrix: ScoreMatrix, most: int, seed: int) -> Ints:
    """Return the rows of groups drawn at random until `most` prompts are full, each split in proportion."""
    groups, member, sizes = np.unique(
        matrix.prompts["group"].to_numpy(), return_inverse=True, return_counts=True
    )
    first = np.empty(len(groups), dtype=np.int64)
    first[member] = np.arange(len(member))
    split_of_group = matrix.prompts["split"].to_numpy()[first]
    order = np.random.default_rng(seed).permutation(len(groups))
    taken = np.zeros(len(groups), dtype=bool)
    left = len(member)
    for split in SPLITS:
        places = order[split_of_group[order] == split]
        inside = int(sizes[places].sum())
        room = (most - int(sizes[taken].sum())) * inside // left
        left -= inside
        for place in places.tolist():
            if sizes[place] <= room or place == places[0]:  # no split may be left empty
                taken[place] = True
                room -= int(sizes[place])
    return np.flatnonzero(taken[member])


def _folds(matrix: ScoreMatrix) -> int:
    """Return the folds to fit by; 0 where the suite's splits store different numbers of samples."""
    if len(set(matrix.samples.values())) > 1:
        return 0
    groups = matrix.prompts["group"].nunique()
    if groups < LEAST:
        raise UsageError(
            f"suite {matrix.suite.id!r}: {groups} prompts that differ, and {LEAST} are needed: from fewer "
            "nothing is learned, and intervals mean little"
        )
    return matrix.suite.folds or FOLDS


def _gain(found: dict[str, Intervals], name: str, cost: Floats, metric: Metric) -> Gain:
    return Gain(
        gain=single(found[f"{name}.gain"], metric, "gain"),
        headroom=single(found[f"{name}.headroom"], metric, "share"),
        along=curve_record(cost, found[f"{name}.along"], metric, "gain"),
    )
