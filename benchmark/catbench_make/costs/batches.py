"""Seconds per image of a candidate at several batch sizes, and the share of its denoiser alone.

What the denoiser takes without the pipeline around it is timed by `torch.utils.benchmark` on the inputs of a
call's first forward, times the forwards of a call.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.utils.benchmark import Timer

from catbench_make.costs.clock import check_clock, drawing, seconds_of
from catbench_make.pipelines.compile import DENOISERS, not_compiled
from catbench_make.plan.settings import DrawingSettings

_Inputs = tuple[tuple[Any, ...], dict[str, Any]]
"""Of a forward: positional and named."""


@dataclass(frozen=True)
class BatchTime:
    """What an image of a candidate takes at one batch size."""

    batch: int
    """Images that are drawn at once."""
    seconds: float
    """Per image, text to pixels, the median of the calls."""
    denoiser_share: float | None
    """Of these seconds, those of the denoiser alone; None for a pipeline without one, or with DeepCache."""


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
        components = [getattr(pipeline, name, None) for name in DENOISERS]
        found = [one for one in components if isinstance(one, torch.nn.Module)]
        denoiser = found[0] if found and settings.cache is None else None
        for size in allowed:
            with not_compiled(compiled), _forwards(denoiser) as forwards:  # a hook would be compiled too
                fits = call(size)
            if fits < size:
                return
            call(size)
            seconds = [seconds_of(lambda size=size: call(size), device) for _ in range(repeats)]
            check_clock(seconds)
            whole = median(seconds)
            share = _seconds(denoiser, forwards) / whole if denoiser else None
            yield BatchTime(size, whole / size, share)


@contextmanager
def _forwards(denoiser: torch.nn.Module | None) -> Generator[list[_Inputs]]:
    """Note what the denoiser is called on within the block."""
    noted: list[_Inputs] = []

    def note(module: torch.nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        noted.append((arguments, named))

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
