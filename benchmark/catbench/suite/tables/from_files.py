"""`matrix_from_files`: from a file of scores and a file of costs, as people have them, to a score matrix.

Scores of other shapes are made tidy: one row a prompt, candidate and sample, one column a metric.

    wide             a column a candidate, of one metric                       --wide A,B --metric NAME
    lists in cells   a cell holds the scores of several metrics, `[1, 0.5]`    --cell NAME,NAME

Both together are a column a candidate whose cells hold lists. Rows keep the number that they have in the
file as their index, so that messages can name it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catbench.errors import SuiteError, UsageError, check_known, listed, shown
from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Cost
from catbench.suite.tables.columns import (
    Tell,
    check_once,
    choose_metrics,
    holds_lists,
    split_direction,
    words_in_name,
)
from catbench.suite.tables.complete import Drops
from catbench.suite.tables.from_table import matrix_from_table
from catbench.suite.tables.numerals import MISSING
from catbench.suite.tables.prices import read_costs
from catbench.suite.tables.table_reading import KEYS, read_table

_GUESSES = {
    "prompt": ("prompt", "caption", "text"),
    "candidate": ("candidate", "model", "algorithm", "method", "generator", "system"),
}
"""Words in the name of a column that may be the one that is missing; only suggested."""
_CELLS = ""
"""The column of a long table that holds what stood in the cells; no column of a file is called so."""


@dataclass(frozen=True)
class TableOptions:
    """How to take a score table; a plain tidy one needs none of this."""

    metrics: Sequence[str] = ()
    """`NAME`, `NAME:lower` or `NAME:higher`; none = every column of numbers, in doubt none."""
    ignore: Sequence[str] = ()
    """Columns to leave out; an item may be several, separated by commas, here and below."""
    columns: Sequence[str] = ()
    """`NEW=OLD`: the column that is the prompt, the candidate or another key under a name of its own."""
    wide: Sequence[str] = ()
    """Columns that are candidates, in a table with a column a candidate."""
    cell: Sequence[str] = ()
    """Metrics, named as in `metrics`, whose scores stand in one cell as a list."""
    candidates: Sequence[str] = ()
    """`NEW=OLD`: new names of candidates, in scores and costs."""
    drops: Drops = field(default_factory=Drops)


def matrix_from_files(
    scores: Path,
    costs: Path,
    suite: SuiteInfo | None = None,
    options: TableOptions | None = None,
    tell: Tell = lambda line: None,
) -> ScoreMatrix:
    """Return the matrix of a table of scores and a table of costs, in any form that `read_table` reads.

    `suite` is what the matrix says of itself, by default the name of the file. `tell` takes one line after
    another: what each column was taken for, and what was left out and why. Raises UsageError for options that
    do not fit the files or are needed and absent, SuiteError for tables that break a rule.
    """
    options, where = options or TableOptions(), str(scores)
    suite = suite or SuiteInfo(id="table", title=scores.name, source=scores.name)
    columns, due = _column_names(options.columns), "a candidate's new and old name are due, as NEW=OLD"
    renames = _pairs(options.candidates, "--candidate", due)
    table = read_table(scores, columns)
    ignored = _names(options.ignore, table)
    check_known(f"column in {where}", list(table.columns), *ignored)
    table = table.drop(columns=ignored)
    wide, cell = _names(options.wide, table), _names(options.cell, table)
    if wide and "prompt" not in table:  # said of the file's own columns
        _check_keys(table.assign(candidate=""), where)
    rows = _tidy(table, wide, [split_direction(name)[0] for name in cell], options.metrics, where)
    _check_keys(rows, where)
    taken: list[str] = []
    made = [name for name in rows.columns if wide or name not in table]
    metrics = choose_metrics(rows, options.metrics or cell, where, taken.append, made)
    if len(names := rows["candidate"].unique().tolist()) == 1:
        raise SuiteError(
            f"{where}: {names[0]!r} is the only candidate, so there is nothing to route: two or more are due "
            "(is it another column? --columns candidate=COLUMN)"
        )
    rows, priced = _renamed(rows, read_costs(costs), renames)
    keys = [name for name in KEYS if name in table]
    others = [name for name in table.columns if name not in (*keys, *wide, *rows.columns)] if wide else []
    lines = [
        f"{where}: {len(table):,} rows",
        *(f"  {key}" + (f": the column {columns[key]!r}" if key in columns else "") for key in keys),
        *([f"  candidate: {', '.join(wide)}"] if wide else []),
        *taken,
        *([f"  left out (--ignore): {listed(ignored, 8)}"] if ignored else []),
        *([f"  left out (no candidate of --wide): {listed(others, 8)}"] if others else []),
    ]
    for line in lines:
        tell(line)
    return matrix_from_table(
        rows, priced, metrics, suite, drops=options.drops, where=where, costs_where=str(costs), tell=tell
    )


def _names(items: Sequence[str], table: pd.DataFrame) -> list[str]:
    """Return names given one by one or separated by commas; a column's whole name is one, commas or not."""
    found: list[str] = []
    for item in items:
        found += [item] if item in table else [name.strip() for name in item.split(",")]
    return found


