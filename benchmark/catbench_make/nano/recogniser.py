"""Which things an image shows: a small convolutional net that looks at each of the nine cells.

It is trained on renderings and reads shape, colour and size per cell and the background. On it rests
`scene_accuracy`, a ground truth that CLIPScore can be checked against.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from catbench_make.nano.render import IMAGE_SIZE, cell_centre
from catbench_make.nano.world import BACKGROUNDS, CELLS, COLOURS, SHAPES, SIZES, Inventory, Scene, Thing

_WINDOW = 14
"""Side of the square around a cell's centre that is looked at, in pixels."""
_MARGIN = 4
HEADS = {"shape": len(SHAPES) + 1, "colour": len(COLOURS), "size": len(SIZES)}
"""Answers per cell; shape 0 is no thing."""


class Recogniser(nn.Module):
    """Logits of shape, colour and size for each cell, and of the background."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 48, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(48, 64, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(64 * 4 * 4, 128), nn.ReLU(),
        )  # fmt: skip
        self.cell = nn.Linear(128, sum(HEADS.values()))
        self.background = nn.Linear(128, len(BACKGROUNDS))

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Images (batch, 3, 32, 32) in [-1, 1] -> logits (batch, 9, answers); background (batch, 8)."""
        seen = self.look(windows(images)).unflatten(0, (len(images), CELLS))
        parts = self.cell(seen).split(list(HEADS.values()), dim=-1)
        return dict(zip(HEADS, parts, strict=True)) | {"background": self.background(seen.mean(dim=1))}

    @torch.no_grad()
    def recognise(self, images: npt.NDArray[np.uint8]) -> list[Scene]:
        """Return the scene that each image shows; images are uint8 (n, 32, 32, 3).

        Raises ValueError for another shape.
        """
        if images.ndim != 4 or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE, 3):
            raise ValueError(f"images have shape {images.shape}; (n, 32, 32, 3) is needed")
        scenes: list[Scene] = []
        for batch in torch.tensor(images).split(256):
            logits = self(batch.permute(0, 3, 1, 2).float() / 127.5 - 1)
            best = {name: values.argmax(dim=-1).tolist() for name, values in logits.items()}
            for background, *answers in zip(best["background"], *(best[name] for name in HEADS), strict=True):
                cells = (
                    Thing(SIZES[size], COLOURS[colour], SHAPES[shape - 1]) if shape else None
                    for shape, colour, size in zip(*answers, strict=True)
                )
                scenes.append(Scene(BACKGROUNDS[background], tuple(cells)))
        return scenes


def windows(images: torch.Tensor) -> torch.Tensor:
    """Return the window around each cell, (batch, 3, 32, 32) -> (batch * 9, 3, 14, 14)."""
    padded = functional.pad(images, (_MARGIN,) * 4, mode="replicate")
    crops: list[torch.Tensor] = []
    for cell in range(CELLS):
        x, y = cell_centre(cell)
        left, top = (round(centre - _WINDOW / 2) + _MARGIN for centre in (x, y))
        crops.append(padded[:, :, top : top + _WINDOW, left : left + _WINDOW])
    return torch.stack(crops, dim=1).flatten(0, 1)


def scene_accuracy(asked: Scene | Inventory, shown: Scene) -> float:
    """Return the share of what was asked for that the image shows, in [0, 1].

    A thing counts where its cell holds the right shape, colour and size; where places were left open, in
    any cell, and each thing shown counts once. The background is one thing more; things that nobody asked
    for count as misses: right / (1 + max(things asked, things shown)).
    """
    if isinstance(asked, Scene):
        right = sum(shown.cells[cell] == thing for cell, thing in asked.things)
    else:
        right = (Counter(asked.things) & Counter(shown.inventory.things)).total()
    right += asked.background == shown.background
    return right / (1 + max(asked.complexity, shown.complexity))


def load_recogniser(folder: Path) -> Recogniser:
    """Return the trained recogniser of a folder, ready to look."""
    from safetensors.torch import load_file

    weights: Any = load_file(folder / "model.safetensors")
    recogniser = Recogniser()
    recogniser.load_state_dict({name: value.float() for name, value in weights.items()})
    return recogniser.eval()
