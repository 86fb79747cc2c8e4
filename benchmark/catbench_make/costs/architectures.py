"""Configurations of the released models, as far as FLOPs depend on them.

They are those of the hub's `config.json` files at the revisions in `candidates`, where these differ from the
defaults of diffusers and transformers: FLUX.1-schnell's transformer and aMUSEd's at 256 px do not. SDXL-Turbo
and the UNet of SDXL-Lightning share SDXL's architecture, and so do both FLUX but for the guidance that
FLUX.1-dev is given as an input. A local model's are read from its folder instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

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
class Architecture:
    """The networks of a pipeline: Stable Diffusion, SDXL, FLUX or aMUSEd."""

    parts: dict[str, dict[str, Any]]
    """Component of the pipeline (`unet`, `vae`, `text_encoder_2`) -> its `config.json`; defaults of its
    class may be left out, and of a text encoder `architectures` names the class."""
    encodes_empty_prompt: bool
    """Whether guidance runs the text encoders on the empty prompt; SDXL takes zeros instead, FLUX nothing."""


CLIP_L: dict[str, Any] = {
    "architectures": ["CLIPTextModel"],
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "max_position_embeddings": 77,
    "projection_dim": 768,
}
CLIP_L_PROJECTED: dict[str, Any] = {**CLIP_L, "architectures": ["CLIPTextModelWithProjection"]}
CLIP_BIGG: dict[str, Any] = {
    **CLIP_L_PROJECTED,
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "projection_dim": 1280,
}
_CLIP_H: dict[str, Any] = {
    **CLIP_L,
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 23,
    "num_attention_heads": 16,
}
T5_XXL: dict[str, Any] = {
    "architectures": ["T5EncoderModel"],
    "d_model": 4096,
    "d_ff": 10240,
    "num_layers": 24,
    "num_heads": 64,
    "feed_forward_proj": "gated-gelu",
}
SDXL_UNET: dict[str, Any] = {
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "block_out_channels": [320, 640, 1280],
    "transformer_layers_per_block": [1, 2, 10],
    "attention_head_dim": [5, 10, 20],
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
_SD_1_UNET: dict[str, Any] = {"cross_attention_dim": 768}
_SD_2_UNET: dict[str, Any] = {
    "attention_head_dim": [5, 10, 20, 20],
    "cross_attention_dim": 1024,
    "use_linear_projection": True,
}
SD_VAE: dict[str, Any] = {
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [128, 256, 512, 512],
    "layers_per_block": 2,
}
FLUX_VAE: dict[str, Any] = {
    **SD_VAE,
    "latent_channels": 16,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
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


def _stable_diffusion(unet: dict[str, Any], clip: dict[str, Any]) -> Architecture:
    return Architecture({"unet": unet, "vae": SD_VAE, "text_encoder": clip}, encodes_empty_prompt=True)


def _flux(**transformer: Any) -> Architecture:
    text = {"text_encoder": CLIP_L, "text_encoder_2": T5_XXL}
    return Architecture({"transformer": transformer, "vae": FLUX_VAE, **text}, encodes_empty_prompt=False)


def _amused(**transformer: Any) -> Architecture:
    parts = {"transformer": transformer, "vqvae": _AMUSED_VQ, "text_encoder": CLIP_L_PROJECTED}
    return Architecture(parts, encodes_empty_prompt=True)


_SDXL = Architecture(
    {"unet": SDXL_UNET, "vae": SD_VAE, "text_encoder": CLIP_L, "text_encoder_2": CLIP_BIGG},
    encodes_empty_prompt=False,
)
_SD_2 = _stable_diffusion(_SD_2_UNET, _CLIP_H)

RELEASED: dict[str, Architecture] = {
    **dict.fromkeys((SDXL, TURBO, PLAYGROUND), _SDXL),
    **dict.fromkeys((SD_TURBO, *SD_2), _SD_2),
    **dict.fromkeys(SD_1, _stable_diffusion(_SD_1_UNET, CLIP_L)),
    SMALL_SD: _stable_diffusion({**_SD_1_UNET, "layers_per_block": 1}, CLIP_L),
    FLUX_SCHNELL: _flux(),
    FLUX_DEV: _flux(guidance_embeds=True),
    AMUSED[256]: _amused(),
    AMUSED[512]: _amused(downsample=True, upsample=True),
}
"""Hub repository -> architecture."""
_COMPONENTS = {
    "StableDiffusionPipeline": ("unet", "vae"),
    "StableDiffusionXLPipeline": ("unet", "vae"),
    "FluxPipeline": ("transformer", "vae"),
    "AmusedPipeline": ("transformer", "vqvae"),
}
"""Class of a pipeline -> its networks beside the text encoders."""


@cache
def read_architecture(folder: Path) -> Architecture | None:
    """Return the architecture of a pipeline's folder, or None where it is of no kind that is known here.

    Raises GenerationError where a configuration is missing or broken.
    """
    index = _read(folder / "model_index.json")
    kind = index.get("_class_name")
    if kind not in _COMPONENTS:
        return None
    encoders = [name for name in ("text_encoder", "text_encoder_2") if index.get(name, [None])[0]]
    parts = {name: _read(folder / name / "config.json") for name in (*_COMPONENTS[kind], *encoders)}
    no_empty = kind in ("StableDiffusionXLPipeline", "FluxPipeline")
    return Architecture(parts, encodes_empty_prompt=not index.get("force_zeros_for_empty_prompt", no_empty))


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        said = f"{path}: cannot be read: {error} (is the folder a diffusers pipeline?)"
        raise GenerationError(said) from error
