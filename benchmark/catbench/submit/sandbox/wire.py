"""Prompts, qualities and answers as bytes; nothing is pickled.

A request is a frame that holds an npz archive: first, as JSON, what is asked, texts of prompts and names of
features; then qualities and features. A reply is a frame with numbers, behind a line that tells their type
and shape, or a text. A frame is one byte for its kind, eight for its length, and the payload.

The asking side trusts no byte of a reply. It knows the shape that it asked for, so it knows every byte that
is not a number: a reply that differs in one of them is refused.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from io import BytesIO
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats, frozen
from catbench.suite.pool import Candidate, Pool
from catbench.suite.prompts import Prompts

HEADER = struct.Struct("<cQ")
ANSWER, DONE, FAILED, REQUEST = b"A", b"K", b"E", b"R"
LONGEST_TEXT = 4096
"""Bytes of the text in a reply."""

Kind: TypeAlias = Literal["estimator", "policy"]
Numbers: TypeAlias = npt.NDArray[Any]
"""float64, or int64 for positions in the pool."""
DTYPES: dict[Kind, type[Any]] = {"estimator": np.float64, "policy": np.int64}


def frame(kind: bytes, payload: bytes) -> bytes:
    """Return a payload with its kind and its length before it."""
    return HEADER.pack(kind, len(payload)) + payload


READY = frame(DONE, b"")
"""What the inside says first, once it waits for requests."""


def read_frame(source: BinaryIO) -> tuple[bytes, bytes] | None:
    """Return the next frame's kind and payload; None where the stream ends. For the trusting side."""
    head = source.read(HEADER.size)
    if len(head) < HEADER.size:
        return None
    kind, length = HEADER.unpack(head)
    return kind, source.read(length)


def encode_request(asked: Mapping[str, Any], *parts: tuple[Prompts, Floats]) -> bytes:
    """Return a request: what is asked, and prompts with their qualities; (n, 0) where these are not given."""
    arrays: list[npt.NDArray[Any]] = []
    words: list[Any] = []
    for prompts, quality in parts:
        words.append([list(prompts), list(prompts.features)])  # no archive's member can have every name
        arrays += map(np.ascontiguousarray, (quality, *prompts.features.values()))  # sums hang on the order
    text = json.dumps([dict(asked), *words], ensure_ascii=False).encode("utf-8", "surrogatepass")
    sink = BytesIO()
    np.savez(sink, np.frombuffer(text, np.uint8), *arrays)
    return sink.getvalue()


def decode_request(payload: bytes) -> tuple[dict[str, Any], list[tuple[Prompts, Floats]]]:
    """Return what `encode_request` was given."""
    with np.load(BytesIO(payload), allow_pickle=False) as found:
        text, *rest = (frozen(found[f"arr_{number}"]) for number in range(len(found)))
    asked, *words = json.loads(text.tobytes().decode("utf-8", "surrogatepass"))
    arrays = iter(rest)
    parts: list[tuple[Prompts, Floats]] = []
    for texts, names in words:
        quality = next(arrays)
        parts.append((Prompts(texts, {name: next(arrays) for name in names}), quality))
    return asked, parts


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
    candidates = [candidate.model_dump() for candidate in pool.candidates]
    return vars(pool) | {"candidates": candidates, "cost": pool.cost.tolist()}


def pool_from_json(record: dict[str, Any]) -> Pool:
    """Return the pool that `pool_to_json` was given."""
    candidates = tuple(Candidate.model_validate(one) for one in record["candidates"])
    fields: dict[str, Any] = record | {"candidates": candidates}
    return Pool(**fields)
