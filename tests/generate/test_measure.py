"""Seconds and joules, and the cost table that comes out."""

from __future__ import annotations

import types

import pandas as pd
import pytest

from catbench.errors import UsageError
from catbench.suite.tables.prices import read_costs
from catbench_make.costs import clock
from catbench_make.costs.clock import Measured, energy_counter, measure_image, time_batches
from catbench_make.costs.measure import measure
from catbench_make.plan.candidates import drawing_settings


def test_the_table_has_every_unit_for_every_candidate_and_is_read_back(suite, tmp_path):
    out = tmp_path / "costs.parquet"
    seen = []
    costs = measure(
        suite(), out, batch=2, repeats=2, rounds=1, on_candidate=lambda *progress: seen.append(progress)
    )
    assert read_costs(out) == costs
    assert seen == [("tiny-2", 0, 2), ("tiny-3", 1, 2)]
    table = pd.read_parquet(out)
    assert list(table["unit"].unique()) == ["tflops", "tflops_paper", "seconds"]
    seconds = table[table["unit"] == "seconds"]
    assert set(seconds["batch_size"]) == {2}
    assert set(seconds["precision"]) == {"float32"}
    assert (seconds["hardware"] != "").all()
    assert (
        seconds["method"]
        .str.contains("median of 2 calls in each of 1 rounds, wall clock, threads: .*torch 2")
        .all()
    )
    assert set(table[table["unit"] != "seconds"]["hardware"]) == {""}


def test_flops_only_loads_no_model(suite, tmp_path, monkeypatch):
    monkeypatch.setattr(clock, "load_pipeline", None)
    costs = measure(suite(), tmp_path / "costs.parquet", flops_only=True, candidates=["tiny-3", "sdxl-20"])
    assert [(cost.candidate, cost.unit) for cost in costs] == [
        ("tiny-3", "tflops"),
        ("sdxl-20", "tflops"),
        ("tiny-3", "tflops_paper"),
        ("sdxl-20", "tflops_paper"),
    ]


def test_seconds_are_the_median_of_all_rounds_candidates_taken_in_turn(suite, tmp_path, monkeypatch):
    turns = iter([(9.0, 9.0), (1.0, 2.0), (3.0, 3.0), (4.0, 1.0), (3.0, 3.0), (1.0, 1.0)])
    monkeypatch.setattr(clock, "measure_image", lambda *_, **__: Measured(next(turns), None, 1))
    seen = []
    costs = measure(
        suite(), tmp_path / "costs.parquet", rounds=3, on_candidate=lambda *progress: seen.append(progress)
    )
    assert [(name, done) for name, done, _ in seen] == [(f"tiny-{2 + i % 2}", i) for i in range(6)]
    seconds = [cost for cost in costs if cost.unit == "seconds"]
    assert {cost.candidate: cost.value for cost in seconds} == {"tiny-2": 3.0, "tiny-3": 1.0}
    # Medians of rounds: 9, 3, 3 and 1.5, 2.5, 1.
    assert {cost.candidate: cost.spread for cost in seconds} == {"tiny-2": 2.0, "tiny-3": 1.5}
    assert all(cost.spread is None for cost in costs if cost.unit != "seconds")


def test_a_spread_above_a_quarter_is_a_warning_and_stands_in_the_table(suite, tmp_path, command, monkeypatch):
    folder = suite()

    def measured(*turns):
        left = iter(turns)
        monkeypatch.setattr(clock, "measure_image", lambda *_, **__: Measured((next(left),), None, 1))
        outcome = command("measure", folder, "--out", tmp_path / "costs.parquet", "--rounds", 2)
        return outcome.out, outcome.err

    out, err = measured(1.0, 8.0, 1.2, 8.0)
    assert "rounds 18% apart" in out
    assert "warning" not in err
    out, err = measured(1.0, 8.0, 1.4, 8.0)
    assert "rounds 33% apart" in out
    assert "warning: 1 of these differ by more than 25% between rounds, most tiny-2 in seconds (33%)" in err
    assert [cost.spread for cost in read_costs(tmp_path / "costs.parquet")][-2:] == [pytest.approx(1 / 3), 0]


def test_seconds_are_per_image_of_every_call(sdxl, drawn_by, monkeypatch):
    settings = drawing_settings(drawn_by(sdxl, 2))
    # Readings of the clock before and after each of three calls: 0.4, 8 and 0.6 seconds.
    readings = iter([0.0, 0.4, 1.0, 9.0, 10.0, 10.6])
    monkeypatch.setattr(clock.time, "perf_counter", lambda: next(readings))
    measured = measure_image(settings, "cpu", 4, None, repeats=3)
    assert measured.seconds == pytest.approx((0.1, 2.0, 0.15))
    assert measured.batch == 4
    assert measured.joules is None


@pytest.mark.parametrize("steps", [1, 30])
def test_every_step_of_a_call_is_timed(sdxl, drawn_by, monkeypatch, steps):
    done, load = [], clock.load_pipeline

    def counted(*given):
        pipeline = load(*given)
        pipeline.unet.register_forward_hook(lambda *_: done.append(1))
        return pipeline

    monkeypatch.setattr(clock, "load_pipeline", counted)
    monkeypatch.setattr(clock.time, "perf_counter", lambda: float(len(done)))  # a second a step
    settings = drawing_settings(drawn_by(sdxl, steps))
    assert measure_image(settings, "cpu", 1, None, repeats=3).seconds == (steps,) * 3


