"""What a router answered on the test prompts, as a table and back.

One row a metric and prompt: `metric`, `prompt_id`, then one float column a candidate: the predicted quality,
higher is better whatever the metric's direction. Of a policy, one integer column a trade-off instead
(`at_00` ... `at_64`): the position in the pool.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Strings
from catbench.errors import CatbenchError
from catbench.matrix import ScoreMatrix
from catbench.pool import Pool
from catbench.routing import Answer, ask_at, check_choices, check_predictions


def predictions_table(prompt_ids: Strings, answer: Answer, pool: Pool) -> pd.DataFrame:
    """Return the table of an answer about n prompts, on the metric that the pool names."""
    if answer.predicted is not None:
        columns = dict(zip(pool.ids, answer.predicted.T, strict=True))
    else:
        assert answer.choices is not None
        columns = {f"at_{row:02d}": choices for row, choices in enumerate(answer.choices)}
    return pd.DataFrame({"metric": pool.metric, "prompt_id": prompt_ids, **columns})


def answer_from_table(
    table: pd.DataFrame, matrix: ScoreMatrix, pool: Pool, name: str, seconds_per_prompt: float = 0.0
) -> Answer:
    """Return the answer that a table holds about the matrix's test prompts, in their order.

    Raises CatbenchError where a test prompt has no row or two, or a column is missing.
    """
    rows = table[table["metric"] == pool.metric] if "metric" in table else table.iloc[:0]
    ids = matrix.prompts["prompt_id"].iloc[matrix.rows("test")]
    rows = rows.set_index("prompt_id") if "prompt_id" in rows else rows.iloc[:0]
    if not rows.index.is_unique or not set(ids) <= set(rows.index):
        raise CatbenchError(
            f"predictions of {name!r} do not hold {pool.metric!r} of every test prompt of suite "
            f"{matrix.suite.id!r} once: were they made on another version of it, or without --predictions?"
        )
    quality = matrix.qualities(pool.metric, "train", pool).mean(axis=2)
    trade_offs = ask_at(quality, pool.cost)
    asked = [f"at_{row:02d}" for row in range(len(trade_offs))]
    policy = asked[0] in rows
    wanted = asked if policy else list(pool.ids)
    if missing := [column for column in wanted if column not in rows]:
        raise CatbenchError(f"predictions of {name!r} have no column {missing[0]!r}: made on another pool?")
    values = rows.loc[ids, wanted].to_numpy()
    if policy:
        choices = check_choices(name, values.T, len(trade_offs), len(ids), len(pool))
        return Answer(None, choices, trade_offs, seconds_per_prompt=seconds_per_prompt)
    predicted = check_predictions(name, values, len(ids), pool.ids)
    return Answer(predicted, None, trade_offs, seconds_per_prompt=seconds_per_prompt)


def restrict(answer: Answer, inside: npt.NDArray[np.bool_]) -> Answer:
    """Return the answer about some of the prompts only, by a mask (n,)."""
    predicted = None if answer.predicted is None else answer.predicted[inside]
    choices = None if answer.choices is None else answer.choices[:, inside]
    return replace(answer, predicted=predicted, choices=choices)
