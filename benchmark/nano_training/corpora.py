"""What each model is trained on: the shapes and colours it never sees, its themes, how many open prompts.

No generator knows everything: what each never sees is in `catbench_make.nano.nano_candidates`, since its
candidates say it too. The common parts (VAE, CLIP, recogniser) see everything.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catbench_make.nano.nano_candidates import NEVER_SEEN, TEACHERS
from catbench_make.nano.world import (
    COLOURS,
    SHAPES,
    THEMES,
    Scene,
    Vocabulary,
    draw_complexity,
    draw_for,
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
    weights = [(rank + 1) ** -exponent for rank in range(len(themes))]
    draw = rng.random() * sum(weights)
    for theme, weight in zip(themes, weights, strict=True):
        draw -= weight
        if draw < 0:
            return theme
    return themes[-1]


EVERYTHING = Corpus("everything", open_share=0.4)
"""For the parts that all models share."""
_ALL = (
    EVERYTHING,
    Corpus(
        "p",
        0.3,
        *NEVER_SEEN["p"],
        themes=("toys", "garden", "machines", "sky", "signs", "cards", "buildings", "sweets"),
        exponent=1.0,
    ),
    Corpus(
        "q",
        0.4,
        *NEVER_SEEN["q"],
        themes=("sweets", "cards", "garden", "machines", "buildings", "sky", "signs"),
        exponent=1.0,
    ),
    Corpus(
        "r",
        0.7,
        *NEVER_SEEN["r"],
        themes=("buildings", "toys", "signs", "sky", "sweets", "machines", "cards", "garden"),
        exponent=1.0,
    ),
    Corpus(
        "t",
        0.5,
        *NEVER_SEEN["t"],
        themes=("machines", "signs", "sky", "cards", "sweets", "toys", "buildings", "garden"),
        exponent=1.0,
    ),
    Corpus(
        "l",
        0.6,
        *NEVER_SEEN["l"],
        themes=("cards", "sweets", "sky", "buildings", "garden", "signs", "machines", "toys"),
        exponent=0.5,
    ),
    Corpus(
        "masked",
        0.6,
        *NEVER_SEEN["masked"],
        themes=("sky", "toys", "garden", "signs", "cards", "buildings", "machines", "sweets"),
        exponent=0.5,
    ),
)
CORPORA = {corpus.name: corpus for corpus in _ALL}
"""By the name of the model that is trained on it."""
FIVE = ("p", "q", "r", "t", "l")
"""The diffusion models that are trained from nothing."""


def corpus_of(model: str) -> str:
    """Return the name of the corpus that a model is trained on."""
    own = TEACHERS.get(model, model)
    return own if own in CORPORA else EVERYTHING.name
