"""The check: every candidate's calls, the parts of a call, the loop, and last what must be compiled."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from catbench.costs import Cost
from catbench.errors import UsageError
from catbench.generate.costs.peaks import peak_tflops
from catbench.generate.costs.unet import UNetCall
from catbench.generate.gpu_check.loop import SHARDS, loop_seconds
from catbench.generate.gpu_check.models import (
    MODEL,
    Size,
    full_size,
    random_pipeline,
    save_random_clip,
    tiny_size,
)
from catbench.generate.gpu_check.table import Call, Check, Loop
from catbench.generate.gpu_check.timing import bare_unet_seconds, part_seconds, seconds_per_image
from catbench.generate.job import hardware_name
from catbench.generate.packages import prepare, versions
from catbench.generate.settings import DrawingSettings, drawing_settings
from catbench.pool import Candidate

TERA = 1e12
REPEATS = 2
PART_SIZES = (1, 2, 4, 8, 16)
COMPILING_SECONDS = 150.0
"""What is kept free before the compiler is begun."""


@dataclass
class _Bench:
    """What every measurement takes."""

    pipeline: Any
    device: str
    batch: int
    peak: float | None
    flops: UNetCall
    begun: float
    minutes: float

    def has(self, seconds: float) -> bool:
        """Return whether there is time left for something of that length."""
        return time.monotonic() - self.begun + seconds < self.minutes * 60

    def prices(self, candidate: Candidate) -> tuple[float, float]:
        """Return TFLOPs an image: of a whole call, and of its UNet forwards."""
        whole, denoising = self.flops.flops(drawing_settings(candidate))
        return whole.total / TERA, denoising.total / TERA


def run_check(
    *, tiny: bool, batch: int, minutes: float, say: Callable[[str], None] = lambda line: None
) -> Check:
    """Check the GPU, or, with `tiny`, the check itself on the processor.

    Raises UsageError where there is no GPU and none was waived.
    """
    begun = time.monotonic()
    prepare()
    device = "cpu" if tiny else "cuda"
    if not tiny and not torch.cuda.is_available():
        raise UsageError(
            f"there is no GPU here: torch {torch.__version__} finds no CUDA device, and nothing was measured "
            "(--tiny exercises the check on the CPU)"
        )
    hardware = hardware_name(device)
    size = tiny_size() if tiny else full_size()
    candidates = _candidates(size)
    say(f"{hardware}: making a pipeline with random weights")
    pipeline = random_pipeline(size, drawing_settings(candidates[0]), device)
    bench = _Bench(
        pipeline, device, batch, peak_tflops(hardware), UNetCall(size.architecture), begun, minutes
    )
    left_out: list[str] = []
    calls = _calls(bench, candidates, left_out, say)
    sizes = PART_SIZES[:3] if tiny else PART_SIZES
    parts = part_seconds(pipeline, drawing_settings(candidates[0]), device, sizes)
    loops = _loops(bench, size, candidates, calls, left_out, say)
    if not tiny:
        calls += _compiled(bench, candidates[0], left_out, say)
    seconds = time.monotonic() - begun
    return Check(
        hardware, tiny, versions(), bench.peak, tuple(calls), tuple(loops), parts, tuple(left_out), seconds
    )


def _candidates(size: Size) -> tuple[Candidate, ...]:
    """Return the candidates of SDXL's architecture, over the random model at the check's size."""
    small, large = size.pixels
    found: list[Candidate] = []
    for candidate in size.candidates:
        settings = drawing_settings(candidate)
        side = small if settings.width == 512 else large
        changed = settings.model_copy(
            update={
                "pipeline": MODEL,
                "revision": "",
                "variant": "",
                "weights": None,
                "width": side,
                "height": side,
                "precision": size.precision,
            }
        )
        found.append(candidate.model_copy(update={"settings": changed.model_dump(exclude_defaults=True)}))
    return tuple(found)


def _calls(
    bench: _Bench, candidates: Sequence[Candidate], left_out: list[str], say: Callable[[str], None]
) -> list[Call]:
    calls: list[Call] = []
    rate: float | None = None
    for candidate in candidates:
        # The first candidate's rate foresees the others'.
        foreseen = (REPEATS + 1) * bench.batch * bench.prices(candidate)[0] / rate if rate else 0.0
        if not bench.has(foreseen):
            left_out.append(candidate.id)
            continue
        say(f"{candidate.id}: calls")
        calls.append(_call(bench, candidate))
        rate = rate or calls[0].tflops_per_second
    return calls


def _call(bench: _Bench, candidate: Candidate, *, compiled: bool = False) -> Call:
    settings = drawing_settings(candidate)
    seconds, fits = seconds_per_image(
        bench.pipeline, settings, bench.device, bench.batch, REPEATS, compiled=compiled
    )
    tflops = bench.prices(candidate)[0]
    share = tflops / seconds / bench.peak if bench.peak else None
    return Call(candidate.id, fits, compiled, seconds, tflops, tflops / seconds, share)


def _compiled(
    bench: _Bench, candidate: Candidate, left_out: list[str], say: Callable[[str], None]
) -> list[Call]:
    """Return the calls of a compiled pipeline; it stays compiled, so nothing comes after."""
    if not bench.has(COMPILING_SECONDS):
        left_out.append(f"{candidate.id}, compiled")
        return []
    say(f"{candidate.id}: compiling")
    return [_call(bench, candidate, compiled=True)]


def _loops(
    bench: _Bench,
    size: Size,
    candidates: Sequence[Candidate],
    calls: Sequence[Call],
    left_out: list[str],
    say: Callable[[str], None],
) -> list[Loop]:
    """Measure the loop with a candidate of many steps, and with one of one step, the hardest to feed."""
    loops: list[Loop] = []
    known = {call.candidate: call for call in calls}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_random_clip(size, folder / "clip")
        for candidate in candidates[:2]:
            if candidate.id not in known:
                continue
            call = known[candidate.id]
            if not bench.has(2 * SHARDS * size.prompts * call.seconds):
                left_out.append(f"the loop of {candidate.id}")
                continue
            say(f"{candidate.id}: the loop")
            settings: DrawingSettings = drawing_settings(candidate)
            bare = bare_unet_seconds(bench.pipeline, settings, bench.device, call.batch)
            seconds = loop_seconds(
                candidate,
                _costs(bench, candidate),
                bench.pipeline,
                folder / "clip",
                folder / candidate.id,
                bench.device,
                call.batch,
                size.prompts,
            )
            loops.append(Loop(candidate.id, call.batch, 1 / seconds, bare / seconds, call.seconds / seconds))
    return loops


def _costs(bench: _Bench, candidate: Candidate) -> list[Cost]:
    whole, denoising = bench.prices(candidate)
    return [
        Cost(candidate=candidate.id, unit="tflops", value=whole),
        Cost(candidate=candidate.id, unit="tflops_paper", value=denoising),
    ]
