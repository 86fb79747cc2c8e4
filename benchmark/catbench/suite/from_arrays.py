"""From arrays that are complete to a matrix: groups and splits of the prompts, the canonical order of all.

Prompts come out sorted by id and candidates by the first cost named (those without it last), so the suite
is the same whatever the order of what is given. Beside what is given stand the columns of `slices`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Candidate, Cost
from catbench.suite.prompts import Split, group_of, normalise, split_of
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
    samples: Mapping[Split, int] | None = None,
) -> ScoreMatrix:
    """Return the matrix of scores (prompt, candidate) or (prompt, candidate, sample), in the order given.

    `prompts` has `prompt_id`, `text`, `source`, and any columns to slice by; `group` and `split` as `grouped`
    takes them. Prices of unknown candidates are passed over. Raises SuiteError as ScoreMatrix does.
    """
    table = grouped(prompts.reset_index(drop=True))
    whole = pd.concat([table, complexity(table["text"].tolist())], axis=1)
    rows = np.argsort(whole["prompt_id"].to_numpy(dtype=object), kind="stable")
    given = [candidate.id for candidate in candidates]
    known = [cost for cost in costs if cost.candidate in given]
    units = list(dict.fromkeys((cost.unit, cost.hardware) for cost in known))
    first = {cost.candidate: cost.value for cost in known if (cost.unit, cost.hardware) == units[0]}
    columns = sorted(range(len(given)), key=lambda place: (first.get(given[place], np.inf), given[place]))
    ids = [given[place] for place in columns]
    known.sort(key=lambda cost: (units.index((cost.unit, cost.hardware)), ids.index(cost.candidate)))
    return ScoreMatrix(
        suite=suite,
        prompts=whole.iloc[rows].reset_index(drop=True),
        candidates=tuple(candidates[place] for place in columns),
        metrics=tuple(metrics),
        scores={
            name: np.atleast_3d(np.asarray(values, dtype=np.float32))[rows][:, columns]
            for name, values in scores.items()
        },
        costs=tuple(known),
        pools={name: tuple(m for m in ids if m in members) for name, members in (pools or {}).items()},
        samples=samples or {},
    )


def grouped(prompts: pd.DataFrame) -> pd.DataFrame:
    """Return prompts with `group` and `split`; where these are not given, the hash of the text decides.

    A group that is given decides the split.
    """
    keys = prompts["group"] if "group" in prompts else prompts["text"].map(normalise)
    fixed = pd.DataFrame(
        {
            **{name: prompts[name] for name in ("prompt_id", "text", "source")},
            "group": keys if "group" in prompts else keys.map(group_of),
            "split": prompts["split"] if "split" in prompts else keys.map(split_of),
        }
    ).astype("str")
    return pd.concat([fixed, prompts.drop(columns=fixed.columns, errors="ignore")], axis=1)
