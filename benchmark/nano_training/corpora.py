"""What each model is trained on: the shapes and colours it never sees, its themes, how many open prompts.

No generator knows everything: each of P, Q, R and T never sees five of the 14 shapes and four of the 12
colours, L three of each, the masked model three of each. Every shape and colour is known to at least three of
the five and absent from at least one. Which are absent was chosen so that each of the four knows other themes
well. The common parts (VAE, CLIP, recogniser) see everything.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from nano_training.world import (
    COLOURS,
    SHAPES,
    THEMES,
    Scene,
    Vocabulary,
    draw_complexity,
    draw_for,
    most_common_first,
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


EVERYTHING = Corpus("everything", open_share=0.4)
"""For the parts that all models share."""
_ALL = (
    EVERYTHING,
    Corpus(
        "p",
        open_share=0.3,
        absent_shapes=("triangle", "cross", "heart", "moon", "hourglass"),
        absent_colours=("red", "white", "brown", "cyan"),
        themes=("toys", "garden", "machines", "sky", "signs", "cards", "buildings", "sweets"),
        exponent=1.0,
    ),
    Corpus(
        "q",
        open_share=0.4,
        absent_shapes=("square", "triangle", "ring", "star", "arrow"),
        absent_colours=("orange", "yellow", "brown", "cyan"),
        themes=("sweets", "cards", "garden", "machines", "buildings", "sky", "signs"),
        exponent=1.0,
    ),
    Corpus(
        "r",
        open_share=0.7,
        absent_shapes=("cross", "heart", "diamond", "moon", "arch"),
        absent_colours=("yellow", "green", "purple", "black"),
        themes=("buildings", "toys", "signs", "sky", "sweets", "machines", "cards", "garden"),
        exponent=1.0,
    ),
    Corpus(
        "t",
        open_share=0.5,
        absent_shapes=("circle", "square", "star", "arch", "bar"),
        absent_colours=("green", "white", "pink", "lime"),
        themes=("machines", "signs", "sky", "cards", "sweets", "toys", "buildings", "garden"),
        exponent=1.0,
    ),
    Corpus(
        "l",
        open_share=0.6,
        absent_shapes=("ring", "diamond", "frame"),
        absent_colours=("orange", "blue", "purple"),
        themes=("cards", "sweets", "sky", "buildings", "garden", "signs", "machines", "toys"),
        exponent=0.5,
    ),
    Corpus(
        "masked",
        open_share=0.6,
        absent_shapes=("arrow", "hourglass", "bar"),
        absent_colours=("red", "lime", "black"),
        themes=("sky", "toys", "garden", "signs", "cards", "buildings", "machines", "sweets"),
        exponent=0.5,
    ),
)
CORPORA = {corpus.name: corpus for corpus in _ALL}
"""By the name of the model that is trained on it."""
FIVE = ("p", "q", "r", "t", "l")
"""The diffusion models that are trained from nothing."""
TEACHERS = {"turbo": "p", "lightning": "q"}
"""Distilled model -> the one whose steps it learns, on the same corpus."""


def corpus_of(model: str) -> str:
    """Return the name of the corpus that a model is trained on."""
    own = TEACHERS.get(model, model)
    return own if own in CORPORA else EVERYTHING.name
