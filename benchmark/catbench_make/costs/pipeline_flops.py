"""FLOPs of a whole call of a pipeline of diffusers, from its configurations alone.

A call runs the text encoders on the prompt, the denoiser once a step (on two inputs where guided), and the
decoder.

    SD, SDXL    with DeepCache every `interval`-th step runs the whole UNet, beginning with the first, and
                the others its shallow part; both are counted under DeepCache's own hooks
    FLUX        (Black Forest Labs 2024) guidance is an input of FLUX.1-dev, and FLUX.1-schnell has none: a
                step is one forward in both; the T5's tokens, padded to `max_sequence_length`, are a part of
                the sequence that the transformer attends to
    aMUSEd      (Patil et al. 2024) the transformer runs over all codes

A forward of one shape is counted once for each architecture.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import torch

from catbench_make.costs.architectures import (
    AmusedArchitecture,
    Architecture,
    FluxArchitecture,
    UNetArchitecture,
)
from catbench_make.costs.flops import (
    Flops,
    count_forward,
    count_text_encoder,
    count_vae_decoder,
    diffusers_model,
    meta,
)
from catbench_make.pipelines.load import feature_cache
from catbench_make.plan.settings import DrawingSettings, FeatureCache

MAX_SEQUENCE_LENGTH = 512
"""What diffusers' FluxPipeline takes where it is not told."""
PACKED = 2
"""A token of FLUX's transformer is a square of so many latent pixels."""
MICRO_CONDITIONS = 5
"""Of aMUSEd: width, height, two of the crop, and the aesthetic score."""


def call_flops(architecture: Architecture, settings: DrawingSettings) -> tuple[Flops, Flops]:
    """Return the FLOPs of one image: of the whole call, and of its denoiser's forwards."""
    inputs = 2 if settings.guidance > 1 else 1
    if isinstance(architecture, UNetArchitecture):
        height, width = _latent_size(settings, architecture.vae)
        denoising = _unet_steps(architecture, settings, height, width) * inputs
        text = _clip(architecture) * (inputs if architecture.encodes_empty_prompt else 1)
        return text + denoising + _vae(architecture, height, width), denoising
    if isinstance(architecture, FluxArchitecture):
        height, width = _latent_size(settings, architecture.vae)
        tokens = int(settings.call.get("max_sequence_length", MAX_SEQUENCE_LENGTH))
        denoising = _flux_step(architecture, height, width, tokens) * settings.steps
        return _flux_text(architecture, tokens) + denoising + _vae(architecture, height, width), denoising
    height, width = _latent_size(settings, architecture.vqvae)
    denoising = _amused_step(architecture, height, width) * (inputs * settings.steps)
    text = _clip(architecture) * inputs
    return text + denoising + _amused_decoder(architecture, height, width), denoising


def _latent_size(settings: DrawingSettings, decoder: dict[str, Any]) -> tuple[int, int]:
    """Return height and width of an image's latents."""
    scale = 2 ** (len(decoder["block_out_channels"]) - 1)
    return settings.height // scale, settings.width // scale


@cache
def _vae(architecture: UNetArchitecture | FluxArchitecture, height: int, width: int) -> Flops:
    return count_vae_decoder(architecture.vae, height, width)


@cache
def _clip(architecture: UNetArchitecture | AmusedArchitecture) -> Flops:
    """Return the FLOPs of encoding one prompt with every text encoder."""
    return sum(map(count_text_encoder, architecture.text_encoders), Flops())


