"""Trains nano-sdxl, S and L, and nano-crowd: UNets that denoise latents, conditioned as SDXL's.

L is trained on all scenes. S spends its few weights on scenes of few things, and nano-crowd is L, trained on
with scenes of many: what each is good at can be told from the prompt.

Velocity prediction; a tenth of the prompts is dropped for classifier-free guidance. Times lean towards noise
(density proportional to t): with less of it the picture itself tells what is where, and the prompt teaches
nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from catbench_make.nano.libraries import untyped
from catbench_make.nano.models import TRAIN_TIMESTEPS, build_unet
from catbench_make.nano.training.conditioning import Batches, PromptedLatents, require
from catbench_make.nano.training.diffusion import NoiseLevels, predict
from catbench_make.nano.training.pictures import Pictures

_DROPPED_SHARE = 0.1
FEW, MANY = range(0, 3), range(4, 7)
"""Numbers of things in the scenes that S and nano-crowd are trained on."""


class SdxlTask:
    """Predict the velocity of noised latents from the prompt."""

    learning_rate = 1e-3
    decay_share = 0.35
    batch = 64

    def __init__(self, size: str, pictures: Pictures, parts: Path, seed: int, device: str) -> None:
        self.name = f"sdxl-{size}"
        self.device = device
        self.data: Batches = PromptedLatents(pictures, parts, device, self.things(size))
        self.levels = NoiseLevels(device)
        self.unet = build_unet(size, seed).to(memory_format=torch.channels_last)
        self.networks = {"unet": self.unet}

    def things(self, size: str) -> range | None:
        """Return the numbers of things in the scenes that it is trained on; None: any."""
        return FEW if size == "s" else None

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the mean squared error of the velocity over one batch."""
        clean, condition = self.data.batch(self.batch, generator)
        share = torch.rand(self.batch, generator=generator).sqrt()
        times = (share * TRAIN_TIMESTEPS).long().clamp(max=TRAIN_TIMESTEPS - 1)
        noise = torch.randn(clean.shape, generator=generator).to(self.device)
        keep = torch.rand(self.batch, generator=generator) >= _DROPPED_SHARE
        noisy = self.levels.noised(clean, noise, times).contiguous(memory_format=torch.channels_last)
        velocity = predict(self.unet, noisy, times, condition.dropped(keep))
        return functional.mse_loss(velocity, self.levels.velocity(clean, noise, times))

    def export(self, folder: Path) -> None:
        """Save the UNet, in the layout of `UNet2DConditionModel.from_pretrained`."""
        self.unet.to(memory_format=torch.contiguous_format).save_pretrained(folder)


class CrowdTask(SdxlTask):
    """Train L on, with crowded scenes alone."""

    learning_rate = 5e-4
    decay_share = 0.5

    def __init__(self, pictures: Pictures, parts: Path, seed: int, device: str) -> None:
        super().__init__("l", pictures, parts, seed, device)
        self.name = "crowd"
        self.unet.load_state_dict(load_unet(parts, "sdxl-l").state_dict())

    def things(self, size: str) -> range | None:
        """Return many."""
        return MANY


def load_unet(parts: Path, name: str) -> Any:
    """Return an exported UNet; raises UsageError naming the command that makes it."""
    diffusers = untyped("diffusers")

    unet: Any = diffusers.UNet2DConditionModel.from_pretrained(
        require(parts / name, name), local_files_only=True
    )
    return unet.to(memory_format=torch.channels_last)
