"""From the rows of a source to distinct prompts, in an order that only their content and a seed decide."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pandas as pd

from catbench.errors import SuiteError, UsageError
from catbench.suite.prompts import group_of, normalise
from catbench_make.prompts.sources import NSFW


@dataclass(frozen=True)
class Clean:
    """Distinct prompts, and what became of the others."""

    texts: tuple[str, ...]
    """White space at the ends taken off; no two equal after normalising."""
    ids: tuple[str, ...]
    """Of each, from its content alone: the same in whatever file it stands."""
    counts: dict[str, int]
    """`read`, then what was left out: `empty`, `unsafe`, `duplicates`."""


def clean(rows: pd.DataFrame, source: str, seed: int, nsfw_ceiling: float | None = None) -> Clean:
    """Return the distinct prompts of `rows` (column `text`, with a ceiling also that of `NSFW`).

    A prompt whose score is above the ceiling in any of its rows is left out. The order is that of
    SHA-256(seed, normalised text): rows in another order, or beside other rows, come out in the same one.
    Raises SuiteError where nothing is left.
    """
    if nsfw_ceiling is not None and not 0 <= nsfw_ceiling <= 1:
        raise UsageError(f"--nsfw-ceiling {nsfw_ceiling:g}: a number from 0 to 1 is needed")
    table = pd.DataFrame({"text": rows["text"].str.strip()})
    table["key"] = table["text"].map(normalise)
    empty = table["key"] == ""
    if nsfw_ceiling is not None:
        worst = rows[NSFW].groupby(table["key"]).transform("max")
        unsafe = (worst > nsfw_ceiling) & ~empty
    else:
        unsafe = pd.Series(False, index=table.index)
    left = table[~empty & ~unsafe]
    distinct = left.sort_values("text").drop_duplicates("key")
    if distinct.empty:
        raise SuiteError(
            f"no prompt of {source} is left: of {len(table)} rows {int(empty.sum())} are empty and "
            f"{int(unsafe.sum())} above the NSFW ceiling"
        )
    order = distinct["key"].map(lambda key: hashlib.sha256(f"{seed}:{key}".encode()).hexdigest())
    distinct = distinct.loc[order.sort_values().index]
    counts = {
        "read": len(table),
        "empty": int(empty.sum()),
        "unsafe": int(unsafe.sum()),
        "duplicates": len(left) - len(distinct),
    }
    return Clean(
        tuple(distinct["text"]),
        tuple(f"{source.casefold()}-{group_of(key)}" for key in distinct["key"]),
        counts,
    )
