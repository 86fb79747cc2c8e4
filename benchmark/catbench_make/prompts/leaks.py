"""Near-duplicates that a split has parted: the one further from the test split goes, a test prompt never.

Groups of equal texts are never parted (DESIGN 5); this is about prompts that say the same in other words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Floats, Ints, Scores
from catbench.suite.prompts import SPLITS
from catbench_make.prompts.similarity import near_pairs


@dataclass(frozen=True)
class Pairs:
    """Pairs of near prompts, by position, and their similarity."""

    first: Ints
    second: Ints
    similarity: Floats

    def __len__(self) -> int:
        return len(self.first)

    def __add__(self, other: Pairs) -> Pairs:
        first = np.concatenate([self.first, other.first])
        second = np.concatenate([self.second, other.second])
        return Pairs(first, second, np.concatenate([self.similarity, other.similarity]))

    def only(self, which: npt.NDArray[Any]) -> Pairs:
        """Return some of them, by a mask or by their places."""
        return Pairs(self.first[which], self.second[which], self.similarity[which])


def parted_pairs(vectors: Scores, splits: Sequence[str], near: float) -> Pairs:
    """Return the pairs across splits with a similarity of `near` or more; the first is nearer to training."""
    rank = split_ranks(splits)
    found = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    for lower in range(len(SPLITS) - 1):
        a, b = np.flatnonzero(rank == lower), np.flatnonzero(rank > lower)
        rows, columns, values = near_pairs(vectors[a], vectors[b], near)
        found += Pairs(a[rows], b[columns], values)
    return found


def without_leaks(pairs: Pairs, splits: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which prompts stay, so that no pair is left: a training prompt goes, else a validation one."""
    rank = split_ranks(splits)
    stays = np.ones(len(rank), dtype=bool)
    for lower in (1, 0):
        parted = (rank[pairs.first] == lower) & stays[pairs.second]
        stays[pairs.first[parted]] = False
    return stays


def split_ranks(splits: Sequence[str]) -> Ints:
    """Return 0 for train, 1 for validation, 2 for test."""
    return pd.Categorical(list(splits), list(SPLITS)).codes.astype(np.int64)
