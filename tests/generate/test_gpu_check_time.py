"""What the check of a GPU measures in its minutes, played by a clock, on devices of several speeds."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import pytest

from catbench_make.costs.flop_table import shipped_costs
from catbench_make.gpu_check import gpu_steps as check
from catbench_make.gpu_check import timing
from catbench_make.gpu_check.drawing_loop import SHARDS

MINUTES = 7.0
PIPELINE, CLIP = 20.0, 10.0
"""Seconds to make the one, and to read the other for each loop."""
COMPILED_SPEED = 1.25


class PlayedFlops:
    """The shipped FLOPs, of any number of steps."""

    def __init__(self, architecture):
        self._known = {(cost.candidate, cost.unit): cost.value for cost in shipped_costs()}

    def flops(self, settings):
        name, steps = "sdxl-20", 20
        if settings.cache:
            name, steps = "sdxl-deepcache-3", 50
        elif settings.width == 512:
            name, steps = "sdxl-turbo-1", 1
        elif settings.guidance <= 1:
            name, steps = "sdxl-lightning-4", 4
        whole, denoising = self._known[name, "tflops"], self._known[name, "tflops_paper"]
        forwards = denoising * settings.steps / steps
        return tuple(
            SimpleNamespace(total=value * 1e12) for value in (whole - denoising + forwards, forwards)
        )


class PlayedGpu:
    """A device with a speed and a clock; what it is given to do moves the clock on."""

    def __init__(self, rate):
        self.rate = rate
        self.now = 0.0
        self.flops = PlayedFlops(None).flops
        self.compiled = self.to_compile = False

    def work(self, settings, images, part=0):
        speed = self.rate * (COMPILED_SPEED if self.compiled else 1)
        self.now += images * self.flops(settings)[part].total / 1e12 / speed

    def random_pipeline(self, *given):
        self.now += PIPELINE
        return SimpleNamespace(scheduler=None)

    def draw(self, pipeline, settings, images, text, size, compiled):
        if self.to_compile:
            self.now += check.COMPILING_SECONDS
            self.to_compile = False
        self.work(settings, len(images))
        return SimpleNamespace(batch=size)

    def compile(self, pipeline, device):
        self.compiled = self.to_compile = True

    @contextmanager
    def not_compiled(self, wanted):
        before, self.compiled = self.compiled, self.compiled and not wanted
        yield
        self.compiled = before

    def seconds_of(self, call, device):
        started = self.now
        call()
        return self.now - started

    def bare_unet_seconds(self, pipeline, settings, device, batch):
        started = self.now
        self.work(settings, batch, part=1)
        return (self.now - started) / batch

    def loop_seconds(self, candidate, costs, pipeline, clip, folder, device, batch, prompts):
        self.now += CLIP
        started = self.now
        self.work(check.drawing_settings(candidate), SHARDS * prompts)
        return (self.now - started) / (SHARDS * prompts)

    def part_seconds(self, pipeline, settings, device, name, sizes):
        one_step = settings.model_copy(update={"steps": 1})
        whole, denoising = (flops.total / 1e12 for flops in self.flops(one_step))
        # One call to warm up and three that are timed; a step alone is not guided.
        tflops = {"text": 1.0, "unet": denoising / 2, "decoder": whole - denoising}[name]
        self.now += 4 * sum(sizes) * tflops / self.rate
        return dict.fromkeys(sizes, 1.0)


@pytest.fixture
def measured(monkeypatch):
    """Return a function that plays the check on a device that attains some TFLOP/s."""

    def played(rate):
        gpu = PlayedGpu(rate)
        for name, stand_in in {
            "UNetCall": PlayedFlops,
            "bare_unet_seconds": gpu.bare_unet_seconds,
            "hardware_name": lambda device: "NVIDIA A100-SXM4-80GB",
            "loop_seconds": gpu.loop_seconds,
            "make_deterministic": lambda device: None,
            "not_compiled": gpu.not_compiled,
            "part_seconds": gpu.part_seconds,
            "random_pipeline": gpu.random_pipeline,
            "save_random_clip": lambda size, folder: folder.mkdir(),
            "time": SimpleNamespace(monotonic=lambda: gpu.now),
        }.items():
            monkeypatch.setattr(check, name, stand_in)
        monkeypatch.setattr(check.torch.cuda, "is_available", lambda: True)
        for name, stand_in in {
            "compile_pipeline": gpu.compile,
            "draw": gpu.draw,
            "feature_cache": lambda pipeline, cache: nullcontext(),
            "scheduler_for": lambda settings, released: released,
            "seconds_of": gpu.seconds_of,
        }.items():
            monkeypatch.setattr(timing, name, stand_in)
        return check.run_check(tiny=False, batch=8, minutes=MINUTES)

    return played


CHEAP = ["sdxl-20", "sdxl-turbo-1", "sdxl-lightning-4", "sdxl-deepcache-3"]
COMPILED = "sdxl-20, compiled"


@pytest.mark.parametrize(
    ("rate", "then"),
    [
        (100, []),
        (200, [COMPILED]),
        (330, [COMPILED, "sdxl-50", "sdxl-ddim-50"]),
    ],
)
def test_what_matters_most_is_measured_first_and_within_the_time(measured, rate, then):
    found = measured(rate)
    assert [f"{call.candidate}{', compiled' * call.compiled}" for call in found.calls] == [*CHEAP, *then]
    assert [loop.candidate for loop in found.loops] == ["sdxl-20", "sdxl-turbo-1"]
    assert set(found.parts) == {"text", "unet", "decoder"}
    assert found.seconds < MINUTES * 60
    assert len(found.left_out) == 3 - len(then)
    assert all(what.endswith("for lack of time") for what in found.left_out)
    for call in found.calls:
        assert call.tflops_per_second == pytest.approx(rate * (COMPILED_SPEED if call.compiled else 1))


def test_what_does_not_fit_is_left_out_and_the_check_ends_in_time(measured):
    found = measured(50)
    assert [loop.candidate for loop in found.loops] == ["sdxl-turbo-1"]
    assert "sdxl-20, the loop, for lack of time" in found.left_out
    assert found.seconds < MINUTES * 60
