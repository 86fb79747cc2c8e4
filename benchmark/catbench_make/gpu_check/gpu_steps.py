"""The check, what matters most first: calls of a few steps, the loop, parts, compiled calls, dear calls.

Each is a step: one that fails, or that there is no time for, is named with its reason, and the others go on.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import torch

from catbench.errors import UsageError
from catbench.suite.costs import Cost
from catbench.suite.pool import Candidate
from catbench_make.costs.peaks import peak_tflops
from catbench_make.costs.unet_flops import UNetCall
from catbench_make.gpu_check.drawing_loop import SHARDS, loop_seconds
from catbench_make.gpu_check.gpu_table import GpuCheck, Loop, TimedCall
from catbench_make.gpu_check.random_models import (
    MODEL,
    Size,
    full_size,
    random_pipeline,
    save_random_clip,
    tiny_size,
)
from catbench_make.gpu_check.timing import (
    CALLS_OF_A_PART,
    PARTS,
    bare_unet_seconds,
    part_seconds,
    seconds_per_image,
    warm_up_steps,
)
from catbench_make.packages import prepare, versions
from catbench_make.pipelines.compile import not_compiled
from catbench_make.pipelines.memory import free_memory
from catbench_make.plan.candidates import drawing_settings
from catbench_make.plan.job import hardware_name, make_deterministic

Keep: TypeAlias = Callable[[GpuCheck], None]
"""Is given what has been measured so far."""

TERA = 1e12
REPEATS = 2
PART_SIZES = (1, 2, 4, 8, 16)
RESERVE = 1.2
"""Seconds that are kept free for a step, over those that it is foreseen to take."""
COMPILING_SECONDS = 120.0
"""What the compiler takes, beside the calls."""


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
    found: GpuCheck
    """What has been measured so far."""
    keep: Keep
    say: Callable[[str], None]

    def attempt(self, what: str, seconds: float, measure: Callable[[], GpuCheck]) -> None:
        """Measure what takes some seconds, and keep the check that comes of it, or why there is none."""
        passed = time.monotonic() - self.begun
        if passed + RESERVE * seconds >= self.minutes * 60:
            self._leave_out(f"{what}, for lack of time")
        else:
            self.say(what)
            try:
                self.found = measure()
            except Exception as error:  # whatever it is: the other steps are worth their minutes
                self._leave_out(f"{what}: {type(error).__name__}: {str(error).partition(chr(10))[0]}")
            free_memory()
        self.found = replace(self.found, seconds=time.monotonic() - self.begun)
        self.keep(self.found)

    def _leave_out(self, what: str) -> None:
        self.say(f"left out: {what}")
        self.found = replace(self.found, left_out=(*self.found.left_out, what))

    def prices(self, candidate: Candidate) -> tuple[float, float]:
        """Return TFLOPs an image: of a whole call, and of its UNet forwards."""
        whole, denoising = self.flops.flops(drawing_settings(candidate))
        return whole.total / TERA, denoising.total / TERA


def run_check(
    *,
    tiny: bool,
    batch: int,
    minutes: float,
    keep: Keep = lambda check: None,
    say: Callable[[str], None] = lambda line: None,
) -> GpuCheck:
    """Check the GPU, or, with `tiny`, the check itself on the processor.

    `keep` is given what there is after every step. Raises UsageError where there is no GPU and none was
    waived.
    """
    begun = time.monotonic()
    prepare()
    device = "cpu" if tiny else "cuda"
    if not tiny and not torch.cuda.is_available():
        raise UsageError(
            f"there is no GPU here: torch {torch.__version__} finds no CUDA device, and nothing was measured "
            "(--tiny exercises the check on the CPU)"
        )
    make_deterministic(device)  # as a run's worker does: it chooses the kernels that are timed
    hardware = hardware_name(device)
    size = tiny_size() if tiny else full_size()
    candidates, dear = _drawn_at(size, size.candidates), _drawn_at(size, size.dear)
    say(f"{hardware}: making a pipeline with random weights")
    pipeline = random_pipeline(size, drawing_settings(candidates[0]), device)
    peak = peak_tflops(hardware)
    empty = GpuCheck(hardware, tiny, versions(), peak, (), (), {}, (), 0.0)
    flops = UNetCall(size.architecture)
    bench = _Bench(pipeline, device, batch, peak, flops, begun, minutes, empty, keep, say)
    _calls(bench, candidates)
    _loops(bench, size, candidates)
    _parts(bench, candidates[0], PART_SIZES[:3] if tiny else PART_SIZES)
    if not tiny:
        _compiled_calls(bench, candidates[0])
    with not_compiled(not tiny):  # a compiled pipeline stays so
        _calls(bench, dear)
    return bench.found


def _drawn_at(size: Size, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return candidates of SDXL's architecture, over the random model at the check's size."""
    small, large = size.pixels
    found: list[Candidate] = []
    for candidate in candidates:
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


