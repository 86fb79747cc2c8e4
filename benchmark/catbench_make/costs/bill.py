"""What the images of a pool cost in hours of an H100, by the FLOPs that catbench ships.

The one assumption is the share of its peak that is attained, a third: `catbench measure` tells the seconds on
your device. Reading models and scoring images are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from catbench.suite.pool import select_costs
from catbench_make.costs.flop_table import shipped_costs

ATTAINED_SHARE = 1 / 3
"""Of a device's peak, by pipelines of diffusers at batch 8: assumed, not measured."""
SUSTAINED_TFLOPS = 989.4 * ATTAINED_SHARE
"""TFLOP/s of an H100 (SXM5), whose data sheet has this peak of dense bfloat16 matrix products, 2 FLOPs a
multiply-add; it prints the double, which is with sparsity."""
PAPER_POOL = (
    "infinity-2b",
    "sdxl-turbo-1",
    "sdxl-lightning-4",
    "sdxl-10",
    "sdxl-deepcache-3",
    "sdxl-20",
    "sdxl-50",
    "sdxl-ddim-50",
    "sdxl-100",
)
"""The nine columns of the paper's Table 2."""
PAPER_SAMPLES = 4


def device_hours(prompts: int, candidates: Sequence[str] = PAPER_POOL) -> float:
    """Return the hours of one H100 for the paper's samples of all prompts, by `tflops` (whole calls).

    Raises SuiteError for a candidate without a price.
    """
    prices, _ = select_costs(shipped_costs(), "tflops", candidates)
    return prompts * PAPER_SAMPLES * float(prices.sum()) / SUSTAINED_TFLOPS / 3600
