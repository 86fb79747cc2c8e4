"""Configurations of the released models, as far as FLOPs depend on them.

They are those of the hub's `config.json` files at the revisions in `candidates`; SDXL-Turbo and the UNet of
SDXL-Lightning share SDXL's architecture, and so do both FLUX but for the guidance that FLUX.1-dev is given as
an input. aMUSEd's transformers are diffusers' defaults: 603.5 and 608.3 million parameters, as published. A
local model's are read from its folder instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from catbench.errors import GenerationError
from catbench_make.plan.candidates import AMUSED, FLUX_DEV, FLUX_SCHNELL, SD_TURBO, SDXL, TURBO

SD_1 = (
    "CompVis/stable-diffusion-v1-2",
    "CompVis/stable-diffusion-v1-4",
    "stable-diffusion-v1-5/stable-diffusion-v1-5",
    "dreamlike-art/dreamlike-photoreal-2.0",
)
"""Weights of one architecture: a UNet of 859.5 million parameters."""
SD_2 = ("stabilityai/stable-diffusion-2-1-base", "stabilityai/stable-diffusion-2-1")
"""Likewise: 865.9 million."""
SMALL_SD = "OFA-Sys/small-stable-diffusion-v0"
PLAYGROUND = "playgroundai/playground-v2.5-1024px-aesthetic"


@dataclass(frozen=True, eq=False)
class UNetArchitecture:
    """A pipeline with a UNet, a VAE and CLIP text encoders: Stable Diffusion and SDXL."""

    unet: dict[str, Any]
    """Configuration of diffusers' UNet2DConditionModel."""
    vae: dict[str, Any]
    """Configuration of diffusers' AutoencoderKL."""
    text_encoders: tuple[dict[str, Any], ...]
    """Configurations of transformers' CLIP text models; `architectures` names the class."""
    encodes_empty_prompt: bool
    """Whether guidance runs the text encoders on the empty prompt; SDXL takes zeros instead."""


@dataclass(frozen=True, eq=False)
class FluxArchitecture:
    """A FluxPipeline: a transformer over latents and the tokens of a T5, with a CLIP's pooled embedding."""

    transformer: dict[str, Any]
    """Configuration of diffusers' FluxTransformer2DModel."""
    vae: dict[str, Any]
    """Configuration of diffusers' AutoencoderKL."""
    clip: dict[str, Any]
    """Configuration of transformers' CLIPTextModel."""
    t5: dict[str, Any]
    """Configuration of transformers' T5EncoderModel."""


@dataclass(frozen=True, eq=False)
class AmusedArchitecture:
    """An AmusedPipeline: a transformer that fills in the masked codes of a VQ model."""

    transformer: dict[str, Any]
    """Configuration of diffusers' UVit2DModel."""
    vqvae: dict[str, Any]
    """Configuration of diffusers' VQModel."""
    text_encoders: tuple[dict[str, Any]]
    """Configuration of transformers' CLIPTextModelWithProjection."""


Architecture: TypeAlias = UNetArchitecture | FluxArchitecture | AmusedArchitecture

