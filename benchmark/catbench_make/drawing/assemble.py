"""Puts finished shards together to a suite, and writes it with a table of how each shard was made.

Where images were kept, contact sheets go with it: one WebP a test prompt, its first image by every candidate
side by side. The first `MOST` test prompts have one: enough to look at, where all would weigh more than the
scores.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from catbench.arrays import Scores
from catbench.suite.matrix import ScoreMatrix, Suite
from catbench.suite.pool import Cost
from catbench.suite.prompts import SPLITS
from catbench.suite.score_rows import placed
from catbench.suite.store import save
from catbench_make.drawing.shards import decoded, kept_images, read_outcome, shard_path
from catbench_make.plan.job import UNASKED, Job
from catbench_make.plan.shard_plan import Shard

TILE = 256
"""Pixels of an image's longer side on a sheet; smaller images are not enlarged."""
QUALITY = 85
MOST = 300
"""Sheets of a suite, at most."""


def assemble(
    unscored: Suite,
    job: Job,
    shards: Sequence[Shard],
    costs: Sequence[Cost],
    labelled: ScoreMatrix | None = None,
) -> ScoreMatrix:
    """Return the matrix of a suite whose shards are all done.

    Candidates that the manifest gives by id alone come out with their full settings. Of `labelled`, if
    given, the training and validation prompts come first, with their scores. Raises SuiteError where the
    result breaks a rule of a suite (a split without a prompt).
    """
    unscored = unscored.take(np.argsort(unscored.prompts["prompt_id"].to_numpy(dtype=object), kind="stable"))
    scores = _read_scores(unscored, job, shards)
    if labelled is not None:
        unscored, scores = _after_labelled(labelled, unscored, scores)
    settings = {shard.candidate.id: shard.settings for shard in shards}
    candidates = tuple(
        one.model_copy(update={"settings": settings[one.id].model_dump(mode="json", exclude_defaults=True)})
        for one in unscored.candidates
    )
    given: dict[str, Any] = {
        **unscored.given(),
        # The scores come from images now, whatever they came from before.
        "suite": unscored.suite.model_copy(update={"simulated": False}),
        "candidates": candidates,
        "scores": scores,
        "costs": tuple(costs),
        "samples": {split: unscored.samples.get(split, 1) for split in SPLITS},
    }
    return ScoreMatrix(**given)


def save_suite(matrix: ScoreMatrix, job: Job, shards: Sequence[Shard]) -> None:
    """Write the suite, replacing what an earlier run has written: whole or not at all."""
    position = {candidate: i for i, candidate in enumerate(matrix.candidate_ids)}
    in_order = sorted(shards, key=lambda shard: (shard.block.number, position[shard.candidate.id]))
    tested = matrix.prompts["prompt_id"].to_numpy()[matrix.rows("test")]
    images = _sheets(job, in_order, set(tested[:MOST])) if job.keep_images else ()
    save(matrix, job.suite, extra={"shards": shard_table(job, in_order)}, images=images, force=True)


def shard_table(job: Job, shards: Sequence[Shard]) -> pd.DataFrame:
    """Return one row a shard: what it was made with and what came of it."""
    made = [read_outcome(job, shard) for shard in shards]
    asked = {key: value for key, value in UNASKED.items() if any(key in record for record, _ in made)}
    return pd.DataFrame(
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
            **{key: made_with.get(key, value) for key, value in asked.items()},
        }
        for shard, (made_with, outcome) in zip(shards, made, strict=True)
    )


def cut_prompts(job: Job, shards: Sequence[Shard]) -> frozenset[str]:
    """Return the ids of prompts that were longer than a tokenizer's window."""
    return frozenset(prompt for shard in shards for prompt in read_outcome(job, shard)[1]["cut"])


def _after_labelled(
    labelled: ScoreMatrix, unscored: Suite, scores: Mapping[str, Scores]
) -> tuple[Suite, dict[str, Scores]]:
    """Return the suite and its scores, behind the prompts of `labelled` that routers are fitted to."""
    rows = np.flatnonzero((labelled.prompts["split"] != "test").to_numpy())
    columns = [labelled.candidate_ids.index(candidate.id) for candidate in unscored.candidates]
    whole = replace(
        unscored,
        prompts=pd.concat([labelled.prompts.iloc[rows], unscored.prompts], ignore_index=True),
        samples={**labelled.samples, "test": unscored.samples["test"]},
        features={
            name: np.concatenate([labelled.features[name][rows], values])
            for name, values in unscored.features.items()
        },
    )
    joined: dict[str, Scores] = {}
    for name, values in scores.items():
        known = labelled.scores[name][rows][:, columns]
        depth = max(known.shape[2], values.shape[2])
        joined[name] = np.full((len(whole.prompts), len(columns), depth), np.nan, np.float32)
        joined[name][: len(known), :, : known.shape[2]] = known
        joined[name][len(known) :, :, : values.shape[2]] = values
    return whole, joined


def _read_scores(unscored: Suite, job: Job, shards: Sequence[Shard]) -> dict[str, Scores]:
    columns = ["prompt_id", "sample", *(metric.name for metric in unscored.metrics)]

    def batches() -> Iterator[Any]:
        for shard in shards:
            rows: Any = pq.read_table(shard_path(job, shard), columns=columns, read_dictionary=["prompt_id"])
            candidate: Any = pa.array([shard.candidate.id] * rows.num_rows).dictionary_encode()
            yield from rows.append_column("candidate", candidate).to_batches()

    return placed(batches(), unscored, str(job.shards))


def _sheets(job: Job, shards: Sequence[Shard], prompt_ids: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (prompt id, WebP bytes) for each of these prompts, candidates in the order of the shards.

    The shards come block by block; they must be done, and their images kept.
    """
    for block, members in groupby(shards, lambda shard: shard.block):
        rows = [row for row, prompt in enumerate(block.prompt_ids) if prompt in prompt_ids]
        tiles = [_tiles(job, shard, rows) for shard in members] if rows else []
        for row in rows:
            yield block.prompt_ids[row], _sheet([tile[row] for tile in tiles])


def _tiles(job: Job, shard: Shard, rows: Collection[int]) -> Mapping[int, Any]:
    """Return the first image of each prompt at `rows` of the shard's block, small, by row."""
    tiles: dict[int, Any] = {}
    for image, png in zip(shard.block.images, kept_images(job, shard), strict=True):
        if image.row in rows and image.sample == 0:
            picture = decoded(png)
            picture.thumbnail((TILE, TILE))
            tiles[image.row] = picture
    return tiles


def _sheet(tiles: Sequence[Any]) -> bytes:
    from PIL import Image

    width, height = max(tile.width for tile in tiles), max(tile.height for tile in tiles)
    sheet = Image.new("RGB", (width * len(tiles), height))
    for x, tile in enumerate(tiles):
        sheet.paste(tile, (x * width, 0))
    buffer = io.BytesIO()
    sheet.save(buffer, format="WEBP", quality=QUALITY)
    return buffer.getvalue()
