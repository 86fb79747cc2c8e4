"""The diversity filter of the paper's §5.2: a prompt stays if it is unlike every prompt kept before it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catbench.arrays import Scores
from catbench.errors import UsageError
from catbench_make.prompts.similarity import COLUMNS, ROWS, near_pairs, rounding, similarities

PAPER_THRESHOLD = 0.75


class DiversityFilter:
    """Takes unit vectors in the order of preference, and keeps those below `threshold` to all kept before.

    Greedy, in one pass: n vectors of which k are kept take at most n k similarities. The vectors may come in
    parts of any size; what is kept does not depend on the parts.
    """

    def __init__(self, threshold: float = PAPER_THRESHOLD) -> None:
        if not 0 < threshold <= 1:
            raise UsageError(f"--threshold {threshold:g}: a similarity above 0, at most 1, is needed")
        self.threshold = threshold
        self.count = 0
        """Vectors kept so far."""
        self._kept = np.empty((0, 0), dtype=np.float32)

    def add(self, vectors: Scores) -> npt.NDArray[np.bool_]:
        """Return which of these unit vectors, float32 (n, d), are kept."""
        self._make_room(len(vectors), vectors.shape[1])
        parts = [self._add(vectors[start : start + ROWS]) for start in range(0, len(vectors), ROWS)]
        return np.concatenate(parts) if parts else np.empty(0, dtype=bool)

    def _add(self, vectors: Scores) -> npt.NDArray[np.bool_]:
        alive = np.arange(len(vectors))
        rows = vectors
        for start in range(0, self.count, COLUMNS):
            near = self._reaching(rows, self._kept[start : min(start + COLUMNS, self.count)])
            if near.any():
                alive = alive[~near]
                rows = vectors[alive]
        kept = alive[self._among_themselves(rows)]
        self._kept[self.count : self.count + len(kept)] = vectors[kept]
        self.count += len(kept)
        mask = np.zeros(len(vectors), dtype=bool)
        mask[kept] = True
        return mask

    def _reaching(self, rows: Scores, kept: Scores) -> npt.NDArray[np.bool_]:
        """Return which rows reach the threshold with a kept vector."""
        block = rows @ kept.T
        error = rounding(rows.shape[1])
        top = block.max(axis=1)
        reaching = top >= self.threshold + error
        unsure = np.flatnonzero((top >= self.threshold - error) & ~reaching)
        for row in unsure:
            columns = np.flatnonzero(block[row] >= self.threshold - error)
            values = similarities(rows, kept, np.full(len(columns), row), columns)
            reaching[row] = bool((values >= self.threshold).any())
        return reaching

    def _among_themselves(self, rows: Scores) -> npt.NDArray[np.bool_]:
        """Return which rows stay when each is compared with those that stay before it."""
        earlier, later, _ = near_pairs(rows, rows, self.threshold, later=True)
        stays = np.ones(len(rows), dtype=bool)
        order = np.lexsort((earlier, later))
        earlier, later = earlier[order], later[order]
        for row, start, count in zip(*np.unique(later, return_index=True, return_counts=True), strict=True):
            stays[row] = not stays[earlier[start : start + count]].any()
        return stays

    def _make_room(self, more: int, dimensions: int) -> None:
        """Grow the store of kept vectors by doubling, so that it holds `more` of them."""
        due = self.count + more
        if due > len(self._kept):
            room = np.empty((max(due, 2 * len(self._kept)), dimensions), dtype=np.float32)
            if self.count:
                room[: self.count] = self._kept[: self.count]
            self._kept = room