def _unet_steps(architecture: UNetArchitecture, settings: DrawingSettings, height: int, width: int) -> Flops:
    """Return the FLOPs of all steps on one input.

    PNDM (Liu et al. 2022) runs the UNet once more than the steps it is asked for: it runs its second step
    twice where it skips the Runge-Kutta steps, as Stable Diffusion has it.
    """
    if settings.cache is None:
        is_pndm = settings.scheduler is not None and settings.scheduler.name == "PNDMScheduler"
        forwards = settings.steps + 1 if is_pndm else settings.steps
        return _unet_step(architecture, height, width, None)[0] * forwards
    interval = settings.cache.interval
    full, shallow = _unet_step(architecture, height, width, (interval, settings.cache.branch))
    whole_steps = -(-settings.steps // interval)
    return full * whole_steps + shallow * (settings.steps - whole_steps)


@cache
def _unet_step(
    architecture: UNetArchitecture, height: int, width: int, cached: tuple[int, int] | None
) -> tuple[Flops, ...]:
    """Return the FLOPs of a whole step on one input and, with DeepCache, of one with cached features.

    `cached` is DeepCache's interval and branch.
    """
    unet = diffusers_model("UNet2DConditionModel", architecture.unet)
    sample, arguments = meta(1, unet.config.in_channels, height, width), _unet_arguments(architecture)

    def step(timestep: torch.Tensor) -> Flops:
        return count_forward(lambda: unet(sample, timestep, **arguments))

    # DeepCache tells steps apart by their timestep's place in the scheduler's list.
    timesteps = torch.tensor([999, 500])
    if cached is None:
        return (step(timesteps[0]),)
    pipeline = SimpleNamespace(unet=unet, scheduler=SimpleNamespace(timesteps=timesteps))
    with feature_cache(pipeline, FeatureCache(interval=cached[0], branch=cached[1])):
        return step(timesteps[0]), step(timesteps[1])


def _unet_arguments(architecture: UNetArchitecture) -> dict[str, Any]:
    config = architecture.unet
    tokens = architecture.text_encoders[0]["max_position_embeddings"]
    arguments: dict[str, Any] = {"encoder_hidden_states": meta(1, tokens, config["cross_attention_dim"])}
    if config.get("addition_embed_type") == "text_time":
        # Six sizes and coordinates, each embedded in `addition_time_embed_dim` numbers.
        width = config["projection_class_embeddings_input_dim"] - 6 * config["addition_time_embed_dim"]
        arguments["added_cond_kwargs"] = {"text_embeds": meta(1, width), "time_ids": meta(1, 6)}
    return arguments


@cache
def _flux_step(architecture: FluxArchitecture, height: int, width: int, tokens: int) -> Flops:
    transformer = diffusers_model("FluxTransformer2DModel", architecture.transformer)
    config, length = transformer.config, (height // PACKED) * (width // PACKED)
    arguments = {
        "hidden_states": meta(1, length, config.in_channels),
        "encoder_hidden_states": meta(1, tokens, config.joint_attention_dim),
        "pooled_projections": meta(1, config.pooled_projection_dim),
        "timestep": meta(1),
        "guidance": meta(1) if config.guidance_embeds else None,
        "img_ids": meta(length, 3),
        "txt_ids": meta(tokens, 3),
    }
    return count_forward(lambda: transformer(**arguments))


@cache
def _flux_text(architecture: FluxArchitecture, tokens: int) -> Flops:
    return count_text_encoder(architecture.clip) + count_text_encoder(architecture.t5, tokens)


@cache
def _amused_step(architecture: AmusedArchitecture, height: int, width: int) -> Flops:
    model = diffusers_model("UVit2DModel", architecture.transformer)
    window = architecture.text_encoders[0]["max_position_embeddings"]
    hidden = meta(1, window, model.config.encoder_hidden_size)
    pooled, conditions = meta(1, model.config.cond_embed_dim), meta(1, MICRO_CONDITIONS)
    codes = meta(1, height, width, dtype=torch.long)
    return count_forward(lambda: model(codes, hidden, pooled, conditions))


@cache
def _amused_decoder(architecture: AmusedArchitecture, height: int, width: int) -> Flops:
    model = diffusers_model("VQModel", architecture.vqvae)
    shape = (1, height, width, model.config.latent_channels)
    codes = meta(1, height, width, dtype=torch.long)
    return count_forward(lambda: model.decode(codes, force_not_quantize=True, shape=shape))
