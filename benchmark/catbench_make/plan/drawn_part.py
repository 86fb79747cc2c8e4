"""The part of a suite that a run draws, and in which order.

A suite folder without `scores.parquet` waits for its matrix: its manifest is that of any suite, and `files`
names the tables that are there. A suite that has scores is regenerated from the same files.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from catbench.arrays import Ints
from catbench.errors import UsageError
from catbench.suite.matrix import Suite
from catbench.suite.pool import Candidate
from catbench.suite.prompts import SPLITS


def choose(
    suite: Suite,
    candidates: tuple[Candidate, ...],
    *,
    limit: int | None = None,
    samples: int | None = None,
) -> Suite:
    """Return the part of a suite that a run draws, its prompts in the order of drawing.

    `limit` takes that many prompts, every split in its proportion and at least one of each; a larger limit
    keeps the prompts of a smaller one, drawn in the same order. `samples` replaces the manifest's number in
    all splits. Raises UsageError where either is too small.
    """
    if samples is not None and samples < 1:
        raise UsageError(f"--samples {samples}: at least 1 is needed")
    splits = suite.prompts["split"].nunique()
    if limit is not None and limit < splits:
        raise UsageError(f"--limit {limit}: at least {splits} are needed, one of each split")
    rows = interleaved(suite.prompts["split"])[:limit]
    kept = {candidate.id for candidate in candidates}
    pools = {name: members for name, members in suite.pools.items() if members and kept.issuperset(members)}
    chosen = replace(suite, candidates=candidates, pools=pools).take(rows)
    return replace(chosen, samples=dict.fromkeys(SPLITS, samples)) if samples else chosen


def interleaved(splits: pd.Series[str]) -> Ints:
    """Return positions in an order whose every beginning holds the splits in their proportions."""
    rank = splits.groupby(splits).cumcount().to_numpy()
    size = splits.map(splits.value_counts()).to_numpy()
    return np.argsort(rank / size, kind="stable")
