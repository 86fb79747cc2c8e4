"""What a run will take, before it starts: shards, images, disk, and hours of the device."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from catbench.suite.pool import Cost
from catbench_make.checkout import INFINITY
from catbench_make.costs.flop_table import TERA
from catbench_make.plan.candidates import FLUX_DEV, FLUX_SCHNELL, SDXL, TURBO
from catbench_make.plan.shard_plan import Shard

ATTAINED_SHARE = 1 / 3
"""Of a device's peak, by pipelines of diffusers at batch 8: assumed, not measured."""
SUSTAINED_TFLOPS = 989.4 * ATTAINED_SHARE
"""TFLOP/s of an H100 (SXM5), by its data sheet: dense bfloat16 matrix products, 2 FLOPs a multiply-add."""
BYTES_PER_ROW = 60
"""Of a shard: prompt id, sample, seed, and the share of its record; measured on shards of 64 rows."""
BYTES_PER_SCORE = 5
BYTES_PER_PIXEL = 2.0
"""PNG of a photograph-like image; drawings take less."""
CLIP_NUMBERS = 77 * 2048 + 1280
"""Of a prompt's embedding, by SDXL's two encoders; other pipelines of CLIP have no more."""
T5_NUMBERS_PER_TOKEN = 4096
"""Of FLUX, which reads up to 512 tokens."""


@dataclass(frozen=True)
class RunEstimate:
    """The size of a run."""

    shards: int
    images: int
    disk_bytes: int
    device_hours: float | None
    """None where some candidate has no cost."""
    basis: str
    """What the hours rest on."""


@dataclass(frozen=True)
class Speed:
    """What a device attains, where no seconds of it are known."""

    tflops: float = SUSTAINED_TFLOPS
    """TFLOP/s."""
    said: str = "a third of an H100's peak"


def processor_speed() -> Speed:
    """Return what to reckon with on this machine's processor, from matrix products timed now."""
    import torch

    size = 1024
    matrix, seconds = torch.ones(size, size), float("inf")
    for _ in range(4):
        start = time.perf_counter()
        torch.mm(matrix, matrix)
        seconds = min(seconds, time.perf_counter() - start)
    said = "a third of what this processor's matrix products attain now"
    return Speed(2 * size**3 / seconds / TERA * ATTAINED_SHARE, said)


def estimate(
    shards: Sequence[Shard],
    costs: Sequence[Cost],
    metrics: int,
    keep_images: bool,
    hardware: str = "",
    speed: Speed | None = None,
) -> RunEstimate:
    """Return the size of these shards, priced by the cost table.

    Hours are of the seconds measured on `hardware`, what this machine's device calls itself, where all
    candidates have them; else of FLOPs at `speed`, an H100's unless given.
    """
    images = sum(len(shard.block.images) for shard in shards)
    prompts = {prompt for shard in shards for prompt in shard.block.prompt_ids}
    disk = images * (BYTES_PER_ROW + BYTES_PER_SCORE * metrics) + len(prompts) * _bytes_per_prompt(shards)
    if keep_images:
        pixels = sum(len(s.block.images) * s.settings.width * s.settings.height for s in shards)
        disk += round(pixels * BYTES_PER_PIXEL)
    hours, basis = _device_hours(shards, costs, hardware, speed or Speed())
    return RunEstimate(len(shards), images, disk, hours, basis)


def _device_hours(
    shards: Sequence[Shard], costs: Sequence[Cost], hardware: str, speed: Speed
) -> tuple[float | None, str]:
    images = Counter[str]()
    for shard in shards:
        images[shard.candidate.id] += len(shard.block.images)

    def total(unit: str, where: str) -> float | None:
        price = {cost.candidate: cost.value for cost in costs if (cost.unit, cost.hardware) == (unit, where)}
        known = images.keys() <= price.keys()
        return sum(price[candidate] * count for candidate, count in images.items()) if known else None

    if hardware and (seconds := total("seconds", hardware)) is not None:
        return seconds / 3600, f"seconds measured on {hardware}"
    tflops = total("tflops", "")
    if tflops is None:
        return None, "no cost is known for every candidate"
    return tflops / speed.tflops / 3600, f"{tflops:,.1f} TFLOPs at {speed.tflops:.3g} TFLOP/s, {speed.said}"


def _bytes_per_prompt(shards: Sequence[Shard]) -> int:
    """Return the bytes of a prompt's embeddings, by all the text encoders of the shards."""
    numbers: dict[tuple[object, ...], int] = {}
    for settings in (shard.settings for shard in shards):
        if settings.pipeline in (FLUX_DEV, FLUX_SCHNELL):
            tokens = int(settings.call.get("max_sequence_length", 512))
            numbers["T5", tokens, settings.precision] = tokens * T5_NUMBERS_PER_TOKEN + 768
        elif settings.pipeline != INFINITY:  # it reads its prompt in every call
            family = SDXL if settings.pipeline == TURBO else settings.pipeline
            numbers[family, settings.precision] = CLIP_NUMBERS
    return sum(count * (4 if "float32" in key else 2) for key, count in numbers.items())
