"""The nano world: scenes of coloured shapes on a 3x3 grid.

A scene is a background and up to `MAX_THINGS` things, at most one per cell; cells are numbered row by
row from the top left, 0 to 8. Its complexity is the number of its things. Scenes are drawn from a seed
with `random.Random`, so the same seed gives the same scenes on every machine.

A scene has a theme: a few shapes and colours that most of its things come from. A lone thing stands in
the middle more often than not, as in photographs.

A prompt may leave places open. What it then tells is the scene's `Inventory`: the background and the
multiset of things. The SHA-256 of the inventory decides for good who may see a scene: a fifth of all
inventories is held out for suites, and everything that is trained draws from the rest. So no prompt of a
suite, with places or without, is ever met in training.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

SHAPES = (
    "circle", "square", "triangle", "ring", "cross", "star", "heart",
    "diamond", "moon", "arrow", "hourglass", "arch", "bar", "frame",
)  # fmt: skip
COLOURS = (
    "red", "orange", "yellow", "green", "blue", "purple", "white", "black",
    "pink", "brown", "cyan", "lime",
)  # fmt: skip
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
MIDDLE = 4
MIDDLE_SHARE = 0.6
"""Share of lone things that stand in the middle."""
PATTERN_SHARE = 0.4
"""Share of scenes of two things or more that have equal things in one of `PATTERNS`."""
THEME_SHARE = 0.85
"""Share of things that come from their scene's theme."""
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
class Inventory:
    """What a prompt tells that leaves places open: a background and things, equal ones repeated."""

    background: str
    things: tuple[Thing, ...]
    """In a fixed order, so that equal multisets are equal."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "things", tuple(sorted(self.things, key=str)))

    @property
    def complexity(self) -> int:
        """The number of things."""
        return len(self.things)

    @property
    def key(self) -> str:
        """The inventory in one line; equal inventories, and only those, have equal keys."""
        return "; ".join([f"nano 2 {self.background}", *map(str, self.things)])

    @property
    def audience(self) -> Audience:
        """Who may see scenes with this inventory: decided by the SHA-256 of its key, a fifth for suites."""
        share = int(hashlib.sha256(self.key.encode()).hexdigest()[:13], 16) / 16**13
        return "suite" if share < HELD_OUT_SHARE else "training"


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
        return "; ".join([f"nano 2 {self.background}", *(f"{cell}: {thing}" for cell, thing in self.things)])

    @property
    def inventory(self) -> Inventory:
        """The scene without its places."""
        return Inventory(self.background, tuple(thing for _, thing in self.things))

    @property
    def audience(self) -> Audience:
        """Who may see the scene: decided by its inventory, a fifth for suites."""
        return self.inventory.audience


@dataclass(frozen=True)
class Vocabulary:
    """Some shapes and colours; all of them unless said otherwise."""

    shapes: tuple[str, ...] = SHAPES
    colours: tuple[str, ...] = COLOURS

    def knows(self, thing: Thing) -> bool:
        """Whether a thing's shape and colour are both among them."""
        return thing.shape in self.shapes and thing.colour in self.colours

    def draw_thing(self, rng: random.Random, background: str, theme: str | None = None) -> Thing:
        """Return a random thing that can be seen on the background, mostly from the theme if there is one."""
        shapes = self.shapes
        colours = tuple(colour for colour in self.colours if colour != background)
        if theme is not None and rng.random() < THEME_SHARE:
            shapes = tuple(name for name in shapes if name in THEMES[theme].shapes) or shapes
            colours = tuple(name for name in colours if name in THEMES[theme].colours) or colours
        return Thing(pick(rng, SIZES), pick(rng, colours), pick(rng, shapes))

    def draw_scene(self, rng: random.Random, complexity: int, theme: str | None = None) -> Scene:
        """Return a random scene of so many things; equal things often fill one of `PATTERNS`.

        Raises ValueError for a complexity outside 0 to `MAX_THINGS`.
        """
        if not 0 <= complexity <= MAX_THINGS:
            raise ValueError(f"complexity {complexity} is not between 0 and {MAX_THINGS}")
        background = pick(rng, BACKGROUNDS)
        cells: list[Thing | None] = [None] * CELLS
        if complexity == 1 and rng.random() < MIDDLE_SHARE:
            cells[MIDDLE] = self.draw_thing(rng, background, theme)
        if complexity >= 2 and rng.random() < PATTERN_SHARE:
            fitting = [cells_of for cells_of in PATTERNS.values() if len(cells_of) <= complexity]
            thing = self.draw_thing(rng, background, theme)
            for cell in pick(rng, fitting):
                cells[cell] = thing
        while complexity > sum(thing is not None for thing in cells):
            free = [cell for cell, thing in enumerate(cells) if thing is None]
            cells[pick(rng, free)] = self.draw_thing(rng, background, theme)
        return Scene(background, tuple(cells))


THEMES = {
    "sky": Vocabulary(("star", "moon", "circle", "ring"), ("white", "yellow", "blue", "cyan")),
    "cards": Vocabulary(("heart", "diamond", "cross", "square"), ("red", "black", "white", "pink")),
    "signs": Vocabulary(("arrow", "triangle", "circle", "cross"), ("red", "yellow", "blue", "orange")),
    "toys": Vocabulary(("square", "triangle", "ring", "star"), ("green", "orange", "blue", "lime")),
    "buildings": Vocabulary(("arch", "bar", "frame", "square"), ("brown", "white", "orange", "red")),
    "garden": Vocabulary(("heart", "star", "arch", "diamond"), ("green", "lime", "pink", "purple")),
    "sweets": Vocabulary(("moon", "hourglass", "bar", "heart"), ("pink", "brown", "lime", "purple")),
    "machines": Vocabulary(("hourglass", "frame", "arrow", "ring"), ("black", "cyan", "purple", "green")),
}
"""Shapes and colours that go together in a kind of scene."""
EVERYTHING = Vocabulary()


def draw_complexity(rng: random.Random, fewest: int = 0) -> int:
    """Return a number of things, `fewest` at least; shares are `THINGS_SHARE`."""
    return max(fewest, pick_weighted(rng, range(MAX_THINGS + 1), THINGS_SHARE))


def draw_scenes(seed: int | str, audience: Audience) -> Iterator[tuple[str, Scene]]:
    """Yield (theme, scene) for one audience without end, all themes equally often.

    There are only as many empty scenes as backgrounds, so a suite's scenes have a thing at least.
    """
    rng = random.Random(f"catbench nano 2 {audience} {seed}")
    fewest = 1 if audience == "suite" else 0
    while True:
        theme = pick(rng, tuple(THEMES))
        yield theme, draw_for(rng, audience, draw_complexity(rng, fewest), theme)


def draw_for(
    rng: random.Random, audience: Audience, complexity: int, theme: str, words: Vocabulary = EVERYTHING
) -> Scene:
    """Return a random scene that this audience may see; one with nothing on it is for anyone."""
    while True:
        scene = words.draw_scene(rng, complexity, theme)
        if scene.audience == audience or not complexity:
            return scene


def pick(rng: random.Random, options: Sequence[Option]) -> Option:
    """Return one option; from `random()` alone, whose stream Python promises never to change."""
    return options[int(rng.random() * len(options))]


def pick_weighted(rng: random.Random, options: Sequence[Option], weights: Sequence[float]) -> Option:
    """Return one option, as often as its weight says; from one `random()`, as `pick`."""
    draw = rng.random() * sum(weights)
    for option, weight in zip(options, weights, strict=True):
        draw -= weight
        if draw < 0:
            return option
    return options[-1]
