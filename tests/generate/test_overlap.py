"""Batches of their own, compiled pipelines, and stages that overlap: the same images as without."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from catbench.errors import GenerationError, UsageError
from catbench.suite.store import verify
from catbench_make.drawing import worker as working
from catbench_make.drawing.engines.local import LocalEngine
from catbench_make.drawing.generation import Plan, generate
from catbench_make.drawing.shards import decoded
from catbench_make.drawing.worker import Worker
from catbench_make.pipelines import compile as compiling
from catbench_make.pipelines.load import load_pipeline
from catbench_make.plan.candidates import drawing_settings, find_candidate
from catbench_make.plan.job import Job
from catbench_make.scorers import sharpness


def images_of(out, candidate="tiny-2"):
    tables = [pq.read_table(path) for path in sorted((out / "shards" / candidate).glob("*.parquet"))]
    return np.stack([np.asarray(decoded(x.as_py())) for table in tables for x in table["image"]]).astype(int)


def test_a_shard_is_scored_and_the_next_but_one_is_read_while_the_next_is_drawn(
    suite, tmp_path, monkeypatch, run
):
    folder = suite()
    names = [shard.name for shard in Plan.of(folder, prompts_per_block=2).shards]
    begun, read = ({name: threading.Event() for name in names} for _ in range(2))
    threads = []
    draw, finish, read_text = Worker.draw, Worker.finish, Worker.read

    def following(shard):
        return names[names.index(shard.name) + 1 :][:1]

    def draw_once_the_next_is_read(self, shard, text):
        begun[shard.name].set()
        threads.append(threading.current_thread())
        if self.has_loaded(shard):
            assert all(read[name].wait(60) for name in following(shard))
        return draw(self, shard, text)

    def finish_once_the_next_is_begun(self, drawing):
        assert all(begun[name].wait(60) for name in following(drawing.shard))
        return finish(self, drawing)

    def read_and_tell(self, shard):
        text = read_text(self, shard)
        read[shard.name].set()
        return text

    monkeypatch.setattr(Worker, "draw", draw_once_the_next_is_read)
    monkeypatch.setattr(Worker, "finish", finish_once_the_next_is_begun)
    monkeypatch.setattr(Worker, "read", read_and_tell)
    assert run(folder, tmp_path / "run").images == 24
    # CUDA graphs belong to the thread that recorded them.
    assert threads == [threading.current_thread()] * 6


def test_a_shard_that_is_drawn_is_kept_where_the_next_fails(suite, tmp_path, monkeypatch, run):
    from catbench_make.drawing import worker

    draw, calls = worker.draw, []

    def fail_at_the_third(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise GenerationError("no more")
        return draw(*args, **kwargs)

    monkeypatch.setattr(worker, "draw", fail_at_the_third)
    with pytest.raises(GenerationError, match="candidate 'tiny-2': no more"):
        run(suite(), tmp_path / "run")
    assert len(list((tmp_path / "run" / "shards").glob("*/*.json"))) == 2


@pytest.fixture
def full_memory(monkeypatch):
    """Have calls of a function, counted from 1, find memory full; tells of each if it was beside drawing."""
    from catbench_make.drawing import worker

    drawing = threading.Event()
    draw = worker.draw

    def draw_and_tell(*args, **kwargs):
        drawing.set()
        drawn = draw(*args, **kwargs)
        drawing.clear()
        return drawn

    monkeypatch.setattr(worker, "draw", draw_and_tell)

    def fill(owner, name, calls):
        function, beside_drawing = getattr(owner, name), []

        def short_of_memory(*args, **kwargs):
            beside_drawing.append(drawing.is_set())
            if len(beside_drawing) in calls:
                raise torch.AcceleratorError("CUDA error: out of memory")
            return function(*args, **kwargs)

        monkeypatch.setattr(owner, name, short_of_memory)
        return beside_drawing

    return fill


@pytest.mark.parametrize(("owner", "name", "call"), [(working, "encode", 2), (sharpness, "sharpness", 1)])
def test_a_stage_whose_memory_is_full_is_tried_again_while_nothing_is_drawn(
    suite, tmp_path, run, full_memory, owner, name, call
):
    folder = suite()
    expected = verify(run(folder, tmp_path / "roomy").suite)
    beside_drawing = full_memory(owner, name, {call})
    scores = verify(run(folder, tmp_path / "run").suite).scores
    assert not beside_drawing[2]  # the second scoring is that of the shard which was drawn meanwhile
    np.testing.assert_array_equal(scores["sharpness"], expected.scores["sharpness"])


@pytest.mark.parametrize(
    ("owner", "name", "message"),
    [
        (
            working,
            "encode",
            "candidate 'tiny-2': not enough memory on the device to encode 1 prompts at once",
        ),
        (sharpness, "sharpness", "metric 'sharpness' fails on .*: CUDA error: out of memory"),
    ],
)
def test_a_stage_whose_memory_stays_full_is_an_error(suite, tmp_path, run, full_memory, owner, name, message):
    full_memory(owner, name, range(1, 100))
    with pytest.raises(GenerationError, match=message):
        run(suite(), tmp_path / "run")


def test_the_last_model_is_gone_when_the_next_is_loaded(suite, sdxl, drawn_by, tmp_path):
    candidates = (drawn_by(sdxl, 2, "deep", cache={"interval": 2}), drawn_by(sdxl, 2, "next", variant="x"))
    unets, left = [], []

    def load(settings, device, root):
        left.extend(unet for unet in unets if unet() is not None)
        pipeline = load_pipeline(settings.model_copy(update={"variant": ""}), device, root)
        unets.append(weakref.ref(pipeline.unet))
        return pipeline

    gc.disable()  # it might come along by itself
    try:
        generate(Plan.of(suite(candidates)), tmp_path / "run", engine=LocalEngine(load))
    finally:
        gc.enable()
    assert len(unets) == 2
    assert not left


def test_batches_of_their_own_draw_the_same_and_are_recorded(suite, tmp_path, run):
    folder, option = suite(), {"text_batch": 4, "decode_batch": 1}
    run(folder, tmp_path / "plain", keep_images=True)
    outcome = run(folder, tmp_path / "run", keep_images=True, **option)
    assert np.abs(images_of(tmp_path / "run") - images_of(tmp_path / "plain")).max() <= 1
    table = pq.read_table(outcome.suite / "shards.parquet").to_pandas()
    assert [set(table[key]) for key in option] == [{value} for value in option.values()]
    with pytest.raises(UsageError, match="was made with decode_batch None, not 1"):
        run(folder, tmp_path / "plain", keep_images=True, decode_batch=1)
    with pytest.raises(UsageError, match="was made with text_batch 4, not 1"):
        run(folder, tmp_path / "run", keep_images=True)


def test_batches_of_their_own_have_their_size(suite, tmp_path, monkeypatch, run):
    import diffusers
    import transformers

    encoded, decoded_at_once = [], []
    encoder, vae = transformers.CLIPTextModelWithProjection, diffusers.AutoencoderKL
    forward, decode = encoder.forward, vae.decode

    def counting_texts(self, input_ids, *args, **kwargs):
        if input_ids.device.type != "meta":
            encoded.append(len(input_ids))
        return forward(self, input_ids, *args, **kwargs)

    def counting_images(self, latents, *args, **kwargs):
        if latents.device.type != "meta":
            decoded_at_once.append(len(latents))
        return decode(self, latents, *args, **kwargs)

    monkeypatch.setattr(encoder, "forward", counting_texts)
    monkeypatch.setattr(vae, "decode", counting_images)
    run(suite(samples=4), tmp_path / "run", text_batch=2, decode_batch=3, candidates=["tiny-2"])
    assert encoded == [1, 2, 2, 2]  # the empty prompt, then blocks of two
    assert decoded_at_once == [3, 3, 2] * 3


@pytest.mark.parametrize("option", ["text_batch", "decode_batch"])
def test_a_batch_of_nothing_is_refused(suite, tmp_path, run, option):
    with pytest.raises(UsageError, match=f"--{option.replace('_', '-')} 0: at least 1"):
        run(suite(), tmp_path / "run", **{option: 0})


@pytest.fixture
def compiled_shapes(monkeypatch):
    """The shapes for which the UNet is compiled; captured by torch's compiler, run as captured."""
    shapes = []

    def backend(graph, inputs):
        shapes.extend(x.shape[0] for x in inputs if isinstance(x, torch.Tensor) and x.shape[1:] == (4, 8, 8))
        return graph.forward

    monkeypatch.setattr(compiling, "BACKEND", backend)
    yield shapes
    torch.compiler.reset()


