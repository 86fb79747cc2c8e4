"""Near-duplicates that a split has parted: the one further from the test split goes, a test prompt never.

Groups of equal texts are never parted (DESIGN 5); this is about prompts that say the same in other words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Floats, Ints, Scores
from catbench.suite.prompts import SPLITS
from catbench_make.prompts.similarity import near_pairs


def pair_table(a: Ints, b: Ints, similarity: Floats) -> pd.DataFrame:
    """Return pairs of prompts, a row each: their positions `a` and `b`, and their `similarity`."""
    return pd.DataFrame({"a": a, "b": b, "similarity": similarity})


def parted_pairs(vectors: Scores, splits: Sequence[str], near: float) -> pd.DataFrame:
    """Return the pairs across splits with a similarity of `near` or more; `a` is nearer to training."""
    rank = split_ranks(splits)
    found: list[pd.DataFrame] = []
    for lower in range(len(SPLITS) - 1):
        a, b = np.flatnonzero(rank == lower), np.flatnonzero(rank > lower)
        rows, columns, values = near_pairs(vectors[a], vectors[b], near)
        found.append(pair_table(a[rows], b[columns], values))
    return pd.concat(found, ignore_index=True)


def without_leaks(pairs: pd.DataFrame, splits: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which prompts stay, so that no pair is left: a training prompt goes, else a validation one."""
    rank, a, b = split_ranks(splits), pairs["a"].to_numpy(), pairs["b"].to_numpy()
    stays = np.ones(len(rank), dtype=bool)
    for lower in (1, 0):
        stays[a[(rank[a] == lower) & stays[b]]] = False
    return stays


def split_ranks(splits: Sequence[str]) -> Ints:
    """Return 0 for train, 1 for validation, 2 for test."""
    return pd.Categorical(list(splits), list(SPLITS)).codes.astype(np.int64)
