"""The share of a generation that is not the pipeline's own: `make benchmark`."""

from __future__ import annotations

import functools
import importlib.util
import time
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the generate extra is not installed")
pytest.importorskip("diffusers", reason="the generate extra is not installed")

TINY = Path(__file__).parents[1] / "generate" / "conftest.py"
SPEC = importlib.util.spec_from_file_location("tiny_pipelines", TINY)
tiny = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tiny)

pytestmark = [pytest.mark.filterwarnings(warning) for warning in tiny.OTHERS_WARNINGS]
sdxl, suite = tiny.sdxl, tiny.suite


class Stopwatch:
    """Adds up the seconds of calls; those of a call within a call count once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.running = False

    def around(self, function):
        @functools.wraps(function)
        def timed(*args, **kwargs):
            if self.running:
                return function(*args, **kwargs)
            self.running, started = True, time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.running = False
                self.seconds += time.perf_counter() - started

        return timed


def test_a_run_spends_under_a_tenth_of_its_time_outside_the_pipeline(
    benchmark, told, suite, sdxl, tmp_path, monkeypatch
):
    import diffusers
    import torch

    from catbench_make.drawing.generation import Plan, generate

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    own = Stopwatch()
    kind = diffusers.StableDiffusionXLPipeline
    monkeypatch.setattr(kind, "encode_prompt", own.around(kind.encode_prompt))
    monkeypatch.setattr(kind, "__call__", own.around(kind.__call__))
    candidates = (tiny.candidate(sdxl, 20), tiny.candidate(sdxl, 50))
    texts = tuple(f"prompt number {row}" for row in range(32))
    plan = Plan.of(suite(candidates, texts=texts, samples=4))
    started = time.perf_counter()
    generate(plan, tmp_path / "run", batch=8)
    whole = time.perf_counter() - started
    torch.set_num_threads(threads)
    share = 1 - own.seconds / whole
    benchmark.pedantic(lambda: None)
    told("time outside the pipeline's own calls, 256 tiny images", share, "the whole run")
    assert share < 0.10
