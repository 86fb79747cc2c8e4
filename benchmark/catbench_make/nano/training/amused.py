"""Trains nano-amused: a picture as 8x8 codes, and a transformer that fills in masked ones (aMUSEd,
Patil et al. 2024, after MaskGIT, Chang et al. 2022, and Muse, Chang et al. 2023).

The code book starts from the trained VAE: its encoder and decoder, rescaled to pixels in [0, 1] as
aMUSEd's, and the centres of its latents.
"""

from __future__ import annotations

from math import pi
from pathlib import Path
from typing import Any

import torch
from sklearn.cluster import MiniBatchKMeans
from torch.nn import functional

from catbench_make.nano.libraries import untyped
from catbench_make.nano.models import CODES, LATENT_CHANNELS, LATENT_SIZE, build_uvit, build_vq
from catbench_make.nano.render import IMAGE_SIZE
from catbench_make.nano.tokenizer import MAX_TOKENS, build_tokenizer
from catbench_make.nano.training.conditioning import TextEncoder, load_vae, require
from catbench_make.nano.training.pictures import PHRASINGS, Images, Pictures
from catbench_make.nano.training.vae import pixel_weights

_AESTHETIC = 6.0
"""aMUSEd's default for the score that it is conditioned on; here it is always the same."""
_DROPPED_SHARE = 0.1
_CENTRE_PICTURES = 1024


class VqTask:
    """Reconstruct pictures through 8x8 codes."""

    name = "vq"
    learning_rate = 5e-4
    decay_share = 0.6
    batch = 32

    def __init__(self, pictures: Images, parts: Path, seed: int, device: str, codes: int = CODES) -> None:
        self.pictures = pictures
        self.device = device
        self.vq = build_vq(seed, codes)
        start_from_vae(self.vq, load_vae(parts, "cpu"))
        self._centre_codes(seed)
        self.networks = {"vq": self.vq.to(memory_format=torch.channels_last)}

    @torch.no_grad()
    def _centre_codes(self, seed: int) -> None:
        """Put the codes at the k-means centres of latents."""
        codes: int = self.vq.config.num_vq_embeddings
        number = min(_CENTRE_PICTURES, len(self.pictures))
        rows = torch.arange(number) * (len(self.pictures) // number)
        latents = self.vq.encode(self.pictures.image_batch(rows) / 2 + 0.5).latents
        points = latents.permute(0, 2, 3, 1).reshape(-1, LATENT_CHANNELS).numpy()
        few: Any = 1  # typed as text in scikit-learn
        means = MiniBatchKMeans(min(codes, len(points)), random_state=seed, n_init=few).fit(points)
        self.vq.quantize.embedding.weight[: len(means.cluster_centers_)] = torch.from_numpy(
            means.cluster_centers_
        ).float()

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return reconstruction and commitment loss of one batch."""
        rows = torch.randint(len(self.pictures), (self.batch,), generator=generator)
        images = self.pictures.image_batch(rows).to(self.device)
        pixels = (images / 2 + 0.5).contiguous(memory_format=torch.channels_last)
        drawn, commitment = self.vq.decode(self.vq.encode(pixels).latents, return_dict=False)
        difference = 2 * (drawn - pixels)
        error = pixel_weights(images) * (difference.abs() + 2 * difference.square())
        return error.mean() + commitment.mean()

    def export(self, folder: Path) -> None:
        """Save the model, in the layout of `VQModel.from_pretrained`."""
        self.vq.to(memory_format=torch.contiguous_format).save_pretrained(folder)


class AmusedTask:
    """Fill in the masked codes of a picture from its prompt."""

    name = "amused"
    learning_rate = 1e-3
    decay_share = 0.35
    batch = 64

    def __init__(self, pictures: Pictures, parts: Path, seed: int, device: str) -> None:
        self.pictures = pictures
        self.device = device
        vq = untyped("diffusers").VQModel.from_pretrained(require(parts / "vq", "vq"), local_files_only=True)
        self.codes = code_pictures(vq.to(device).eval(), pictures, device)
        self.encode = TextEncoder(parts, device)
        nothing = build_tokenizer()("", padding="max_length", max_length=MAX_TOKENS, return_tensors="pt")
        self.empty_prompt: torch.Tensor = nothing.input_ids
        self.uvit = build_uvit(seed)
        self.networks = {"uvit": self.uvit}

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the cross-entropy of the masked codes of one batch."""
        rows = torch.randint(len(self.pictures), (self.batch,), generator=generator)
        phrasing = torch.randint(PHRASINGS, (self.batch,), generator=generator)
        tokens = self.pictures.token_batch(rows, phrasing)
        dropped = torch.rand(self.batch, generator=generator) < _DROPPED_SHARE
        condition = self.encode(torch.where(dropped[:, None], self.empty_prompt, tokens))
        codes = self.codes[rows]
        share = torch.cos(torch.rand((self.batch, 1), generator=generator) * pi / 2)
        masked = torch.rand(codes.flatten(1).shape, generator=generator) < share
        masked[:, 0] |= ~masked.any(dim=1)
        shown = torch.where(masked.view_as(codes), CODES, codes)
        logits = self.uvit(
            shown.to(self.device), condition.hidden, condition.pooled,
            micro_conditions(self.batch).to(self.device),
        )  # fmt: skip
        answers = torch.where(masked.view_as(codes), codes, -100).to(self.device)
        return functional.cross_entropy(logits, answers)

    def export(self, folder: Path) -> None:
        """Save the transformer, in the layout of `UVit2DModel.from_pretrained`."""
        self.uvit.save_pretrained(folder)


def micro_conditions(batch: int) -> torch.Tensor:
    """Return aMUSEd's (width, height, crop, aesthetic score) of whole pictures, (batch, 5)."""
    return torch.tensor([[IMAGE_SIZE, IMAGE_SIZE, 0, 0, _AESTHETIC]] * batch, dtype=torch.float32)


@torch.no_grad()
def code_pictures(vq: Any, pictures: Images, device: str) -> torch.Tensor:
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