def _pairs(items: Sequence[str], option: str, due: str) -> dict[str, str]:
    """Return old name -> new name of items `NEW=OLD`; raises UsageError for one of another form."""
    pairs = [tuple(part.strip() for part in item.partition("=")) for item in items]
    for item, (new, _, old) in zip(items, pairs, strict=True):
        if not (new and old):
            raise UsageError(f"{option} {item!r}: {due}")
    check_once([old for _, _, old in pairs], option)
    return {old: new for new, _, old in pairs}


def _column_names(items: Sequence[str]) -> dict[str, str]:
    """Return key -> column of items `KEY=COLUMN`; raises UsageError for another form or key."""
    parted = [pair for item in items for pair in (item.split(",") if item.count("=") > 1 else [item])]
    keys = _pairs(parted, "--columns", "a key and its column are due, as prompt=best_caption")
    check_known("key for --columns", KEYS, *keys.values())
    check_once(list(keys.values()), "--columns")
    return {key: column for column, key in keys.items()}


def _tidy(
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
        if not cell and len(metrics) != 1:
            raise UsageError(
                "--wide: a table with a column a candidate holds one metric: name it with --metric NAME or "
                "--metric NAME:lower (or --cell NAME,NAME where its cells are lists)"
            )
        table, column = _long(table, wide, where), _CELLS
        if holds_lists(table[column]) and not cell:
            raise UsageError(f"--wide: cells of {where} hold lists: --cell NAME,NAME names their metrics")
    elif cell:
        found = [name for name in table.columns if name not in KEYS and holds_lists(table[name])]
        if len(found) != 1:
            has = f"has {len(found)}: {', '.join(found)}" if found else "has none"
            raise UsageError(f"--cell: one column of {where} must hold lists such as [1, 0.5], and it {has}")
        column = found[0]
    else:
        return table
    cells, rows = table[column], table.drop(columns=column)
    return rows.assign(
        **_listed_values(cells, cell, where) if cell else {split_direction(metrics[0])[0]: cells}
    )


def _long(table: pd.DataFrame, wide: Sequence[str], where: str) -> pd.DataFrame:
    """Return the keys of a table with a row for each of its candidates, and `_CELLS`."""
    if "candidate" in table:
        raise UsageError(f"--wide: {where} has a column `candidate`, so its candidates are no columns")
    keys = [name for name in KEYS if name in table]
    check_once(wide, "--wide")
    check_known(f"column in {where}", set(table.columns) - set(keys), *wide)
    return table.melt(keys, list(wide), var_name="candidate", value_name=_CELLS, ignore_index=False)


def _listed_values(cells: pd.Series[Any], names: Sequence[str], where: str) -> dict[str, pd.Series[Any]]:
    """Return the values of lists in cells by metric; a cell that holds nothing lacks all of them."""
    lists = [_list(cell, len(names)) for cell in cells]
    for place, found in enumerate(lists):
        if found is None or len(found) != len(names):
            raise SuiteError(
                f"{where}, row {int(cells.index[place]) + 1}: {shown(cells.iloc[place])} is no list of "
                f"{len(names)} numbers, one for each of --cell {','.join(names)}"
            )
    columns = zip(*(found for found in lists if found), strict=True)
    return {
        name: pd.Series(column, index=cells.index, dtype=object)
        for name, column in zip(names, columns, strict=True)
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


def _check_keys(table: pd.DataFrame, where: str) -> None:
    """Raise SuiteError where prompts or candidates are missing, with the option that names their columns."""
    missing = [key for key in _GUESSES if key not in table]
    if not missing:
        return
    others = [name for name in table.columns if name not in KEYS]
    pairs: list[str] = []
    for key in missing:
        near = [name for word in _GUESSES[key] for name in others if word in words_in_name(name)]
        pairs.append(f"{key}={near[0] if near else 'COLUMN'}")
    wide = ", or --wide A,B --metric NAME where each candidate is a column" if "candidate" in missing else ""
    raise SuiteError(
        f"{where}: no column {' and no column '.join(map(repr, missing))}; it has {listed(others, 12)}: say "
        f"which it is with --columns {shlex.quote(','.join(pairs))}{wide}"
    )


def _renamed(
    table: pd.DataFrame, costs: Sequence[Cost], renames: dict[str, str]
) -> tuple[pd.DataFrame, tuple[Cost, ...]]:
    """Return scores and costs with candidates under their new names; raises UsageError where two meet."""
    scored = set(table["candidate"].unique())
    known = scored | {cost.candidate for cost in costs}
    check_known("candidate", known, *renames)
    if len({renames.get(name, name) for name in scored}) < len(scored):
        raise UsageError("--candidate: two candidates of the scores would have one name")
    return table.assign(candidate=table["candidate"].replace(renames)), tuple(
        cost.model_copy(update={"candidate": renames.get(cost.candidate, cost.candidate)}) for cost in costs
    )
