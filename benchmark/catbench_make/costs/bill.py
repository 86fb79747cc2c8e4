"""What the images of a pool cost in hours of a device, by the FLOPs that catbench ships.

`python -m catbench_make.costs.bill --prompts 18384` prints the paper's pool, candidate by candidate. The
one assumption is the share of the device's peak that is attained, a third: `catbench measure` tells the
seconds on yours. Reading models and scoring images are not in it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catbench.errors import CatbenchError, UsageError
from catbench.suite.costs import Cost, select_costs
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


@dataclass(frozen=True)
class Bill:
    """Hours of a device for the images of each candidate."""

    images: int
    """Of one candidate."""
    device: str
    attained_tflops: float
    """TFLOP/s that the hours rest on."""
    hours: Mapping[str, float]
    """Candidate -> hours of one device."""

    @property
    def total(self) -> float:
        """Hours of one device for all candidates."""
        return sum(self.hours.values())


def bill(
    prompts: int,
    samples: int = PAPER_SAMPLES,
    candidates: Sequence[str] = PAPER_POOL,
    device: str = "H100",
    costs: Sequence[Cost] | None = None,
) -> Bill:
    """Return the hours, by the unit `tflops` (whole calls: text, every step, decoder).

    Raises UsageError for a device whose peak is not known, or a number below 1; SuiteError for a candidate
    without a price.
    """
    peak = peak_tflops(device)
    if peak is None:
        raise UsageError(f"--device {device!r}: its peak is not known; known: {', '.join(PEAK_TFLOPS)}")
    if min(prompts, samples) < 1:
        raise UsageError(f"--prompts {prompts}, --samples {samples}: at least 1 is needed")
    prices, _ = select_costs(costs or shipped_costs(), "tflops", candidates)
    images, attained = prompts * samples, peak * ATTAINED_SHARE
    hours = {
        candidate: images * float(price) / attained / 3600
        for candidate, price in zip(candidates, prices, strict=True)
    }
    return Bill(images, device, attained, hours)


def _print(made: Bill) -> None:
    width = max(map(len, made.hours))
    lines = [f"{candidate:{width}}  {hours:10,.1f}" for candidate, hours in made.hours.items()]
    lines.append(f"{'all':{width}}  {made.total:10,.1f} {made.device}-hours")
    rate = f"{made.attained_tflops:.0f} TFLOP/s (assumed: a third of the peak)"
    lines.append(f"{made.images:,} images of each, at {rate}")
    sys.stdout.write("\n".join(lines) + "\n")


def main(words: Sequence[str] | None = None) -> int:
    """Print a bill; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m catbench_make.costs.bill", description=main.__doc__)
    parser.add_argument("--prompts", type=int, required=True)
    parser.add_argument("--samples", type=int, default=PAPER_SAMPLES)
    parser.add_argument("--candidates", default=",".join(PAPER_POOL), help="ids with commas between")
    parser.add_argument("--device", default="H100", help=f"one of {', '.join(PEAK_TFLOPS)}")
    given = parser.parse_args(words)
    try:
        names = [name.strip() for name in given.candidates.split(",")]
        _print(bill(given.prompts, given.samples, names, given.device))
    except CatbenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
