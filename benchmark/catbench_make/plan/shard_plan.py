"""The work of a run: the part of a suite that it draws, cut into shards.

A suite folder without `scores.parquet` waits for its matrix: its manifest is that of any suite, and `files`
names the tables that are there. A suite that has scores is regenerated from the same files.

A shard is one candidate, one block of prompts, and all their samples. Blocks are cut from the prompts in the
order of drawing, so a run over more prompts keeps the whole blocks of a run over fewer. A shard knows
everything that its images depend on, and is made again from that alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from catbench.arrays import Ints
from catbench.errors import UsageError
from catbench.suite.matrix import Suite
from catbench.suite.pool import Candidate
from catbench.suite.prompts import SPLITS
from catbench_make.plan.candidates import drawing_settings
from catbench_make.plan.settings import DrawingSettings

PROMPTS_PER_BLOCK = 16
"""Prompts of a shard: what a killed run loses, against the number of files."""


@dataclass(frozen=True)
class Image:
    """One image to draw."""

    row: int
    """Position of the prompt in its block."""
    sample: int
    seed: int


def image_seed(prompt_id: str, sample: int) -> int:
    """Return the seed of an image, 0 to 2^63 - 1: the first 63 bits of SHA-256 of "<sample>:<prompt id>".

    It does not depend on the candidate, so a prompt's sample starts from the same noise at every step count.
    """
    digest = hashlib.sha256(f"{sample}:{prompt_id}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1


@dataclass(frozen=True)
class Block:
    """Prompts that are encoded and drawn together."""

    number: int
    prompt_ids: tuple[str, ...]
    texts: tuple[str, ...]
    samples: tuple[int, ...]
    """Images per candidate of each prompt."""

    @property
    def name(self) -> str:
        """`000003-1f2e3d4c`: its number, and a digest of its prompts and samples."""
        content = json.dumps([self.prompt_ids, self.texts, self.samples])
        return f"{self.number:06d}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"

    @property
    def images(self) -> tuple[Image, ...]:
        """Every image of the block, prompt by prompt, sample by sample."""
        return tuple(
            Image(row, sample, image_seed(prompt, sample))
            for row, (prompt, depth) in enumerate(zip(self.prompt_ids, self.samples, strict=True))
            for sample in range(depth)
        )


@dataclass(frozen=True, eq=False)
class Shard:
    """The images of one candidate for one block."""

    candidate: Candidate
    settings: DrawingSettings
    block: Block

    @property
    def name(self) -> str:
        """`sdxl-20/000003-1f2e3d4c`: where it lies in the folder of shards."""
        return f"{self.candidate.id}/{self.block.name}"


def choose(
    suite: Suite, candidates: tuple[Candidate, ...], *, limit: int | None = None, samples: int | None = None
) -> Suite:
    """Return the part of a suite that a run draws, its prompts in the order of drawing.

    `limit` takes that many prompts, every split in its proportion and at least one of each; a larger limit
    keeps the prompts of a smaller one, drawn in the same order. `samples` replaces the manifest's number in
    all splits. Raises UsageError where either is too small.
    """
    if samples is not None and samples < 1:
        raise UsageError(f"--samples {samples}: at least 1 is needed")
    splits = suite.prompts["split"].nunique()
    if limit is not None and limit < splits:
        raise UsageError(f"--limit {limit}: at least {splits} are needed, one of each split")
    rows = interleaved(suite.prompts["split"])[:limit]
    kept = {candidate.id for candidate in candidates}
    pools = {name: members for name, members in suite.pools.items() if members and kept.issuperset(members)}
    chosen = replace(suite, candidates=candidates, pools=pools).take(rows)
    return replace(chosen, samples=dict.fromkeys(SPLITS, samples)) if samples else chosen


def interleaved(splits: pd.Series[str]) -> Ints:
    """Return positions in an order whose every beginning holds the splits in their proportions."""
    rank = splits.groupby(splits).cumcount().to_numpy()
    size = splits.map(splits.value_counts()).to_numpy()
    return np.argsort(rank / size, kind="stable")


def cut(unscored: Suite, prompts_per_block: int = PROMPTS_PER_BLOCK) -> tuple[Shard, ...]:
    """Return the shards of a suite: candidates that share a pipeline together, block by block.

    Raises SuiteError for a candidate whose settings cannot be read.
    """
    prompts = unscored.prompts
    samples = prompts["split"].map(dict(unscored.samples)).tolist()
    blocks = cut_blocks(prompts["prompt_id"].tolist(), prompts["text"].tolist(), samples, prompts_per_block)
    shards: list[Shard] = []
    for candidate in unscored.candidates:
        settings = drawing_settings(candidate)
        shards += [Shard(candidate, settings, block) for block in blocks]
    return by_model(shards)


def cut_blocks(
    ids: Sequence[str], texts: Sequence[str], samples: Sequence[int], size: int = PROMPTS_PER_BLOCK
) -> list[Block]:
    """Return prompts in blocks of `size`, in the order in which they are given."""
    blocks: list[Block] = []
    for start in range(0, len(ids), size):
        part = slice(start, start + size)
        blocks.append(Block(len(blocks), tuple(ids[part]), tuple(texts[part]), tuple(samples[part])))
    return blocks


def by_model(shards: Iterable[Shard]) -> tuple[Shard, ...]:
    """Return shards with those of one model together: a pipeline is loaded once for them all."""
    met: dict[tuple[object, ...], int] = {}
    return tuple(sorted(shards, key=lambda shard: met.setdefault(shard.settings.model_key, len(met))))
