"""What the paper's suites are drawn and scored by (§5.1): candidates, pools, metrics, samples.

The candidates are those of the paper's tables, of which one names nine and another three step counts of SDXL
more, out of a range from 1 to 100; another is added by `catbench generate --candidates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from catbench.arrays import Scores
from catbench.generate.candidates import PAPER_STEPS, known_candidates
from catbench.generate.costs.bill import PAPER_POOL, PAPER_SAMPLES, Bill, bill
from catbench.generate.costs.table import flop_costs
from catbench.generate.problem import Problem
from catbench.generate.scorers import metric_source
from catbench.matrix import SuiteInfo
from catbench.pool import Candidate
from catbench.prompts import SPLITS

METRICS = ("clip_score", "image_reward", "aesthetic", "sharpness")


def candidates() -> tuple[Candidate, ...]:
    """Return the paper's candidates, the cheapest first."""
    wanted = {*PAPER_POOL, *(f"sdxl-{steps}" for steps in PAPER_STEPS)}
    found = [candidate for candidate in known_candidates() if candidate.id in wanted]
    prices = {cost.candidate: cost.value for cost in flop_costs(found) if cost.unit == "tflops"}
    return tuple(sorted(found, key=lambda candidate: (prices[candidate.id], candidate.id)))


def problem(
    info: SuiteInfo, prompts: pd.DataFrame, features: Mapping[str, Scores] = MappingProxyType({})
) -> Problem:
    """Return the suite before its scores: the paper's pools, metrics and samples on these prompts.

    `features` are embeddings (n, d) of the prompts by name.
    """
    offered = candidates()
    steps = tuple(candidate.id for candidate in offered if candidate.model == "sdxl")
    return Problem(
        suite=info,
        prompts=prompts,
        candidates=offered,
        metrics=tuple(metric_source(name).record for name in METRICS),
        samples=dict.fromkeys(SPLITS, PAPER_SAMPLES),
        pools={"sdxl": steps, "sdxl+": tuple(candidate.id for candidate in offered)},
        costs=flop_costs(offered),
        features=dict(features),
    )


def drawing_bill(prompts: int) -> Bill:
    """Return what drawing so many prompts takes of an H100, by the shipped FLOPs and an assumed rate."""
    return bill(prompts, PAPER_SAMPLES, [candidate.id for candidate in candidates()])