def played_clock(monkeypatch):
    """Make a step of the denoiser a second an image, and everything around it a second a call."""
    done, load = [0.0], clock.load_pipeline

    def counted(*given):
        pipeline = load(*given)
        for part, share in ((pipeline.unet, 0.5), (pipeline.vae.decoder, 0.0)):  # guided: two rows an image
            part.register_forward_hook(lambda _, given, out, share=share: done.append(share * len(out[0])))
        pipeline.vae.decoder.register_forward_hook(lambda *_: done.append(1.0))
        return pipeline

    class Timer:
        def __init__(self, statement, globals, num_threads):
            self.statement, self.globals = statement, globals

        def blocked_autorange(self):
            before = sum(done)
            exec(self.statement, self.globals)
            return types.SimpleNamespace(median=sum(done) - before)

    monkeypatch.setattr(clock, "load_pipeline", counted)
    monkeypatch.setattr(clock.time, "perf_counter", lambda: sum(done))
    monkeypatch.setattr(clock, "Timer", Timer)


def test_batches_are_timed_and_the_fastest_is_the_one_measured(
    suite, sdxl, drawn_by, command, tmp_path, monkeypatch
):
    played_clock(monkeypatch)
    folder = suite((drawn_by(sdxl, 2), drawn_by(sdxl, 3, name="single", largest_batch=1)))
    out = tmp_path / "costs.parquet"
    said = command("measure", folder, "--out", out, "--batches", "1,4", "--repeats", 1, "--rounds", 1)
    assert said.code == 0, said.err
    # Two steps and a decoder's call: 3 seconds an image alone, 2.25 of four, where the denoiser takes 2.
    assert said.out.splitlines()[:3] == [
        "tiny-2  batch 1: 3 seconds an image, 67% of it the denoiser alone",
        "tiny-2  batch 4: 2.25 seconds an image, 89% of it the denoiser alone",
        "single  batch 1: 4 seconds an image, 75% of it the denoiser alone",
    ]
    table = pd.read_parquet(out)
    seconds = table[table["unit"] == "seconds"]
    assert dict(zip(seconds["candidate"], seconds["batch_size"], strict=True)) == {"tiny-2": 4, "single": 1}


def test_batches_end_where_memory_does_and_deepcache_has_no_bare_denoiser(sdxl, drawn_by, monkeypatch):
    played_clock(monkeypatch)
    cached = drawing_settings(drawn_by(sdxl, 4, cache={"interval": 3}))
    drawn = clock.draw

    def small_memory(pipeline, settings, images, text, size, **others):
        return drawn(pipeline, settings, images, text, min(size, 2), **others)

    monkeypatch.setattr(clock, "draw", small_memory)
    found = list(time_batches(cached, "cpu", (1, 2, 4, 8), None, repeats=1))
    assert [(one.batch, one.denoiser_share) for one in found] == [(1, None), (2, None)]


def test_a_compiled_candidate_says_so_in_the_table(suite, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(clock, "compile_pipeline", lambda *_: asked.append(1) or True)
    costs = measure(
        suite(), tmp_path / "c.parquet", candidates=["tiny-2"], repeats=1, rounds=1, compiled=True
    )
    assert asked == [1]
    assert [cost.method.startswith("compiled, median") for cost in costs] == [False, False, True]


class FakeNvml:
    """What pynvml offers, over a board whose counter is set by hand."""

    NVMLError = RuntimeError

    def __init__(self, counter: bool = True) -> None:
        self.counter = counter
        self.millijoules = 0
        self.asked = ""

    def nvmlInit(self) -> None:  # noqa: N802
        self.millijoules = 7_000

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        self.asked = uuid
        return uuid

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> float:  # noqa: N802
        if not self.counter:
            raise self.NVMLError("not supported")
        return self.millijoules


def test_joules_are_of_as_many_calls_as_the_counter_needs(monkeypatch):
    seconds = iter(range(0, 100, 2))
    monkeypatch.setattr(clock, "time", types.SimpleNamespace(monotonic=lambda: next(seconds)))
    calls = []
    assert clock.joules_of(lambda: calls.append(1), lambda: 300.0 * len(calls)) == 300
    assert len(calls) == 3  # looked at after 2, 4 and 6 seconds


@pytest.fixture
def board(monkeypatch):
    """A board that torch knows as `abc`."""
    known = types.SimpleNamespace(uuid="abc")
    monkeypatch.setattr(clock.torch.cuda, "get_device_properties", lambda device: known)


@pytest.mark.usefixtures("board")
def test_joules_are_read_from_the_boards_counter():
    nvml = FakeNvml()
    joules = energy_counter("cuda:1", nvml)
    assert nvml.asked == "GPU-abc"
    before = joules()
    nvml.millijoules += 12_500
    assert joules() - before == pytest.approx(12.5)


@pytest.mark.usefixtures("board")
@pytest.mark.parametrize(
    ("device", "nvml"), [("cpu", FakeNvml()), ("cuda", FakeNvml(counter=False))], ids=["cpu", "no counter"]
)
def test_no_joules_are_made_up(device, nvml):
    assert energy_counter(device, nvml) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "--batch 0"),
        ({"repeats": 0}, "--repeats 0"),
        ({"batches": [4, 0]}, "--batches 4,0"),
        ({"batches": [4], "flops_only": True}, "--flops-only runs nothing"),
        ({"rounds": 0}, "--rounds 0"),
        ({"candidates": ["nothing"]}, "unknown candidate 'nothing'"),
        ({"device": "tpu"}, "--device 'tpu'"),
        ({"device": "cuda"}, "finds no CUDA device"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_measured(suite, tmp_path, options, message):
    import torch

    if options.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    out = tmp_path / "costs.parquet"
    with pytest.raises(UsageError, match=message):
        measure(suite(), out, **options)
    assert not out.exists()


def test_an_unwritable_file_is_refused(suite, tmp_path):
    with pytest.raises(UsageError, match="cannot write"):
        measure(suite(), tmp_path / "nowhere" / "costs.parquet")
