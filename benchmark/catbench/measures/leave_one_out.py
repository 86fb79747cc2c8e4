"""The leave-one-out oracle: choose by all samples but one, score on that one.

The plain oracle scores a choice on the very samples that it was chosen by, and so also collects their
noise; this one does not, and lies below what a perfect router could reach by the loss of one sample.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Floats
from catbench.sweep import EstimatorSweep


def leave_one_out_sweeps(samples: Floats, cost: Floats) -> list[EstimatorSweep]:
    """Return one sweep a sample of qualities (n, M, S), costs (M,); their areas are to be averaged.

    Empty where there is only one sample.
    """
    count = samples.shape[2]
    if count < 2:
        return []
    total = samples.sum(axis=2)
    return [
        EstimatorSweep((total - samples[:, :, s]) / (count - 1), samples[:, :, s], cost) for s in range(count)
    ]


def leave_one_out_audc(sweeps: list[EstimatorSweep], weights: Floats | None = None) -> Floats:
    """Return the mean area of the sweeps; nan where there are none."""
    return np.mean([sweep.area(weights) for sweep in sweeps], axis=0) if sweeps else np.array(np.nan)
