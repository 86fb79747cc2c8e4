"""Seconds and joules per image of a candidate, measured on this machine.

A call of the pipeline on a full batch, text encoders and decoder included, is timed `repeats` times after
`warmup` calls that are not. On a GPU the time is that between two CUDA events in its own queue. Joules are
the energy of as many further calls as fill SECONDS_OF_ENERGY, over their images.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from catbench.errors import GenerationError
from catbench_make.costs.energy import EnergyMeter, energy_meter
from catbench_make.pipelines.compile import compile_pipeline
from catbench_make.pipelines.draw import draw
from catbench_make.pipelines.load import feature_cache, load_pipeline, scheduler_for
from catbench_make.plan.job import can_be_compiled
from catbench_make.plan.settings import DrawingSettings
from catbench_make.plan.shard_plan import Image

SECONDS_OF_ENERGY = 5.0
"""The board's counter moves in steps of a fraction of a second, which a few short calls would drown in."""
PROMPT = "a photograph of a cat on a windowsill, morning light"


@dataclass(frozen=True)
class Measured:
    """What an image of a candidate takes."""

    seconds: tuple[float, ...]
    """Per image, of each call."""
    joules: float | None
    """Per image; None where the device has no counter."""
    batch: int
    """Images of a call; less than asked for where memory did not suffice."""


def measure_image(
    settings: DrawingSettings,
    device: str,
    batch: int,
    root: Path | None,
    *,
    warmup: int = 1,
    repeats: int = 5,
    compiled: bool = False,
) -> Measured:
    """Return seconds and joules per image; with `compiled`, of a candidate that allows it, drawn compiled.

    Raises GenerationError where the model cannot be loaded or memory does not suffice for one image.
    """
    with drawing(settings, device, root, compiled=compiled) as (_, call):
        size = min(batch, settings.largest_batch or batch)
        while (fits := call(size)) < size:
            size = fits
        for _ in range(warmup - 1):
            call(size)
        uuid = str(torch.cuda.get_device_properties(device).uuid) if device != "cpu" else ""
        meter = energy_meter(device, uuid)
        seconds = [seconds_of(lambda: call(size), device) for _ in range(repeats)]
        joules = joules_of(lambda: call(size), meter) / size if meter else None
    check_clock(seconds)
    return Measured(tuple(second / size for second in seconds), joules, size)


@contextmanager
def drawing(
    settings: DrawingSettings, device: str, root: Path | None, *, compiled: bool = False
) -> Generator[tuple[Any, Callable[[int], int]]]:
    """Give a candidate's pipeline, and the call that draws images at once and returns how many fitted."""
    pipeline = load_pipeline(settings, device, root)
    pipeline.scheduler = scheduler_for(settings, pipeline.scheduler)
    compiled = compiled and can_be_compiled(settings) and compile_pipeline(pipeline, device)

    def call(size: int) -> int:
        images = [Image(row=0, sample=sample, seed=sample) for sample in range(size)]

        def text(rows: Sequence[int]) -> dict[str, Any]:
            return {"prompt": [PROMPT] * len(rows)}

        return draw(pipeline, settings, images, text, size, compiled=compiled).batch

    try:
        with feature_cache(pipeline, settings.cache):
            yield pipeline, call
    finally:
        if compiled:
            torch.compiler.reset()


def check_clock(seconds: Sequence[float]) -> None:
    """Raise GenerationError where a call took no time at all."""
    if min(seconds) <= 0:
        raise GenerationError("the clock is too coarse for this model: measure a larger batch")


def joules_of(call: Callable[[], Any], meter: EnergyMeter) -> float:
    """Return the joules that a call takes, the mean of calls that fill SECONDS_OF_ENERGY."""
    before, started, calls = meter.joules(), time.monotonic(), 0
    while not calls or time.monotonic() - started < SECONDS_OF_ENERGY:
        call()
        calls += 1
    return (meter.joules() - before) / calls


def seconds_of(call: Callable[[], Any], device: str) -> float:
    """Return the seconds that a call takes, on the GPU's own clock where it runs on one."""
    if device == "cpu":
        started = time.perf_counter()
        call()
        return time.perf_counter() - started
    with torch.cuda.device(device):  # events are recorded on the stream of the current device
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        call()
        end.record()
        torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000
