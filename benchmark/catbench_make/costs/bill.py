"""What the images of a pool cost in hours of a device, by the FLOPs that catbench ships.

The one assumption is the share of the device's peak that is attained, a third: `catbench measure` tells the
seconds on yours. Reading models and scoring images are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from catbench.errors import UsageError
from catbench.suite.pool import Cost, select_costs
from catbench_make.costs.flop_table import shipped_costs
from catbench_make.costs.peaks import ATTAINED_SHARE, PEAK_TFLOPS, peak_tflops

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


def device_hours(
    prompts: int,
    samples: int = PAPER_SAMPLES,
    candidates: Sequence[str] = PAPER_POOL,
    device: str = "H100",
    costs: Sequence[Cost] | None = None,
) -> float:
    """Return the hours of one device for all images, by the unit `tflops` (whole calls).

    Raises UsageError for a device whose peak is not known; SuiteError for a candidate without a price.
    """
    peak = peak_tflops(device)
    if peak is None:
        raise UsageError(f"device {device!r}: its peak is not known; known: {', '.join(PEAK_TFLOPS)}")
    prices, _ = select_costs(costs or shipped_costs(), "tflops", candidates)
    return prompts * samples * float(prices.sum()) / (peak * ATTAINED_SHARE) / 3600
