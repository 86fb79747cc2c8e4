"""What a run will take, before it starts: shards, images, disk, and hours of the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catbench.costs import Cost
from catbench.generate.plan import Shard

SUSTAINED_TFLOPS = 100.0
"""TFLOP/s that are taken where only FLOPs are known: a third of an A100's bfloat16 peak."""

BYTES_PER_ROW = 60
"""Of a shard: prompt id, sample, seed, and the share of its record; measured on shards of 64 rows."""
BYTES_PER_SCORE = 5
BYTES_PER_PIXEL = 2.0
"""PNG of a photograph-like image; drawings take less."""
BYTES_PER_PROMPT = 700_000
"""Embeddings of SDXL's two encoders in 16 bits, of the prompt: 77 x 2,048 + 1,280 numbers, with room."""


@dataclass(frozen=True)
class Estimate:
    """The size of a run."""

    shards: int
    images: int
    disk_bytes: int
    device_hours: float | None
    """None where some candidate has no cost."""
    basis: str
    """What the hours rest on."""


def estimate(shards: Sequence[Shard], costs: Sequence[Cost], metrics: int, keep_images: bool) -> Estimate:
    """Return the size of these shards, priced by the cost table: seconds where all have them, else FLOPs."""
    images = sum(len(shard.block.images) for shard in shards)
    prompts = {prompt for shard in shards for prompt in shard.block.prompt_ids}
    disk = images * (BYTES_PER_ROW + BYTES_PER_SCORE * metrics) + len(prompts) * BYTES_PER_PROMPT
    if keep_images:
        pixels = sum(len(s.block.images) * s.settings.width * s.settings.height for s in shards)
        disk += round(pixels * BYTES_PER_PIXEL)
    hours, basis = _device_hours(shards, costs)
    return Estimate(len(shards), images, disk, hours, basis)


def _device_hours(shards: Sequence[Shard], costs: Sequence[Cost]) -> tuple[float | None, str]:
    candidates = {shard.candidate.id for shard in shards}
    for unit in ("seconds", "tflops"):
        machines = dict.fromkeys(cost.hardware for cost in costs if cost.unit == unit)
        for hardware in machines:
            price = {
                cost.candidate: cost.value for cost in costs if (cost.unit, cost.hardware) == (unit, hardware)
            }
            if not candidates <= price.keys():
                continue
            total = sum(price[shard.candidate.id] * len(shard.block.images) for shard in shards)
            if unit == "seconds":
                return total / 3600, f"seconds measured on {hardware or 'one device'}"
            return total / SUSTAINED_TFLOPS / 3600, f"{total:,.1f} TFLOPs at {SUSTAINED_TFLOPS:g} TFLOP/s"
    return None, "no cost is known for every candidate"
