"""What routers return, checked: predictions or choices as an array, or an error that tells what is wrong.

Anything that is a table of numbers will do: nested lists, arrays, torch tensors, data frames. Where the
columns of a table have names, these count and not their order.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from catbench.arrays import LARGEST_QUALITY, Floats, Ints
from catbench.errors import RouterError


def check_predictions(name: str, said: object, prompts: int, candidates: Sequence[str]) -> Floats:
    """Return predictions as float64 (n, M), or raise RouterError that tells what is wrong with them.

    `candidates` are the ids behind the M columns. A table whose columns have names is put into their order.
    """
    shape = prompts, len(candidates)
    wanted = f"float array {shape}: one row a prompt, one column a candidate"
    said = _table(said)
    array = _numbers(name, "predict", said, wanted)
    if array.ndim == 2 and len(array) == prompts and (order := _order(name, said, candidates)) is not None:
        array = array[:, order]
    if len(candidates) == 1 and array.shape == (prompts,):
        array = array[:, None]
    if array.shape != shape:
        turned = " (is it transposed?)" if array.shape == shape[::-1] else ""
        raise RouterError(
            f"router {name!r}: predict() returned shape {array.shape}{turned}; it needs a {wanted}"
        )
    bad = ~(np.abs(array) < LARGEST_QUALITY)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise RouterError(
            f"router {name!r}: predict() returned {array[row, column]} for test prompt {row}, candidate "
            f"{candidates[column]!r}: {int(bad.sum()):,} of {array.size:,} values are not finite numbers"
        )
    return array


def check_choices(name: str, said: object, trade_offs: int, prompts: int, candidates: int) -> Ints:
    """Return choices as int64 (T, n), or raise RouterError that tells what is wrong with them."""
    wanted = f"int array ({trade_offs}, {prompts}): one row a trade-off, one column a prompt"
    array = _numbers(name, "route", said, wanted)
    if array.shape != (trade_offs, prompts):
        raise RouterError(f"router {name!r}: route() returned shape {array.shape}; it needs an {wanted}")
    if not ((array == np.floor(array)) & (array >= 0) & (array < candidates)).all():
        raise RouterError(
            f"router {name!r}: route() must return positions in the pool, 0 to {candidates - 1}; "
            f"it returned values from {array.min()} to {array.max()}"
        )
    return array.astype(np.int64)


def _table(said: object) -> object:
    """Return a list of rows that name their values (series, mappings) as a table; else what was given."""
    rows = list(cast(Sequence[Any], said)) if isinstance(said, (list, tuple)) else []
    if rows and all(isinstance(row, (pd.Series, Mapping)) for row in rows):
        return pd.DataFrame([dict(cast(Mapping[Any, Any], row)) for row in rows])
    return said


def _numbers(name: str, method: str, said: Any, wanted: str) -> Floats:
    if said is None:
        raise RouterError(
            f"router {name!r}: {method}() returned None (is `return` missing?); it needs a {wanted}"
        )
    kind = type(said).__name__
    said = [_plain(part) for part in said] if isinstance(said, (list, tuple)) else _plain(said)
    parts: Sequence[Any] = said if isinstance(said, list) else [said]
    if any(np.ma.is_masked(part) for part in parts):
        raise RouterError(
            f"router {name!r}: {method}() returned masked values, which would count as what lies under the "
            f"mask; it needs a {wanted} (fill them first, with .filled(value))"
        )
    try:
        if any(np.iscomplexobj(part) for part in parts):
            raise TypeError("complex numbers have no order")
        return np.array(said, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RouterError(
            f"router {name!r}: {method}() returned {kind}; it needs a {wanted} ({error})"
        ) from error


def _plain(said: Any) -> Any:
    """Return a torch tensor, whatever its device, type and gradient, as an array; else what was given."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not isinstance(said, torch.Tensor):
        return said
    said = said.detach().cpu()
    return (said.double() if said.is_floating_point() else said).numpy()  # NumPy has no bfloat16


def _order(name: str, said: Any, candidates: Sequence[str]) -> list[int] | None:
    """Return where each candidate's column stands in a table; None where its columns have no names.

    Columns that count from 0 have none: a table is made so of an array.
    """
    columns: list[Any] = list(getattr(said, "column_names", getattr(said, "columns", ())))
    rows = getattr(said, "index", None)
    if getattr(rows, "dtype", np.dtype(object)).kind in "iu":
        rows = np.asarray(rows)
        if (np.diff(rows) < 0).any() and np.array_equal(np.sort(rows), np.arange(len(rows))):
            raise RouterError(
                f"router {name!r}: predict() returned a table whose index says that its rows are in another "
                "order than the prompts; put them back, with .sort_index()"
            )
    if columns == list(range(len(columns))):
        return None
    if len(columns) > len(candidates) or set(columns) != set(candidates):
        missing = [candidate for candidate in candidates if candidate not in columns]
        lacks = f", but not {', '.join(missing)}" if missing else ""
        raise RouterError(
            f"router {name!r}: predict() returned a table with the columns {', '.join(map(str, columns))}"
            f"{lacks}; they must be the candidates (pool.ids), each once, in any order"
        )
    return [columns.index(candidate) for candidate in candidates]
