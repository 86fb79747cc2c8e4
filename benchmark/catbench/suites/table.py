"""Build a score matrix from tidy rows: one row a prompt, candidate and sample; every metric a column.

Rules of DESIGN: a row belongs to a prompt id; prompts whose texts are equal after normalising share a
group; where no split is given, the group's hash decides it. Prompts come out sorted by id and candidates
by the first cost named, so the suite is the same whatever the order of the rows. Beside what is given stand
the columns of `catbench.suites.slices`, by which results can be sliced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from catbench.arrays import Ints
from catbench.cells import ScoreCells
from catbench.costs import Cost, check_costs
from catbench.errors import SuiteError, UsageError, unknown_name
from catbench.matrix import Metric, ScoreMatrix, SuiteInfo
from catbench.pool import Candidate
from catbench.prompts import SPLITS, group_of, normalise, split_of
from catbench.suites.slices import complexity

KEYS = ("prompt", "prompt_id", "candidate", "sample", "split", "source", "group")
"""Columns of a score table that are no metrics."""
TEXTS = ("prompt", "prompt_id", "candidate", "source", "split", "group", "unit", "dataset_id")
"""Columns whose values are text whatever they look like."""


MISSING = ["", "-", "NA", "N/A", "n/a", "#N/A", "<NA>", "nan", "NaN", "null", "NULL", "None"]
"""What stands for a missing number in a CSV file; it is then refused by row."""
UNNAMED = "Unnamed: "
"""How pandas calls a CSV column without a name, such as an index that was written by mistake."""
LARGEST = float(np.finfo(np.float32).max)
"""Scores are stored in single precision."""


def read_table(path: Path) -> pd.DataFrame:
    """Return a CSV or Parquet file as a table; raises SuiteError where it cannot be read.

    In a CSV file the text columns are taken as they stand: a prompt may be the word `None`.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        numeric = [name for name in pd.read_csv(path, nrows=0).columns if name not in TEXTS]
        return pd.read_csv(
            path,
            dtype=dict.fromkeys(TEXTS, "str"),
            keep_default_na=False,
            na_values=dict.fromkeys(numeric, MISSING),
        )
    except (ValueError, OSError) as error:
        raise SuiteError(f"{path}: cannot be read as {path.suffix or 'CSV'}: {error}") from error


def read_costs(path: Path) -> tuple[Cost, ...]:
    """Return the costs of a file with columns `candidate`, `unit`, `value`, and any others of `Cost`."""
    table = read_table(path)
    for column in ("candidate", "unit", "value"):
        if column not in table:
            raise SuiteError(f"{path}: no column {column!r}; it has {', '.join(map(str, table.columns))}")
    costs: list[Cost] = []
    for row, record in enumerate(table.to_dict("records"), start=1):
        try:
            given = {str(key): value for key, value in record.items() if key == "value" or not pd.isna(value)}
            costs.append(Cost.model_validate(given))
        except ValidationError as error:
            first = error.errors()[0]
            raise SuiteError(f"{path}, row {row}: {first['loc'][0]}: {first['msg']}") from error
    return tuple(costs)


def choose_metrics(table: pd.DataFrame, wanted: Sequence[str], where: str) -> tuple[Metric, ...]:
    """Return the metrics named `NAME`, `NAME:lower` or `NAME:higher`; none named = all numeric columns."""
    scores = [str(name) for name in table.columns if name not in KEYS and not str(name).startswith(UNNAMED)]
    chosen = [(name, "higher") for name in scores if _has_numbers(table[name])]
    if wanted:
        chosen = [_named_metric(item, scores, where) for item in wanted]
    metrics: list[Metric] = []
    for name, direction in chosen:
        if not _numeric(table[name]):
            row = int(pd.to_numeric(table[name], errors="coerce").isna().to_numpy().argmax())
            raise SuiteError(f"{where}, row {row + 1}: {name} is {table[name].iloc[row]!r}, not a number")
        if name in [metric.name for metric in metrics]:
            raise UsageError(f"metric {name!r} is named twice")
        metrics.append(Metric(name=name, direction="lower" if direction == "lower" else "higher"))
    if not metrics:
        raise SuiteError(
            f"{where}: no numeric column beside {', '.join(KEYS)}, so there is no metric to import"
        )
    return tuple(metrics)


def matrix_from_table(
    table: pd.DataFrame,
    costs: Sequence[Cost],
    metrics: Sequence[Metric],
    suite: SuiteInfo,
    *,
    candidates: Sequence[Candidate] = (),
    where: str = "scores",
    costs_where: str = "costs",
) -> ScoreMatrix:
    """Return the matrix of a tidy table. `where` is the file to name in messages.

    `table` has columns `prompt`, `candidate`, optional `prompt_id`, `sample`, `split`, `source`, `group`,
    and one a metric. Without `prompt_id` a prompt is its text; without `sample` there is one sample.
    Raises SuiteError naming the file, row and candidate of what is missing, repeated or not finite.
    """
    table = _checked(table, metrics, where)
    ids = sorted(table["candidate"].unique())
    check_costs(costs, ids, costs_where)
    first = costs[0].unit, costs[0].hardware
    prices = {cost.candidate: cost.value for cost in costs if (cost.unit, cost.hardware) == first}
    ids.sort(key=lambda name: (prices[name], name))
    records = {candidate.id: candidate for candidate in candidates}
    prompts = _prompts(table, where)
    depths = {
        split: int(sample.max()) + 1
        for split, sample in table["sample"].groupby(
            table["prompt_id"].map(prompts.set_index("prompt_id")["split"])
        )
    }
    depth: Ints = prompts["split"].map(depths).to_numpy(dtype=np.int64)
    cells = ScoreCells(prompts["prompt_id"].tolist(), ids, depth, [metric.name for metric in metrics], where)
    cells.add(
        cells.prompt_index.get_indexer(pd.Index(table["prompt_id"])),
        cells.candidate_index.get_indexer(pd.Index(table["candidate"])),
        table["sample"].to_numpy(),
        [table[metric.name].to_numpy(dtype=np.float32) for metric in metrics],
    )
    return ScoreMatrix(
        suite=suite,
        prompts=prompts,
        candidates=tuple(records.get(name) or _candidate(name, where) for name in ids),
        metrics=tuple(metrics),
        scores=cells.finish(),
        costs=_sorted(costs, ids),
        samples={split: depths[split] for split in SPLITS if split in depths},
    )


