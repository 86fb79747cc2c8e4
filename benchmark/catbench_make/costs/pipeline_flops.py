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
from typing import Any, TypeAlias

import torch

from catbench_make.costs.architectures import Architecture
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
"""What diffusers' FluxPipeline takes where nothing is given."""
PACKED = 2
"""A token of FLUX's transformer is a square of so many latent pixels."""
MICRO_CONDITIONS = 5
"""Of aMUSEd: width, height, two of the crop, and the aesthetic score."""


Forward: TypeAlias = tuple[Any, dict[str, Any]]
"""A network on the meta device, and the arguments of one forward on one input."""


def call_flops(architecture: Architecture, settings: DrawingSettings) -> tuple[Flops, Flops]:
    """Return the FLOPs of one image: of the whole call, and of its denoiser's forwards."""
    parts = architecture.parts
    decoder = parts.get("vae") or parts["vqvae"]
    scale = 2 ** (len(decoder["block_out_channels"]) - 1)
    size = settings.height // scale, settings.width // scale
    inputs = 2 if settings.guidance > 1 and not _is_flux(architecture) else 1
    if _is_flux(architecture):
        tokens = int(settings.call.get("max_sequence_length", MAX_SEQUENCE_LENGTH))
    else:
        first = next(config for name, config in parts.items() if name.startswith("text_encoder"))
        tokens = first["max_position_embeddings"]
    denoising = _steps(architecture, settings, size, tokens) * inputs
    text = _text(architecture, tokens) * (inputs if architecture.encodes_empty_prompt else 1)
    return text + denoising + _decoder(architecture, size), denoising


def _is_flux(architecture: Architecture) -> bool:
    return architecture.parts.keys() >= {"transformer", "vae"}


@cache
def _text(architecture: Architecture, tokens: int) -> Flops:
    """Return the FLOPs of encoding one prompt with every text encoder."""
    encoders = [config for name, config in architecture.parts.items() if name.startswith("text_encoder")]
    return sum((count_text_encoder(config, tokens) for config in encoders), Flops())


@cache
def _decoder(architecture: Architecture, size: tuple[int, int]) -> Flops:
    if "vae" in architecture.parts:
        return count_vae_decoder(architecture.parts["vae"], *size)
    model = diffusers_model("VQModel", architecture.parts["vqvae"])
    shape = (1, *size, model.config.latent_channels)
    codes = meta(1, *size, dtype=torch.long)
    return count_forward(lambda: model.decode(codes, force_not_quantize=True, shape=shape))


def _steps(
    architecture: Architecture, settings: DrawingSettings, size: tuple[int, int], tokens: int
) -> Flops:
    """Return the FLOPs of all steps on one input.

    PNDM (Liu et al. 2022) runs the UNet once more than the steps it is asked for: it runs its second step
    twice where it skips the Runge-Kutta steps, as Stable Diffusion has it.
    """
    if settings.cache is None or "unet" not in architecture.parts:
        is_pndm = settings.scheduler is not None and settings.scheduler.name == "PNDMScheduler"
        return _step(architecture, size, tokens)[0] * (settings.steps + is_pndm)
    full, shallow = _step(architecture, size, tokens, settings.cache.interval, settings.cache.branch)
    whole_steps = -(-settings.steps // settings.cache.interval)
    return full * whole_steps + shallow * (settings.steps - whole_steps)


@cache
def _step(
    architecture: Architecture, size: tuple[int, int], tokens: int, interval: int = 0, branch: int = 0
) -> tuple[Flops, ...]:
    """Return the FLOPs of a whole step on one input and, with DeepCache, of one with cached features.

    `interval` and `branch` are DeepCache's; 0 steps between two whole ones is no DeepCache.
    """
    parts = architecture.parts
    if "unet" not in parts:
        build = _flux_forward if _is_flux(architecture) else _amused_forward
        model, arguments = build(parts["transformer"], size, tokens)
        return (count_forward(lambda: model(**arguments)),)
    unet, arguments = unet_forward(parts["unet"], size, tokens)
    sample, _ = (arguments.pop(name) for name in ("sample", "timestep"))

    def step(timestep: torch.Tensor) -> Flops:
        return count_forward(lambda: unet(sample, timestep, **arguments))

    # DeepCache tells steps apart by their timestep's place in the scheduler's list.
    timesteps = torch.tensor([999, 500])
    if not interval:
        return (step(timesteps[0]),)
    pipeline = SimpleNamespace(unet=unet, scheduler=SimpleNamespace(timesteps=timesteps))
    with feature_cache(pipeline, FeatureCache(interval=interval, branch=branch)):
        return step(timesteps[0]), step(timesteps[1])


def unet_forward(config: dict[str, Any], size: tuple[int, int], tokens: int) -> Forward:
    """Return a forward of the UNet of Stable Diffusion, SDXL or Kolors, on latents of a size."""
    unet = diffusers_model("UNet2DConditionModel", config)
    read: Any = unet.config
    arguments: dict[str, Any] = {
        "sample": meta(1, read.in_channels, *size),
        "timestep": meta(1),
        "encoder_hidden_states": meta(1, tokens, read.encoder_hid_dim or read.cross_attention_dim),
    }
    if read.addition_embed_type == "text_time":
        # Six sizes and coordinates, each embedded in `addition_time_embed_dim` numbers.
        width = read.projection_class_embeddings_input_dim - 6 * read.addition_time_embed_dim
        arguments["added_cond_kwargs"] = {"text_embeds": meta(1, width), "time_ids": meta(1, 6)}
    return unet, arguments


def _flux_forward(config: dict[str, Any], size: tuple[int, int], tokens: int) -> Forward:
    transformer = diffusers_model("FluxTransformer2DModel", config)
    read, length = transformer.config, (size[0] // PACKED) * (size[1] // PACKED)
    return transformer, {
        "hidden_states": meta(1, length, read.in_channels),
        "encoder_hidden_states": meta(1, tokens, read.joint_attention_dim),
        "pooled_projections": meta(1, read.pooled_projection_dim),
        "timestep": meta(1),
        "guidance": meta(1) if read.guidance_embeds else None,
        "img_ids": meta(length, 3),
        "txt_ids": meta(tokens, 3),
    }


def _amused_forward(config: dict[str, Any], size: tuple[int, int], tokens: int) -> Forward:
    transformer = diffusers_model("UVit2DModel", config)
    return transformer, {
        "input_ids": meta(1, *size, dtype=torch.long),
        "encoder_hidden_states": meta(1, tokens, transformer.config.encoder_hidden_size),
        "pooled_text_emb": meta(1, transformer.config.cond_embed_dim),
        "micro_conds": meta(1, MICRO_CONDITIONS),
    }
