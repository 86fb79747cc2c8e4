"""FLUX, SD-Turbo and aMUSEd: tiny pipelines of their classes, drawn and counted, and the real ones' sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from catbench_make.costs.architectures import RELEASED
from catbench_make.costs.flop_table import TERA, count_costs, shipped_costs
from catbench_make.costs.flops import count_call, on_meta
from catbench_make.pipelines.draw import draw
from catbench_make.pipelines.encode import call_arguments, encode, encode_empty, own_tokenizers, too_long
from catbench_make.pipelines.load import load_pipeline, scheduler_for
from catbench_make.plan.candidates import (
    AMUSED,
    FLUX_DEV,
    FLUX_SCHNELL,
    SD_TURBO,
    drawing_settings,
    find_candidate,
)
from catbench_make.plan.shard_plan import Image

TEXTS = ["a red cat", "two dogs", "the sea"]
IMAGES = [Image(row=i % 3, sample=i // 3, seed=100 + i) for i in range(4)]
CALLS = {
    "flux": {"guidance": 3.5, "call": {"max_sequence_length": 16}},
    "stable_diffusion": {"guidance": 0.0, "steps": 1},
    "amused": {"guidance": 10.0, "largest_batch": 1},
}
"""Pipeline of a fixture -> settings like its real candidate's."""


