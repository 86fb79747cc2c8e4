"""What the columns of a score table are taken for: keys, metrics with a direction, or nothing, and why.

A column is a metric where it holds numbers and nothing speaks against it. What its name or the numbers
themselves put in doubt is never guessed: one message asks for it, and holds the options to give.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from catbench.arrays import Floats
from catbench.errors import SuiteError, UsageError, listed, shown, unknown_name
from catbench.suite.info import Metric
from catbench.suite.tables.numerals import MISSING, Numbers, check_read, read_numbers
from catbench.suite.tables.table_reading import KEYS, UNNAMED

Tell = Callable[[str], None]
"""Takes one line that a user should read."""
Direction = Literal["higher", "lower"]
_LOWER = """fid kid cmmd fvd loss error errors err lpips niqe piqe brisque mse rmse mae nll perplexity
    distance dist wer cer rank ranking nsfw unsafe toxic toxicity artifact artifacts"""
_OTHER = """id ids uid uuid idx index seed seeds annotator rater worker user cost costs price prices usd eur
    dollars second seconds sec secs ms minutes time times timestamp latency duration runtime date year joules
    energy kwh watts flops gflops tflops macs steps guidance cfg batch width height std stdev sd stderr
    variance var ci n count counts epoch epochs token tokens len length row"""
LOWER_WORDS = frozenset(_LOWER.split())
"""Words in a metric's name by which lower may be better."""
LOWER_STARTS, LOWER_ENDS = ("fid", "lpips", "niqe", "brisque", "rmse"), ("loss", "error")
"""Of these, what a longer word may begin or end with: `fidscore`, `valloss`; `fidelity` is none of them."""
OTHER_WORDS = frozenset(_OTHER.split())
"""Words in the name of a column that may be no metric at all."""
SAMPLE_WORDS = frozenset(["seed", "seeds", "annotator", "rater", "worker", "user"])
"""Words in the name of a column that may tell samples apart."""
_MOSTLY = 0.5
"""A column of which a larger part is numbers was meant as numbers; what else it holds is refused."""


def choose_metrics(
    table: pd.DataFrame,
    wanted: Sequence[str],
    where: str,
    tell: Tell = lambda line: None,
    made: Collection[str] = (),
) -> tuple[Metric, ...]:
    """Return the metrics of a tidy table: those named `NAME[:lower|:higher]`, or else those found.

    `tell` takes a line for each column that is no key: what it was taken for, or why it was left out. Those
    of `made` are no columns of the file, so that none can leave them out there. Raises
    UsageError for a name that cannot be used and, where no metric is named, for columns in doubt; SuiteError
    where a metric holds something else than numbers, or there is none.
    """
    columns = [str(name) for name in table.columns if name not in KEYS]
    read = {name: read_numbers(table[name]) for name in columns}
    chosen = _named(wanted, columns, where) if wanted else _found(table, read, where)
    if not chosen:
        raise SuiteError(
            f"{where}: no column of numbers, so there is no metric to import{_without_numbers(table, read)}"
        )
    width = max(map(len, columns))
    for name, numbers in read.items():
        if name in chosen:
            ignore = f", or leave the column out with --ignore {shlex.quote(name)}"
            advice = "" if name in made else ignore
            check_read(numbers, table[name], name, where, advice=advice)
            dress = f" ({numbers.dress})" if numbers.dress else ""
            tell(f"  {name:{width}}  metric, {chosen[name]} is better{dress}")
        else:
            tell(f"  {name:{width}}  left out: {_reason(name, table[name], numbers, bool(wanted))}")
    return tuple(Metric(name=name, direction=direction) for name, direction in chosen.items())


def _without_numbers(table: pd.DataFrame, read: Mapping[str, Numbers]) -> str:
    """Return what columns hold instead of numbers, by the first cell of each that is none."""
    cells = [
        f"{name!r} is empty"
        if (odd := numbers.odd) is None
        else f"{name!r} has {shown(table[name].iloc[odd])} in row {int(table.index[odd]) + 1}"
        for name, numbers in read.items()
        if not name.startswith(UNNAMED)
    ]
    if not cells:
        return f" (there is nothing beside {', '.join(KEYS)})"
    how = "a score is one number in a cell of its own (--cell NAME,NAME names those of a list)"
    return f": {listed(cells)}; {how}"


def split_direction(item: str) -> tuple[str, Direction | None]:
    """Return name and direction of `NAME:lower` or `NAME:higher`; any other text is a name."""
    name, _, direction = item.rpartition(":")
    return (name, direction) if name and direction in ("lower", "higher") else (item, None)


