"""Selection rate: the share of prompts sent to each candidate at a trade-off (CATImage, Appendix H)."""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats, Ints


def selection_rate(choices: Ints, candidates: int) -> Floats:
    """Return the share (T, M) of n prompts sent to each of M candidates, of choices (T, n)."""
    counts = [np.bincount(row, minlength=candidates) for row in choices]
    return np.array(counts) / choices.shape[1]
