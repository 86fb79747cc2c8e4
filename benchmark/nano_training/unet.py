"""Trains P, Q, R, T and L: UNets that denoise latents, conditioned as SDXL's, each on a corpus of its own.

P, Q, R and T have the size S, L is twice as wide. The loss is version 1's
(`catbench_make.nano.training.sdxl`): velocity, a tenth of the prompts dropped, times that lean towards noise.
"""

from __future__ import annotations

from pathlib import Path

import torch

from catbench_make.nano.models import build_unet
from catbench_make.nano.training.diffusion import NoiseLevels
from catbench_make.nano.training.sdxl import SdxlTask
from nano_training.latents import PromptedLatents
from nano_training.pictures import Pictures


class UnetTask(SdxlTask):
    """Predict the velocity of noised latents from the prompt."""

    def __init__(self, name: str, pictures: Pictures, parts: Path, seed: int, device: str) -> None:
        self.name = name
        self.device = device
        self.data = PromptedLatents(pictures, parts, name, device)
        self.levels = NoiseLevels(device)
        self.unet = build_unet("l" if name == "l" else "s", seed).to(memory_format=torch.channels_last)
        self.networks = {"unet": self.unet}
