"""All measures of three arrays, for who has scores and predictions and wants no suite.

The function is not called `score`, since `catbench.score` is the package of curves and measures.
"""

from __future__ import annotations

from math import isnan

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats
from catbench.errors import UsageError
from catbench.score.answer import Answer
from catbench.score.measures import MEASURES
from catbench.score.scorer import Scorer
from catbench.score.truth import Truth, best_position
from catbench.score.unseen_oracles import shrinkage
from catbench.suite.pool import Candidate, Pool

ArrayMeasure = float | list[float | None] | None
NEED_MORE = ("audc_with_overhead", "budget_error", "overspend", "deployed_gain", "consistency")
"""Measures of more than three arrays: the router's overhead, validation answers, rewordings of a prompt."""


def score_arrays(
    predicted: npt.ArrayLike,
    quality: npt.ArrayLike,
    cost: npt.ArrayLike,
    *,
    best: int | None = None,
) -> dict[str, ArrayMeasure]:
    """Return every measure of predictions that no suite is needed for, by name (`catbench.measures()`).

    `predicted` (n, M) are a router's estimates of `quality`, which is (n, M) or, with samples, (n, M, S);
    higher is better in both. `cost` (M,) is the price of one image of each candidate, positive. `best` is the
    position of the best single candidate by scores that are not these, such as training's; without it the
    best on these prompts is taken, which makes it harder to beat. Measures per candidate are lists in the
    order of the columns. None is what does not exist, and a quality that is never reached: the measures of
    budgets, rewordings and overhead are left out. Raises UsageError for shapes that do not fit and values
    that are missing or not finite.
    """
    said, true, price = _finite("predicted", predicted), _finite("quality", quality), _finite("cost", cost)
    samples = true[:, :, None] if true.ndim == 2 else true
    if said.ndim != 2 or samples.shape[:2] != said.shape or price.shape != said.shape[1:] or not said.size:
        raise UsageError(
            f"predicted has shape {said.shape}, quality {true.shape} and cost {price.shape}: they must be "
            "(n, M), (n, M) or (n, M, S), and (M,), of n prompts and M candidates"
        )
    count, width = said.shape
    if best is not None and not 0 <= best < width:
        raise UsageError(f"best is {best}: it is a position among {width} candidates, from 0 to {width - 1}")
    names = tuple(Candidate(id=f"candidate-{place}") for place in range(width))
    pool = Pool("given", names, price, "cost", "quality")
    chosen = best_position(samples.mean(axis=(0, 2)), price) if best is None else best
    truth = Truth(
        pool=pool,
        samples=samples,
        groups=np.arange(count).astype(str),
        round=np.zeros(count, dtype=np.int64),
        best=np.full(count, chosen),
        best_single=names[chosen].id,
        limit=float(price[chosen]),
        pairs=np.empty((0, 2), dtype=np.int64),
        shrinkage=shrinkage(samples),
    )
    found = Scorer(Answer(said, None, np.zeros(1)), truth).measures(np.ones((1, count)))
    return {
        name: _plain(found[name][0], listed=measure.per_candidate)
        for name, measure in MEASURES.items()
        if name in found and name not in NEED_MORE
    }


def _finite(name: str, values: npt.ArrayLike) -> Floats:
    if isinstance(values, np.ma.MaskedArray):
        raise UsageError(f"{name} is a masked array: what is masked would count; fill it or leave it out")
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} is no array of numbers: {error}") from error
    if not np.isfinite(array).all():
        raise UsageError(f"{name} has values that are missing or not finite: every one must be a number")
    return array


def _plain(values: Floats, *, listed: bool) -> ArrayMeasure:
    numbers = [None if isnan(value) or value == np.inf else float(value) for value in values]
    return numbers if listed else numbers[0]
