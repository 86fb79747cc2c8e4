"""Trains the nano VAE, on which everything else hangs.

The loss is L1 + 2 MSE of the reconstruction; pixels of things and their edges weigh more than those of
the background, which is most of a picture and soon learned. Instead of sampling from a learned variance,
the latents get noise of a fixed small size and a weak pull to unit size: the decoder learns to forgive
what a diffusion model gets slightly wrong. The scaling factor then makes the latents of unit variance.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn import functional

from nano_training.networks import build_vae
from nano_training.pictures import Pictures

_LATENT_NOISE = 0.05
_UNIT_PULL = 1e-3
_THING_WEIGHT = 5.0
_THING_CONTRAST = 0.2
"""A pixel belongs to a thing where a channel is this far from the picture's median, in [-1, 1]."""


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
        difference = drawn - images
        error = pixel_weights(images) * (difference.abs() + 2 * difference.square())
        return error.mean() + _UNIT_PULL * latents.square().mean()

    def export(self, folder: Path) -> None:
        """Save the VAE with its scaling factor, in the layout of `AutoencoderKL.from_pretrained`."""
        rows = torch.arange(0, len(self.pictures), max(1, len(self.pictures) // 1024))
        with torch.no_grad():
            latents = self.vae.encode(self.pictures.image_batch(rows).to(self.device)).latent_dist.mean
        self.vae.register_to_config(scaling_factor=round(1 / latents.std().item(), 4))
        self.vae.to(memory_format=torch.contiguous_format).save_pretrained(folder)


def pixel_weights(images: torch.Tensor) -> torch.Tensor:
    """Return the weight of each pixel, (batch, 1, 32, 32), of mean 1; images are (batch, 3, 32, 32).

    The median is the background's colour, since things cover less than half of any picture.
    """
    background = images.flatten(2).median(dim=2).values[..., None, None]
    things = ((images - background).abs() > _THING_CONTRAST).any(dim=1, keepdim=True)
    near = functional.max_pool2d(things.float(), 3, stride=1, padding=1)
    weights = 1 + (_THING_WEIGHT - 1) * near
    return weights / weights.mean()
