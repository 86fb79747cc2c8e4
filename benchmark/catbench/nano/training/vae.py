"""Trains the nano VAE, on which everything else hangs.

The loss is L1 + 2 MSE of the reconstruction. Instead of sampling from a learned variance, the latents get
noise of a fixed small size and a weak pull to unit size: the decoder learns to forgive what a diffusion
model gets slightly wrong. The scaling factor then makes the latents of the training set of unit variance.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn import functional as F

from catbench.nano.models import build_vae
from catbench.nano.training.pictures import Pictures

_LATENT_NOISE = 0.05
_UNIT_PULL = 1e-3


class VaeTask:
    """Reconstruct pictures through 8x8x8 latents."""

    name = "vae"
    learning_rate = 2e-3
    decay_share = 0.6
    batch = 32

    def __init__(self, pictures: Pictures, seed: int, device: str) -> None:
        self.pictures = pictures
        self.device = device
        self.vae = build_vae(seed).to(memory_format=torch.channels_last)
        self.networks = {"vae": self.vae}

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the reconstruction loss of one batch of pictures."""
        rows = torch.randint(len(self.pictures), (self.batch,), generator=generator)
        images = self.pictures.image_batch(rows).to(self.device)
        images = images.contiguous(memory_format=torch.channels_last)
        latents = self.vae.encode(images).latent_dist.mean
        noise = torch.randn(latents.shape, generator=generator).to(self.device)
        drawn = self.vae.decode(latents + _LATENT_NOISE * noise).sample
        error = F.l1_loss(drawn, images) + 2 * F.mse_loss(drawn, images)
        return error + _UNIT_PULL * latents.square().mean()

    def export(self, folder: Path) -> None:
        """Save the VAE with its scaling factor, in the layout of `AutoencoderKL.from_pretrained`."""
        rows = torch.arange(0, len(self.pictures), max(1, len(self.pictures) // 1024))
        with torch.no_grad():
            latents = self.vae.encode(self.pictures.image_batch(rows).to(self.device)).latent_dist.mean
        self.vae.register_to_config(scaling_factor=round(1 / latents.std().item(), 4))
        self.vae.to(memory_format=torch.contiguous_format).save_pretrained(folder)
