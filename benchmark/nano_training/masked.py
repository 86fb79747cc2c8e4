"""Trains the masked-token model: a picture as 8x8 codes, and a transformer that fills in masked ones (aMUSEd,
Patil et al. 2024).

Small, so that it can take many steps: a book of `CODES` codes, and a network that looks at them
four at a time, six layers at 4x4.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from catbench_make.nano.render import IMAGE_SIZE
from catbench_make.nano.shipped_models import CODES
from nano_training.diffusion import Condition
from nano_training.latents import LatentPrompts, load_part, text_encoder
from nano_training.loop import Task
from nano_training.networks import build_uvit
from nano_training.pictures import PHRASINGS
from nano_training.tokenizer import MAX_TOKENS, build_tokenizer
from nano_training.vae import code_pictures

_DROPPED_SHARE = 0.1
_WHOLE_PICTURE = [float(IMAGE_SIZE), float(IMAGE_SIZE), 0.0, 0.0, 6.0]
"""What aMUSEd is conditioned on: width, height, crop, and its default aesthetic score; always the same."""


class MaskedTask(Task):
    """Fill in the masked codes of a picture from its prompt."""

    learning_rate = 2e-3
    decay_share = 0.35

    def build(self, parts: Path, seed: int) -> Mapping[str, nn.Module]:
        """Return the transformer."""
        vq = load_part("VQModel", parts, "vq", self.device)
        self.codes = code_pictures(vq, self.pictures, self.device)
        self.prompts = LatentPrompts(self.pictures, parts, self.name, self.device)
        nothing = build_tokenizer()("", padding="max_length", max_length=MAX_TOKENS, return_tensors="pt")
        self.nothing = text_encoder(parts, self.device)(nothing.input_ids)
        self.uvit = build_uvit(seed)
        return {"uvit": self.uvit}

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the cross-entropy of the masked codes of one batch."""
        rows = torch.randint(len(self.codes), (self.batch,), generator=generator)
        phrasing = torch.randint(PHRASINGS, (self.batch,), generator=generator)
        dropped = torch.rand(self.batch, generator=generator) < _DROPPED_SHARE
        condition = self._dropped(self.prompts.batch(rows, phrasing), dropped.to(self.device))
        codes = self.codes[rows]
        share = torch.cos(torch.rand((self.batch, 1), generator=generator) * pi / 2)
        masked = torch.rand(codes.flatten(1).shape, generator=generator) < share
        masked[:, 0] |= ~masked.any(dim=1)
        shown = torch.where(masked.view_as(codes), CODES, codes)
        logits = self.uvit(
            shown.to(self.device), condition.hidden, condition.pooled,
            torch.tensor([_WHOLE_PICTURE] * self.batch, device=self.device),
        )  # fmt: skip
        answers = torch.where(masked.view_as(codes), codes, -100).to(self.device)
        return functional.cross_entropy(logits, answers)

    def _dropped(self, condition: Condition, dropped: torch.Tensor) -> Condition:
        """Return the condition with the empty prompt in place of those dropped, bool (batch,)."""
        return Condition(
            torch.where(dropped[:, None, None], self.nothing.hidden, condition.hidden),
            torch.where(dropped[:, None], self.nothing.pooled, condition.pooled),
        )
