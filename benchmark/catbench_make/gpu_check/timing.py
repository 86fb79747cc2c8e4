"""Seconds of whole calls of a candidate, and of the parts of a call at several batch sizes."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import torch

from catbench_make.costs.clock import seconds_of
from catbench_make.pipelines.compile import compile_pipeline
from catbench_make.pipelines.draw import draw
from catbench_make.pipelines.encode import encode
from catbench_make.pipelines.load import feature_cache, scheduler_for
from catbench_make.pipelines.memory import is_out_of_memory
from catbench_make.plan.plan import Image
from catbench_make.plan.settings import DrawingSettings

PARTS = ("text", "unet", "decoder")
"""Of a call: the text encoders, one forward of the UNet, the decoder."""
PROMPT = "a photograph of a cat on a windowsill, morning light"
CALLS_OF_A_PART = 4
"""At each size; the first is not timed."""
WARM_UP_STEPS = 3
"""Of the call that is not timed: a CUDA graph is warmed up, recorded, and replayed."""


def warm_up_steps(settings: DrawingSettings) -> int:
    """Return the steps of the call that is not timed."""
    return min(settings.steps, WARM_UP_STEPS)


def seconds_per_image(
    pipeline: Any, settings: DrawingSettings, device: str, batch: int, repeats: int, *, compiled: bool = False
) -> tuple[float, int]:
    """Return the median seconds an image of whole calls, text to pixels, and the batch that fitted.

    A first call, of WARM_UP_STEPS at most, is not timed: it compiles and warms up.
    """
    released = pipeline.scheduler
    images = [Image(0, sample, sample) for sample in range(batch)]

    def text(rows: Sequence[int]) -> dict[str, Any]:
        return {"prompt": [PROMPT] * len(rows)}

    def call(size: int, settings: DrawingSettings = settings) -> int:
        return draw(pipeline, settings, images[:size], text, size, compiled=compiled).batch

    if compiled:
        compile_pipeline(pipeline, device)
    pipeline.scheduler = scheduler_for(settings, released)
    try:
        with feature_cache(pipeline, settings.cache):
            fits = call(batch, settings.model_copy(update={"steps": warm_up_steps(settings)}))
            seconds = [seconds_of(lambda: call(fits), device) for _ in range(repeats)]
    finally:
        pipeline.scheduler = released
    return statistics.median(seconds) / fits, fits


@torch.no_grad()
def bare_unet_seconds(pipeline: Any, settings: DrawingSettings, device: str, batch: int) -> float:
    """Return the seconds an image of the UNet's forwards alone, called one after the other on one input."""
    rows = batch * (2 if settings.guidance > 1 else 1)
    inputs = _unet_inputs(pipeline, settings, device, rows)

    def steps() -> None:
        for _ in range(settings.steps):
            pipeline.unet(**inputs)

    pipeline.unet(**inputs)
    return seconds_of(steps, device) / batch


@torch.no_grad()
def part_seconds(
    pipeline: Any, settings: DrawingSettings, device: str, name: str, sizes: Sequence[int]
) -> dict[int, float]:
    """Return batch size -> seconds an image (or prompt) of one of PARTS: sizes, rising, up to what fits."""
    latents = settings.height // pipeline.vae_scale_factor, settings.width // pipeline.vae_scale_factor
    shape = (4, *latents)

    def prepared(size: int) -> Callable[[], Any]:
        """Return the call that is timed, on inputs that are there."""
        if name == "text":
            return lambda: encode(pipeline, [PROMPT] * size, settings, size)
        if name == "unet":
            inputs = _unet_inputs(pipeline, settings, device, size)
            return lambda: pipeline.unet(**inputs)
        codes = torch.randn(size, *shape, device=device, dtype=pipeline.unet.dtype)
        return lambda: pipeline.vae.decode(codes)

    found: dict[int, float] = {}
    for size in sizes:
        try:
            call = prepared(size)
            call()
            seconds = [seconds_of(call, device) for _ in range(CALLS_OF_A_PART - 1)]
            found[size] = statistics.median(seconds) / size
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            break
    return found


def _unet_inputs(pipeline: Any, settings: DrawingSettings, device: str, rows: int) -> dict[str, Any]:
    dtype = pipeline.unet.dtype
    embeddings = encode(pipeline, [PROMPT], settings)
    text, pooled = (embeddings[name].to(device) for name in ("prompt_embeds", "pooled_prompt_embeds"))
    height, width = (side // pipeline.vae_scale_factor for side in (settings.height, settings.width))
    return {
        "sample": torch.randn(rows, 4, height, width, device=device, dtype=dtype),
        "timestep": torch.tensor(500, device=device),
        "encoder_hidden_states": text.expand(rows, *text.shape[1:]),
        "added_cond_kwargs": {
            "text_embeds": pooled.expand(rows, -1),
            "time_ids": torch.tensor([[1024.0, 1024, 0, 0, 1024, 1024]], device=device, dtype=dtype).expand(
                rows, -1
            ),
        },
    }
