"""FLOPs of what stands before and after a denoiser: text encoders and decoders, from their configurations."""

from __future__ import annotations

from typing import Any

import torch

from catbench_make.costs.flops import Flops, count_forward, on_meta
from catbench_make.packages import optional


def meta(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return a tensor of a shape without numbers."""
    return torch.empty(*shape, dtype=dtype, device="meta")


def count_text_encoder(config: dict[str, Any], tokens: int | None = None) -> Flops:
    """Return the FLOPs of encoding one prompt by a text model of transformers.

    `config` is its `config.json`, whose `architectures` names the class; `tokens` the length to which prompts
    are padded, by default a CLIP's window.
    """
    transformers = optional("transformers", "counting FLOPs")
    kind = getattr(transformers, config["architectures"][0])
    settings = kind.config_class(**without(config, "architectures", "model_type"))
    model = on_meta(lambda: kind(settings))
    ids = meta(1, tokens or settings.max_position_embeddings, dtype=torch.long)
    return count_forward(lambda: model(ids))


def count_vae_decoder(config: dict[str, Any], height: int, width: int) -> Flops:
    """Return the FLOPs of decoding latents of a size by diffusers' AutoencoderKL."""
    diffusers = optional("diffusers", "counting FLOPs")
    vae = on_meta(lambda: diffusers.AutoencoderKL.from_config(config))
    return count_forward(lambda: vae.decode(meta(1, vae.config.latent_channels, height, width)))


def scale_of(decoder: dict[str, Any]) -> int:
    """Return how many pixels wide a latent pixel is."""
    return 2 ** (len(decoder["block_out_channels"]) - 1)


def without(config: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a configuration without some of its entries."""
    return {name: value for name, value in config.items() if name not in names}
