"""Infinity on its official code, at a tiny size on the CPU, and against its official script.

The code is the user's own clone, named by CATBENCH_INFINITY; without it only what needs none is tested. Its
weights are made here, into a folder that links to the clone's code. Where the official code runs flash_attn,
torch's attention stands in; that is held against attention written out.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import types
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from catbench.errors import GenerationError
from catbench.suite.pool import Candidate
from catbench.suite.store import load
from catbench_make import checkout
from catbench_make.checkout import CODE, COMMIT, INFINITY, VARIABLE, official_code, packed_attention
from catbench_make.costs.flop_table import count_costs, shipped_costs
from catbench_make.costs.flops import count_forward
from catbench_make.drawing.shards import weights_digest
from catbench_make.pipelines.draw import draw
from catbench_make.pipelines.load import load_pipeline, scheduler_for
from catbench_make.plan.candidates import drawing_settings, find_candidate
from catbench_make.plan.shard_plan import Image

CLONE = os.environ.get(VARIABLE, "")
needs_clone = pytest.mark.skipif(
    not CLONE, reason=f"{VARIABLE} names no clone of FoundationVision/Infinity at {COMMIT[:7]}"
)
IMAGES = [Image(row=0, sample=sample, seed=7 + sample) for sample in range(2)]
SCALES = [(1, side, side) for side in (1, 2, 4, 6, 8, 12, 16)]
"""Of 256 px, as the official code has them."""
WIDTH, DEPTH, BITS, TEXT = 64, 2, 16, 128


def test_attention_is_that_of_each_sequence_alone():
    torch.manual_seed(0)
    queries, lengths, heads, width = 3, (4, 2), 2, 8
    q = torch.randn(len(lengths) * queries, heads, width)
    kv = torch.randn(sum(lengths), 2, heads, width)
    ends = torch.tensor([0, *np.cumsum(lengths)], dtype=torch.int32)
    found = packed_attention(q, kv, None, ends, queries, max(lengths), softmax_scale=0.3)
    for number, (first, last) in enumerate(pairwise(ends)):
        mine = slice(number * queries, (number + 1) * queries)
        scores = torch.einsum("qhc,khc->hqk", q[mine], kv[first:last, 0]) * 0.3
        expected = torch.einsum("hqk,khc->qhc", scores.softmax(-1), kv[first:last, 1])
        torch.testing.assert_close(found[mine], expected)


def test_the_shipped_costs_are_the_networks_arithmetic():
    # 32 blocks of width 2,048 over 13 scales. In a block's layers a token takes 14 widths squared
    # (4 in self-attention, 2 in cross-attention, 8 in the perceptron), a token of text 2.
    width, blocks, text = 2048, 32, 32
    tokens = np.array([1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64]) ** 2
    layers = 2 * width**2 * blocks * (14 * tokens.sum() + 2 * text * len(tokens))
    seen = tokens.cumsum()
    attention = 4 * width * blocks * (tokens * (seen + text)).sum()
    shipped = {cost.unit: cost.value for cost in shipped_costs() if cost.candidate == "infinity-2b"}
    # Twice for guidance; embeddings, head and the text's own layers are a thousandth.
    assert shipped["tflops_paper"] == pytest.approx(2 * layers / 1e12, rel=2e-3)
    # Beside the transformer: Flan-T5-XL on 512 tokens, 1.24, and the decoder at 1,024 px, 9.85.
    assert shipped["tflops"] == pytest.approx(2 * (layers + attention) / 1e12 + 1.24 + 9.85, rel=2e-3)
    # What others have counted on the official code: 57.8 on one input, 115.6 with guidance.
    assert (layers + attention) / 1e12 == pytest.approx(57.8, rel=2e-3)


@needs_clone
@pytest.mark.slow
def test_the_shipped_costs_are_what_is_counted():
    # Before the tests below, whose clone has a narrow decoder.
    shipped = {(cost.candidate, cost.unit): cost.value for cost in shipped_costs()}
    for cost in count_costs(find_candidate("infinity-2b")):
        assert shipped[cost.candidate, cost.unit] == pytest.approx(cost.value, rel=1e-12)


def test_a_clone_that_is_not_named_or_not_there_is_told_how_to_get(monkeypatch, tmp_path):
    how = rf"git clone .*git -C Infinity checkout {COMMIT[:7]}.*infinity_2b_reg\.pth.*set {VARIABLE}"
    monkeypatch.delenv(VARIABLE, raising=False)
    settings = drawing_settings(find_candidate("infinity-2b"))
    with pytest.raises(GenerationError, match=f"{VARIABLE} names no clone: {how}"):
        weights_digest(settings, None)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(GenerationError, match=f"where there is no folder: {how}"):
        load_pipeline(settings, "cpu", None)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(GenerationError, match=r"no infinity/models/__init__\.py, so it is no clone"):
        load_pipeline(settings, "cpu", None)
    with pytest.raises(GenerationError, match=rf"weights: no infinity_2b_reg\.pth: {how}"):
        weights_digest(settings, None)


def test_code_of_another_commit_is_refused_by_file(monkeypatch, tmp_path):
    for name in CODE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# something else\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(GenerationError, match=rf"not the file of commit {COMMIT[:7]} \(another commit, or"):
        official_code()


def test_settings_that_infinity_does_not_take_are_refused():
    other = drawing_settings(tiny(revision="0" * 40))
    with pytest.raises(GenerationError, match=f"only {COMMIT} is known to work"):
        load_pipeline(other, "cpu", None)
    with pytest.raises(GenerationError, match="takes no cache, scheduler"):
        load_pipeline(drawing_settings(tiny(scheduler={"name": "DDIMScheduler"})), "cpu", None)
    with pytest.raises(GenerationError, match="in bfloat16, as released, or in float32"):
        load_pipeline(drawing_settings(tiny(precision="float16")), "cpu", None)


def tiny(**changes) -> Candidate:
    """Infinity's candidate at 256 px, in float32."""
    record = {**find_candidate("infinity-2b").settings, "steps": 7, "width": 256, "height": 256}
    return Candidate(id="tiny-infinity", settings={**record, "precision": "float32", **changes})


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder that links to the clone's code, with tiny weights of its own; named by the variable."""
    import transformers

    from catbench_make.infinity.infinity import Sizes, build_transformer, build_vae

    folder = tmp_path_factory.mktemp("clones") / "Infinity"
    folder.mkdir()
    for entry in Path(CLONE).absolute().iterdir():
        if entry.name != "weights":
            (folder / entry.name).symlink_to(entry)
    weights = folder / "weights"
    weights.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(folder))
        code = official_code()
        # The official code fixes the decoder's width; a narrower one of the same class draws faster.
        whole = code.vae.AutoEncoder
        patch.setattr(code.vae, "AutoEncoder", lambda args: whole(narrower(args)))
        torch.manual_seed(0)
        vae = build_vae(code, BITS, {})
        torch.save({"vae": vae.state_dict()}, weights / checkout.VAE)
        sizes = Sizes(WIDTH, DEPTH, 2, 4, 2, TEXT, 512, BITS)
        transformer = build_transformer(code, sizes, vae).to_empty(device="cpu")
        for tensor in transformer.buffers():
            tensor.zero_()
        for parameter in transformer.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        torch.save(transformer.state_dict(), weights / checkout.TRANSFORMER)
        t5 = transformers.T5Config(vocab_size=64, d_model=TEXT, d_kv=16, d_ff=64, num_layers=1, num_heads=2)
        transformers.T5EncoderModel(t5).save_pretrained(weights / checkout.TEXT_ENCODER)
        words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
        words += [(letter, -3.0) for letter in "▁abcdefghijklmnopqrstuvwxyz"]
        tokenizer = transformers.T5Tokenizer(vocab=words, extra_ids=0)
        tokenizer.save_pretrained(weights / checkout.TEXT_ENCODER)
        yield folder


