"""Cosine similarities of many prompts against a threshold, decided alike whatever the order of the rows.

The similarity of two prompts is the float64 dot product of their float32 unit vectors. Blocks are multiplied
in float32, whose rounding depends on how a block is cut; so whatever falls within the rounding error of the
threshold is computed anew in float64, and the answer does not.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from catbench.arrays import Floats, Ints, Scores
from catbench.errors import SuiteError

ROWS = 1024
COLUMNS = 4096
"""Size of a block of similarities: 16 MiB, which stays in the processor's cache."""
PAIRS = 65_536
"""Pairs that are computed in float64 at once."""


def unit_vectors(vectors: npt.ArrayLike) -> Scores:
    """Return vectors (n, d) at length 1, float32. Raises SuiteError for one that is 0 or not finite."""
    array = np.asarray(vectors, dtype=np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", array, array))
    bad = ~(np.isfinite(lengths) & (lengths > 0))
    if bad.any():
        raise SuiteError(
            f"embedding {int(bad.argmax()) + 1} of {len(array)} has no direction: not a number or 0"
        )
    return (array / lengths[:, None]).astype(np.float32)


def rounding(dimensions: int) -> float:
    """Return twice the most by which a float32 dot product of two unit vectors of this size can be off."""
    return 2 * dimensions * 2.0**-24


def similarities(a: Scores, b: Scores, rows: Ints, columns: Ints) -> Floats:
    """Return the similarity of a[rows[k]] and b[columns[k]] for every k, in float64."""
    values = np.empty(len(rows))
    for start in range(0, len(rows), PAIRS):
        part = slice(start, start + PAIRS)
        left, right = a[rows[part]].astype(np.float64), b[columns[part]].astype(np.float64)
        values[part] = np.einsum("ij,ij->i", left, right)
    return values


def near_pairs(a: Scores, b: Scores, threshold: float, *, later: bool = False) -> tuple[Ints, Ints, Floats]:
    """Return all pairs of rows of a (n, d) and b (m, d) whose similarity is `threshold` or more.

    Positions in a, positions in b, similarities; sorted by the positions. With `later`, a and b being the
    same, only pairs whose row in b comes after that in a.
    """
    none = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    found = [none, *_near_pairs(a, b, threshold, later)]
    rows, columns, values = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((columns, rows))
    return rows[order], columns[order], values[order]


def _near_pairs(a: Scores, b: Scores, threshold: float, later: bool) -> Iterator[tuple[Ints, Ints, Floats]]:
    lowest = threshold - rounding(a.shape[1])
    for top in range(0, len(a), ROWS):
        for left in range(top if later else 0, len(b), COLUMNS):
            block = a[top : top + ROWS] @ b[left : left + COLUMNS].T
            rows, columns = np.nonzero(block >= lowest)
            rows, columns = rows + top, columns + left
            if later:
                rows, columns = rows[columns > rows], columns[columns > rows]
            values = similarities(a, b, rows, columns)
            near = values >= threshold
            yield rows[near], columns[near], values[near]


def nearest(a: Scores, b: Scores) -> tuple[Floats, Ints]:
    """Return each row's greatest similarity (n,) to a row of b, in float64, and that row's position (n,)."""
    best, place = np.full(len(a), -np.inf, dtype=np.float32), np.zeros(len(a), dtype=np.int64)
    for top in range(0, len(a), ROWS):
        part = slice(top, top + ROWS)
        for left in range(0, len(b), COLUMNS):
            block = a[part] @ b[left : left + COLUMNS].T
            column = block.argmax(axis=1)
            value = block[np.arange(len(block)), column]
            better = value > best[part]
            best[part][better] = value[better]
            place[part][better] = column[better] + left
    return similarities(a, b, np.arange(len(a)), place), place
