"""Loading, encoding and drawing, on tiny pipelines of the real classes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from catbench.errors import GenerationError, SuiteError
from catbench_make.pipelines import draw as drawing
from catbench_make.pipelines.draw import BrokenImageError, draw
from catbench_make.pipelines.encode import (
    call_arguments,
    encode,
    encode_empty,
    encoder_digest,
    own_tokenizers,
    too_long,
)
from catbench_make.pipelines.load import feature_cache, load_pipeline, scheduler_for
from catbench_make.pipelines.memory import is_out_of_memory
from catbench_make.plan.candidates import drawing_settings
from catbench_make.plan.shard_plan import Image

TEXTS = ["a red cat", "two dogs", "the sea"]
IMAGES = [Image(row=i % 3, sample=i // 3, seed=100 + i) for i in range(6)]


@pytest.fixture
def load(sdxl, drawn_by):
    """Load the tiny SDXL with settings, and return it with them."""

    def loaded(steps: int = 2, pipeline: Path = sdxl, **settings):
        read = drawing_settings(drawn_by(pipeline, steps, **settings))
        loaded = load_pipeline(read, "cpu", None)
        loaded.scheduler = scheduler_for(read, loaded.scheduler)
        return loaded, read

    return loaded


def text_of(pipeline, settings, texts=TEXTS):
    embeddings = {**encode(pipeline, texts, settings), **encode_empty(pipeline, settings)}
    return lambda rows: call_arguments(pipeline, embeddings, rows, settings.guidance > 1)


def pixels(pipeline, settings, images=IMAGES, batch=6):
    with feature_cache(pipeline, settings.cache):
        return draw(pipeline, settings, images, text_of(pipeline, settings), batch).pixels


def test_an_image_depends_on_its_own_seed_and_prompt_and_not_on_its_batch(load):
    pipeline, settings = load()
    together = pixels(pipeline, settings)
    for batch in (1, 4):
        assert np.abs(pixels(pipeline, settings, batch=batch).astype(int) - together).max() <= 1
    assert len({image.tobytes() for image in together}) == 6


def test_the_noise_of_a_sample_is_the_same_at_every_step_count(load, monkeypatch):
    starts: dict[int, torch.Tensor] = {}
    for steps in (2, 5):
        pipeline, settings = load(steps)
        prepare = pipeline.prepare_latents

        def keep(*args, prepare=prepare, pipeline=pipeline, steps=steps, **kwargs):
            latents = prepare(*args, **kwargs)
            # Euler starts from noise of its first sigma; what is drawn is the noise itself.
            starts[steps] = latents / pipeline.scheduler.init_noise_sigma
            return latents

        monkeypatch.setattr(pipeline, "prepare_latents", keep)
        pixels(pipeline, settings)
    torch.testing.assert_close(starts[2], starts[5])


def test_embeddings_given_beforehand_draw_what_the_texts_themselves_draw(load):
    pipeline, settings = load(3)
    ours = pixels(pipeline, settings, IMAGES[:3])
    generators = [torch.Generator().manual_seed(image.seed) for image in IMAGES[:3]]
    theirs = pipeline(
        TEXTS, num_inference_steps=3, guidance_scale=5.0, width=64, height=64, generator=generators
    ).images
    assert np.abs(ours.astype(int) - np.stack([np.asarray(image) for image in theirs])).max() <= 1


@pytest.mark.parametrize(
    "settings",
    [
        {"scheduler": {"name": "DDIMScheduler", "config": {"clip_sample": False}}},
        {
            "scheduler": {"name": "EulerDiscreteScheduler", "config": {"timestep_spacing": "trailing"}},
            "guidance": 0.0,
        },
        {
            "scheduler": {
                "name": "EulerAncestralDiscreteScheduler",
                "config": {"timestep_spacing": "trailing"},
            }
        },
        {"cache": {"interval": 3}},
        {"precision": "bfloat16"},
        {"width": 96, "height": 32},
    ],
    ids=["ddim", "lightning", "turbo", "deepcache", "bfloat16", "oblong"],
)
def test_every_kind_of_candidate_draws_and_draws_the_same_again(load, settings):
    first, second = (pixels(*load(4, **settings)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    plain = pixels(*load(4))
    assert first.shape != plain.shape or (first != plain).any()


def test_amused_draws_each_image_from_a_generator_of_its_own(load, amused):
    pipeline, settings = load(pipeline=amused, largest_batch=1)
    drawn = draw(pipeline, settings, IMAGES, text_of(pipeline, settings), batch=4)
    assert drawn.batch == 1
    alone = draw(pipeline, settings, IMAGES[4:5], text_of(pipeline, settings), batch=1)
    np.testing.assert_array_equal(drawn.pixels[4], alone.pixels[0])


def test_deepcache_leaves_no_trace_in_the_pipeline(load):
    pipeline, settings = load(4)
    before = pixels(pipeline, settings)
    with feature_cache(pipeline, drawing_settings_with_cache(settings).cache):
        assert (pixels(pipeline, settings) != before).any()
    np.testing.assert_array_equal(pixels(pipeline, settings), before)


def drawing_settings_with_cache(settings):
    return settings.model_validate({**settings.model_dump(), "cache": {"interval": 2}})


def test_weights_of_a_component_can_come_from_a_file_of_their_own(load, sdxl, tmp_path):
    from safetensors.torch import load_file, save_file

    weights = load_file(sdxl / "unet" / "diffusion_pytorch_model.safetensors")
    save_file({name: tensor * 0.9 for name, tensor in weights.items()}, tmp_path / "faster.safetensors")
    other = {"weights": {"source": str(tmp_path), "file": "faster.safetensors"}}
    assert (pixels(*load(**other)) != pixels(*load())).any()
    save_file({"no.such.layer": torch.zeros(1)}, tmp_path / "faster.safetensors")
    with pytest.raises(GenerationError, match="cannot be loaded"):
        load(**other)


def test_images_are_not_marked_where_the_watermarks_package_is_installed(load, monkeypatch):
    from diffusers.pipelines.stable_diffusion_xl import pipeline_stable_diffusion_xl as module

    class Black:
        def apply_watermark(self, images):
            return images * 0

    plain = pixels(*load())
    monkeypatch.setattr(module, "is_invisible_watermark_available", lambda: True)
    monkeypatch.setattr(module, "StableDiffusionXLWatermarker", Black, raising=False)
    np.testing.assert_array_equal(pixels(*load()), plain)


def test_memory_running_out_halves_the_batch(load, monkeypatch):
    pipeline, settings = load()
    expected = pixels(pipeline, settings, batch=2)
    forward, sizes = pipeline.unet.forward, []

    def small_memory(sample, *args, **kwargs):
        sizes.append(len(sample) // 2)  # guidance doubles the batch
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(sample, *args, **kwargs)

    monkeypatch.setattr(pipeline.unet, "forward", small_memory)
    drawn = draw(pipeline, settings, IMAGES, text_of(pipeline, settings), batch=6)
    assert drawn.batch == 2
    assert sizes[:2] == [6, 3]
    np.testing.assert_array_equal(drawn.pixels, expected)


def test_memory_for_not_even_one_image_is_an_error(load, monkeypatch):
    pipeline, settings = load()

    def no_memory(*args, **kwargs):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(pipeline.unet, "forward", no_memory)
    with pytest.raises(GenerationError, match="not enough memory on the device for a single image"):
        pixels(pipeline, settings)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("any"), True),
        (MemoryError(), True),
        (torch.AcceleratorError("CUDA error: out of memory"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (torch.AcceleratorError("CUDA error: an illegal memory access was encountered"), False),
        (ValueError("CUDA error: out of memory"), False),
    ],
)
def test_memory_that_runs_out_is_known_by_every_librarys_words(error, expected):
    assert is_out_of_memory(error) is expected
    with pytest.raises(GenerationError) as later:
        raise GenerationError("a metric fails") from error
    assert is_out_of_memory(later.value) is expected


def test_other_failures_of_a_pipeline_are_not_taken_for_memory(load, monkeypatch):
    pipeline, settings = load()

    def broken(*args, **kwargs):
        raise RuntimeError("sizes do not match")

    monkeypatch.setattr(pipeline.unet, "forward", broken)
    with pytest.raises(RuntimeError, match="sizes do not match"):
        pixels(pipeline, settings)


def test_a_nan_in_sixteen_bits_is_drawn_again_with_the_decoder_in_float32(load, monkeypatch):
    pipeline, settings = load(precision="bfloat16")
    clean = pixels(pipeline, settings)
    conv_out, calls = pipeline.vae.decoder.conv_out.forward, []

    def overflowing(sample):
        calls.append(sample.dtype)
        out = conv_out(sample)
        if sample.dtype == torch.bfloat16:
            out = out.clone()
            out[1] = torch.nan
        return out

    monkeypatch.setattr(pipeline.vae.decoder.conv_out, "forward", overflowing)
    drawn = draw(pipeline, settings, IMAGES, text_of(pipeline, settings), batch=6)
    assert drawn.retried == (1,)
    assert drawn.black == ()
    assert calls == [torch.bfloat16, torch.float32]
    assert pipeline.vae.dtype == torch.bfloat16
    assert np.abs(drawn.pixels.astype(int) - clean).max() <= 8
    monkeypatch.undo()
    np.testing.assert_array_equal(pixels(pipeline, settings), clean)


def test_a_nan_that_stays_is_an_error_that_names_the_image(load, monkeypatch):
    pipeline, settings = load()
    conv_out = pipeline.vae.decoder.conv_out.forward
    monkeypatch.setattr(pipeline.vae.decoder.conv_out, "forward", lambda x: conv_out(x) * torch.nan)
    with pytest.raises(BrokenImageError) as caught:
        pixels(pipeline, settings)
    assert caught.value.position == 0


def test_a_black_image_is_drawn_again_and_kept(load, monkeypatch):
    pipeline, settings = load()
    conv_out = pipeline.vae.decoder.conv_out.forward
    monkeypatch.setattr(pipeline.vae.decoder.conv_out, "forward", lambda x: conv_out(x) * 0 - 5)
    drawn = draw(pipeline, settings, IMAGES[:2], text_of(pipeline, settings), batch=2)
    assert drawn.retried == drawn.black == (0, 1)
    assert not drawn.pixels.any()


def test_the_digest_tells_encoders_apart_and_not_step_counts(load, sdxl, tmp_path):
    pipeline, settings = load(2)
    same, others = load(9), load(2, precision="bfloat16")
    assert encoder_digest(*same) == encoder_digest(pipeline, settings) != encoder_digest(*others)
    with torch.no_grad():
        next(pipeline.text_encoder_2.parameters())[0] += 1
    assert encoder_digest(pipeline, settings) != encoder_digest(*same)


def test_an_embedding_does_not_depend_on_the_prompts_beside_it(load):
    pipeline, settings = load()
    together = encode(pipeline, TEXTS, settings)
    alone = encode(pipeline, TEXTS[1:2], settings)
    assert torch.equal(together["prompt_embeds"][1], alone["prompt_embeds"][0])


def test_prompts_longer_than_the_window_are_found(load):
    pipeline, settings = load()
    # A letter is a token, and two mark the beginning and the end: 75 letters fit.
    assert too_long(own_tokenizers(pipeline), ["x" * 75, "x" * 76, "x"], settings) == (1,)


def test_a_scheduler_that_does_not_exist_is_refused(load):
    with pytest.raises(SuiteError, match="diffusers has no scheduler 'EulerScheduler'"):
        load(scheduler={"name": "EulerScheduler"})


def test_a_size_that_the_model_cannot_draw_is_refused(load):
    pipeline, settings = load(width=60)
    with pytest.raises(GenerationError, match=r"refuses its settings: .* divisible by 8"):
        pixels(pipeline, settings)


def test_an_argument_that_the_pipeline_does_not_take_is_refused(load):
    pipeline, settings = load(call={"colour": "red"})
    with pytest.raises(GenerationError, match="the pipeline's call takes no argument 'colour'"):
        pixels(pipeline, settings)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "model_index.json").unlink(), "cannot be loaded"),
        (lambda folder: (folder / "unet" / "config.json").write_text("{"), "cannot be loaded"),
        (lambda folder: shutil.rmtree(folder / "vae"), "cannot be loaded"),
    ],
    ids=["no index", "broken config", "no vae"],
)
def test_a_folder_that_is_no_pipeline_is_refused(load, sdxl, tmp_path, damage, message):
    folder = tmp_path / "broken"
    shutil.copytree(sdxl, folder)
    damage(folder)
    with pytest.raises(GenerationError, match=f"model {re.escape(str(folder))}: {message}"):
        load(pipeline=folder)


def test_a_model_of_the_hub_without_network_is_refused_in_one_sentence(load, monkeypatch):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(GenerationError, match=r"model nobody/nothing: it is not on this machine"):
        load(pipeline="nobody/nothing")


def test_half_a_grey_level_is_black():
    assert np.round(255 * (drawing.HALF_LEVEL - 1e-9)) == 0
    assert np.round(255 * (drawing.HALF_LEVEL + 1e-9)) == 1
