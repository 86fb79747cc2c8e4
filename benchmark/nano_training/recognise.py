"""Trains the recogniser on renderings, blurred and noised a little as generated images are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from catbench_make.nano.recogniser import HEADS, Recogniser
from nano_training.loop import Task
from nano_training.pictures import answers_of

_NOISE = 0.15
_LARGEST_BLUR = 0.5


class RecogniserTask(Task):
    """Name the thing in every cell."""

    learning_rate = 2e-3
    decay_share = 0.6

    def build(self, parts: Path, seed: int) -> Mapping[str, nn.Module]:
        """Return the recogniser."""
        torch.manual_seed(seed)
        self.recogniser = Recogniser()
        return {"recogniser": self.recogniser}

    def loss(self, generator: torch.Generator) -> torch.Tensor:
        """Return the sum of the cross-entropies of all questions over one batch."""
        rows = torch.randint(len(self.pictures), (self.batch,), generator=generator)
        images = self.pictures.image_batch(rows)
        blurred = functional.avg_pool2d(images, 3, 1, 1, count_include_pad=False)
        images = images.lerp(blurred, _LARGEST_BLUR * torch.rand(1, generator=generator).item())
        noise = torch.randn(images.shape, generator=generator)
        images = images + _NOISE * torch.rand(1, generator=generator) * noise
        said = self.recogniser(images.to(self.device))
        numbers = torch.from_numpy(self.pictures.cells[rows.numpy()]).long()
        truths = dict(zip(HEADS, answers_of(numbers), strict=True))
        truths["background"] = torch.from_numpy(self.pictures.backgrounds[rows.numpy()]).long()
        losses = [
            functional.cross_entropy(logits.flatten(0, -2), truths[name].flatten().to(self.device))
            for name, logits in said.items()
        ]
        return torch.stack(losses).sum()

    def export(self, folder: Path) -> None:
        """Save the weights."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.recogniser.state_dict(), folder / "model.safetensors")
