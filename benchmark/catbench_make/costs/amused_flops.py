"""FLOPs of a whole call of aMUSEd (Patil et al. 2024), from its configurations alone.

A call runs CLIP on the prompt, the transformer over all codes once a step, and the VQ model's decoder. Where
guided, the transformer runs on two inputs, and CLIP on the empty prompt too.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import torch

from catbench_make.costs.architectures import AmusedArchitecture
from catbench_make.costs.flops import Flops, count_forward, on_meta
from catbench_make.costs.parts import count_text_encoder, meta, scale_of
from catbench_make.packages import optional
from catbench_make.plan.settings import DrawingSettings

MICRO_CONDITIONS = 5
"""Width, height, two of the crop, and the aesthetic score."""


class AmusedCall:
    """Counts calls of one architecture; a forward of one shape is counted once."""

    def __init__(self, architecture: AmusedArchitecture) -> None:
        self._architecture = architecture
        self._step = cache(self._count_step)
        self._decode = cache(self._count_decode)

    def flops(self, settings: DrawingSettings) -> tuple[Flops, Flops]:
        """Return the FLOPs of one image: of the whole call, and of its transformer forwards."""
        inputs = 2 if settings.guidance > 1 else 1
        scale = scale_of(self._architecture.vqvae)
        height, width = settings.height // scale, settings.width // scale
        denoising = self._step(height, width) * (inputs * settings.steps)
        return self._text * inputs + denoising + self._decode(height, width), denoising

    @cached_property
    def _text(self) -> Flops:
        return count_text_encoder(self._architecture.text_encoder)

    def _count_step(self, height: int, width: int) -> Flops:
        diffusers = optional("diffusers", "counting FLOPs")
        model: Any = on_meta(lambda: diffusers.UVit2DModel.from_config(self._architecture.transformer))
        config, text = model.config, self._architecture.text_encoder
        pooled = config.cond_embed_dim
        hidden = meta(1, text["max_position_embeddings"], config.encoder_hidden_size)
        codes = meta(1, height, width, dtype=torch.long)
        return count_forward(lambda: model(codes, hidden, meta(1, pooled), meta(1, MICRO_CONDITIONS)))

    def _count_decode(self, height: int, width: int) -> Flops:
        diffusers = optional("diffusers", "counting FLOPs")
        model: Any = on_meta(lambda: diffusers.VQModel.from_config(self._architecture.vqvae))
        shape = (1, height, width, model.config.latent_channels)
        codes = meta(1, height, width, dtype=torch.long)
        return count_forward(lambda: model.decode(codes, force_not_quantize=True, shape=shape))
