"""Scenes that differ from another in one detail, to learn telling them apart."""

from __future__ import annotations

import random

from catbench_make.nano.world import (
    BACKGROUNDS,
    CELLS,
    EVERYTHING,
    Audience,
    Scene,
    Thing,
    pick,
)


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
