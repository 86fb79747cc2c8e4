"""Rendered scenes with their prompts, drawn from a corpus in chunks and kept on disk.

Each chunk is drawn from its own seed, so that a set that is stopped half-way is taken up at its next chunk.
For what has to tell small differences, scenes come in families of four: one drawn, three that differ from it
in one detail.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from catbench.files import atomic_file
from catbench_make.nano.phrases import say
from catbench_make.nano.render import render
from catbench_make.nano.world import BACKGROUNDS, COLOURS, MAX_THINGS, SHAPES, SIZES, Scene, Thing
from nano_training.corpora import CORPORA, EVERYTHING, Corpus, alter
from nano_training.tokenizer import MAX_TOKENS, build_tokenizer

FAMILY = 4
PHRASINGS = 2
CHUNK = 8192
"""Pictures that are drawn and kept at once; a multiple of `FAMILY`."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Rendered scenes, what is on them, and their prompts as tokens."""

    images: npt.NDArray[np.uint8]
    """(n, 32, 32, 3)."""
    tokens: npt.NDArray[np.int16]
    """(n, `PHRASINGS`, 77), padded with the end token."""
    cells: npt.NDArray[np.int16]
    """(n, 9): `thing_number` of the thing in each cell, -1 for none."""
    named: npt.NDArray[np.int16]
    """(n, `PHRASINGS`, 6): the same of the things that an open prompt names, in its order."""
    backgrounds: npt.NDArray[np.int16]
    """(n,): places in `BACKGROUNDS`."""
    open: npt.NDArray[np.bool_]
    """(n,): whether the scene's prompts leave places open."""

    def __len__(self) -> int:
        return len(self.images)

    def image_batch(self, rows: torch.Tensor) -> torch.Tensor:
        """Return images as float32 (len(rows), 3, 32, 32) in [-1, 1]."""
        pixels = torch.from_numpy(self.images[rows.numpy()])
        return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1

    def token_batch(self, rows: torch.Tensor, phrasing: torch.Tensor) -> torch.Tensor:
        """Return token ids, int64 (len(rows), 77), of the chosen phrasing of each row."""
        return torch.from_numpy(self.tokens[rows.numpy(), phrasing.numpy()]).long()


def thing_number(thing: Thing | None) -> int:
    """Return a number for each possible thing, -1 for none: (shape, colour, size) in mixed radix."""
    if thing is None:
        return -1
    shape, colour, size = SHAPES.index(thing.shape), COLOURS.index(thing.colour), SIZES.index(thing.size)
    return (shape * len(COLOURS) + colour) * len(SIZES) + size


def answers_of(numbers: torch.Tensor) -> list[torch.Tensor]:
    """Return the right answers to each question in `HEADS`, int64 of the shape of `numbers`.

    `numbers` are `thing_number`'s, -1 where there is nothing: shape is then 0, colour and size are
    -100, torch's "ignore".
    """
    nothing = numbers < 0
    rest, size = numbers // len(SIZES), numbers % len(SIZES)
    shape, colour = rest // len(COLOURS) + 1, rest % len(COLOURS)
    return [
        shape.masked_fill(nothing, 0).long(),
        colour.masked_fill(nothing, -100).long(),
        size.masked_fill(nothing, -100).long(),
    ]


def load_pictures(folder: Path, corpus: Corpus, number: int, *, families: bool = False) -> Pictures:
    """Return so many pictures of a corpus, drawn on first use and kept in `folder`."""
    kind = "families" if families else "scenes"
    digest = world_digest()
    chunks: list[dict[str, np.ndarray]] = []
    for index, start in enumerate(range(0, number, CHUNK)):
        size = min(CHUNK, number - start)
        path = folder / f"{corpus.name}-{kind}-{digest}-{index:02d}-{size}.npz"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            drawn = draw_pictures(corpus, size, index, families=families)
            with atomic_file(path) as draft:
                np.savez(draft, **vars(drawn))
        with np.load(path, allow_pickle=False) as stored:
            chunks.append(dict(stored))
    return Pictures(**{name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]})


def draw_pictures(corpus: Corpus, number: int, seed: int = 0, *, families: bool = False) -> Pictures:
    """Return freshly drawn pictures of training scenes of a corpus."""
    told = list(_family_scenes(corpus, number, seed) if families else corpus.scenes(seed, number))
    said = [[say(scene, seed * PHRASINGS + way, places=not is_open) for way in range(PHRASINGS)]
            for scene, is_open in told]  # fmt: skip
    prompts = [one.text for ways in said for one in ways]
    encoded = build_tokenizer()(prompts, padding="max_length", truncation=True, max_length=MAX_TOKENS)
    named = np.full((len(told), PHRASINGS, MAX_THINGS), -1, dtype=np.int16)
    for row, ways in enumerate(said):
        for way, one in enumerate(ways):
            named[row, way, : len(one.things)] = [thing_number(thing) for thing in one.things]
    return Pictures(
        images=np.array([render(scene, seed) for scene, _ in told], dtype=np.uint8),
        tokens=np.array(encoded.input_ids, dtype=np.int16).reshape(len(told), PHRASINGS, MAX_TOKENS),
        cells=np.array([[thing_number(thing) for thing in scene.cells] for scene, _ in told], dtype=np.int16),
        named=named,
        backgrounds=np.array([BACKGROUNDS.index(scene.background) for scene, _ in told], dtype=np.int16),
        open=np.array([is_open for _, is_open in told], dtype=np.bool_),
    )


def _family_scenes(corpus: Corpus, number: int, seed: int) -> Iterator[tuple[Scene, bool]]:
    """Yield scenes in families: each drawn scene is followed by three that differ in a detail."""
    rng = random.Random(f"families {corpus.name} {seed}")
    for first, is_open in corpus.scenes(f"families {seed}", -(-number // FAMILY)):
        yield first, is_open
        for _ in range(FAMILY - 1):
            yield alter(first, rng, "training", places=not is_open), is_open


@cache
def world_digest() -> str:
    """Return a digest of the corpora and a few pictures and prompts: another world has another."""
    few = draw_pictures(EVERYTHING, 16 * FAMILY, families=True)
    seen = repr(CORPORA).encode() + few.images.tobytes() + few.tokens.tobytes() + few.open.tobytes()
    return hashlib.sha256(seen).hexdigest()[:8]
