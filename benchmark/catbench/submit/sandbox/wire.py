"""Prompts, qualities and answers as bytes; nothing is pickled.

A request is a frame that holds an Arrow stream: a table of prompts, and in the schema's metadata what is
asked. A reply is a frame with numbers, behind a line that tells their type and shape, or with a short text.
A frame is one byte for its kind, eight for its length, and the payload.

The asking side trusts no byte of a reply. It knows the shape that it asked for, so it knows every byte that
is not a number: a reply that differs in one of them is refused.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from catbench.arrays import Floats
from catbench.suite.pool import Candidate, Pool
from catbench.suite.prompts import Prompts

HEADER = struct.Struct("<cQ")
ANSWER, DONE, FAILED, REQUEST = b"A", b"K", b"E", b"R"
LONGEST_TEXT = 4096
"""Bytes of the text in a reply."""
TEXT, FEATURE, QUALITY, HELD = "text", "feature:", "quality", "validation"

Kind: TypeAlias = Literal["estimator", "policy"]
Numbers: TypeAlias = npt.NDArray[Any]
"""float64, or int64 for positions in the pool."""
DTYPES: dict[Kind, type[Any]] = {"estimator": np.float64, "policy": np.int64}


def frame(kind: bytes, payload: bytes) -> bytes:
    """Return a payload with its kind and its length before it."""
    return HEADER.pack(kind, len(payload)) + payload


def read_frame(source: BinaryIO) -> tuple[bytes, bytes] | None:
    """Return the next frame's kind and payload; None where the stream ends. For the trusting side."""
    head = source.read(HEADER.size)
    if len(head) < HEADER.size:
        return None
    kind, length = HEADER.unpack(head)
    return kind, source.read(length)


def encode_request(
    asked: Mapping[str, Any],
    prompts: Prompts | None = None,
    quality: Floats | None = None,
    held: npt.NDArray[np.bool_] | None = None,
) -> bytes:
    """Return a request: what is asked, prompts (n), and for a fit qualities (n, M), validation marked."""
    columns: dict[str, Any] = {}
    if prompts is not None:
        columns[TEXT] = pa.array(list(prompts), pa.large_string())
        for name, values in prompts.features.items():
            columns[FEATURE + name] = _rows(values, np.float32)
    if quality is not None:
        columns[QUALITY] = _rows(quality, np.float64)
    if held is not None:
        columns[HELD] = _array(held.astype(np.int8))
    table = pa.table(columns).replace_schema_metadata({"asked": json.dumps(dict(asked))})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def decode_request(
    payload: bytes,
) -> tuple[dict[str, Any], Prompts, Floats | None, npt.NDArray[np.bool_] | None]:
    """Return what `encode_request` was given."""
    with pa.ipc.open_stream(payload) as reader:
        table = reader.read_all().combine_chunks()
    asked = json.loads(table.schema.metadata[b"asked"])
    names = table.column_names
    texts = table[TEXT].to_pylist() if TEXT in names else []
    features = {
        name.removeprefix(FEATURE): _matrix(table[name]) for name in names if name.startswith(FEATURE)
    }
    quality = _matrix(table[QUALITY]).astype(np.float64) if QUALITY in names else None
    held = _values(table[HELD].combine_chunks()).astype(bool) if HELD in names else None
    return asked, Prompts(texts, features), quality, held


def encode_answer(values: Numbers) -> bytes:
    """Return numbers (n, K), row by row: float64, or int64 for positions."""
    kind = "policy" if np.issubdtype(values.dtype, np.integer) else "estimator"
    rows, columns = values.shape
    return _first_line(rows, columns, kind) + np.ascontiguousarray(values, DTYPES[kind]).tobytes()


def answer_size(rows: int, columns: int, kind: Kind) -> int:
    """Return how many bytes the answer of n rows and K columns has."""
    return len(_first_line(rows, columns, kind)) + 8 * rows * columns


def decode_answer(payload: bytes, rows: int, columns: int, kind: Kind) -> Numbers | None:
    """Return the numbers (n, K) of an untrusted answer; None where it is of another shape or type."""
    first = _first_line(rows, columns, kind)
    if not payload.startswith(first) or len(payload) != answer_size(rows, columns, kind):
        return None
    return np.frombuffer(payload, DTYPES[kind], offset=len(first)).reshape(rows, columns).copy()


def _first_line(rows: int, columns: int, kind: Kind) -> bytes:
    return f"{np.dtype(DTYPES[kind])} {rows} {columns}\n".encode()


def pool_to_json(pool: Pool) -> dict[str, Any]:
    """Return everything that a pool tells a router."""
    return {
        "name": pool.name,
        "candidates": [candidate.model_dump() for candidate in pool.candidates],
        "cost": pool.cost.tolist(),
        "unit": pool.unit,
        "metric": pool.metric,
        "seed": pool.seed,
    }


def pool_from_json(record: Mapping[str, Any]) -> Pool:
    """Return the pool that `pool_to_json` was given."""
    candidates = tuple(Candidate.model_validate(one) for one in record["candidates"])
    cost = np.array(record["cost"])
    return Pool(record["name"], candidates, cost, record["unit"], record["metric"], record["seed"])


def _rows(values: npt.NDArray[Any], kind: type) -> Any:
    return pa.FixedSizeListArray.from_arrays(_array(values.astype(kind).ravel()), values.shape[1])


def _matrix(column: Any) -> npt.NDArray[Any]:
    return _values(column.combine_chunks().flatten()).reshape(len(column), -1)


def _array(values: npt.NDArray[Any]) -> Any:
    """Return an Arrow array over a NumPy array's memory; `pa.array` would import pandas for it."""
    buffers = [None, pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def _values(array: Any) -> npt.NDArray[Any]:
    kind = array.type.to_pandas_dtype()
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * np.dtype(kind).itemsize)