CLIP_L: dict[str, Any] = {
    "architectures": ["CLIPTextModel"],
    "vocab_size": 49408,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 77,
    "hidden_act": "quick_gelu",
    "projection_dim": 768,
}
CLIP_L_PROJECTED: dict[str, Any] = {**CLIP_L, "architectures": ["CLIPTextModelWithProjection"]}
CLIP_BIGG: dict[str, Any] = {
    **CLIP_L_PROJECTED,
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "hidden_act": "gelu",
    "projection_dim": 1280,
}
SDXL_UNET: dict[str, Any] = {
    "sample_size": 128,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "block_out_channels": [320, 640, 1280],
    "layers_per_block": 2,
    "transformer_layers_per_block": [1, 2, 10],
    "attention_head_dim": [5, 10, 20],
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
SD_VAE: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [128, 256, 512, 512],
    "layers_per_block": 2,
    "sample_size": 1024,
}
_SDXL = UNetArchitecture(SDXL_UNET, SD_VAE, (CLIP_L, CLIP_BIGG), encodes_empty_prompt=False)
_SD_TURBO_UNET: dict[str, Any] = {
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    "block_out_channels": [320, 640, 1280, 1280],
    "layers_per_block": 2,
    "attention_head_dim": [5, 10, 20, 20],
    "cross_attention_dim": 1024,
    "use_linear_projection": True,
}
_CLIP_H: dict[str, Any] = {
    **CLIP_L,
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 23,
    "num_attention_heads": 16,
    "hidden_act": "gelu",
}
_FLUX: dict[str, Any] = {
    "patch_size": 1,
    "in_channels": 64,
    "num_layers": 19,
    "num_single_layers": 38,
    "attention_head_dim": 128,
    "num_attention_heads": 24,
    "joint_attention_dim": 4096,
    "pooled_projection_dim": 768,
    "axes_dims_rope": [16, 56, 56],
}
FLUX_VAE: dict[str, Any] = {
    **SD_VAE,
    "latent_channels": 16,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
}
T5_XXL: dict[str, Any] = {
    "architectures": ["T5EncoderModel"],
    "vocab_size": 32128,
    "d_model": 4096,
    "d_kv": 64,
    "d_ff": 10240,
    "num_layers": 24,
    "num_heads": 64,
    "feed_forward_proj": "gated-gelu",
}
_AMUSED_VQ: dict[str, Any] = {
    "block_out_channels": [128, 256, 256, 512, 768],
    "down_block_types": ["DownEncoderBlock2D"] * 5,
    "up_block_types": ["UpDecoderBlock2D"] * 5,
    "latent_channels": 64,
    "layers_per_block": 2,
    "num_vq_embeddings": 8192,
    "mid_block_add_attention": False,
    "lookup_from_codebook": True,
}
_SD_1_UNET: dict[str, Any] = {
    **_SD_TURBO_UNET,
    "attention_head_dim": 8,
    "cross_attention_dim": 768,
    "use_linear_projection": False,
}
_SD_1 = UNetArchitecture(_SD_1_UNET, SD_VAE, (CLIP_L,), encodes_empty_prompt=True)
_SD_2 = UNetArchitecture(_SD_TURBO_UNET, SD_VAE, (_CLIP_H,), encodes_empty_prompt=True)
_SMALL_UNET = {**_SD_1_UNET, "layers_per_block": 1}

RELEASED: dict[str, Architecture] = {
    SDXL: _SDXL,
    TURBO: _SDXL,
    SD_TURBO: _SD_2,
    **dict.fromkeys(SD_1, _SD_1),
    **dict.fromkeys(SD_2, _SD_2),
    SMALL_SD: UNetArchitecture(_SMALL_UNET, SD_VAE, (CLIP_L,), encodes_empty_prompt=True),
    PLAYGROUND: _SDXL,
    FLUX_SCHNELL: FluxArchitecture({**_FLUX, "guidance_embeds": False}, FLUX_VAE, CLIP_L, T5_XXL),
    FLUX_DEV: FluxArchitecture({**_FLUX, "guidance_embeds": True}, FLUX_VAE, CLIP_L, T5_XXL),
    AMUSED[256]: AmusedArchitecture({}, _AMUSED_VQ, (CLIP_L_PROJECTED,)),
    AMUSED[512]: AmusedArchitecture({"downsample": True, "upsample": True}, _AMUSED_VQ, (CLIP_L_PROJECTED,)),
}
"""Hub repository -> architecture."""


@cache
def read_architecture(folder: Path) -> Architecture | None:
    """Return the architecture of a pipeline's folder, or None where it is of no kind that is known here.

    Raises GenerationError where a configuration is missing or broken.
    """
    index = _read(folder / "model_index.json")
    kind = index.get("_class_name")

    def config(component: str) -> dict[str, Any]:
        return _read(folder / component / "config.json")

    if kind == "FluxPipeline":
        return FluxArchitecture(*map(config, ("transformer", "vae", "text_encoder", "text_encoder_2")))
    if kind == "AmusedPipeline":
        return AmusedArchitecture(config("transformer"), config("vqvae"), (config("text_encoder"),))
    if kind not in ("StableDiffusionPipeline", "StableDiffusionXLPipeline"):
        return None
    zeros = kind == "StableDiffusionXLPipeline" and index.get("force_zeros_for_empty_prompt", True)
    encoders = [name for name in ("text_encoder", "text_encoder_2") if index.get(name, [None])[0]]
    texts = tuple(map(config, encoders))
    return UNetArchitecture(config("unet"), config("vae"), texts, encodes_empty_prompt=not zeros)


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        said = f"{path}: cannot be read: {error} (is the folder a diffusers pipeline?)"
        raise GenerationError(said) from error
