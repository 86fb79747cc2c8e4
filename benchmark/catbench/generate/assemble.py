"""Puts finished shards together to a suite, and writes it with a table of how each shard was made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from catbench.arrays import Scores
from catbench.cells import ScoreCells
from catbench.costs import Cost
from catbench.generate.job import Job
from catbench.generate.plan import Shard
from catbench.generate.problem import Problem
from catbench.generate.shards import read_outcome, shard_path
from catbench.generate.sheets import sheets
from catbench.matrix import ScoreMatrix
from catbench.prompts import SPLITS
from catbench.store import save


def assemble(problem: Problem, job: Job, shards: Sequence[Shard], costs: Sequence[Cost]) -> ScoreMatrix:
    """Return the matrix of a problem whose shards are all done.

    Candidates that the manifest gives by id alone come out with their full settings. Raises SuiteError where
    the result breaks a rule of a suite (a split without a prompt).
    """
    settings = {
        shard.candidate.id: shard.settings.model_dump(mode="json", exclude_defaults=True) for shard in shards
    }
    candidates = tuple(
        candidate.model_copy(update={"settings": settings[candidate.id]}) for candidate in problem.candidates
    )
    return ScoreMatrix(
        # The scores come from images now, whatever they came from before.
        suite=problem.suite.model_copy(update={"simulated": False}),
        prompts=problem.prompts,
        candidates=candidates,
        metrics=problem.metrics,
        scores=_read_scores(problem, job, shards),
        costs=tuple(costs),
        pools=problem.pools,
        samples={split: problem.samples.get(split, 1) for split in SPLITS},
        features=problem.features,
    )


def save_suite(matrix: ScoreMatrix, job: Job, shards: Sequence[Shard], folder: Path) -> None:
    """Write the suite, replacing what an earlier run has written there: whole or not at all."""
    position = {candidate: i for i, candidate in enumerate(matrix.candidate_ids)}
    in_order = sorted(shards, key=lambda shard: (shard.block.number, position[shard.candidate.id]))
    images = sheets(job, in_order) if job.keep_images else ()
    save(matrix, folder, extra={"shards": shard_table(job, in_order)}, images=images, force=True)


def shard_table(job: Job, shards: Sequence[Shard]) -> pd.DataFrame:
    """Return one row a shard: what it was made with and what came of it."""
    rows: list[dict[str, object]] = []
    for shard in shards:
        made_with, outcome = read_outcome(job, shard)
        rows.append(
            {
                "candidate": shard.candidate.id,
                "block": shard.block.number,
                "prompts": len(shard.block.prompt_ids),
                "images": len(shard.block.images),
                "batch": outcome["batch"],
                "precision": shard.settings.precision,
                "hardware": made_with["hardware"],
                "versions": json.dumps(made_with["versions"], sort_keys=True),
                "weights": made_with["weights"],
                "prompts_cut": len(outcome["cut"]),
                "drawn_twice": len(outcome["drawn_twice"]),
                "black": len(outcome["black"]),
            }
        )
    return pd.DataFrame(rows)


def cut_prompts(job: Job, shards: Sequence[Shard]) -> set[str]:
    """Return the ids of prompts that were longer than a tokenizer's window."""
    return {prompt for shard in shards for prompt in read_outcome(job, shard)[1]["cut"]}


def _read_scores(problem: Problem, job: Job, shards: Sequence[Shard]) -> dict[str, Scores]:
    depth = problem.prompts["split"].map(dict(problem.samples)).to_numpy()
    metrics = [metric.name for metric in problem.metrics]
    cells = ScoreCells(
        problem.prompts["prompt_id"].tolist(),
        [candidate.id for candidate in problem.candidates],
        depth,
        metrics,
        str(job.shards),
    )
    for shard in shards:
        table = pq.read_table(shard_path(job, shard), columns=["prompt_id", "sample", *metrics]).to_pandas()
        candidate = cells.candidate_index.get_loc(shard.candidate.id)
        cells.add(
            cells.prompt_index.get_indexer(pd.Index(table["prompt_id"])),
            np.full(len(table), candidate),
            table["sample"].to_numpy(),
            [table[metric].to_numpy() for metric in metrics],
        )
    return cells.finish()