def test_what_cannot_be_compiled_is_not_recorded_as_compiled(suite, sdxl, drawn_by, tmp_path, run):
    job = Job(tmp_path, (), "cpu", 1, compiled=True)
    infinity = find_candidate("infinity-2b")
    assert job.compiles(drawing_settings(drawn_by(sdxl, 2)))
    assert not job.compiles(drawing_settings(infinity))

    def without_denoiser(settings, device, root):
        pipeline = load_pipeline(settings, device, root)
        return SimpleNamespace(components=pipeline.components, scheduler=pipeline.scheduler)

    with pytest.raises(GenerationError, match=r"--compile: .*sdxl has no denoiser to compile"):
        run(suite(), tmp_path / "run", compiled=True, engine=LocalEngine(without_denoiser))


@pytest.mark.slow
def test_compiled_pipelines_draw_the_same_and_only_whole_batches(
    suite, sdxl, drawn_by, tmp_path, run, compiled_shapes
):
    candidates = (drawn_by(sdxl, 2), drawn_by(sdxl, 2, "deep", cache={"interval": 2}))
    folder = suite(candidates, texts=("a", "b", "c"), samples=1)
    plain = run(folder, tmp_path / "plain", keep_images=True)
    assert not compiled_shapes
    outcome = run(folder, tmp_path / "run", keep_images=True, compiled=True, batch=2)
    # Three images in shards of two and one: of each shape there is one, guided (4) or decoded (2).
    assert set(compiled_shapes) == {4, 2}
    for candidate in ("tiny-2", "deep"):
        difference = images_of(tmp_path / "run", candidate) - images_of(tmp_path / "plain", candidate)
        assert np.abs(difference).max() <= 1
    table = pq.read_table(outcome.suite / "shards.parquet").to_pandas()
    assert table.groupby("candidate")["compile"].all().to_dict() == {"deep": False, "tiny-2": True}
    assert verify(outcome.suite).scores.keys() == verify(plain.suite).scores.keys()
    with pytest.raises(UsageError, match="was made with compile True, not False"):
        run(folder, tmp_path / "run", keep_images=True, batch=2)