def _calls(bench: _Bench, candidates: Sequence[Candidate]) -> None:
    for candidate in candidates:
        foreseen = _foreseen(bench, candidate)
        bench.attempt(f"{candidate.id}, calls", foreseen, partial(_with_call, bench, candidate))


def _compiled_calls(bench: _Bench, candidate: Candidate) -> None:
    foreseen = COMPILING_SECONDS + _foreseen(bench, candidate)
    measure = partial(_with_call, bench, candidate, compiled=True)
    bench.attempt(f"{candidate.id}, compiled", foreseen, measure)


def _foreseen(bench: _Bench, candidate: Candidate) -> float:
    """Return the seconds of a candidate's calls at the rate of the first one's; 0 for the first."""
    if not bench.found.calls:
        return 0.0
    settings = drawing_settings(candidate)
    calls = REPEATS + warm_up_steps(settings) / settings.steps
    return calls * bench.batch * bench.prices(candidate)[0] / bench.found.calls[0].tflops_per_second


def _with_call(bench: _Bench, candidate: Candidate, *, compiled: bool = False) -> GpuCheck:
    settings = drawing_settings(candidate)
    seconds, fits = seconds_per_image(
        bench.pipeline, settings, bench.device, bench.batch, REPEATS, compiled=compiled
    )
    tflops = bench.prices(candidate)[0]
    share = tflops / seconds / bench.peak if bench.peak else None
    call = TimedCall(candidate.id, fits, compiled, seconds, tflops, tflops / seconds, share)
    return replace(bench.found, calls=(*bench.found.calls, call))


def _parts(bench: _Bench, candidate: Candidate, sizes: Sequence[int]) -> None:
    settings = drawing_settings(candidate)

    def measure(name: str) -> GpuCheck:
        seconds = part_seconds(bench.pipeline, settings, bench.device, name, sizes)
        return replace(bench.found, parts={**bench.found.parts, name: seconds})

    whole, denoising = bench.prices(candidate)
    rate = bench.found.calls[0].tflops_per_second if bench.found.calls else math.inf
    for name in PARTS:
        tflops = denoising / settings.steps if name == "unet" else whole - denoising
        foreseen = CALLS_OF_A_PART * sum(sizes) * tflops / rate
        bench.attempt(f"{name} alone", foreseen, partial(measure, name))


def _loops(bench: _Bench, size: Size, candidates: Sequence[Candidate]) -> None:
    """Measure the loop with a candidate of many steps, and with one of one step, the hardest to feed."""
    known = {call.candidate: call for call in bench.found.calls}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for candidate in candidates[:2]:
            if candidate.id in known:
                call = known[candidate.id]
                foreseen = (SHARDS * size.prompts + call.batch) * call.seconds
                measure = partial(_with_loop, bench, size, candidate, call, folder)
                bench.attempt(f"{candidate.id}, the loop", foreseen, measure)


def _with_loop(bench: _Bench, size: Size, candidate: Candidate, call: TimedCall, folder: Path) -> GpuCheck:
    clip = folder / "clip"
    if not clip.exists():
        save_random_clip(size, clip)
    bare = bare_unet_seconds(bench.pipeline, drawing_settings(candidate), bench.device, call.batch)
    seconds = loop_seconds(
        candidate,
        _costs(bench, candidate),
        bench.pipeline,
        clip,
        folder / candidate.id,
        bench.device,
        call.batch,
        size.prompts,
    )
    whole, denoising = bench.prices(candidate)
    shares = bare / seconds, denoising / whole, call.seconds / seconds
    return replace(
        bench.found, loops=(*bench.found.loops, Loop(candidate.id, call.batch, 1 / seconds, *shares))
    )


def _costs(bench: _Bench, candidate: Candidate) -> list[Cost]:
    whole, denoising = bench.prices(candidate)
    return [
        Cost(candidate=candidate.id, unit="tflops", value=whole),
        Cost(candidate=candidate.id, unit="tflops_paper", value=denoising),
    ]
