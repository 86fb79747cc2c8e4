"""What the paper's suites are drawn and scored by (§5.1): candidates, pools, metrics, samples.

The candidates are those of the paper's tables, of which one names nine and another three step counts of SDXL
more, out of a range from 1 to 100; another is added by `catbench generate --candidates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from catbench.arrays import Scores
from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import Suite
from catbench.suite.pool import Candidate, select_costs
from catbench.suite.prompts import SPLITS
from catbench_make.costs.flop_table import flop_costs, shipped_costs
from catbench_make.drawing.run_estimate import SUSTAINED_TFLOPS
from catbench_make.plan.candidates import PAPER_STEPS, known_candidates
from catbench_make.prompts.sources import COCO, DIFFUSIONDB
from catbench_make.scorers import metric_source

METRICS = ("clip_score", "image_reward", "aesthetic", "sharpness")
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


def candidates() -> tuple[Candidate, ...]:
    """Return the paper's candidates, the cheapest first."""
    wanted = {*PAPER_POOL, *(f"sdxl-{steps}" for steps in PAPER_STEPS)}
    found = [candidate for candidate in known_candidates() if candidate.id in wanted]
    prices = {cost.candidate: cost.value for cost in flop_costs(found) if cost.unit == "tflops"}
    return tuple(sorted(found, key=lambda candidate: (prices[candidate.id], candidate.id)))


def device_hours(prompts: int, candidates: Sequence[str] = PAPER_POOL) -> float:
    """Return the hours of one H100 for the paper's samples of all prompts, by `tflops` (whole calls).

    It is assumed to attain a third of its peak: `catbench measure` tells the seconds on your device. Reading
    models and scoring images are not in it. Raises SuiteError for a candidate without a price.
    """
    prices, _ = select_costs(shipped_costs(), "tflops", candidates)
    return prompts * PAPER_SAMPLES * float(prices.sum()) / SUSTAINED_TFLOPS / 3600


def paper_suite(
    info: SuiteInfo, prompts: pd.DataFrame, features: Mapping[str, Scores] | None = None
) -> Suite:
    """Return the suite before its scores: the paper's pools, metrics and samples on these prompts.

    `features` are embeddings (n, d) of the prompts by name.
    """
    given = candidates()
    steps = tuple(candidate.id for candidate in given if candidate.model == "sdxl")
    return Suite(
        suite=info,
        prompts=prompts,
        candidates=given,
        metrics=tuple(metric_source(name).record for name in METRICS),
        samples=dict.fromkeys(SPLITS, PAPER_SAMPLES),
        pools={"sdxl": steps, "sdxl+": tuple(candidate.id for candidate in given)},
        costs=flop_costs(given),
        features=dict(features or {}),
    )


@dataclass(frozen=True)
class PaperSuite:
    """What `catbench suites` says of a suite of the paper's."""

    title: str
    prompts: int

    def drawing(self, prompts: int) -> str:
        """Return what drawing and scoring so many prompts takes."""
        names = [candidate.id for candidate in candidates()]
        hours = device_hours(prompts, names)
        rate = f"{SUSTAINED_TFLOPS:.0f} TFLOP/s, an assumed third of the peak"
        return f"about {hours:,.0f} H100-hours for {len(names)} candidates at {rate}"


COCO_SUITE = PaperSuite(COCO.record.name, COCO.paper_prompts)
DIFFUSIONDB_SUITE = PaperSuite(DIFFUSIONDB.record.name, DIFFUSIONDB.paper_prompts)