def check_once(names: Sequence[str], option: str) -> None:
    """Raise UsageError for a name that an option is given twice."""
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UsageError(f"{option}: {name!r} is named twice")


def holds_lists(column: pd.Series[Any]) -> bool:
    """Return whether the first cell that holds anything holds a list."""
    for cell in column:
        if isinstance(cell, (list, tuple, np.ndarray)):
            return True
        if str(cell).strip().casefold() not in MISSING:
            return isinstance(cell, str) and cell.strip().startswith("[")
    return False


def _named(wanted: Sequence[str], columns: Sequence[str], where: str) -> dict[str, Direction]:
    named: dict[str, Direction] = {}
    for item in wanted:
        name, direction = (item, None) if item in columns else split_direction(item)
        if name not in columns:
            stem, _, ending = item.rpartition(":")
            if stem in columns:
                raise UsageError(f"metric {item!r}: a direction is `higher` or `lower`, not {ending!r}")
            raise unknown_name(f"metric in {where}", name, columns)
        if name in named:
            raise UsageError(f"metric {name!r} is named twice")
        if direction is None and words_in_name(name) & (LOWER_WORDS | OTHER_WORDS):
            raise UsageError(
                f"metric {name!r}: by its name lower may be better, and that is not guessed: say "
                f"{name}:lower or {name}:higher"
            )
        named[name] = direction or "higher"
    return named


def _found(table: pd.DataFrame, read: Mapping[str, Numbers], where: str) -> dict[str, Direction]:
    """Return the columns that are metrics beyond doubt; raises UsageError where some are in doubt."""
    filled = [name for name in read if not (name.startswith(UNNAMED) or np.isnan(read[name].values).all())]
    numeric = [name for name in filled if read[name].share > _MOSTLY]
    doubts = {name: doubt for name in numeric if (doubt := _doubt(name, read[name].values, table))}
    sure: dict[str, Direction] = {name: "higher" for name in numeric if name not in doubts}
    if doubts:
        lower = [f"{name}:lower" for name in doubts if words_in_name(name) & LOWER_WORDS]
        example = [*sure, *lower] or [f"{name}:higher" for name in list(doubts)[:1]]
        apart = next(
            (name for name in doubts if words_in_name(name) & SAMPLE_WORDS and "sample" not in table), ""
        )
        raise UsageError(
            f"{where}: columns that may be no metric, or lower is better, are not guessed: "
            f"{', '.join(f'{name!r} ({doubt})' for name, doubt in doubts.items())}. Name every metric, as in "
            f"{' '.join(f'--metric {shlex.quote(item)}' for item in example)}, or leave columns out, as in "
            f"--ignore {shlex.quote(next(iter(doubts)))}"
            + (f"; --columns sample={shlex.quote(apart)} where it tells samples apart" if apart else "")
        )
    return sure


def _doubt(name: str, values: Floats, table: pd.DataFrame) -> str:
    """Return the question that a column of numbers leaves open, empty where there is none."""
    words = words_in_name(name)
    if words & LOWER_WORDS:
        return "is lower better?"
    if words & OTHER_WORDS:
        return "is it a score?"
    if {"prompt", "candidate"} <= set(table.columns) and table["candidate"].nunique() > 1:
        if _same_within(values, table["prompt"]):
            return "the same for all candidates of a prompt"
        if _same_within(values, table["candidate"]):
            return "the same for all prompts of a candidate"
    return ""


def _same_within(values: Floats, key: pd.Series[Any]) -> bool:
    """Return whether values differ only where a key does, which is in several rows."""
    distinct = pd.Series(values).groupby(key.to_numpy()).nunique(dropna=False)
    return 1 < len(distinct) < len(values) and bool((distinct == 1).all())


def words_in_name(name: str) -> set[str]:
    """Return the words of a column's name: `costUSD`, `USDCost` and `cost_usd` all have cost and usd.

    A name that is run together has the word that it begins or ends with too: `fidscore`, `valloss`.
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = set(re.findall(r"[a-z]+", parted.casefold()))
    starts = {start for word in words - {"fidelity"} for start in LOWER_STARTS if word.startswith(start)}
    return words | starts | {end for word in words for end in LOWER_ENDS if word.endswith(end)}


def _reason(name: str, column: pd.Series[Any], numbers: Numbers, named: bool) -> str:
    if name.startswith(UNNAMED):
        return "it has no name"
    if holds_lists(column):
        return "lists (--cell NAME,NAME says what they hold)"
    if named and numbers.share > _MOSTLY:
        return "not named with --metric"
    return "no numbers"
