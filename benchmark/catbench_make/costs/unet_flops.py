"""FLOPs of a whole call of a UNet pipeline, from its configurations alone.

A call runs the text encoders on the prompt, the UNet once a step (on two inputs where guided), and the VAE's
decoder. With DeepCache every `interval`-th step runs the whole UNet, beginning with the first, and the others
its shallow part; both are counted under DeepCache's own hooks.
"""

from __future__ import annotations

from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any

import torch

from catbench_make.costs.architectures import UNetArchitecture
from catbench_make.costs.flops import Flops, count_forward, on_meta
from catbench_make.costs.parts import count_text_encoder, count_vae_decoder, meta, scale_of
from catbench_make.packages import optional
from catbench_make.pipelines.load import feature_cache
from catbench_make.plan.settings import DrawingSettings, FeatureCache


def forwards(settings: DrawingSettings) -> int:
    """Return how often the UNet runs: PNDM (Liu et al. 2022) once more than the steps it is asked for.

    It runs its second step twice where it skips the Runge-Kutta steps, as Stable Diffusion has it.
    """
    is_pndm = settings.scheduler is not None and settings.scheduler.name == "PNDMScheduler"
    return settings.steps + 1 if is_pndm else settings.steps


class UNetCall:
    """Counts calls of one architecture; a forward of one shape is counted once."""

    def __init__(self, architecture: UNetArchitecture) -> None:
        self._architecture = architecture
        self._step = cache(self._count_step)
        self._decode = cache(self._count_decode)
        self._text = cache(self._count_text)

    def flops(self, settings: DrawingSettings) -> tuple[Flops, Flops]:
        """Return the FLOPs of one image: of the whole call, and of its UNet forwards."""
        guided = settings.guidance > 1
        scale = scale_of(self._architecture.vae)
        height, width = settings.height // scale, settings.width // scale
        denoising = self._steps(settings, height, width) * (2 if guided else 1)
        prompts = 2 if guided and self._architecture.encodes_empty_prompt else 1
        return self._text() * prompts + denoising + self._decode(height, width), denoising

    def _steps(self, settings: DrawingSettings, height: int, width: int) -> Flops:
        """Return the FLOPs of all steps on one input."""
        if settings.cache is None:
            return self._step(height, width, None)[0] * forwards(settings)
        interval = settings.cache.interval
        full, shallow = self._step(height, width, (interval, settings.cache.branch))
        whole_steps = -(-settings.steps // interval)
        return full * whole_steps + shallow * (settings.steps - whole_steps)

    @cached_property
    def _unet(self) -> Any:
        diffusers = optional("diffusers", "counting FLOPs")
        return on_meta(lambda: diffusers.UNet2DConditionModel.from_config(self._architecture.unet))

    def _count_step(self, height: int, width: int, cached: tuple[int, int] | None) -> tuple[Flops, ...]:
        """Return the FLOPs of a whole step on one input and, with DeepCache, of one with cached features.

        `cached` is DeepCache's interval and branch.
        """
        arguments = self._unet_arguments()
        sample = meta(1, self._unet.config.in_channels, height, width)

        def step(timestep: torch.Tensor) -> Flops:
            return count_forward(lambda: self._unet(sample, timestep, **arguments))

        # DeepCache tells steps apart by their timestep's place in the scheduler's list.
        timesteps = torch.tensor([999, 500])
        if cached is None:
            return (step(timesteps[0]),)
        pipeline = SimpleNamespace(unet=self._unet, scheduler=SimpleNamespace(timesteps=timesteps))
        with feature_cache(pipeline, FeatureCache(interval=cached[0], branch=cached[1])):
            return step(timesteps[0]), step(timesteps[1])

    def _unet_arguments(self) -> dict[str, Any]:
        config, texts = self._architecture.unet, self._architecture.text_encoders
        tokens = texts[0]["max_position_embeddings"]
        hidden = meta(1, tokens, config["cross_attention_dim"])
        arguments: dict[str, Any] = {"encoder_hidden_states": hidden}
        if config.get("addition_embed_type") == "text_time":
            # Six sizes and coordinates, each embedded in `addition_time_embed_dim` numbers.
            width = config["projection_class_embeddings_input_dim"] - 6 * config["addition_time_embed_dim"]
            added = {"text_embeds": meta(1, width), "time_ids": meta(1, 6)}
            arguments["added_cond_kwargs"] = added
        return arguments

    def _count_decode(self, height: int, width: int) -> Flops:
        return count_vae_decoder(self._architecture.vae, height, width)

    def _count_text(self) -> Flops:
        """Return the FLOPs of encoding one prompt with every text encoder."""
        return sum(map(count_text_encoder, self._architecture.text_encoders), Flops(0.0, 0.0))
