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
from catbench.suite.tables.columns import holds_lists, split_direction
from catbench.suite.tables.numerals import MISSING, numbers_in
from catbench.suite.tables.table_reading import KEYS


def tidy(
    table: pd.DataFrame, wide: Sequence[str], cell: Sequence[str], metrics: Sequence[str], where: str
) -> pd.DataFrame:
    """Return a table in the tidy shape; without `wide` and `cell` it has it already.

    `wide` names the columns that are candidates, `cell` the metrics of the list in a cell, and `metrics` what
    `--metric` said, which names the one metric of a wide table without lists. Raises UsageError for names
    that cannot be used, SuiteError naming the row of a cell that holds something else.
    """
    _check_new(cell, "--cell", table)
    if wide:
        return _from_wide(table, wide, cell or _one_metric(metrics), bool(cell), where)
    if cell:
        name = _list_column(table, where)
        return table.drop(columns=name).assign(**_listed_numbers(table[name], cell, where))
    return table


def _from_wide(
    table: pd.DataFrame, wide: Sequence[str], names: Sequence[str], lists: bool, where: str
) -> pd.DataFrame:
    if "candidate" in table:
        raise UsageError(f"--wide: {where} has a column `candidate`, so its candidates are no columns")
    keys = [name for name in KEYS if name in table]
    for place, name in enumerate(wide):
        if name not in table or name in keys:
            raise unknown_name(f"column in {where}", name, set(table.columns) - set(keys))
        if name in wide[:place]:
            raise UsageError(f"--wide: column {name!r} is named twice")
    cells = pd.concat([table[name] for name in wide])  # read as one column: they are scores of one metric
    if holds_lists(cells) and not lists:
        raise UsageError(f"--wide: cells of {where} hold lists: --cell NAME,NAME names their metrics")
    numbers = (
        _listed_numbers(cells, names, where) if lists else {names[0]: numbers_in(cells, names[0], where)}
    )
    rows = pd.concat([table[keys]] * len(wide))
    return rows.assign(candidate=np.repeat(np.array(wide, dtype=object), len(table)), **numbers)


def _one_metric(metrics: Sequence[str]) -> tuple[str]:
    if len(metrics) != 1:
        raise UsageError(
            "--wide: a table with a column a candidate holds one metric: name it with --metric NAME or "
            "--metric NAME:lower (or --cell NAME,NAME where its cells are lists)"
        )
    name, _ = split_direction(metrics[0])
    return (name,)


def _check_new(names: Sequence[str], option: str, table: pd.DataFrame) -> None:
    for place, name in enumerate(names):
        if not name or name in KEYS or name in table:
            raise UsageError(f"{option}: {name!r} cannot be a metric's name here: a column is called so")
        if name in names[:place]:
            raise UsageError(f"{option}: {name!r} is named twice")


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
