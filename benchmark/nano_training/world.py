"""The nano world: scenes of coloured shapes on a 3x3 grid, version 2.

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

from catbench_make.nano.world import (
    BACKGROUNDS,
    CELLS,
    HELD_OUT_SHARE,
    MAX_THINGS,
    PATTERNS,
    SIZES,
    THINGS_SHARE,
    Audience,
    Thing,
    pick,
)

SHAPES = (
    "circle", "square", "triangle", "ring", "cross", "star", "heart",
    "diamond", "moon", "arrow", "hourglass", "arch", "bar", "frame",
)  # fmt: skip
COLOURS = (
    "red", "orange", "yellow", "green", "blue", "purple", "white", "black",
    "pink", "brown", "cyan", "lime",
)  # fmt: skip
MIDDLE = 4
MIDDLE_SHARE = 0.6
"""Share of lone things that stand in the middle."""
PATTERN_SHARE = 0.4
"""Share of scenes of two things or more that have equal things in one of `PATTERNS`."""
THEME_SHARE = 0.85
"""Share of things that come from their scene's theme."""


@dataclass(frozen=True)
class Theme:
    """The shapes and colours that go together in a kind of scene."""

    shapes: tuple[str, ...]
    colours: tuple[str, ...]


THEMES = {
    "sky": Theme(("star", "moon", "circle", "ring"), ("white", "yellow", "blue", "cyan")),
    "cards": Theme(("heart", "diamond", "cross", "square"), ("red", "black", "white", "pink")),
    "signs": Theme(("arrow", "triangle", "circle", "cross"), ("red", "yellow", "blue", "orange")),
    "toys": Theme(("square", "triangle", "ring", "star"), ("green", "orange", "blue", "lime")),
    "buildings": Theme(("arch", "bar", "frame", "square"), ("brown", "white", "orange", "red")),
    "garden": Theme(("heart", "star", "arch", "diamond"), ("green", "lime", "pink", "purple")),
    "sweets": Theme(("moon", "hourglass", "bar", "heart"), ("pink", "brown", "lime", "purple")),
    "machines": Theme(("hourglass", "frame", "arrow", "ring"), ("black", "cyan", "purple", "green")),
}


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
    """The shapes and colours that scenes may hold; all of them unless said otherwise."""

    shapes: tuple[str, ...] = SHAPES
    colours: tuple[str, ...] = COLOURS

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


EVERYTHING = Vocabulary()


def draw_complexity(rng: random.Random, fewest: int = 0) -> int:
    """Return a number of things, `fewest` at least; shares are `THINGS_SHARE`."""
    draw = rng.random() * sum(THINGS_SHARE)
    complexity = 0
    while complexity < MAX_THINGS and draw >= THINGS_SHARE[complexity]:
        draw -= THINGS_SHARE[complexity]
        complexity += 1
    return max(complexity, fewest)


def draw_scenes(seed: int | str, audience: Audience) -> Iterator[tuple[str, Scene]]:
    """Yield (theme, scene) for one audience without end, all themes and concepts equally often.

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


def alter(scene: Scene, rng: random.Random, audience: Audience, *, places: bool) -> Scene:
    """Return a scene for the same audience that differs in one detail, to learn telling them apart.

    One of: two things change places, two trade one attribute, one gets another attribute, one moves
    to a free cell, or the background changes. Two in five times it is a shape: of all details the
    smallest in pixels, and the last to be learned. Without `places` the inventory differs, since a prompt
    that leaves places open tells nothing else.
    """
    while True:
        changed = _altered(scene, rng)
        if (places and changed == scene) or (not places and changed.inventory == scene.inventory):
            continue
        if changed.audience == audience or not changed.complexity:
            return changed


def _altered(scene: Scene, rng: random.Random) -> Scene:
    taken = [cell for cell, _ in scene.things]
    background = scene.background
    cells = list(scene.cells)
    change = rng.random()
    if not taken or change < 0.05:
        worn = {thing.colour for _, thing in scene.things}
        background = pick(rng, [name for name in BACKGROUNDS if name not in worn])
    elif change < 0.40 and len(taken) > 1:
        first = pick(rng, taken)
        second = pick(rng, [cell for cell in taken if cell != first])
        cells[first], cells[second] = _traded(cells[first], cells[second], rng)
    elif change < 0.85:
        cell = pick(rng, taken)
        cells[cell] = _recast(cells[cell], rng, background)
    else:
        cell = pick(rng, taken)
        free = pick(rng, [other for other in range(CELLS) if other not in taken])
        cells[free], cells[cell] = cells[cell], None
    return Scene(background, tuple(cells))


def _traded(
    first: Thing | None, second: Thing | None, rng: random.Random
) -> tuple[Thing | None, Thing | None]:
    assert first is not None
    assert second is not None
    choice = pick(rng, ("place", "place", "size", "colour", "shape", "shape"))
    if choice == "size":
        return Thing(second.size, first.colour, first.shape), Thing(first.size, second.colour, second.shape)
    if choice == "colour":
        return Thing(first.size, second.colour, first.shape), Thing(second.size, first.colour, second.shape)
    if choice == "shape":
        return Thing(first.size, first.colour, second.shape), Thing(second.size, second.colour, first.shape)
    return second, first


def _recast(thing: Thing | None, rng: random.Random, background: str) -> Thing:
    assert thing is not None
    other = EVERYTHING.draw_thing(rng, background)
    choice = pick(rng, ("size", "colour", "shape", "shape", "shape"))
    return Thing(
        other.size if choice == "size" else thing.size,
        other.colour if choice == "colour" else thing.colour,
        other.shape if choice == "shape" else thing.shape,
    )


def thing_number(thing: Thing | None) -> int:
    """Return a number for each possible thing, -1 for none: (shape, colour, size) in mixed radix."""
    if thing is None:
        return -1
    shape, colour, size = SHAPES.index(thing.shape), COLOURS.index(thing.colour), SIZES.index(thing.size)
    return (shape * len(COLOURS) + colour) * len(SIZES) + size


def most_common_first(themes: Sequence[str], rng: random.Random, exponent: float = 1.0) -> str:
    """Return one theme; the k-th of the list has weight 1 / k ** exponent (Zipf 1935)."""
    weights = [(rank + 1) ** -exponent for rank in range(len(themes))]
    draw = rng.random() * sum(weights)
    for theme, weight in zip(themes, weights, strict=True):
        draw -= weight
        if draw < 0:
            return theme
    return themes[-1]
