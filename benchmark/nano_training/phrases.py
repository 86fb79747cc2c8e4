"""Says a scene in plain English, in many ways: the same scene and seed always give the same prompt.

A prompt with places tells the whole scene, as version 1's do: a thing is named with its size (a medium one
without), colour, shape and place; equal things that fill one of `PATTERNS` may be counted ("three green
circles down the left"), and a thing may be placed by its neighbour. A prompt without places tells the scene's
inventory alone: "three green rings and a big star on a navy background"; no pattern word is in it.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import NamedTuple

from catbench_make.nano.phrases import (
    CELL_PHRASES,
    EMPTY_FRAMES,
    FRAMES,
    MIDDLE,
    PATTERN_PHRASES,
    RELATIONS,
    SIZE_WORDS,
    neighbour,
)
from catbench_make.nano.world import PATTERNS, Thing, pick
from nano_training.world import Scene

SHAPE_WORDS = {
    "circle": ("circle", "disc"),
    "square": ("square", "box"),
    "triangle": ("triangle",),
    "ring": ("ring", "hoop"),
    "cross": ("cross", "plus"),
    "star": ("star",),
    "heart": ("heart",),
    "diamond": ("diamond",),
    "moon": ("moon", "crescent"),
    "arrow": ("arrow",),
    "hourglass": ("hourglass",),
    "arch": ("arch", "gate"),
    "bar": ("bar",),
    "frame": ("frame",),
}
COLOUR_WORDS = {"purple": ("purple", "violet"), "gray": ("gray", "grey"), "cyan": ("cyan", "turquoise")}
"""Words for a colour that has more than its own name."""
PLURALS = {
    word: f"{word}es" if word.endswith(("s", "x", "ch")) else f"{word}s"
    for words in SHAPE_WORDS.values()
    for word in words
}
COUNTS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


class Said(NamedTuple):
    """A prompt, and the things that it names in its order."""

    text: str
    things: tuple[Thing, ...]
    """Equal things that are counted together are repeated; empty for a prompt with places."""


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
