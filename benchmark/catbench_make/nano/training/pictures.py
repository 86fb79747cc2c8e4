"""The rendered scenes that the nano models are trained on.

Scenes come in families of four, one drawn and three that differ from it in one detail, so that a batch
of families teaches to tell them apart. A set is drawn from its seed once and kept on disk.
"""

from __future__ import annotations

import hashlib
import inspect
import random
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from catbench.files import atomic_file
from catbench_make.nano import phrases, tokenizer, world
from catbench_make.nano import render as renderer
from catbench_make.nano.phrases import phrase
from catbench_make.nano.render import IMAGE_SIZE, render
from catbench_make.nano.tokenizer import MAX_TOKENS, build_tokenizer
from catbench_make.nano.world import Audience, Scene, alter, draw_scenes

FAMILY = 4
PHRASINGS = 2


class Images(Protocol):
    """What an autoencoder needs of a set of pictures."""

    def __len__(self) -> int:
        """Return the number of pictures."""
        ...

    def image_batch(self, rows: torch.Tensor) -> torch.Tensor:
        """Return images as float32 (len(rows), 3, 32, 32) in [-1, 1]."""
        ...


@dataclass(frozen=True, eq=False)
class Pictures:
    """Rendered scenes with their prompts as tokens; n is a multiple of `FAMILY`."""

    images: npt.NDArray[np.uint8]
    """(n, 32, 32, 3)."""
    tokens: npt.NDArray[np.int16]
    """(n, `PHRASINGS`, 77), padded with the end token."""
    seed: int
    """Of `family_scenes`, which tells the scene of every row."""

    def __len__(self) -> int:
        return len(self.images)

    def things(self) -> npt.NDArray[np.int64]:
        """Return the number of things in each scene, (n,)."""
        return np.array([scene.complexity for scene in family_scenes(self.seed, len(self))])

    def image_batch(self, rows: torch.Tensor) -> torch.Tensor:
        """Return images as float32 (len(rows), 3, 32, 32) in [-1, 1]."""
        pixels = torch.from_numpy(self.images[rows.numpy()])
        return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1

    def token_batch(self, rows: torch.Tensor, phrasing: torch.Tensor) -> torch.Tensor:
        """Return token ids, int64 (len(rows), 77), of the chosen phrasing of each row."""
        return torch.from_numpy(self.tokens[rows.numpy(), phrasing.numpy()]).long()


def family_scenes(seed: int, number: int, audience: Audience = "training") -> list[Scene]:
    """Return scenes in families: each drawn scene is followed by three that differ in a detail."""
    rng = random.Random(f"families {seed}")
    scenes: list[Scene] = []
    for scene in islice(draw_scenes(seed, audience), -(-number // FAMILY)):
        scenes += [scene, *(alter(scene, rng, audience) for _ in range(FAMILY - 1))]
    return scenes


def load_pictures(folder: Path, seed: int = 0, number: int = 64_000) -> Pictures:
    """Return the training set of this seed and size, drawn on first use and kept in `folder`.

    Its file is named after the code of the world too, so that another world is drawn anew.
    """
    code = "".join(inspect.getsource(module) for module in (world, renderer, phrases, tokenizer))
    digest = hashlib.sha256(code.encode()).hexdigest()[:8]
    path = folder / f"pictures-{seed}-{number}-{digest}.npz"
    if not path.exists():
        pictures = draw_pictures(seed, number)
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as draft:
            np.savez(draft, images=pictures.images, tokens=pictures.tokens)
    with np.load(path, allow_pickle=False) as stored:
        return Pictures(stored["images"], stored["tokens"], seed)


def draw_pictures(seed: int, number: int) -> Pictures:
    """Return freshly rendered pictures of training scenes, about `number` rounded up to families."""
    scenes = family_scenes(seed, number)
    images = np.empty((len(scenes), IMAGE_SIZE, IMAGE_SIZE, 3), dtype=np.uint8)
    prompts: list[str] = []
    for row, scene in enumerate(tqdm(scenes, desc="rendering", unit="scene", mininterval=1)):
        images[row] = render(scene, seed)
        prompts += [phrase(scene, way) for way in range(PHRASINGS)]
    encoded = build_tokenizer()(prompts, padding="max_length", truncation=True, max_length=MAX_TOKENS)
    tokens = np.array(encoded.input_ids, dtype=np.int16).reshape(len(scenes), PHRASINGS, MAX_TOKENS)
    return Pictures(images, tokens, seed)
