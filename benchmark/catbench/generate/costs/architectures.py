"""Configurations of the released models, as far as FLOPs depend on them.

They are those of the hub's `config.json` files at the revisions in `candidates`; SDXL-Turbo and the UNet of
SDXL-Lightning share SDXL's architecture. A local model's are read from its folder instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catbench.errors import GenerationError
from catbench.generate.candidates import SDXL, TURBO


@dataclass(frozen=True)
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


_CLIP_L: dict[str, Any] = {
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
_CLIP_BIGG: dict[str, Any] = {
    "architectures": ["CLIPTextModelWithProjection"],
    "vocab_size": 49408,
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "max_position_embeddings": 77,
    "hidden_act": "gelu",
    "projection_dim": 1280,
}
_SDXL_UNET: dict[str, Any] = {
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
_SD_VAE: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [128, 256, 512, 512],
    "layers_per_block": 2,
    "sample_size": 1024,
}
_SDXL = UNetArchitecture(_SDXL_UNET, _SD_VAE, (_CLIP_L, _CLIP_BIGG), encodes_empty_prompt=False)

RELEASED = {SDXL: _SDXL, TURBO: _SDXL}
"""Hub repository -> architecture."""


def read_architecture(folder: Path) -> UNetArchitecture | None:
    """Return the architecture of a pipeline's folder, or None where it is no UNet pipeline.

    Raises GenerationError where a configuration is missing or broken.
    """
    index = _read(folder / "model_index.json")
    kind = index.get("_class_name")
    if kind not in ("StableDiffusionPipeline", "StableDiffusionXLPipeline"):
        return None
    zeros = kind == "StableDiffusionXLPipeline" and index.get("force_zeros_for_empty_prompt", True)
    encoders = [name for name in ("text_encoder", "text_encoder_2") if index.get(name, [None])[0]]
    return UNetArchitecture(
        unet=_read(folder / "unet" / "config.json"),
        vae=_read(folder / "vae" / "config.json"),
        text_encoders=tuple(_read(folder / name / "config.json") for name in encoders),
        encodes_empty_prompt=not zeros,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GenerationError(
            f"{path}: cannot be read: {error} (is the folder a diffusers pipeline?)"
        ) from error