def narrower(args: argparse.Namespace) -> argparse.Namespace:
    return argparse.Namespace(**{**vars(args), "base_ch": 24})


@pytest.fixture
def loaded(clone):
    def load_tiny(**changes):
        settings = drawing_settings(tiny(**changes))
        pipeline = load_pipeline(settings, "cpu", None)
        pipeline.scheduler = scheduler_for(settings, pipeline.scheduler)
        return pipeline, settings

    return load_tiny


def pixels(pipeline, settings, text="a red cat", images=IMAGES):
    return draw(pipeline, settings, images, lambda rows: {"prompt": [text] * len(rows)}, batch=4).pixels


@needs_clone
def test_an_image_is_the_official_scripts_byte_for_byte(loaded, clone, monkeypatch):
    pipeline, settings = loaded()
    ours = pixels(pipeline, settings)
    script = official_script(clone, monkeypatch)
    pipeline._transformer.rng = torch.Generator()
    for image, mine in zip(IMAGES, ours, strict=True):
        with torch.no_grad(), checkout.quiet(), torch.compiler.set_stance("force_eager"):
            theirs = script.gen_one_img(
                pipeline._transformer,
                pipeline._vae,
                pipeline.components["tokenizer"],
                pipeline._text_encoder,
                "a red cat",
                g_seed=image.seed,
                gt_leak=0,
                cfg_list=4.0,
                tau_list=0.5,
                scale_schedule=SCALES,
                cfg_insertion_layer=[0],
                vae_type=BITS,
            )
        np.testing.assert_array_equal(mine, theirs.numpy()[..., ::-1])  # the script's channels are OpenCV's


