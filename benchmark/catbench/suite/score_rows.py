"""`scores.parquet`: one row a prompt, candidate and sample, one float32 column a metric.

Read and written in parts, so that a large suite needs little more memory than its arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from catbench.arrays import Ints, Scores, frozen
from catbench.errors import SuiteError, shown
from catbench.files import readable
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.prompts import Split

ROWS_AT_ONCE = 1 << 17
"""Score rows that are held as Arrow while reading or writing: a row group of the file."""


def read_scores(
    path: Path,
    prompts: pd.DataFrame,
    candidates: list[str],
    metrics: list[str],
    samples: Mapping[Split, int],
) -> dict[str, Scores]:
    """Return a float32 array (prompt, candidate, sample) a metric, from rows in any order.

    Raises SuiteError, naming file and row or cell, unless every cell stands there exactly once.
    """
    with readable(path, "Parquet"):
        file = pq.ParquetFile(path, read_dictionary=["prompt_id", "candidate"], pre_buffer=False)
    wanted = ["prompt_id", "candidate", "sample", *metrics]
    _check_columns(file.schema_arrow, wanted, path)
    depth: Ints = prompts["split"].map(dict(samples)).to_numpy(dtype=np.int64)
    cells = ScoreCells(prompts, candidates, depth, metrics, str(path))
    before = 0
    for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=wanted):
        columns = [batch.column(name) for name in wanted]
        for name, column in zip(wanted, columns, strict=True):
            if column.null_count:
                row = before + int(column.is_null().to_numpy(zero_copy_only=False).argmax())
                raise SuiteError(f"{path}, row {row + 1}: {name} is empty")
        before += batch.num_rows
        cells.add(
            _positions(columns[0], cells.prompt_index, "prompt", path),
            _positions(columns[1], cells.candidate_index, "candidate", path),
            columns[2].to_numpy(zero_copy_only=False),
            [column.to_numpy(zero_copy_only=False) for column in columns[3:]],
        )
    return cells.finish()


class ScoreCells:
    """Collects score rows in any order into one (prompt, candidate, sample) array a metric.

    `prompts` are those of a Suite, `depth` is the number of samples due for each. Raises
    SuiteError for a row given twice, a sample out of range, or, at the end, a missing cell, naming the
    prompt's text and the candidate.
    """

    def __init__(
        self, prompts: pd.DataFrame, candidates: list[str], depth: Ints, metrics: list[str], where: str
    ) -> None:
        self.prompt_index = pd.Index(prompts["prompt_id"].tolist(), dtype="str")
        self._texts: list[str] = prompts["text"].tolist()
        self.candidate_index = pd.Index(candidates, dtype="str")
        self._depth = depth
        self._where = where
        shape = (len(prompts), len(candidates), int(depth.max()) if len(depth) else 0)
        self._seen = np.zeros(shape, dtype=bool)
        self._scores = {metric: np.full(shape, np.nan, dtype=np.float32) for metric in metrics}

    def add(self, prompt: Ints, candidate: Ints, sample: Ints, scores: list[npt.NDArray[np.float32]]) -> None:
        """Take in rows: positions of prompt and candidate, sample number, one array a metric."""
        outside = (sample < 0) | (sample >= self._depth[prompt])
        if outside.any():
            row = int(outside.argmax())
            raise SuiteError(
                f"{self._where}: {self._name(prompt[row], candidate[row], sample[row])}: the suite stores "
                f"samples 0 to {self._depth[prompt[row]] - 1} of this prompt"
            )
        cell = np.ravel_multi_index((prompt, candidate, sample), self._seen.shape)
        order = np.sort(cell)
        twice = order[1:][order[1:] == order[:-1]]
        if not len(twice):
            twice = cell[self._seen.ravel()[cell]]
        if len(twice):
            place = self._name(*map(int, np.unravel_index(twice[0], self._seen.shape)))
            raise SuiteError(f"{self._where}: {place} is in two rows (is a `sample` column missing?)")
        self._seen.ravel()[cell] = True
        for array, values in zip(self._scores.values(), scores, strict=True):
            array.ravel()[cell] = values

    def finish(self) -> dict[str, Scores]:
        """Return the arrays, read-only, or raise SuiteError for the first cell that no row has filled."""
        due = np.arange(self._seen.shape[2]) < self._depth[:, None, None]
        missing = due & ~self._seen
        if missing.any():
            place = self._name(*map(int, np.unravel_index(int(missing.argmax()), missing.shape)))
            raise SuiteError(
                f"{self._where}: no score of {place}; {int(missing.sum())} of "
                f"{int(self._depth.sum()) * missing.shape[1]} cells lack one, "
                "and a matrix must be complete"
            )
        return {metric: frozen(array) for metric, array in self._scores.items()}

    def _name(self, prompt: int, candidate: int, sample: int) -> str:
        return (
            f"prompt {shown(self._texts[prompt])} (id {self.prompt_index[prompt]}), candidate "
            f"{self.candidate_index[candidate]!r}, sample {sample}"
        )


def write_scores(matrix: ScoreMatrix, path: Path) -> None:
    """Write the scores of a matrix, prompt by prompt, candidate by candidate, sample by sample."""
    ids = pa.array(matrix.prompts["prompt_id"].tolist())
    names = pa.array(list(matrix.candidate_ids))
    depth = matrix.prompts["split"].map(dict(matrix.samples)).to_numpy()
    shape = next(iter(matrix.scores.values())).shape
    step = max(1, ROWS_AT_ONCE // (shape[1] * shape[2]))
    schema = pa.schema(
        [("prompt_id", pa.string()), ("candidate", pa.string()), ("sample", pa.int16())]
        + [(metric, pa.float32()) for metric in matrix.scores]
    )
    repeated: Any = ["prompt_id", "candidate"]
    with pq.ParquetWriter(path, schema, use_dictionary=repeated) as writer:
        for start in range(0, shape[0], step):
            part = slice(start, start + step)
            due = np.broadcast_to(
                np.arange(shape[2]) < depth[part, None, None], (len(depth[part]), *shape[1:])
            )
            prompt, candidate, sample = (axis.astype(np.int32) for axis in np.nonzero(due))
            table = pa.table(
                [
                    ids.take(pa.array(prompt + start)),
                    names.take(pa.array(candidate)),
                    pa.array(sample.astype(np.int16)),
                    *(pa.array(scores[part][due]) for scores in matrix.scores.values()),
                ],
                schema=schema,
            )
            writer.write_table(table)


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


def _positions(column: Any, index: pd.Index[str], kind: str, path: Path) -> Ints:
    """Return the position of each value of a dictionary column in `index`."""
    names = column.dictionary.to_pylist()
    lookup = index.get_indexer(pd.Index(names, dtype=index.dtype))
    if len(names) and lookup.min() < 0:
        name = names[int(lookup.argmin())]
        raise SuiteError(f"{path}: {kind} {name!r} has scores but is not in the suite's {kind} list")
    return lookup[column.indices.to_numpy(zero_copy_only=False)]
