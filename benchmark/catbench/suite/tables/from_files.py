"""`matrix_from_files`: from a file of scores and a file of costs, as people have them, to a score matrix."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from catbench.errors import SuiteError, UsageError, listed, unknown_name
from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Cost
from catbench.suite.tables.columns import Tell, choose_metrics, split_direction, words_of
from catbench.suite.tables.complete import Drops
from catbench.suite.tables.from_table import matrix_from_table
from catbench.suite.tables.prices import parse_renames, read_costs
from catbench.suite.tables.shapes import tidy
from catbench.suite.tables.table_reading import KEYS, read_table

_GUESSES = {
    "prompt": ("prompt", "caption", "text"),
    "candidate": ("candidate", "model", "algorithm", "method", "generator", "system"),
}
"""Words in the name of a column that may be the one that is missing; only suggested."""


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
    columns, renames = _column_names(options.columns), parse_renames(options.candidates)
    table = read_table(scores, columns)
    ignored = _names(options.ignore, table)
    for name in ignored:
        if name not in table:
            raise unknown_name(f"column in {where}", name, table.columns)
    table = table.drop(columns=ignored)
    wide, cell = _names(options.wide, table), _names(options.cell, table)
    if wide and "prompt" not in table:  # said of the file's own columns
        _check_keys(table.assign(candidate=""), where)
    rows = tidy(table, wide, [split_direction(name)[0] for name in cell], options.metrics, where)
    _check_keys(rows, where)
    taken: list[str] = []
    metrics = choose_metrics(rows, options.metrics or cell, where, taken.append)
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


def _column_names(items: Sequence[str]) -> dict[str, str]:
    """Return key -> column of items `KEY=COLUMN`; raises UsageError for another form or key."""
    pairs = [pair for item in items for pair in (item.split(",") if item.count("=") > 1 else [item])]
    names: dict[str, str] = {}
    for pair in pairs:
        new, sign, old = (part.strip() for part in pair.partition("="))
        if not (sign and old):
            raise UsageError(f"--columns {pair!r}: a key and its column are due, as prompt=best_caption")
        if new not in KEYS:
            raise unknown_name("key for --columns", new, KEYS)
        if new in names or old in names.values():
            raise UsageError(f"--columns {pair!r}: {new if new in names else old!r} is named twice")
        names[new] = old
    return names


def _check_keys(table: pd.DataFrame, where: str) -> None:
    """Raise SuiteError where prompts or candidates are missing, with the option that names their columns."""
    missing = [key for key in _GUESSES if key not in table]
    if not missing:
        return
    others = [name for name in table.columns if name not in KEYS]
    pairs: list[str] = []
    for key in missing:
        near = [name for word in _GUESSES[key] for name in others if word in words_of(name)]
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
    for old in renames:
        if old not in known:
            raise unknown_name("candidate", old, known)
    if len({renames.get(name, name) for name in scored}) < len(scored):
        raise UsageError("--candidate: two candidates of the scores would have one name")
    return table.assign(candidate=table["candidate"].replace(renames)), tuple(
        cost.model_copy(update={"candidate": renames.get(cost.candidate, cost.candidate)}) for cost in costs
    )