def official_script(clone, monkeypatch):
    """Return the official script as a module, with no GPU and no OpenCV to be had."""
    monkeypatch.setitem(sys.modules, "cv2", types.ModuleType("cv2"))
    monkeypatch.setattr(torch.Tensor, "cuda", lambda tensor, **options: tensor)
    monkeypatch.syspath_prepend(str(clone))
    specification = importlib.util.spec_from_file_location(
        "run_infinity", clone / "tools" / "run_infinity.py"
    )
    script = importlib.util.module_from_spec(specification)
    with checkout.quiet():
        specification.loader.exec_module(script)
    return script


@needs_clone
def test_an_image_depends_on_its_seed_and_its_prompt(loaded):
    first = pixels(*loaded())
    np.testing.assert_array_equal(first[1:], pixels(*loaded(), images=IMAGES[1:]))
    assert (first[0] != first[1]).any()
    assert (first != pixels(*loaded(), text="the sea")).any()
    assert (first != pixels(*loaded(guidance=0.0))).any()
    assert first.std() > 1


@needs_clone
def test_it_draws_in_the_precision_that_it_was_released_in(loaded):
    pipeline, settings = loaded(precision="bfloat16")
    assert {block.sa.proj.weight.dtype for block in pipeline._transformer.unregistered_blocks} == {
        torch.bfloat16
    }
    assert pixels(pipeline, settings, images=IMAGES[:1]).std() > 1


@needs_clone
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 8}, "draws 256 x 256 pixels in 7 scales, not in 8 steps"),
        ({"width": 300}, "draws no 300 x 256 pixels; square sizes are 256 x 256, 512 x 512"),
        ({"largest_batch": None}, "Infinity draws one at a time"),
        ({"call": {"colour": "red"}}, "takes no argument 'colour'"),
    ],
)
def test_what_it_cannot_draw_is_refused(loaded, changes, message):
    with pytest.raises(GenerationError, match=message):
        pixels(*loaded(**changes))


@needs_clone
def test_weights_that_are_missing_or_others_are_refused(clone, loaded):
    path = clone / "weights" / checkout.TRANSFORMER
    whole = torch.load(path)
    try:
        torch.save({name: whole[name] for name in whole if name != "head.weight"}, path)
        with pytest.raises(GenerationError, match=r"no weights head\.weight"):
            loaded()
        torch.save({"unet": torch.zeros(1)}, path)
        with pytest.raises(GenerationError, match="no transformer of Infinity: it has no 'pos_start'"):
            loaded()
        path.unlink()
        with pytest.raises(GenerationError, match=r"weights: no infinity_2b_reg\.pth"):
            loaded()
    finally:
        torch.save(whole, path)


@needs_clone
def test_flops_on_shapes_alone_are_those_of_drawing(loaded):
    from catbench_make.costs.infinity_flops import TEXT_TOKENS, infinity_flops
    from catbench_make.infinity.infinity import Sizes, bits, packed

    pipeline, settings = loaded()
    text = packed(torch.randn(TEXT_TOKENS, TEXT))
    undecoded = types.SimpleNamespace(
        quantizer=pipeline._vae.quantizer, decode=lambda codes: torch.zeros(1, 3, 256, 256)
    )
    with checkout.quiet(), torch.compiler.set_stance("force_eager"):
        drawn = count_forward(
            lambda: bits(pipeline._transformer, undecoded, text, SCALES, 4.0, 0.5, torch.Generator())
        )
    whole, predicting = infinity_flops(settings, Sizes.of(pipeline._transformer.state_dict()))
    assert predicting == drawn
    decoding = count_forward(lambda: pipeline._vae.decode(torch.zeros(1, BITS, 16, 16)))
    assert whole.total == pytest.approx(predicting.total + decoding.total + 1.23695e12, rel=1e-4)


@needs_clone
def test_a_suite_is_generated_with_it_and_its_weights_are_recorded(clone, suite, run, tmp_path):
    folder = suite((tiny(),), texts=("a cat", "two dogs", "the sea"), samples=1)
    run(folder, tmp_path / "run")
    matrix = load(tmp_path / "run" / "suite")
    assert np.isfinite(matrix.scores["sharpness"]).all()
    assert matrix.candidates[0].settings["pipeline"] == INFINITY
    shards = pd.read_parquet(tmp_path / "run" / "suite" / "shards.parquet")
    assert set(shards["weights"]) == {weights_digest(drawing_settings(tiny()), None)}
