"""FLOPs of a whole call of FLUX (Black Forest Labs 2024), from its configurations alone.

A call runs CLIP and T5 on the prompt, the transformer once a step, and the VAE's decoder. Guidance is an
input of FLUX.1-dev, and FLUX.1-schnell has none: a step is one forward in both. The T5's tokens, padded to
`max_sequence_length`, are a part of the sequence that the transformer attends to.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from catbench_make.costs.architectures import FluxArchitecture
from catbench_make.costs.flops import Flops, count_forward, on_meta
from catbench_make.costs.parts import count_text_encoder, count_vae_decoder, meta, scale_of
from catbench_make.packages import optional
from catbench_make.plan.settings import DrawingSettings

MAX_SEQUENCE_LENGTH = 512
"""What diffusers' FluxPipeline takes where it is not told."""
PACKED = 2
"""A token of the transformer is a square of so many latent pixels."""


class FluxCall:
    """Counts calls of one architecture; a forward of one shape is counted once."""

    def __init__(self, architecture: FluxArchitecture) -> None:
        self._architecture = architecture
        self._step = cache(self._count_step)
        self._text = cache(self._count_text)
        self._decode = cache(self._count_decode)

    def flops(self, settings: DrawingSettings) -> tuple[Flops, Flops]:
        """Return the FLOPs of one image: of the whole call, and of its transformer forwards."""
        tokens = int(settings.call.get("max_sequence_length", MAX_SEQUENCE_LENGTH))
        scale = scale_of(self._architecture.vae)
        height, width = settings.height // scale, settings.width // scale
        denoising = self._step(height, width, tokens) * settings.steps
        return self._text(tokens) + denoising + self._decode(height, width), denoising

    @cached_property
    def _transformer(self) -> Any:
        diffusers = optional("diffusers", "counting FLOPs")
        return on_meta(lambda: diffusers.FluxTransformer2DModel.from_config(self._architecture.transformer))

    def _count_step(self, height: int, width: int, tokens: int) -> Flops:
        config = self._transformer.config
        length = (height // PACKED) * (width // PACKED)
        arguments = {
            "hidden_states": meta(1, length, config.in_channels),
            "encoder_hidden_states": meta(1, tokens, config.joint_attention_dim),
            "pooled_projections": meta(1, config.pooled_projection_dim),
            "timestep": meta(1),
            "guidance": meta(1) if config.guidance_embeds else None,
            "img_ids": meta(length, 3),
            "txt_ids": meta(tokens, 3),
        }
        return count_forward(lambda: self._transformer(**arguments))

    def _count_text(self, tokens: int) -> Flops:
        return count_text_encoder(self._architecture.clip) + count_text_encoder(self._architecture.t5, tokens)

    def _count_decode(self, height: int, width: int) -> Flops:
        return count_vae_decoder(self._architecture.vae, height, width)
