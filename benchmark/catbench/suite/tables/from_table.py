"""Build a score matrix from tidy rows: one row a prompt, candidate and sample; every metric a column.

A row belongs to a prompt id. The suite is the same whatever the order of the rows (`from_arrays`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from catbench.arrays import Floats, Ints, Scores
from catbench.errors import SuiteError, shown
from catbench.suite.from_arrays import grouped, matrix_from_arrays
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Candidate, Cost
from catbench.suite.prompts import SPLITS, group_of
from catbench.suite.tables.columns import Tell
from catbench.suite.tables.complete import Drops, blank, whole_part, without_blank_prompts
from catbench.suite.tables.numerals import numbers_in
from catbench.suite.tables.prices import fit_costs
from catbench.suite.tables.table_reading import KEYS

LARGEST = float(np.finfo(np.float32).max)
"""Scores are stored in single precision."""
_SPLITS_MEANT = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "development", "eval"),
    "test": ("test", "testing", "held-out", "heldout"),
}
"""Split -> words that most likely mean it; only suggested."""
_ODD = re.compile(r"[^A-Za-z0-9._+-]+")


def matrix_from_table(
    table: pd.DataFrame,
    costs: Sequence[Cost],
    metrics: Sequence[Metric],
    suite: SuiteInfo,
    *,
    candidates: Sequence[Candidate] = (),
    drops: Drops | None = None,
    where: str = "scores",
    costs_where: str = "costs",
    tell: Tell = lambda line: None,
) -> ScoreMatrix:
    """Return the matrix of a tidy table; `where` and `costs_where` are the files to name in messages.

    `table` has columns `prompt`, `candidate`, optional `prompt_id`, `sample`, `split`, `source`, `group`,
    and one a metric. Without `prompt_id` a prompt is its text; without `sample` there is one sample. An index
    of whole numbers holds the place of each row in its file, from 0. `tell` takes a line for whatever was
    left out. Raises SuiteError naming the file, row and candidate of what is missing, repeated or not finite.
    """
    drops = drops or Drops()
    if not pd.api.types.is_integer_dtype(table.index.dtype):
        table = table.reset_index(drop=True)
    table = _with_text_keys(table, drops, where, tell)
    values = {metric.name: _finite(table, metric.name, where) for metric in metrics}
    ranks = _ranks(table, suite, where)
    prompts, ids = _prompts(table, where), np.array(sorted(table["candidate"].unique()), dtype=object)
    place = pd.Index(prompts["prompt_id"]).get_indexer(pd.Index(table["prompt_id"]))
    named = pd.Index(ids).get_indexer(pd.Index(table["candidate"]))
    splits = prompts["split"].to_numpy(dtype=object)
    depths = {split: int(ranks[splits[place] == split].max()) + 1 for split in dict.fromkeys(splits)}
    depth: Ints = prompts["split"].map(depths).to_numpy(dtype=np.int64)
    scores: dict[str, Scores] = {}
    for name, column in values.items():
        scores[name] = np.full((len(prompts), len(ids), max(depth)), np.nan, dtype=np.float32)
        scores[name][place, named, ranks] = column
    rows, columns = whole_part(scores, depth, prompts["text"].tolist(), list(ids), drops, where, tell)
    kept = fit_costs(costs, list(ids[columns]), costs_where, tell)
    records = {candidate.id: candidate for candidate in candidates}
    chosen = prompts[rows]
    for split in SPLITS if "split" not in table else ():
        if split not in set(chosen["split"]):
            raise SuiteError(
                f"{where}: {len(chosen):,} prompts are so few that the hash of their texts puts none into "
                f"the {split} split: add prompts, or a column `split` with {', '.join(SPLITS)}"
            )
    return matrix_from_arrays(
        suite,
        chosen,
        [records.get(name) or Candidate(id=name) for name in ids[columns]],
        metrics,
        {name: array[rows][:, columns] for name, array in scores.items()},
        kept,
        samples={split: depths[split] for split in SPLITS if split in depths},
    )


def _with_text_keys(table: pd.DataFrame, drops: Drops, where: str, tell: Tell) -> pd.DataFrame:
    """Return the rows that have a prompt, their keys as text; without ids, a prompt's is of its text."""
    for column in [name for name in KEYS if name in table and name not in ("source", "prompt")]:
        empty = blank(table[column])
        if empty.any():
            raise SuiteError(f"{where}, {_row(table, empty)}: {column} is empty")
    table = without_blank_prompts(table, drops, where, tell)
    texts = table["prompt"].astype(str)
    ids = table["prompt_id"].astype(str) if "prompt_id" in table else texts.map(group_of)
    table = table.assign(prompt=texts, candidate=table["candidate"].astype(str), prompt_id=ids)
    _check_ids(table["candidate"].unique().tolist(), where)
    if "split" in table:
        _check_splits(table["split"].astype(str).unique().tolist(), where)
    return table


