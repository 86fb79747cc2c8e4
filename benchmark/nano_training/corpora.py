"""What each model is trained on: the shapes and colours it never sees, its themes, how many open prompts.

And scenes that differ from another in one detail, to learn telling them apart.

No generator knows everything: what each never sees is in `catbench_make.nano.nano_candidates`, since its
candidates say it too. The common parts (VAE, CLIP, recogniser) see everything.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from catbench_make.nano.nano_candidates import NEVER_SEEN, TEACHERS
from catbench_make.nano.world import (
    BACKGROUNDS,
    CELLS,
    COLOURS,
    SHAPES,
    THEMES,
    Audience,
    Scene,
    Thing,
    Vocabulary,
    draw_complexity,
    draw_for,
    pick,
    pick_weighted,
)


@dataclass(frozen=True)
class Corpus:
    """A distribution of training scenes."""

    name: str
    open_share: float
    """Share of scenes whose prompts leave places open."""
    absent_shapes: tuple[str, ...] = ()
    absent_colours: tuple[str, ...] = ()
    themes: tuple[str, ...] = tuple(THEMES)
    """Most common first; a theme that is not among them never comes."""
    exponent: float = 0.0
    """The k-th theme has weight 1 / k ** exponent."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The shapes and colours that its scenes hold."""
        return Vocabulary(
            tuple(shape for shape in SHAPES if shape not in self.absent_shapes),
            tuple(colour for colour in COLOURS if colour not in self.absent_colours),
        )

    def scenes(self, seed: int | str, number: int) -> Iterator[tuple[Scene, bool]]:
        """Yield so many training scenes, each with whether its prompts leave places open."""
        rng = random.Random(f"catbench nano 2 corpus {self.name} {seed}")
        words = self.vocabulary
        for _ in range(number):
            theme = most_common_first(self.themes, rng, self.exponent)
            scene = draw_for(rng, "training", draw_complexity(rng), theme, words)
            yield scene, rng.random() < self.open_share


def most_common_first(themes: Sequence[str], rng: random.Random, exponent: float = 1.0) -> str:
    """Return one theme; the k-th of the list has weight 1 / k ** exponent (Zipf 1935)."""
    return pick_weighted(rng, themes, [(rank + 1) ** -exponent for rank in range(len(themes))])


def _generator(name: str, open_share: float, exponent: float, themes: str) -> Corpus:
    absent = NEVER_SEEN[name]
    return Corpus(name, open_share, absent.shapes, absent.colours, tuple(themes.split()), exponent)


EVERYTHING = Corpus("everything", open_share=0.4)
"""For the parts that all models share."""
_ALL = (
    EVERYTHING,
    _generator("p", 0.3, 1.0, "toys garden machines sky signs cards buildings sweets"),
    _generator("q", 0.4, 1.0, "sweets cards garden machines buildings sky signs"),
    _generator("r", 0.7, 1.0, "buildings toys signs sky sweets machines cards garden"),
    _generator("t", 0.5, 1.0, "machines signs sky cards sweets toys buildings garden"),
    _generator("l", 0.6, 0.5, "cards sweets sky buildings garden signs machines toys"),
    _generator("masked", 0.6, 0.5, "sky toys garden signs cards buildings machines sweets"),
)
CORPORA = {corpus.name: corpus for corpus in _ALL}
"""By the name of the model that is trained on it."""


def corpus_of(model: str) -> str:
    """Return the name of the corpus that a model is trained on."""
    own = TEACHERS.get(model, model)
    return own if own in CORPORA else EVERYTHING.name


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
    things = dict(scene.things)
    taken = list(things)
    background = scene.background
    cells = list(scene.cells)
    change = rng.random()
    if not taken or change < 0.05:
        worn = {thing.colour for thing in things.values()}
        background = pick(rng, [name for name in BACKGROUNDS if name not in worn])
    elif change < 0.40 and len(taken) > 1:
        first = pick(rng, taken)
        second = pick(rng, [cell for cell in taken if cell != first])
        cells[first], cells[second] = _traded(things[first], things[second], rng)
    elif change < 0.85:
        cell = pick(rng, taken)
        other = Vocabulary().draw_thing(rng, background)
        changed = pick(rng, ("size", "colour", "shape", "shape", "shape"))
        cells[cell] = replace(things[cell], **{changed: getattr(other, changed)})
    else:
        cell = pick(rng, taken)
        free = pick(rng, [empty for empty in range(CELLS) if empty not in taken])
        cells[free], cells[cell] = cells[cell], None
    return Scene(background, tuple(cells))


def _traded(first: Thing, second: Thing, rng: random.Random) -> tuple[Thing, Thing]:
    traded = pick(rng, ("place", "place", "size", "colour", "shape", "shape"))
    if traded == "place":
        return second, first
    return (
        replace(first, **{traded: getattr(second, traded)}),
        replace(second, **{traded: getattr(first, traded)}),
    )
