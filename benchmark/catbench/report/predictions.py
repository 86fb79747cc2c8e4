"""What a router answered, as a table and back.

One row a metric and prompt: `metric`, `split` (`test`, or `validation`, by which trade-offs for budgets are
chosen), `fold` (0 where there are none), `prompt_id`, then one float column a candidate: the predicted
quality, higher is better whatever the metric's direction. Of a policy, one integer column a trade-off instead
(`at_00` ... `at_64`): the position in the pool.

A compact table holds float16 of (γ̂ - the candidate's training mean) / its training deviation. Everything that
is reported is then computed from the decoded numbers. (Coarser steps make files smaller, and tie candidates
that a router tells apart, which moves verdicts.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Floats
from catbench.errors import CatbenchError
from catbench.route.routing import ask_at, checked_answer
from catbench.score.answer import Answer, restrict
from catbench.score.rounds import Part, Round, Rounds
from catbench.suite.pool import Pool

LARGEST_HALF = 6e4
"""A little below the largest float16: what lies beyond is stored as this."""
AHEAD = ("metric", "split", "fold", "prompt_id")


def predictions_table(answer: Answer, rounds: Rounds, pool: Pool, *, compact: bool = False) -> pd.DataFrame:
    """Return the table of an answer about all tested prompts, on the metric that the pool names."""
    tables: list[pd.DataFrame] = []
    for number, one in enumerate(rounds.each):
        scale = _scale(one, pool)
        for split, part, said in _parts(answer, rounds, number):
            if said.predicted is not None:
                values = (said.predicted - scale[0]) / scale[1] if compact else said.predicted
                if compact:
                    values = np.clip(values, -LARGEST_HALF, LARGEST_HALF).astype(np.float16)
                columns = dict(zip(pool.ids, values.T, strict=True))
            else:
                assert said.choices is not None
                columns = {f"at_{row:02d}": choices for row, choices in enumerate(said.choices)}
            ahead = dict(zip(AHEAD, (pool.metric, split, number, part.ids), strict=True))
            tables.append(pd.DataFrame({**ahead, **columns}))
    return pd.concat(tables, ignore_index=True).sort_values("split", kind="stable", ignore_index=True)


def answer_from_table(
    table: pd.DataFrame, rounds: Rounds, pool: Pool, name: str, *, compact: bool = False
) -> Answer:
    """Return the answer that a table holds about the tested prompts of all rounds, in the suite's order.

    Raises CatbenchError where a prompt has no row or two, or a column is missing.
    """
    if lacking := [column for column in AHEAD if column not in table]:
        raise CatbenchError(f"predictions of {name!r} have no column {lacking[0]!r}")
    rows = table[table["metric"] == pool.metric]
    policy = "at_00" in rows and bool(rows["at_00"].notna().all())
    answers: list[Answer] = []
    for number, one in enumerate(rounds.each):
        trade_offs = ask_at(one.train.labelled(pool)[1], pool.cost)
        scale = _scale(one, pool)
        wanted = [f"at_{row:02d}" for row in range(len(trade_offs))] if policy else list(pool.ids)
        if missing := [column for column in wanted if column not in rows]:
            raise CatbenchError(
                f"predictions of {name!r} have no column {missing[0]!r}: made on another pool?"
            )
        of_round = rows[rows["fold"] == number]
        test, validation = (
            checked_answer(name, values.T if policy else values, len(values), pool, trade_offs, policy=policy)
            for split, part in (("test", one.test), ("validation", one.validation))
            for values in [_values(of_round, split, part, wanted, pool, name)]
        )
        if compact and not policy:
            test, validation = (
                replace(said, predicted=np.asarray(said.predicted) * scale[1] + scale[0])
                for said in (test, validation)
            )
        answers.append(replace(test, validation=(validation,)))
    return rounds.joined(answers)


def compacted(answer: Answer, rounds: Rounds, pool: Pool, name: str) -> Answer:
    """Return the answer as it is read back from a compact table."""
    table = predictions_table(answer, rounds, pool, compact=True)
    read = answer_from_table(table, rounds, pool, name, compact=True)
    return replace(answer, predicted=read.predicted, choices=read.choices, validation=read.validation)


def _parts(answer: Answer, rounds: Rounds, number: int) -> Iterator[tuple[str, Part, Answer]]:
    """Yield the split's name, its prompts, and what was said of them, for one round."""
    one = rounds.each[number]
    yield "test", one.test, restrict(answer, rounds.of_prompt == number)
    yield "validation", one.validation, answer.validation[number]


def _scale(one: Round, pool: Pool) -> tuple[Floats, Floats]:
    """Return mean and deviation (M,) of each candidate's training qualities; a deviation of 0 counts as 1."""
    quality = one.train.labelled(pool)[1]
    deviation = quality.std(axis=0)
    return quality.mean(axis=0), np.where(deviation > 0, deviation, 1.0)


def _values(
    table: pd.DataFrame, split: str, part: Part, wanted: list[str], pool: Pool, name: str
) -> npt.NDArray[np.generic]:
    rows = table[table["split"] == split].set_index("prompt_id")
    ids = part.ids
    if not rows.index.is_unique or not set(ids) <= set(rows.index):
        raise CatbenchError(
            f"predictions of {name!r} do not hold {pool.metric!r} of every {split} prompt of suite "
            f"{part.matrix.suite.id!r} once: were they made on another version of it, or with other folds?"
        )
    return rows.loc[ids, wanted].to_numpy()
