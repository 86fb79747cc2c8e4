"""Trains the autoencoders: the nano VAE, on which everything else hangs, and that of the masked model.

The loss is L1 + 2 MSE of the reconstruction; pixels of things and their edges weigh more than those of
the background, which is most of a picture and soon learned. Instead of sampling from a learned variance,
the latents get noise of a fixed small size and a weak pull to unit size: the decoder learns to forgive
what a diffusion model gets slightly wrong. The scaling factor then makes the latents of unit variance.

The masked model's has 8x8 codes of a book of `CODES`. It starts from the trained VAE: its encoder and
decoder, rescaled to pixels in [0, 1] as aMUSEd's (Patil et al. 2024), and the centres of its latents.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from sklearn.cluster import MiniBatchKMeans
from torch import nn
from torch.nn import functional

from catbench_make.nano.shipped_models import CODES
from nano_training.latents import load_part
from nano_training.loop import Task
from nano_training.networks import LATENT_CHANNELS, LATENT_SIZE, build_vae, build_vq
from nano_training.pictures import Pictures

_LATENT_NOISE = 0.05
_UNIT_PULL = 1e-3
_THING_WEIGHT = 5.0
_THING_CONTRAST = 0.2
"""A pixel belongs to a thing where a channel is this far from the picture's median, in [-1, 1]."""
_CENTRE_PICTURES = 1024
"""Whose latents the codes start from."""


class VaeTask(Task):
    """Reconstruct pictures through 8x8x8 latents."""

    learning_rate = 2e-3
    decay_share = 0.6
    batch = 32

    def build(self, parts: Path, seed: int) -> Mapping[str, nn.Module]:
        """Return the VAE."""
        self.vae = build_vae(seed).to(memory_format=torch.channels_last)
        return {"vae": self.vae}

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
        """Save the VAE with its scaling factor."""
        rows = torch.arange(0, len(self.pictures), max(1, len(self.pictures) // 1024))
        with torch.no_grad():
            latents = self.vae.encode(self.pictures.image_batch(rows).to(self.device)).latent_dist.mean
        self.vae.register_to_config(scaling_factor=round(1 / latents.std().item(), 4))
        super().export(folder)


def pixel_weights(images: torch.Tensor) -> torch.Tensor:
    """Return the weight of each pixel, (batch, 1, 32, 32), of mean 1; images are (batch, 3, 32, 32).

    The median is the background's colour, since things cover less than half of any picture.
    """
    background = images.flatten(2).median(dim=2).values[..., None, None]
    things = ((images - background).abs() > _THING_CONTRAST).any(dim=1, keepdim=True)
    near = functional.max_pool2d(things.float(), 3, stride=1, padding=1)
    weights = 1 + (_THING_WEIGHT - 1) * near
    return weights / weights.mean()


class VqTask(Task):
    """Reconstruct pictures through 8x8 codes."""

    learning_rate = 5e-4
    decay_share = 0.6
    batch = 32

    def build(self, parts: Path, seed: int) -> Mapping[str, nn.Module]:
        """Return the VQ model, as near to the trained VAE as it can begin."""
        self.vq = build_vq(seed)
        start_from_vae(self.vq, load_part("AutoencoderKL", parts, "vae"))
        self._centre_codes(seed)
        return {"vq": self.vq.to(memory_format=torch.channels_last)}

    @torch.no_grad()
    def _centre_codes(self, seed: int) -> None:
        """Put the codes at the k-means centres of latents."""
        number = min(_CENTRE_PICTURES, len(self.pictures))
        rows = torch.arange(number) * (len(self.pictures) // number)
        latents = self.vq.encode(self.pictures.image_batch(rows) / 2 + 0.5).latents
        points = latents.permute(0, 2, 3, 1).reshape(-1, LATENT_CHANNELS).numpy()
        few: Any = 1  # typed as text in scikit-learn
        means = MiniBatchKMeans(min(CODES, len(points)), random_state=seed, n_init=few).fit(points)
        centres = torch.from_numpy(means.cluster_centers_).float()
        self.vq.quantize.embedding.weight[: len(centres)] = centres

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return reconstruction and commitment loss of one batch."""
        rows = torch.randint(len(self.pictures), (self.batch,), generator=generator)
        images = self.pictures.image_batch(rows).to(self.device)
        pixels = (images / 2 + 0.5).contiguous(memory_format=torch.channels_last)
        drawn, commitment = self.vq.decode(self.vq.encode(pixels).latents, return_dict=False)
        difference = 2 * (drawn - pixels)
        error = pixel_weights(images) * (difference.abs() + 2 * difference.square())
        return error.mean() + commitment.mean()


@torch.no_grad()
def code_pictures(vq: Any, pictures: Pictures, device: str) -> torch.Tensor:
    """Return the codes of all pictures, int64 (n, 8, 8)."""
    batches: list[torch.Tensor] = []
    for rows in torch.arange(len(pictures)).split(128):
        latents = vq.encode((pictures.image_batch(rows) / 2 + 0.5).to(device)).latents
        _, _, (_, _, codes) = vq.quantize(latents)
        batches.append(codes.view(-1, LATENT_SIZE, LATENT_SIZE).cpu())
    return torch.cat(batches)


@torch.no_grad()
def start_from_vae(vq: Any, vae: Any) -> None:
    """Copy the VAE's weights, so that pixels in [0, 1] give its mean latents and come back."""
    encoder, decoder = vae.encoder.state_dict(), vae.decoder.state_dict()
    mean = vae.quant_conv.weight[:LATENT_CHANNELS, :, 0, 0]
    encoder["conv_out.weight"] = torch.einsum("om,mikl->oikl", mean, encoder["conv_out.weight"])
    encoder["conv_out.bias"] = mean @ encoder["conv_out.bias"] + vae.quant_conv.bias[:LATENT_CHANNELS]
    encoder["conv_in.bias"] = encoder["conv_in.bias"] - encoder["conv_in.weight"].sum(dim=(1, 2, 3))
    encoder["conv_in.weight"] = 2 * encoder["conv_in.weight"]
    decoder["conv_out.weight"] = decoder["conv_out.weight"] / 2
    decoder["conv_out.bias"] = decoder["conv_out.bias"] / 2 + 0.5
    vq.encoder.load_state_dict(encoder)
    vq.decoder.load_state_dict(decoder)
    vq.post_quant_conv.load_state_dict(vae.post_quant_conv.state_dict())
    vq.quant_conv.weight.copy_(torch.eye(LATENT_CHANNELS)[..., None, None])
    vq.quant_conv.bias.zero_()
