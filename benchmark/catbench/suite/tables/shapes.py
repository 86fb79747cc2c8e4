"""Score tables of other shapes made tidy: one row a prompt, candidate and sample, one column a metric.

    wide             a column a candidate, of one metric                       --wide A,B --metric NAME
    lists in cells   a cell holds the scores of several metrics, `[1, 0.5]`    --cell NAME,NAME

Both together are a column a candidate whose cells hold lists. Rows keep the number that they have in the
file as their index, so that messages can name it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.errors import SuiteError, UsageError, shown, unknown_name
from catbench.suite.tables.columns import check_once, holds_lists, split_direction
from catbench.suite.tables.numerals import MISSING, numbers_in
from catbench.suite.tables.table_reading import KEYS

_CELLS = ""
"""The column of a long table that holds what stood in the cells; no column of a file is called so."""


def tidy(
    table: pd.DataFrame, wide: Sequence[str], cell: Sequence[str], metrics: Sequence[str], where: str
) -> pd.DataFrame:
    """Return a table in the tidy shape; without `wide` and `cell` it has it already.

    `wide` names the columns that are candidates, `cell` the metrics of the list in a cell, and `metrics` what
    `--metric` said, which names the one metric of a wide table without lists. Raises UsageError for names
    that cannot be used, SuiteError naming the row of a cell that holds something else.
    """
    check_once(cell, "--cell")
    for name in cell:
        if not name or name in KEYS or name in table:
            raise UsageError(f"--cell: {name!r} cannot be a metric's name here: a column is called so")
    if wide:
        names = cell or [_one_metric(metrics)]
        table, column = _long(table, wide, where), _CELLS
        if holds_lists(table[column]) and not cell:
            raise UsageError(f"--wide: cells of {where} hold lists: --cell NAME,NAME names their metrics")
    elif cell:
        names, column = cell, _list_column(table, where)
    else:
        return table
    cells, rows = table[column], table.drop(columns=column)
    return rows.assign(
        **_listed_numbers(cells, names, where) if cell else {names[0]: numbers_in(cells, names[0], where)}
    )


def _long(table: pd.DataFrame, wide: Sequence[str], where: str) -> pd.DataFrame:
    """Return the keys of a table with a row for each of its candidates, and `_CELLS`."""
    if "candidate" in table:
        raise UsageError(f"--wide: {where} has a column `candidate`, so its candidates are no columns")
    keys = [name for name in KEYS if name in table]
    check_once(wide, "--wide")
    for name in wide:
        if name not in table or name in keys:
            raise unknown_name(f"column in {where}", name, set(table.columns) - set(keys))
    return table.melt(keys, list(wide), var_name="candidate", value_name=_CELLS, ignore_index=False)


def _one_metric(metrics: Sequence[str]) -> str:
    if len(metrics) != 1:
        raise UsageError(
            "--wide: a table with a column a candidate holds one metric: name it with --metric NAME or "
            "--metric NAME:lower (or --cell NAME,NAME where its cells are lists)"
        )
    return split_direction(metrics[0])[0]


def _list_column(table: pd.DataFrame, where: str) -> str:
    found = [name for name in table.columns if name not in KEYS and holds_lists(table[name])]
    if len(found) != 1:
        has = f"has {len(found)}: {', '.join(found)}" if found else "has none"
        raise UsageError(f"--cell: one column of {where} must hold lists such as [1, 0.5], and it {has}")
    return found[0]


def _listed_numbers(cells: pd.Series[Any], names: Sequence[str], where: str) -> dict[str, Floats]:
    """Return the numbers of lists in cells by metric; a cell that holds nothing lacks all of them."""
    lists = [_list(cell, len(names)) for cell in cells]
    for place, found in enumerate(lists):
        if found is None or len(found) != len(names):
            raise SuiteError(
                f"{where}, row {int(cells.index[place]) + 1}: {shown(cells.iloc[place])} is no list of "
                f"{len(names)} numbers, one for each of --cell {','.join(names)}"
            )
    return {
        name: numbers_in(
            pd.Series([found[place] for found in lists if found], index=cells.index, dtype=object),
            name,
            where,
        )
        for place, name in enumerate(names)
    }


def _list(cell: Any, length: int) -> list[Any] | None:
    """Return the list in a cell, so many missing values where it holds nothing, None where something else."""
    if isinstance(cell, (list, tuple, np.ndarray)):
        return list(cell)
    if str(cell).strip().casefold() in MISSING:
        return [None] * length
    try:
        found = json.loads(str(cell))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None