def _named_metric(item: str, columns: Sequence[str], where: str) -> tuple[str, str]:
    """Return column and direction of `NAME`, `NAME:lower` or `NAME:higher`; a name may hold colons itself."""
    if item in columns:
        return item, "higher"
    name, _, direction = item.rpartition(":")
    if name not in columns:
        raise unknown_name(f"metric in {where}", name if direction in ("higher", "lower") else item, columns)
    if direction not in ("higher", "lower"):
        raise UsageError(f"metric {item!r}: a direction is `higher` or `lower`")
    return name, direction


def _has_numbers(column: pd.Series[Any]) -> bool:
    """Return whether a column was meant as numbers: it holds some, be there stray text in it or not."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return False
    return bool(pd.to_numeric(column, errors="coerce").notna().mean() > 0.5)


def _numeric(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _sorted(costs: Sequence[Cost], candidates: Sequence[str]) -> tuple[Cost, ...]:
    """Return costs in the order of the candidates, one unit and hardware after another as first named."""
    keys = list(dict.fromkeys((cost.unit, cost.hardware) for cost in costs))
    order = {name: place for place, name in enumerate(candidates)}
    return tuple(sorted(costs, key=lambda c: (keys.index((c.unit, c.hardware)), order[c.candidate])))


def _candidate(name: str, where: str) -> Candidate:
    try:
        return Candidate(id=name)
    except ValidationError as error:
        raise SuiteError(
            f"{where}: candidate {name!r}: an id has letters, digits and . _ + - only, no white space"
        ) from error


def _checked(table: pd.DataFrame, metrics: Sequence[Metric], where: str) -> pd.DataFrame:
    for column in ("prompt", "candidate"):
        if column not in table:
            raise SuiteError(f"{where}: no column {column!r}; it has {', '.join(map(str, table.columns))}")
    if table.empty:
        raise SuiteError(f"{where}: no rows")
    table = table.reset_index(drop=True)
    for column in [name for name in KEYS if name in table and name != "source"]:
        empty = table[column].isna() | (table[column] == "")
        if empty.any():
            raise SuiteError(f"{where}, row {int(empty.argmax()) + 1}: {column} is empty")
    table["prompt"] = table["prompt"].astype(str)
    table["candidate"] = table["candidate"].astype(str)
    if "prompt_id" not in table:
        table["prompt_id"] = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in table["prompt"]]
    table["prompt_id"] = table["prompt_id"].astype(str)
    for metric in metrics:
        bad = ~(np.abs(table[metric.name].to_numpy(dtype=np.float64)) <= LARGEST)
        if bad.any():
            row = int(bad.argmax())
            raise SuiteError(
                f"{where}, row {row + 1}: {metric.name} of prompt {table['prompt_id'][row]!r}, candidate "
                f"{table['candidate'][row]!r} is {table[metric.name][row]}: "
                "every score must be finite, and below 3.4e38"
            )
    label = table["sample"] if "sample" in table else pd.Series(0, index=table.index)
    if not _numeric(label):
        raise SuiteError(f"{where}: sample {label.iloc[0]!r} is no number, and samples are numbered")
    cell = table.assign(sample=label)
    twice = cell.duplicated(["prompt_id", "candidate", "sample"])
    if twice.any():
        row = int(twice.argmax())
        raise SuiteError(
            f"{where}, row {row + 1}: prompt {table['prompt_id'][row]!r}, candidate "
            f"{table['candidate'][row]!r}, sample {label[row]} stands twice"
            + ("" if "sample" in table else " (is a `sample` column missing?)")
        )
    table["sample"] = cell.groupby(["prompt_id", "candidate"])["sample"].rank(method="first").astype(int) - 1
    return table


def _prompts(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return one row a prompt, sorted by id: its text, source, group, split and complexity columns."""
    described = [name for name in ("prompt", "source", "split", "group") if name in table]
    for name in described:
        several = table.groupby("prompt_id")[name].nunique(dropna=False)
        if (several > 1).any():
            raise SuiteError(
                f"{where}: prompt id {several.index[several > 1][0]!r} has two values of {name!r}"
            )
    first = table.drop_duplicates("prompt_id").sort_values("prompt_id").reset_index(drop=True)
    keys = [normalise(text) for text in first["prompt"]]
    given = first["group"].astype(str) if "group" in first else None
    prompts = pd.DataFrame(
        {
            "prompt_id": first["prompt_id"],
            "text": first["prompt"],
            "source": first["source"].fillna("").astype(str) if "source" in first else "",
            "group": [group_of(key) for key in keys] if given is None else given,
            "split": first["split"].astype(str)
            if "split" in first
            else [split_of(key) for key in (keys if given is None else given)],
        }
    ).astype("str")
    return pd.concat([prompts, complexity(prompts["text"].tolist())], axis=1)
