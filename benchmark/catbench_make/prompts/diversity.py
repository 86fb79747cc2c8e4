"""The diversity filter of the paper's §5.2: a prompt stays if it is unlike every prompt kept before it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catbench.arrays import Scores
from catbench.errors import UsageError
from catbench_make.prompts.similarity import COLUMNS, ROWS, near_pairs

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
        self._kept: list[Scores] = []
        """These, in blocks of `COLUMNS`, the last of fewer."""

    def add(self, vectors: Scores) -> npt.NDArray[np.bool_]:
        """Return which of these unit vectors, float32 (n, d), are kept."""
        kept = np.zeros(len(vectors), dtype=bool)
        for start in range(0, len(vectors), ROWS):
            kept[start + self._add(vectors[start : start + ROWS])] = True
        return kept

    def _add(self, vectors: Scores) -> npt.NDArray[np.int64]:
        """Return the positions of those that are kept."""
        alive = np.arange(len(vectors))
        for block in self._kept:
            near, _, _ = near_pairs(vectors[alive], block, self.threshold)
            alive = np.delete(alive, near)
        alive = alive[self._among_themselves(vectors[alive])]
        self.count += len(alive)
        last = self._kept.pop() if self._kept and len(self._kept[-1]) < COLUMNS else vectors[:0]
        together = np.concatenate([last, vectors[alive]])
        self._kept += [together[start : start + COLUMNS] for start in range(0, len(together), COLUMNS)]
        return alive

    def _among_themselves(self, rows: Scores) -> npt.NDArray[np.bool_]:
        """Return which rows stay when each is compared with those that stay before it."""
        earlier, later, _ = near_pairs(rows, rows, self.threshold, later=True)
        stays = np.ones(len(rows), dtype=bool)
        order = np.lexsort((earlier, later))
        earlier, later = earlier[order], later[order]
        for row, start, count in zip(*np.unique(later, return_index=True, return_counts=True), strict=True):
            stays[row] = not stays[earlier[start : start + count]].any()
        return stays
