"""`scores.parquet`: one row a prompt, candidate and sample, one float32 column a metric.

Read and written in parts, so that a large suite needs little more memory than its arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
"""Most rows of a part, which is a row group of the file, but for a single prompt with more."""
_CODED: Any = ["prompt_id", "candidate"]
"""Columns whose texts are held once each, and their numbers in the rows."""


def read_scores(path: Path, suite: Suite) -> dict[str, Scores]:
    """Return a float32 array (prompt, candidate, sample) a metric, read-only, from rows in any order.

    Raises SuiteError, naming file and row or cell, unless every cell stands there exactly once.
    """
    wanted = ["prompt_id", "candidate", "sample", *(metric.name for metric in suite.metrics)]
    with readable(path, "Parquet"):
        file = pq.ParquetFile(path, read_dictionary=_CODED, pre_buffer=False)
    _check_columns(file.schema_arrow, wanted, path)
    return placed(_full_batches(file, wanted, path), suite, str(path))


def _full_batches(file: Any, wanted: Sequence[str], path: Path) -> Iterator[Any]:
    """Yield a file's rows in parts; raises SuiteError for the first row with an empty cell."""
    before, batches = 0, file.iter_batches(batch_size=ROWS_AT_ONCE, columns=wanted)
    while True:
        with readable(path, "Parquet"):
            batch = next(batches, None)
        if batch is None:
            return
        for name in wanted:
            if (column := batch.column(name)).null_count:
                row = before + int(column.is_null().to_numpy(zero_copy_only=False).argmax())
                raise SuiteError(f"{path}, row {row + 1}: {name} is empty")
        before += batch.num_rows
        yield batch


def placed(parts: Iterable[Any], suite: Suite, where: str) -> dict[str, Scores]:
    """Return the scores of record batches, whose texts are coded as numbers, as `read_scores` does.

    They are taken one by one, and none is kept. `where` is what to name in messages.
    """
    prompts, candidates = suite.prompts, suite.candidate_ids
    ids, texts = prompts["prompt_id"].tolist(), prompts["text"].tolist()
    prompt_index, candidate_index = (pd.Index(names, dtype="str") for names in (ids, candidates))
    due = stored_samples(prompts, suite.samples)
    depth, shape = due.sum(axis=(1, 2)), (len(ids), len(candidates), due.shape[2])
    seen = np.zeros(shape, dtype=bool)
    scores = {metric.name: np.full(shape, np.nan, dtype=np.float32) for metric in suite.metrics}

    def named(row: int, column: int, number: int) -> str:
        return (
            f"prompt {shown(texts[row])} (id {ids[row]}), candidate {candidates[column]!r}, sample {number}"
        )

    for part in parts:
        prompt = _positions(part["prompt_id"], prompt_index, "prompt", where)
        candidate = _positions(part["candidate"], candidate_index, "candidate", where)
        sample: Ints = part["sample"].to_numpy(zero_copy_only=False)
        outside = (sample < 0) | (sample >= depth[prompt])
        if outside.any():
            row = int(outside.argmax())
            raise SuiteError(
                f"{where}: {named(prompt[row], candidate[row], sample[row])}: the suite stores "
                f"samples 0 to {depth[prompt[row]] - 1} of this prompt"
            )
        cell = np.ravel_multi_index((prompt, candidate, sample), shape)
        order = np.sort(cell)
        twice = [*order[1:][order[1:] == order[:-1]][:1], *cell[seen.ravel()[cell]][:1]]
        if twice:
            place = named(*map(int, np.unravel_index(twice[0], shape)))
            raise SuiteError(f"{where}: {place} is in two rows (is a `sample` column missing?)")
        seen.ravel()[cell] = True
        for name, array in scores.items():
            array.ravel()[cell] = part[name].to_numpy(zero_copy_only=False)
    missing = due & ~seen
    if missing.any():
        place = named(*map(int, np.unravel_index(int(missing.argmax()), shape)))
        raise SuiteError(
            f"{where}: no score of {place}; {int(missing.sum())} of "
            f"{int(depth.sum()) * len(candidates)} cells lack one, and a matrix must be complete"
        )
    return {name: frozen(array) for name, array in scores.items()}


def write_scores(matrix: ScoreMatrix, path: Path) -> None:
    """Write the scores of a matrix, prompt by prompt, candidate by candidate, sample by sample."""
    ids, names = pa.array(matrix.prompts["prompt_id"].tolist()), pa.array(list(matrix.candidate_ids))
    count, width, depth = next(iter(matrix.scores.values())).shape
    due = np.broadcast_to(stored_samples(matrix.prompts, matrix.samples, depth), (count, width, depth))
    step = max(1, ROWS_AT_ONCE // (width * depth))
    schema = pa.schema(
        [("prompt_id", pa.string()), ("candidate", pa.string()), ("sample", pa.int16())]
        + [(metric, pa.float32()) for metric in matrix.scores]
    )
    with pq.ParquetWriter(path, schema, use_dictionary=_CODED) as writer:
        for start in range(0, count, step):
            part = slice(start, start + step)
            prompt, candidate, sample = np.nonzero(due[part])
            columns = [
                ids.take(pa.array(prompt + start)),
                names.take(pa.array(candidate)),
                pa.array(sample.astype(np.int16)),
                *(pa.array(scores[part][due[part]]) for scores in matrix.scores.values()),
            ]
            writer.write_table(pa.table(columns, schema=schema))


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


def _positions(column: Any, index: pd.Index[str], kind: str, where: str) -> Ints:
    """Return the position in `index` of each value of a column."""
    found = column.dictionary.to_pylist()
    lookup = index.get_indexer(pd.Index(found, dtype=index.dtype))
    if len(found) and lookup.min() < 0:
        name = found[int(lookup.argmin())]
        raise SuiteError(f"{where}: {kind} {name!r} has scores but is not in the suite's {kind} list")
    return lookup[column.indices.to_numpy(zero_copy_only=False)]
