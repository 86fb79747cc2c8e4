"""Says a scene in plain English, in many ways: the same scene and seed always give the same prompt.

A prompt with places tells the whole scene: a thing is named with its size (a medium one
without), colour, shape and place; equal things that fill one of `PATTERNS` may be counted ("three green
circles down the left"), and a thing may be placed by its neighbour. A prompt without places tells the scene's
inventory alone: "three green rings and a big star on a navy background"; no pattern word is in it.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import NamedTuple

from catbench_make.nano.world import MIDDLE, PATTERNS, SHAPES, Scene, Thing, pick

SIZE_WORDS = {"small": ("small", "little", "tiny"), "medium": ("",), "big": ("big", "large", "huge")}
SHAPE_WORDS: dict[str, tuple[str, ...]] = {name: (name,) for name in SHAPES} | {
    "circle": ("circle", "disc"),
    "square": ("square", "box"),
    "ring": ("ring", "hoop"),
    "cross": ("cross", "plus"),
    "moon": ("moon", "crescent"),
    "arch": ("arch", "gate"),
}
COLOUR_WORDS = {"purple": ("purple", "violet"), "gray": ("gray", "grey"), "cyan": ("cyan", "turquoise")}
"""Words for a colour that has more than its own name."""
PLURALS = {
    word: f"{word}es" if word.endswith(("s", "x", "ch")) else f"{word}s"
    for words in SHAPE_WORDS.values()
    for word in words
}
COUNTS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}

_CORNERS = {0: "top left", 2: "top right", 6: "bottom left", 8: "bottom right"}
CELL_PHRASES: dict[int, tuple[str, ...]] = {
    **{
        cell: (f"in the {name}", f"in the {name} corner", f"at the {name}") for cell, name in _CORNERS.items()
    },
    1: ("at the top", "in the top middle", "at the top center"),
    3: ("on the left", "at the left", "on the left side"),
    4: ("in the middle", "in the center", "at the center"),
    5: ("on the right", "at the right", "on the right side"),
    7: ("at the bottom", "in the bottom middle", "at the bottom center"),
}
"""Ways to say a cell; no phrase stands for two cells."""
PATTERN_PHRASES: dict[str, tuple[str, ...]] = {name: (name,) for name in PATTERNS} | {
    "along the top": ("along the top", "in the top row"),
    "along the bottom": ("along the bottom", "in the bottom row"),
    "across the middle": ("across the middle", "in the middle row"),
    "down the left": ("down the left", "on the left", "along the left"),
    "down the right": ("down the right", "on the right", "along the right"),
    "down the middle": ("down the middle", "in the middle column"),
}
RELATIONS = {"above": (-1, 0), "below": (1, 0), "to the left of": (0, -1), "to the right of": (0, 1)}
"""Relation -> (rows, columns) from the thing that is named second to the one named first."""
FRAMES = (
    "{items} on a {background} background",
    "{items}, on a {background} background",
    "on a {background} background, {items}",
    "a {background} background with {items}",
    "{background} background: {items}",
    "a picture of {items} on a {background} background",
)
EMPTY_FRAMES = (
    "nothing on a {background} background",
    "an empty {background} background",
    "a plain {background} background",
    "only a {background} background",
    "a {background} background with nothing on it",
    "a blank {background} picture",
)


class Said(NamedTuple):
    """A prompt, and the things that it names in its order."""

    text: str
    things: tuple[Thing, ...]
    """Equal things that are counted together are repeated; empty for a prompt with places."""


def neighbour(cell: int, relation: str) -> int | None:
    """Return the cell that stands in the relation to `cell`, None where the grid ends."""
    rows, columns = RELATIONS[relation]
    row, column = cell // 3 + rows, cell % 3 + columns
    return 3 * row + column if 0 <= row < 3 and 0 <= column < 3 else None


def phrase(scene: Scene, seed: int = 0, *, places: bool = True) -> str:
    """Return one prompt for the scene, lower case; other seeds give other phrasings."""
    return say(scene, seed, places=places).text


def say(scene: Scene, seed: int = 0, *, places: bool = True) -> Said:
    """Return one prompt for the scene, with what it names if it leaves places open."""
    rng = random.Random(f"{scene.key} {seed}" if places else f"{scene.inventory.key} open {seed}")
    background = pick(rng, COLOUR_WORDS.get(scene.background, (scene.background,)))
    if not scene.complexity:
        return Said(pick(rng, EMPTY_FRAMES).format(background=background), ())
    if places:
        items, things = _placed(dict(scene.things), rng), ()
    else:
        counted = sorted(Counter(scene.inventory.things).items(), key=lambda _: rng.random())
        items = [_counted(thing, number, rng) for thing, number in counted]
        things = tuple(thing for thing, number in counted for _ in range(number))
    joined = ", ".join(items[:-1]) + " and " + items[-1] if len(items) > 1 else items[0]
    return Said(pick(rng, FRAMES).format(items=joined, background=background), things)


def _counted(thing: Thing, number: int, rng: random.Random) -> str:
    noun = _noun(thing, rng, plural=number > 1)
    return _with_article(noun) if number == 1 else f"{COUNTS[number]} {noun}"


def _placed(left: dict[int, Thing], rng: random.Random) -> list[str]:
    """Return the scene's things as noun phrases in random order, each cell in exactly one of them."""
    items: list[str] = []
    for name, cells in PATTERNS.items():
        same = {left.get(cell) for cell in cells}
        thing = next(iter(same))
        if len(same) == 1 and thing is not None and rng.random() < 0.8:
            place = pick(rng, PATTERN_PHRASES[name])
            items.append(f"{COUNTS[len(cells)]} {_noun(thing, rng, plural=True)} {place}")
            left = {cell: other for cell, other in left.items() if cell not in cells}
    while left:
        cell = pick(rng, sorted(left))
        relation = pick(rng, list(RELATIONS))
        beside = neighbour(cell, relation)
        thing = left.pop(cell)
        if beside is not None and beside in left and rng.random() < 0.5:
            items.append(_related(cell, thing, relation, left.pop(beside), rng))
        else:
            items.append(_single(cell, thing, rng))
    return sorted(items, key=lambda _: rng.random())


def _single(cell: int, thing: Thing, rng: random.Random) -> str:
    noun, place = _with_article(_noun(thing, rng)), pick(rng, CELL_PHRASES[cell])
    return f"{place} {noun}" if rng.random() < 0.25 else f"{noun} {place}"


def _related(cell: int, thing: Thing, relation: str, other: Thing, rng: random.Random) -> str:
    anchor, placed = _with_article(_noun(thing, rng)), _with_article(_noun(other, rng))
    place = pick(rng, CELL_PHRASES[cell])
    if cell == MIDDLE and rng.random() < 0.6:
        return f"{placed} {relation} {anchor}"
    if rng.random() < 0.5:
        return f"{placed} {relation} {anchor} {place}"
    return f"{anchor} {place} with {placed} {relation} it"


def _noun(thing: Thing, rng: random.Random, *, plural: bool = False) -> str:
    shape = pick(rng, SHAPE_WORDS[thing.shape])
    colour = pick(rng, COLOUR_WORDS.get(thing.colour, (thing.colour,)))
    size = pick(rng, SIZE_WORDS[thing.size])
    return " ".join(filter(None, (size, colour, PLURALS[shape] if plural else shape)))


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
