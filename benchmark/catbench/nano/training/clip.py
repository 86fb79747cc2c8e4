"""Trains nano-clip: the right pairs of picture and prompt against all others (Radford et al. 2021).

A batch is made of families whose scenes differ in one detail, so that telling which colour, shape, size
and place belong together is what the model has to learn. Pictures get a little noise, so that it scores
what a generator draws by the same measure as what the renderer draws.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn import functional

from catbench.nano.models import build_clip, build_image_processor
from catbench.nano.tokenizer import build_tokenizer
from catbench.nano.training.pictures import FAMILY, PHRASINGS, Pictures

_IMAGE_NOISE = 0.06


class ClipTask:
    """Find the right prompt for each picture of a batch, and the right picture for each prompt."""

    learning_rate = 2e-3
    decay_share = 0.5
    families = 48

    def __init__(self, pictures: Pictures, seed: int, device: str, name: str = "clip") -> None:
        self.name = name
        self.pictures = pictures
        self.device = device
        self.clip = build_clip(seed)
        self.networks = {"clip": self.clip}

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the mean of the two cross-entropies over one batch."""
        first = torch.randint(len(self.pictures) // FAMILY, (self.families,), generator=generator) * FAMILY
        rows = (first[:, None] + torch.arange(FAMILY)).flatten()
        phrasing = torch.randint(PHRASINGS, rows.shape, generator=generator)
        tokens = self.pictures.token_batch(rows, phrasing)
        images = self.pictures.image_batch(rows)
        amount = _IMAGE_NOISE * torch.rand((len(rows), 1, 1, 1), generator=generator)
        images = images + amount * torch.randn(images.shape, generator=generator)
        end = self.clip.config.text_config.eos_token_id
        longest = int((tokens != end).sum(dim=1).max()) + 1
        logits = self.clip(
            input_ids=tokens[:, :longest].to(self.device), pixel_values=images.to(self.device)
        ).logits_per_image
        truth = torch.arange(len(rows), device=logits.device)
        return (functional.cross_entropy(logits, truth) + functional.cross_entropy(logits.T, truth)) / 2

    def export(self, folder: Path) -> None:
        """Save model, tokenizer and image processor, in the layout of `CLIPModel.from_pretrained`."""
        self.clip.save_pretrained(folder)
        build_tokenizer().save_pretrained(folder)
        build_image_processor().save_pretrained(folder)