@pytest.fixture(scope="session")
def flux(tmp_path_factory: pytest.TempPathFactory, tiny_text: Any) -> Path:
    """A FluxPipeline with an input for guidance, as FLUX.1-dev has."""
    import diffusers
    import transformers

    text_model, tokenizer = tiny_text
    torch.manual_seed(0)
    t5 = transformers.T5Config(
        vocab_size=64, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu"
    )
    letters = [(letter, -3.0) for letter in "▁abcdefghijklmnopqrstuvwxyz"]
    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *letters]
    pipeline = diffusers.FluxPipeline(
        transformer=diffusers.FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            guidance_embeds=True,
            axes_dims_rope=(4, 4, 8),
        ),
        vae=diffusers.AutoencoderKL(
            latent_channels=4,
            block_out_channels=(8, 8, 8, 8),
            norm_num_groups=4,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            use_quant_conv=False,
            use_post_quant_conv=False,
            shift_factor=0.1,
            scaling_factor=0.4,
        ),
        text_encoder=text_model("CLIPTextModel"),
        text_encoder_2=transformers.T5EncoderModel(t5),
        tokenizer=tokenizer(),
        tokenizer_2=transformers.T5Tokenizer(vocab=words, extra_ids=0, model_max_length=512),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
    )
    folder = tmp_path_factory.mktemp("models") / "flux"
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def stable_diffusion(tmp_path_factory: pytest.TempPathFactory, tiny_text: Any) -> Path:
    """A StableDiffusionPipeline with four levels and one text encoder, as SD-Turbo is."""
    import diffusers

    text_model, tokenizer = tiny_text
    torch.manual_seed(0)
    pipeline = diffusers.StableDiffusionPipeline(
        unet=diffusers.UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(8, 16, 16, 16),
            layers_per_block=1,
            norm_num_groups=4,
            attention_head_dim=(2, 2, 2, 2),
            cross_attention_dim=32,
            use_linear_projection=True,
        ),
        vae=diffusers.AutoencoderKL(
            latent_channels=4,
            block_out_channels=(8, 8, 8, 8),
            norm_num_groups=4,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        ),
        text_encoder=text_model("CLIPTextModel"),
        tokenizer=tokenizer(),
        scheduler=diffusers.EulerDiscreteScheduler(timestep_spacing="trailing", steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    folder = tmp_path_factory.mktemp("models") / "stable-diffusion"
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(params=CALLS)
def kind(request):
    """A kind of pipeline: its saved folder and settings."""
    return request.getfixturevalue(request.param), CALLS[request.param]


@pytest.fixture
def settings(kind, drawn_by):
    folder, changes = kind
    return drawing_settings(drawn_by(folder, **{"steps": 3, **changes}))


def loaded(settings):
    pipeline = load_pipeline(settings, "cpu", None)
    pipeline.scheduler = scheduler_for(settings, pipeline.scheduler)
    embeddings = {**encode(pipeline, TEXTS, settings), **encode_empty(pipeline, settings)}
    return pipeline, lambda rows: call_arguments(pipeline, embeddings, rows, settings.guidance > 1)


def test_each_draws_what_its_pipeline_draws_from_the_texts_themselves(settings):
    pipeline, text = loaded(settings)
    ours = draw(pipeline, settings, IMAGES, text, batch=4).pixels
    theirs = draw(pipeline, settings, IMAGES, lambda rows: {"prompt": [TEXTS[row] for row in rows]}, 1).pixels
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert len({image.tobytes() for image in ours}) == len(IMAGES)


def test_counting_shapes_and_counting_a_real_call_agree(settings, drawn_by):
    counted, paper = count_costs(drawn_by(Path(settings.pipeline), **changed(settings)))
    whole, denoising = count_call(settings, None)
    assert "meta device" in counted.method
    assert counted.value * TERA == pytest.approx(whole.total, rel=1e-9)
    assert paper.value * TERA == pytest.approx(denoising.total - denoising.attention, rel=1e-9)


def changed(settings) -> dict[str, Any]:
    return settings.model_dump(include={"steps", "guidance", "call", "largest_batch"})


def test_the_t5_of_flux_reads_as_many_tokens_as_its_candidate_says(flux, drawn_by):
    short = drawing_settings(drawn_by(flux, 1, call={"max_sequence_length": 8}))
    pipeline = load_pipeline(short, "cpu", None)
    assert encode(pipeline, TEXTS, short)["prompt_embeds"].shape == (3, 8, 32)
    # A letter is a token, and so are the word's beginning and the text's end.
    assert too_long(own_tokenizers(pipeline), ["x" * 6, "x" * 7], short) == (1,)


def parameters(module_of) -> float:
    """Return the millions of parameters of a model that is built on the meta device."""
    return sum(parameter.numel() for parameter in on_meta(module_of).parameters()) / 1e6


@pytest.mark.parametrize(
    ("repository", "component", "kind", "published"),
    [
        (SD_TURBO, "unet", "UNet2DConditionModel", 865.9),
        (FLUX_SCHNELL, "transformer", "FluxTransformer2DModel", 11_891),
        (FLUX_DEV, "transformer", "FluxTransformer2DModel", 11_901),
        (FLUX_DEV, "vae", "AutoencoderKL", 83.8),
        (AMUSED[256], "transformer", "UVit2DModel", 603),
        (AMUSED[512], "transformer", "UVit2DModel", 608),
    ],
)
def test_the_real_configurations_have_as_many_parameters_as_published(repository, component, kind, published):
    import diffusers

    config = RELEASED[repository].parts[component]
    found = parameters(lambda: getattr(diffusers, kind).from_config(config))
    assert found == pytest.approx(published, rel=1e-3)


@pytest.mark.parametrize(
    ("config", "published"),
    [
        (RELEASED[SD_TURBO].parts["text_encoder"], 340.4),
        (RELEASED[FLUX_DEV].parts["text_encoder_2"], 4762.3),
    ],
    ids=["clip-h", "t5-xxl"],
)
def test_the_real_text_encoders_have_as_many_parameters_as_published(config, published):
    import transformers

    kind = getattr(transformers, config["architectures"][0])
    settings = kind.config_class(**{key: value for key, value in config.items() if key != "architectures"})
    assert parameters(lambda: kind(settings)) == pytest.approx(published, rel=1e-3)


# Counted on other code: a step of FLUX.1-schnell at 1024 px with 256 tokens 69.47 TFLOP, 56.20 without the
# products of attention; T5-XXL 2.40; CLIP 0.013; the VAE's decoder 10.47.
def test_flux_costs_what_its_forwards_cost():
    shipped = {(cost.candidate, cost.unit): cost.value for cost in shipped_costs()}
    whole = 4 * 69.47 + 2.40 + 0.013 + 10.47
    assert shipped["flux-schnell-4", "tflops"] == pytest.approx(whole, rel=1e-3)
    assert shipped["flux-schnell-4", "tflops_paper"] == pytest.approx(4 * 56.20, rel=1e-3)


@pytest.mark.parametrize(
    "name",
    [
        "sd-turbo-1",
        "amused-512-12",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("flux-schnell-4", "flux-dev-50")),
    ],
)
def test_the_shipped_table_is_what_is_counted(name):
    shipped = {(cost.candidate, cost.unit): cost.value for cost in shipped_costs()}
    for cost in count_costs(find_candidate(name)):
        assert shipped[cost.candidate, cost.unit] == pytest.approx(cost.value, rel=1e-12)