def test_a_prompts_length_is_found_while_the_drawing_thread_tokenizes(
    suite, amused, drawn_by, tmp_path, monkeypatch
):
    folder = suite((drawn_by(amused, 2, "masked", largest_batch=1),), texts=("x" * 100, "a cat", "the sea"))
    plan = Plan.of(folder)
    shard = plan.shards[0]
    pipeline = load_pipeline(shard.settings, "cpu", None)
    # Of a class that encodes its prompts in every call, as Infinity's does.
    pipeline.__class__ = type("Unknown", (type(pipeline),), {})
    worker = Worker(Job(tmp_path / "run", plan.suite.metrics, "cpu", 1), lambda *_: pipeline)
    worker.draw(shard, lambda: worker.read(shard))
    set_up, tokenizer = type(pipeline.tokenizer).set_truncation_and_padding, pipeline.tokenizer
    amidst, gone_on = threading.Event(), threading.Event()

    def let_the_other_in(self, *args, **kwargs):
        set_up(self, *args, **kwargs)
        if threading.current_thread() is not threading.main_thread():
            amidst.set()
            assert gone_on.wait(60)

    monkeypatch.setattr(type(tokenizer), "set_truncation_and_padding", let_the_other_in)
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(worker.read, shard)
        assert amidst.wait(60)
        tokenizer(["a cat"], truncation=True, padding="max_length")
        gone_on.set()
        assert reading.result().cut == (0,)
