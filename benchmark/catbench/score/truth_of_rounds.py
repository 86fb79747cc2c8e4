"""The truth about the tested prompts of a suite, and what its training prompts say of it.

The best single candidate is chosen by *training* means, so that nothing is a maximum over test scores; a tie
goes to the cheaper one. With folds each fold has its own: its quality and cost are averaged over prompts, and
the commonest one is named.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Floats, Ints
from catbench.score.cascade import best_stages
from catbench.score.rounds import Part, Rounds
from catbench.score.sweep import EstimatorSweep
from catbench.score.truth import Truth, best_position, mean_cost
from catbench.score.unseen_oracles import shrinkage
from catbench.suite.pool import Pool
from catbench.suite.prompts import normalise

MOST_KINDS = 100
"""A column with more distinct values is no kind of prompt."""


def truth_of(rounds: Rounds, pool: Pool) -> Truth:
    """Return the truth about all tested prompts, on the pool's metric."""
    test = rounds.test
    of_prompt = rounds.of_prompt
    trained = [one.train.qualities(pool) for one in rounds.each]
    best = np.array([best_position(quality.mean(axis=(0, 2)), pool.cost) for quality in trained])[of_prompt]
    kind, means = _kinds(rounds, pool)
    groups, samples = test.groups, test.qualities(pool)
    return Truth(
        pool=pool,
        samples=samples,
        groups=groups,
        round=of_prompt,
        best=best,
        best_single=pool.ids[_commonest(best, pool.cost)],
        limit=mean_cost(pool.cost[best]),
        shrinkage=shrinkage(samples),
        pairs=_pairs(groups, [normalise(text) for text in test.texts()]),
        stages=best_stages(trained[0], pool.cost) if len(trained) == 1 else None,
        kind=kind,
        best_of_kind=means,
        unseen=test.matrix.suite.samples_are == "images",
    )


def _commonest(best: Ints, cost: Floats) -> int:
    return int(np.lexsort((cost, -np.bincount(best, minlength=len(cost))))[0])


def _pairs(groups: npt.NDArray[np.str_], texts: list[str]) -> Ints:
    """Return (P, 2): the first prompt of every two different texts of a group."""
    members: dict[str, dict[str, int]] = {}
    for position, (group, text) in enumerate(zip(groups.tolist(), texts, strict=True)):
        members.setdefault(group, {}).setdefault(text, position)
    found = [pair for of_group in members.values() for pair in combinations(of_group.values(), 2)]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _kinds(rounds: Rounds, pool: Pool) -> tuple[str, Floats | None]:
    """Return the column whose kinds route best on validation prompts, and training means by kind (n, M).

    Every text column with 2 to MOST_KINDS values in training is tried: routing each kind of prompt to what
    was best for it in training is a strong, dull opponent (it sees the tag, so it is not ranked).
    """
    first = rounds.each[0]
    columns = [
        name
        for name in first.test.matrix.slice_columns
        if all(name in one.matrix.slice_columns for one in (first.train, first.validation))
        and pd.api.types.is_string_dtype(first.train.matrix.prompts[name])
        and 2 <= first.train.matrix.prompts[name].iloc[first.train.rows].nunique() <= MOST_KINDS
    ]
    if not columns:
        return "", None
    low, high = float(pool.cost.min()), float(pool.cost.max())

    def area(name: str) -> float:
        said = _by_kind(name, first.train, first.validation, pool)
        true = first.validation.qualities(pool).mean(axis=2)
        return float(EstimatorSweep(said, true, pool.cost).curve().area_log(low, high))

    kind = max(columns, key=area)
    return kind, rounds.in_order([_by_kind(kind, one.train, one.test, pool) for one in rounds.each])


def _by_kind(kind: str, train: Part, asked: Part, pool: Pool) -> Floats:
    """Return training means (n, M) of the kind of each prompt asked about; of a new kind, those of all."""
    quality = pd.DataFrame(train.qualities(pool).mean(axis=2))
    of_train = train.matrix.prompts[kind].iloc[train.rows].to_numpy()
    of_asked = asked.matrix.prompts[kind].iloc[asked.rows].to_numpy()
    means = quality.groupby(of_train).mean().reindex(of_asked)
    return means.fillna(quality.mean()).to_numpy()
