"""`scores.parquet`: one row a prompt, candidate and sample, one float32 column a metric."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from catbench.arrays import Ints, Scores, frozen
from catbench.errors import SuiteError, shown
from catbench.files import readable
from catbench.suite.content import stored_samples
from catbench.suite.matrix import ScoreMatrix, Suite

ROWS_AT_ONCE = 1 << 17
"""Most rows of a row group of the file, but for a single prompt with more."""
_CODED: Any = ["prompt_id", "candidate"]
"""Columns whose texts are held once each, and their numbers in the rows."""


def read_scores(path: Path, suite: Suite) -> dict[str, Scores]:
    """Return a float32 array (prompt, candidate, sample) a metric, read-only, from rows in any order.

    Raises SuiteError, naming file and row or cell, unless every cell stands there exactly once.
    """
    wanted = ["prompt_id", "candidate", "sample", *(metric.name for metric in suite.metrics)]
    with readable(path, "Parquet"):
        file = pq.ParquetFile(path, read_dictionary=_CODED)
    _check_columns(file.schema_arrow, wanted, path)
    with readable(path, "Parquet"):
        table = file.read(columns=wanted)
    for name in wanted:
        if table[name].null_count:
            row = table[name].to_pandas().isna().argmax()
            raise SuiteError(f"{path}, row {row + 1}: {name} is empty")
    return placed(table, suite, str(path))


def placed(table: Any, suite: Suite, where: str) -> dict[str, Scores]:
    """Return the scores of an Arrow table's rows, whose texts are coded as numbers, as `read_scores` does.

    `where` is what to name in messages.
    """
    prompts, candidates = suite.prompts, suite.candidate_ids
    ids = prompts["prompt_id"].tolist()
    table = table.unify_dictionaries().combine_chunks()
    prompt = _positions(table["prompt_id"], ids, "prompt", where)
    candidate = _positions(table["candidate"], candidates, "candidate", where)
    sample: Ints = table["sample"].to_numpy()
    due = stored_samples(prompts, suite.samples)
    shape = (len(ids), len(candidates), due.shape[2])

    def named(row: int, column: int, number: int) -> str:
        text = shown(prompts["text"].iloc[row])
        return f"prompt {text} (id {ids[row]}), candidate {candidates[column]!r}, sample {number}"

    depth = due.sum(axis=(1, 2))
    outside = (sample < 0) | (sample >= depth[prompt])
    if outside.any():
        row = int(outside.argmax())
        raise SuiteError(
            f"{where}: {named(prompt[row], candidate[row], sample[row])}: the suite stores "
            f"samples 0 to {depth[prompt[row]] - 1} of this prompt"
        )
    cell = np.ravel_multi_index((prompt, candidate, sample), shape)
    times = np.bincount(cell, minlength=np.prod(shape)).reshape(shape)
    if (times > 1).any():
        place = named(*np.argwhere(times > 1)[0])
        raise SuiteError(f"{where}: {place} is in two rows (is a `sample` column missing?)")
    missing = due & (times == 0)
    if missing.any():
        raise SuiteError(
            f"{where}: no score of {named(*np.argwhere(missing)[0])}; {int(missing.sum())} of "
            f"{int(depth.sum()) * len(candidates)} cells lack one, and a matrix must be complete"
        )
    scores = {metric.name: np.full(shape, np.nan, dtype=np.float32) for metric in suite.metrics}
    for name, array in scores.items():
        array.ravel()[cell] = table[name].to_numpy()
    return {name: frozen(array) for name, array in scores.items()}


def write_scores(matrix: ScoreMatrix, path: Path) -> None:
    """Write the scores of a matrix, prompt by prompt, candidate by candidate, sample by sample."""
    count, width, depth = next(iter(matrix.scores.values())).shape
    due = stored_samples(matrix.prompts, matrix.samples, depth)
    prompt, candidate, sample = np.nonzero(np.broadcast_to(due, (count, width, depth)))
    table = pa.table(
        {
            "prompt_id": pa.array(matrix.prompts["prompt_id"].tolist()).take(pa.array(prompt)),
            "candidate": pa.array(list(matrix.candidate_ids)).take(pa.array(candidate)),
            "sample": pa.array(sample.astype(np.int16)),
            **{name: pa.array(scores[prompt, candidate, sample]) for name, scores in matrix.scores.items()},
        }
    )
    whole_prompts = max(1, ROWS_AT_ONCE // (width * depth)) * width * depth
    pq.write_table(table, path, row_group_size=whole_prompts, use_dictionary=_CODED)


def _check_columns(schema: Any, wanted: Sequence[str], path: Path) -> None:
    """Raise SuiteError where a column of the score table is absent or of another type."""
    for position, name in enumerate(wanted):
        if name not in schema.names:
            raise SuiteError(f"{path}: no column {name!r}; it has {', '.join(schema.names)}")
        found, types = schema.field(name).type, pa.types
        if position < 2:
            kind, good = "text", types.is_dictionary(found)
        elif position == 2:
            kind, good = "a whole number", types.is_integer(found)
        else:
            kind, good = "a number", types.is_floating(found) or types.is_integer(found)
        if not good:
            raise SuiteError(f"{path}: column {name!r} holds {found}; it must be {kind}")


def _positions(column: Any, names: Sequence[str], kind: str, where: str) -> Ints:
    """Return the position among `names` of each value of a column."""
    coded = column.combine_chunks()
    found = coded.dictionary.to_pylist()
    lookup = pd.Index(names).get_indexer(pd.Index(found))
    if len(found) and lookup.min() < 0:
        name = found[int(lookup.argmin())]
        raise SuiteError(f"{where}: {kind} {name!r} has scores but is not in the suite's {kind} list")
    return lookup[coded.indices.to_numpy(zero_copy_only=False)]
