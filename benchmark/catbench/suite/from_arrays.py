"""From arrays that are complete to a matrix: groups and splits of the prompts, the canonical order of all.

Prompts come out sorted by id and candidates by the first cost named (those without it last), so the suite
is the same whatever the order of what is given. Beside what is given stand the columns of
`catbench.suite.slices`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Ints
from catbench.errors import SuiteError
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Candidate, Cost
from catbench.suite.prompts import group_of, normalise, split_of
from catbench.suite.slices import complexity


def matrix_from_arrays(
    suite: SuiteInfo,
    prompts: pd.DataFrame,
    candidates: Sequence[Candidate],
    metrics: Sequence[Metric],
    scores: Mapping[str, npt.NDArray[Any]],
    costs: Sequence[Cost],
    *,
    pools: Mapping[str, Sequence[str]] | None = None,
) -> ScoreMatrix:
    """Return the matrix of scores (prompt, candidate), one sample each, in the order of what is given.

    `prompts` has `prompt_id`, `text`, `source` and any columns to slice by. Prices of candidates that are not
    there are passed over. Raises SuiteError for a text that is blank, and as ScoreMatrix does.
    """
    table = prompts.reset_index(drop=True)
    blank = (table["text"].str.strip() == "").to_numpy()
    if blank.any():
        raise SuiteError(f"suite {suite.id!r}: prompt {table['prompt_id'][int(blank.argmax())]!r} is blank")
    keys = [normalise(text) for text in table["text"]]
    fixed = pd.DataFrame(
        {
            **{name: table[name] for name in ("prompt_id", "text", "source")},
            "group": [group_of(key) for key in keys],
            "split": [split_of(key) for key in keys],
        }
    ).astype("str")
    slices = table.drop(columns=["prompt_id", "text", "source"])
    whole = pd.concat([fixed, slices, complexity(table["text"].tolist())], axis=1)
    rows = np.argsort(whole["prompt_id"].to_numpy(dtype=object), kind="stable")
    ids = [candidate.id for candidate in candidates]
    known = [cost for cost in costs if cost.candidate in ids]
    columns = by_cost(ids, np.arange(len(ids)), known)
    order = [ids[place] for place in columns]
    return ScoreMatrix(
        suite=suite,
        prompts=whole.iloc[rows].reset_index(drop=True),
        candidates=tuple(candidates[place] for place in columns),
        metrics=tuple(metrics),
        scores={
            name: np.asarray(values, dtype=np.float32)[rows][:, columns, None]
            for name, values in scores.items()
        },
        costs=costs_in_order(known, order),
        pools={name: tuple(m for m in order if m in members) for name, members in (pools or {}).items()},
    )


def by_cost(ids: Sequence[str], places: Ints, costs: Sequence[Cost]) -> Ints:
    """Return positions in `ids`, those of `places`, by the first cost named and then by name."""
    chosen: list[int] = places.tolist()
    first = next(((cost.unit, cost.hardware) for cost in costs), None)
    prices = {cost.candidate: cost.value for cost in costs if (cost.unit, cost.hardware) == first}
    return np.array(sorted(chosen, key=lambda i: (prices.get(ids[i], np.inf), ids[i])), dtype=np.int64)


def costs_in_order(costs: Sequence[Cost], candidates: Sequence[str]) -> tuple[Cost, ...]:
    """Return costs in the order of the candidates, one unit and hardware after another as first named."""
    keys = list(dict.fromkeys((cost.unit, cost.hardware) for cost in costs))
    order = {name: place for place, name in enumerate(candidates)}
    return tuple(sorted(costs, key=lambda c: (keys.index((c.unit, c.hardware)), order[c.candidate])))
