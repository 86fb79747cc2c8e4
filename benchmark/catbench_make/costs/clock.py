"""Seconds and joules per image of a candidate, measured on this machine.

A call of the pipeline on a full batch, text encoders and decoder included, is timed `repeats` times after one
that is not. On a GPU the time is that between two CUDA events in its own queue. Joules are the energy of as
many further calls as fill SECONDS_OF_ENERGY, over their images, by the board's counter in NVML (package
nvidia-ml-py), which counts whatever else runs on the board too. A CPU has no such counter here, and no joules
are reported for it.

What the denoiser takes without the pipeline around it is timed by `torch.utils.benchmark` on the inputs of a
call's first forward, times the forwards of a call.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.utils.benchmark import Timer

from catbench_make.pipelines.compile import compile_pipeline, denoisers_of, not_compiled
from catbench_make.pipelines.draw import draw
from catbench_make.pipelines.load import feature_cache, load_pipeline, scheduler_for
from catbench_make.plan.job import can_be_compiled
from catbench_make.plan.settings import DrawingSettings
from catbench_make.plan.shard_plan import Image

SECONDS_OF_ENERGY = 5.0
"""The board's counter moves in steps of a fraction of a second, which a few short calls would drown in."""
PROMPT = "a photograph of a cat on a windowsill, morning light"
_Inputs = tuple[tuple[Any, ...], dict[str, Any]]
"""Of a forward: positional and named."""


@dataclass(frozen=True)
class Measured:
    """What an image of a candidate takes."""

    seconds: tuple[float, ...]
    """Per image, of each call."""
    joules: float | None
    """Per image; None where the device has no counter."""
    batch: int
    """Images of a call; less than asked for where memory did not suffice."""


@dataclass(frozen=True)
class BatchTime:
    """What an image of a candidate takes at one batch size."""

    batch: int
    """Images that are drawn at once."""
    seconds: float
    """Per image, text to pixels, the median of the calls."""
    denoiser_share: float | None
    """Of these seconds, those of the denoiser alone; None for a pipeline without one, or with DeepCache."""


def measure_image(
    settings: DrawingSettings,
    device: str,
    batch: int,
    root: Path | None,
    *,
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
        seconds = [seconds_of(lambda: call(size), device) for _ in range(repeats)]
        counter = energy_counter(device)
        joules = joules_of(lambda: call(size), counter) / size if counter else None
    return Measured(tuple(second / size for second in seconds), joules, size)


def time_batches(
    settings: DrawingSettings,
    device: str,
    sizes: Sequence[int],
    root: Path | None,
    *,
    repeats: int,
    compiled: bool = False,
) -> Generator[BatchTime]:
    """Yield what each batch size takes, sizes rising, up to the largest that fits into memory.

    Raises GenerationError as `measure_image` does.
    """
    allowed = sorted({min(size, settings.largest_batch or size) for size in sizes})
    with drawing(settings, device, root, compiled=compiled) as (pipeline, call):
        denoiser = next(iter(denoisers_of(pipeline)), None) if settings.cache is None else None
        for size in allowed:
            with not_compiled(compiled), _forwards(denoiser) as forwards:  # a hook would be compiled too
                fits = call(size)
            if fits < size:
                return
            call(size)
            seconds = [seconds_of(lambda size=size: call(size), device) for _ in range(repeats)]
            whole = median(seconds)
            share = _seconds(denoiser, forwards) / whole if denoiser else None
            yield BatchTime(size, whole / size, share)


@contextmanager
def drawing(
    settings: DrawingSettings, device: str, root: Path | None, *, prompt: str = PROMPT, compiled: bool = False
) -> Generator[tuple[Any, Callable[[int], int]]]:
    """Give a candidate's pipeline, and the call that draws images at once and returns how many fitted."""
    pipeline = load_pipeline(settings, device, root)
    pipeline.scheduler = scheduler_for(settings, pipeline.scheduler)
    compiled = compiled and can_be_compiled(settings) and compile_pipeline(pipeline, device)

    def call(size: int) -> int:
        images = [Image(row=0, sample=sample, seed=sample) for sample in range(size)]

        def text(rows: Sequence[int]) -> dict[str, Any]:
            return {"prompt": [prompt] * len(rows)}

        return draw(pipeline, settings, images, text, size, compiled=compiled).batch

    try:
        with feature_cache(pipeline, settings.cache):
            yield pipeline, call
    finally:
        if compiled:
            torch.compiler.reset()


def energy_counter(device: str, nvml: Any = None) -> Callable[[], float] | None:
    """Return what reads the energy counter of a CUDA device, in joules; only differences mean anything.

    None where there is no NVML, no counter, or no GPU. `nvml` is the module to ask, by default pynvml.
    """
    if not device.startswith("cuda"):
        return None
    try:
        nvml = nvml or importlib.import_module("pynvml")
    except ModuleNotFoundError:
        return None
    uuid = torch.cuda.get_device_properties(device).uuid  # NVML's numbering is another than CUDA's
    try:
        nvml.nvmlInit()
        handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except nvml.NVMLError:
        return None
    return lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000


def joules_of(call: Callable[[], Any], counter: Callable[[], float]) -> float:
    """Return the joules that a call takes, the mean of calls that fill SECONDS_OF_ENERGY."""
    before, started, calls = counter(), time.monotonic(), 0
    while not calls or time.monotonic() - started < SECONDS_OF_ENERGY:
        call()
        calls += 1
    return (counter() - before) / calls


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


@contextmanager
def _forwards(denoiser: torch.nn.Module | None) -> Generator[list[_Inputs]]:
    """Note what the denoiser is called on within the block."""
    noted: list[_Inputs] = []

    def note(module: torch.nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        noted.append(((), {}) if noted else (arguments, named))  # of later ones only the number counts

    hook = denoiser.register_forward_pre_hook(note, with_kwargs=True) if denoiser else None
    try:
        yield noted
    finally:
        if hook:
            hook.remove()


@torch.no_grad()
def _seconds(denoiser: torch.nn.Module, forwards: list[_Inputs]) -> float:
    """Return the seconds of as many forwards of the denoiser as a call makes."""
    arguments, named = forwards[0]
    timer = Timer(
        "denoiser(*arguments, **named)",
        globals={"denoiser": denoiser, "arguments": arguments, "named": named},
        num_threads=torch.get_num_threads(),
    )
    return timer.blocked_autorange().median * len(forwards)