def _check_splits(names: Sequence[str], where: str) -> None:
    """Raise SuiteError for splits of other names, or too few of them, with what to write instead."""
    ways = f"the splits are {', '.join(SPLITS)}, and all are needed; --ignore split draws them anew"
    if odd := [name for name in names if name not in SPLITS]:
        renames = [
            f"{split} for {name!r}"
            for name in odd
            for split, words in _SPLITS_MEANT.items()
            if name.casefold() in words
        ]
        write = f"write {' and '.join(renames)}: " if renames else ""
        raise SuiteError(f"{where}: unknown split {', '.join(map(repr, odd[:3]))}: {write}{ways}")
    if lacking := [split for split in SPLITS if split not in names]:
        raise SuiteError(f"{where}: no prompt in the {' or '.join(lacking)} split: {ways}")


def _check_ids(names: Sequence[str], where: str) -> None:
    """Raise SuiteError for names that cannot be candidates' ids, with the options that rename them."""
    faults: dict[str, str] = {}
    for name in names:
        try:
            Candidate(id=name)
        except ValidationError as error:
            faults[name] = error.errors()[0]["msg"]
    if not faults:
        return
    name, fault = next(iter(faults.items()))
    if _ODD.search(name) or not name[0].isalnum():
        fault = (
            "an id has letters, digits and . _ + - only, no white space, and begins with a letter or digit"
        )
    taken, renames = set(names), list[str]()
    for odd in faults:
        stem = _ODD.sub("-", odd).strip("-._+") or "candidate"
        new = next(s for s in (stem, *(f"{stem}-{i}" for i in range(2, len(names) + 3))) if s not in taken)
        taken.add(new)
        renames.append(f"--candidate {shlex.quote(f'{new}={odd}')}")
    raise SuiteError(f"{where}: candidate {name!r}: {fault}: rename with {' '.join(renames)}")


def _finite(table: pd.DataFrame, metric: str, where: str) -> Floats:
    values = numbers_in(table[metric], metric, where)
    bad = np.abs(values) > LARGEST
    if bad.any():
        raise SuiteError(
            f"{where}, {_row(table, bad)}: {metric} of {_cell(table, bad)} is {values[bad][0]}: every score "
            "must be finite, and below 3.4e38"
        )
    return values


def _ranks(table: pd.DataFrame, suite: SuiteInfo, where: str) -> Ints:
    """Return the number of each row's sample among those of its prompt and candidate, from 0."""
    label = table["sample"] if "sample" in table else pd.Series(0, index=table.index)
    if not pd.api.types.is_numeric_dtype(label):
        numbers = pd.to_numeric(label, errors="coerce")
        if numbers.isna().any() and suite.samples_are == "images":
            raise SuiteError(
                f"{where}: sample {label[numbers.isna()].iloc[0]!r} is no number, and samples are numbered "
                "(with --samples raters they may be names)"
            )
        names = pd.Series(pd.factorize(label.astype(str), sort=True)[0], index=table.index)
        label = names if numbers.isna().any() else numbers
    cells = table[["prompt_id", "candidate"]].assign(sample=label)
    twice = cells.duplicated().to_numpy()
    if twice.any():
        hint = "" if "sample" in table else " (is a `sample` column missing? --columns sample=NAME names it)"
        number = f", sample {label.to_numpy()[twice][0]}" if "sample" in table else ""
        raise SuiteError(f"{where}, {_row(table, twice)}: {_cell(table, twice)}{number} appears twice{hint}")
    ranks = cells.groupby(["prompt_id", "candidate"])["sample"].rank(method="first")
    return ranks.to_numpy(dtype=np.int64) - 1


def _row(table: pd.DataFrame, which: Any) -> str:
    return f"row {int(table.index[int(np.argmax(which))]) + 1}"


def _cell(table: pd.DataFrame, which: Any) -> str:
    first = table.iloc[int(np.argmax(which))]
    return f"prompt {shown(first['prompt'])}, candidate {first['candidate']!r}"


def _prompts(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return one row a prompt, sorted by id: its text, source, group and split."""
    described = [name for name in ("prompt", "source", "split", "group") if name in table]
    for name in described:
        several = table.groupby("prompt_id")[name].nunique(dropna=False)
        if (several > 1).any():
            raise SuiteError(
                f"{where}: prompt id {several.index[several > 1][0]!r} has two values of {name!r}"
            )
    first = table.drop_duplicates("prompt_id").sort_values("prompt_id")[["prompt_id", *described]]
    first = first.assign(source=first["source"].fillna("") if "source" in first else "")
    return grouped(first.astype(str).rename(columns={"prompt": "text"}).reset_index(drop=True))
