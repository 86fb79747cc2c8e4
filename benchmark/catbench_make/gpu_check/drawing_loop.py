"""Images per second of `catbench generate` itself: text, drawing, scoring and writing, as they overlap."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from catbench.suite.costs import Cost
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.pool import Candidate
from catbench.suite.prompts import SPLITS
from catbench_make.drawing.engines.local import LocalEngine
from catbench_make.drawing.generation import Plan, Progress, generate
from catbench_make.plan.plan import cut
from catbench_make.plan.unscored import UnscoredSuite

SHARDS = 4


def loop_seconds(
    candidate: Candidate,
    costs: Sequence[Cost],
    pipeline: Any,
    clip: Path,
    folder: Path,
    device: str,
    batch: int,
    prompts: int,
) -> float:
    """Return the seconds an image of a run, in the middle of it; a shard has `prompts` images.

    A shard's answer comes when the next is drawn: between the first answer and the last but one all but two
    shards are drawn, scored and written.
    """
    answered: list[float] = []

    def note(progress: Progress) -> None:
        if progress.done:
            answered.append(time.perf_counter())

    plan = _plan(candidate, costs, clip, prompts)
    generate(
        plan,
        folder,
        device=device,
        batch=batch,
        engine=LocalEngine(lambda settings, device, root: pipeline),
        on_progress=note,
    )
    return (answered[-2] - answered[0]) / ((SHARDS - 2) * prompts)


def _plan(candidate: Candidate, costs: Sequence[Cost], clip: Path, prompts: int) -> Plan:
    """Return a run of one candidate, scored by CLIPScore and sharpness."""
    count = SHARDS * prompts
    table = pd.DataFrame(
        {
            "prompt_id": [f"p{row}" for row in range(count)],
            "text": [f"a picture of {row} things" for row in range(count)],
            "source": "check",
            "group": [f"g{row}" for row in range(count)],
            "split": ["train", "validation", *["test"] * (count - 2)],
        }
    )
    metrics = (Metric(name="clip_score", model=f"transformers:{clip}"), Metric(name="sharpness"))
    problem = UnscoredSuite(
        SuiteInfo(id="check"),
        table,
        (candidate,),
        metrics,
        dict.fromkeys(SPLITS, 1),
        costs=tuple(cost for cost in costs if cost.candidate == candidate.id),
    )
    return Plan(problem, cut(problem, prompts))
