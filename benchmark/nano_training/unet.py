"""Trains P, Q, R, T and L: UNets that denoise latents, conditioned as SDXL's, each on a corpus of its own.

P, Q, R and T have the size S, L is twice as wide. Velocity prediction; a tenth of the prompts is dropped for
classifier-free guidance. Times lean towards noise (density proportional to t): with less of it the picture
itself tells what is where, and the prompt teaches nothing.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn import functional

from nano_training.diffusion import NoiseLevels, predict
from nano_training.latents import PromptedLatents
from nano_training.networks import TRAIN_TIMESTEPS, build_unet
from nano_training.pictures import Pictures

_DROPPED_SHARE = 0.1


class UnetTask:
    """Predict the velocity of noised latents from the prompt."""

    learning_rate = 1e-3
    decay_share = 0.35
    batch = 64

    def __init__(self, name: str, pictures: Pictures, parts: Path, seed: int, device: str) -> None:
        self.name = name
        self.device = device
        self.data = PromptedLatents(pictures, parts, name, device)
        self.levels = NoiseLevels(device)
        self.unet = build_unet("l" if name == "l" else "s", seed).to(memory_format=torch.channels_last)
        self.networks = {"unet": self.unet}

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
