"""The work of a run, cut into shards: one candidate, one block of prompts, all their samples.

Blocks are cut from the run's prompts in the order of drawing, so a run over more prompts keeps the whole
blocks of a run over fewer. A shard knows everything that its images depend on, and is made again from that
alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catbench.suite.matrix import Suite
from catbench.suite.pool import Candidate
from catbench_make.plan.candidates import drawing_settings
from catbench_make.plan.seeds import image_seed
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


def cut(unscored: Suite, prompts_per_block: int = PROMPTS_PER_BLOCK) -> tuple[Shard, ...]:
    """Return the shards of a suite: candidates that share a pipeline together, block by block.

    Raises SuiteError for a candidate whose settings cannot be read.
    """
    blocks = cut_blocks(unscored, prompts_per_block)
    settings = {candidate.id: drawing_settings(candidate) for candidate in unscored.candidates}
    order: dict[tuple[object, ...], list[Candidate]] = {}
    for candidate in unscored.candidates:
        order.setdefault(settings[candidate.id].model_key, []).append(candidate)
    return tuple(
        Shard(candidate, settings[candidate.id], block)
        for candidates in order.values()
        for candidate in candidates
        for block in blocks
    )


def cut_blocks(unscored: Suite, prompts_per_block: int) -> tuple[Block, ...]:
    """Return the prompts of a suite in blocks, in the order of drawing."""
    depth: Mapping[Any, int] = dict(unscored.samples)
    prompts = unscored.prompts
    ids = prompts["prompt_id"].tolist()
    texts = prompts["text"].tolist()
    samples = [depth[split] for split in prompts["split"]]
    return tuple(
        Block(
            number,
            tuple(ids[start : start + prompts_per_block]),
            tuple(texts[start : start + prompts_per_block]),
            tuple(samples[start : start + prompts_per_block]),
        )
        for number, start in enumerate(range(0, len(ids), prompts_per_block))
    )
