"""The nano world: scenes of coloured shapes on a 3x3 grid.

A scene is a background and up to `MAX_THINGS` things, at most one per cell; cells are numbered row by
row from the top left, 0 to 8. Its complexity is the number of its things. Scenes are drawn from a seed
with `random.Random`, so the same seed gives the same scenes on every machine.

The SHA-256 of a scene's key decides for good who may see it: a fifth of all scenes is held out for
suites, and everything that is trained draws from the rest. The two can therefore never meet.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

SHAPES = ("circle", "square", "triangle", "ring", "cross", "star")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
SIZES = ("small", "medium", "big")
BACKGROUNDS = ("gray", "pink", "white", "black", "brown", "teal", "beige", "navy")
CELLS = 9
MAX_THINGS = 6

PATTERNS = {
    "along the top": (0, 1, 2),
    "across the middle": (3, 4, 5),
    "along the bottom": (6, 7, 8),
    "down the left": (0, 3, 6),
    "down the middle": (1, 4, 7),
    "down the right": (2, 5, 8),
    "in the top corners": (0, 2),
    "in the bottom corners": (6, 8),
    "in the left corners": (0, 6),
    "in the right corners": (2, 8),
    "on both sides": (3, 5),
    "in the corners": (0, 2, 6, 8),
}
"""Sets of cells that a prompt can name at once, when equal things fill them."""

THINGS_SHARE = (0.03, 0.16, 0.18, 0.19, 0.18, 0.16, 0.10)
"""Share of scenes with 0, 1, ... `MAX_THINGS` things."""
_PATTERN_SHARE = 0.4
HELD_OUT_SHARE = 0.2

Option = TypeVar("Option")
Audience: TypeAlias = Literal["training", "suite"]
"""Who a scene is for: everything trained here, or a suite."""


@dataclass(frozen=True)
class Thing:
    """One shape with its colour and size."""

    size: str
    colour: str
    shape: str

    def __str__(self) -> str:
        return f"{self.size} {self.colour} {self.shape}"


@dataclass(frozen=True)
class Scene:
    """A background and the thing in each of the nine cells, None where a cell is empty."""

    background: str
    cells: tuple[Thing | None, ...]

    def __post_init__(self) -> None:
        if len(self.cells) != CELLS:
            raise ValueError(f"a scene has {CELLS} cells, not {len(self.cells)}")

    @property
    def things(self) -> tuple[tuple[int, Thing], ...]:
        """(cell, thing) of every thing, by rising cell."""
        return tuple((cell, thing) for cell, thing in enumerate(self.cells) if thing is not None)

    @property
    def complexity(self) -> int:
        """The number of things."""
        return len(self.things)

    @property
    def key(self) -> str:
        """The scene in one line; equal scenes, and only those, have equal keys."""
        return "; ".join([f"nano {self.background}", *(f"{cell}: {thing}" for cell, thing in self.things)])

    @property
    def audience(self) -> Audience:
        """Who may see the scene: decided by the SHA-256 of its key, a fifth for suites."""
        share = int(hashlib.sha256(self.key.encode()).hexdigest()[:13], 16) / 16**13
        return "suite" if share < HELD_OUT_SHARE else "training"


def empty(background: str) -> Scene:
    """Return the scene with nothing on it."""
    return Scene(background, (None,) * CELLS)


def draw_thing(rng: random.Random, background: str) -> Thing:
    """Return a random thing that can be seen on the background."""
    colours = [colour for colour in COLOURS if colour != background]
    return Thing(pick(rng, SIZES), pick(rng, colours), pick(rng, SHAPES))


def draw_scene(rng: random.Random, complexity: int) -> Scene:
    """Return a random scene of so many things; equal things often fill one of `PATTERNS`.

    Raises ValueError for a complexity outside 0 to `MAX_THINGS`.
    """
    if not 0 <= complexity <= MAX_THINGS:
        raise ValueError(f"complexity {complexity} is not between 0 and {MAX_THINGS}")
    background = pick(rng, BACKGROUNDS)
    cells: list[Thing | None] = [None] * CELLS
    if complexity >= 2 and rng.random() < _PATTERN_SHARE:
        fitting = [cells_of for cells_of in PATTERNS.values() if len(cells_of) <= complexity]
        thing = draw_thing(rng, background)
        for cell in pick(rng, fitting):
            cells[cell] = thing
    while complexity > sum(thing is not None for thing in cells):
        free = [cell for cell, thing in enumerate(cells) if thing is None]
        cells[pick(rng, free)] = draw_thing(rng, background)
    return Scene(background, tuple(cells))


def draw_scenes(seed: int, audience: Audience) -> Iterator[Scene]:
    """Yield random scenes for one audience without end; complexities follow `THINGS_SHARE`.

    There are only as many empty scenes as backgrounds, and all of them fall to training: a suite's
    scenes have a thing at least.
    """
    rng = random.Random(f"catbench nano {audience} {seed}")
    fewest = 0 if any(empty(background).audience == audience for background in BACKGROUNDS) else 1
    while True:
        draw = rng.random() * sum(THINGS_SHARE)
        complexity = 0
        while complexity < MAX_THINGS and draw >= THINGS_SHARE[complexity]:
            draw -= THINGS_SHARE[complexity]
            complexity += 1
        complexity = max(complexity, fewest)
        scene = draw_scene(rng, complexity)
        while scene.audience != audience:
            scene = draw_scene(rng, complexity)
        yield scene


def pick(rng: random.Random, options: Sequence[Option]) -> Option:
    """Return one option; from `random()` alone, whose stream Python promises never to change."""
    return options[int(rng.random() * len(options))]
