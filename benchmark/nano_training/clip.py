"""Trains nano-clip twice: the generators' text encoder, and the model that scores (Radford et al. 2021).

The right pairs of picture and prompt are told from all others. A batch is made of families whose scenes
differ in one detail, so that telling which colour, shape, size and place belong together is what the model
has to learn. A contrast alone leaves details for last (a scene is nearly always known by its colours), so
both halves are also asked what they show: `Grounding` looks at the text's last but one hidden state, the one
that a diffusion model looks at, and at the picture's patches. A picture and a prompt with places are asked
what stands in each of the nine cells; a prompt without places what the first, second, ... thing is that it
names. It is a teacher only and is not exported.

Pictures get a little noise, so that the model scores what a generator draws by the same measure as what the
renderer draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from catbench_make.nano.recogniser import HEADS
from catbench_make.nano.shipped_models import untyped
from catbench_make.nano.world import CELLS, MAX_THINGS
from nano_training.loop import Task
from nano_training.networks import TEXT_WIDTH, build_clip, build_image_processor
from nano_training.pictures import FAMILY, PHRASINGS, answers_of
from nano_training.tokenizer import build_tokenizer

CLIP_FOLDER = "clip"
"""In the text encoder's folder: the whole model that it is half of."""
_IMAGE_NOISE = 0.06
_GROUNDING_WEIGHT = 3.0
_LARGEST_SCALE = {"text-encoder": 100.0, "clip-score": 16.0}
"""Of the cosines. CLIP's is 100, at which a hair's breadth of cosine tells two pictures apart: a wrong shape
then costs next to nothing. The model that scores has to put them further apart."""
_NO_QUESTION = -2
"""In place of a thing's number where nothing is asked."""


class Grounding(nn.Module):
    """Reads shape, colour and size of things off a sequence of hidden states, one answer a question."""

    def __init__(self, questions: int) -> None:
        super().__init__()
        self.questions = nn.Parameter(torch.randn(questions, TEXT_WIDTH))
        self.norm = nn.LayerNorm(TEXT_WIDTH)
        self.look = nn.MultiheadAttention(TEXT_WIDTH, 4, batch_first=True)
        self.answer = nn.Sequential(
            nn.Linear(TEXT_WIDTH, 2 * TEXT_WIDTH), nn.GELU(), nn.Linear(2 * TEXT_WIDTH, sum(HEADS.values()))
        )

    def forward(self, hidden: torch.Tensor) -> list[torch.Tensor]:
        """Hidden states (batch, length, 64) -> logits of each of `HEADS`, (batch, questions, answers)."""
        states = self.norm(hidden)
        seen, _ = self.look(self.questions.expand(len(hidden), -1, -1), states, states, need_weights=False)
        return list(self.answer(seen).split(list(HEADS.values()), dim=-1))

    def error(self, hidden: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Return the sum of the cross-entropies of shape, colour and size.

        `numbers`, int64 (batch, questions), are `pictures.thing_number`'s, or `_NO_QUESTION`.
        """
        asked = (numbers != _NO_QUESTION).flatten()
        losses = [
            functional.cross_entropy(said.flatten(0, 1)[asked], truth.flatten()[asked].to(said.device))
            for said, truth in zip(self(hidden), answers_of(numbers), strict=True)
        ]
        return torch.stack(losses).sum()


class ClipTask(Task):
    """Find the right prompt for each picture of a batch, and the right picture for each prompt."""

    learning_rate = 2e-3
    decay_share = 0.5
    batch = 48 * FAMILY

    def build(self, parts: Path, seed: int) -> Mapping[str, nn.Module]:
        """Return the CLIP and its two teachers."""
        self.clip = build_clip(seed)
        self.text_grounding = Grounding(CELLS + MAX_THINGS)
        self.image_grounding = Grounding(CELLS)
        return {
            "clip": self.clip, "text_grounding": self.text_grounding, "image_grounding": self.image_grounding
        }  # fmt: skip

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the contrast of one batch, and how badly its things are named."""
        families = (self.batch // FAMILY,)
        first = torch.randint(len(self.pictures) // FAMILY, families, generator=generator) * FAMILY
        rows = (first[:, None] + torch.arange(FAMILY)).flatten()
        phrasing = torch.randint(PHRASINGS, rows.shape, generator=generator)
        tokens = self.pictures.token_batch(rows, phrasing)
        images = self.pictures.image_batch(rows)
        amount = _IMAGE_NOISE * torch.rand((len(rows), 1, 1, 1), generator=generator)
        images = images + amount * torch.randn(images.shape, generator=generator)
        end = self.clip.config.text_config.eos_token_id
        longest = int((tokens != end).sum(dim=1).max()) + 1
        text = self.clip.text_model(tokens[:, :longest].to(self.device), output_hidden_states=True)
        image = self.clip.vision_model(images.to(self.device))
        cells, text_numbers = self.numbers(rows, phrasing)
        grounding = self.text_grounding.error(text.hidden_states[-2], text_numbers)
        grounding = grounding + self.image_grounding.error(image.last_hidden_state, cells)
        return self._contrast(text.pooler_output, image.pooler_output) + _GROUNDING_WEIGHT * grounding

    def numbers(self, rows: torch.Tensor, phrasing: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the right answers for pictures, (batch, 9), and for prompts, (batch, 9 + 6)."""
        picked = rows.numpy()
        cells = torch.from_numpy(self.pictures.cells[picked]).long()
        named = torch.from_numpy(self.pictures.named[picked, phrasing.numpy()]).long()
        is_open = torch.from_numpy(self.pictures.open[picked])[:, None]
        return cells, torch.cat(
            [cells.masked_fill(is_open, _NO_QUESTION), named.masked_fill(~is_open, _NO_QUESTION)], dim=1
        )

    def _contrast(self, text: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        """Return the mean of the two cross-entropies of finding each other in the batch."""
        prompts = functional.normalize(self.clip.text_projection(text), dim=-1)
        pictures = functional.normalize(self.clip.visual_projection(image), dim=-1)
        logits = self.clip.logit_scale.exp().clamp(max=_LARGEST_SCALE[self.name]) * pictures @ prompts.T
        truth = torch.arange(len(logits), device=logits.device)
        return (functional.cross_entropy(logits, truth) + functional.cross_entropy(logits.T, truth)) / 2

    def export(self, folder: Path) -> None:
        """Save model, tokenizer and image processor, in the layout of `CLIPModel.from_pretrained`.

        Of the text encoder the folder holds the text half, its whole model lies in `CLIP_FOLDER` within.
        """
        whole = folder / CLIP_FOLDER if self.name == "text-encoder" else folder
        for part in (self.clip, build_tokenizer(), build_image_processor()):
            part.save_pretrained(whole)
        if whole != folder:
            half = untyped("transformers").CLIPTextModelWithProjection
            half.from_pretrained(whole, local_files_only=True).save_pretrained(folder)
            build_tokenizer().save_pretrained(folder)
