"""What the paper's suites are drawn and scored by (§5.1): candidates, pools, metrics, samples.

Of the paper's candidates those are here that catbench can draw. It names seven step counts of SDXL in its
tables, out of a range from 1 to 100; another is added by `catbench generate --candidates`.
"""

from __future__ import annotations

import pandas as pd

from catbench.generate.candidates import (
    PAPER_STEPS,
    sdxl,
    sdxl_ddim,
    sdxl_deepcache,
    sdxl_lightning,
    sdxl_turbo,
)
from catbench.generate.costs.table import flop_costs, shipped_costs
from catbench.generate.estimate import SUSTAINED_TFLOPS
from catbench.generate.problem import Problem
from catbench.generate.scorers import metric_source
from catbench.matrix import SuiteInfo
from catbench.pool import Candidate
from catbench.prompts import SPLITS

SAMPLES = 4
"""Images of each prompt and candidate (§5.2)."""
METRICS = ("clip_score", "image_reward", "aesthetic", "sharpness")


def candidates() -> tuple[Candidate, ...]:
    """Return the paper's candidates, the cheapest first."""
    others = (sdxl_turbo(), sdxl_lightning(), sdxl_deepcache(), sdxl_ddim())
    return (*others[:2], *(sdxl(steps) for steps in PAPER_STEPS), *others[2:])


def problem(info: SuiteInfo, prompts: pd.DataFrame) -> Problem:
    """Return the suite before its scores: the paper's pools, metrics and samples on these prompts."""
    offered = candidates()
    steps = tuple(candidate.id for candidate in offered if candidate.model == "sdxl")
    return Problem(
        suite=info,
        prompts=prompts,
        candidates=offered,
        metrics=tuple(metric_source(name).record for name in METRICS),
        samples=dict.fromkeys(SPLITS, SAMPLES),
        pools={"sdxl": steps, "sdxl+": tuple(candidate.id for candidate in offered)},
        costs=flop_costs(offered),
    )


def device_hours(prompts: int) -> float:
    """Return the hours that drawing takes by the shipped FLOPs, at the speed that `generate` reckons with."""
    names = {candidate.id for candidate in candidates()}
    tflops = sum(cost.value for cost in shipped_costs() if cost.unit == "tflops" and cost.candidate in names)
    return prompts * SAMPLES * tflops / SUSTAINED_TFLOPS / 3600
