"""Prompts in other words: a frame around them with a name that nobody heard, other capitals, a full stop.

They mean what they meant, to a person and to a router that reads, and equal none that stood in a list.
Nothing inside is touched: a slip of the pen in each prompt took two thirds of its gain from an honest router
that parses. Numbers (`Prompts.features`) move by a share of their spread. All of it is drawn anew each time.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Scores
from catbench.suite.prompts import Prompts

FRAMES = (
    "a picture of {}, by {name}",
    "an image of {}, {name}",
    "{name} picture: {}",
    "for {name}: {}",
    "{}, please, {name}",
    "{}, as {name} would",
    "{}, thanks, {name}",
)
STOPS = ("", ".", "!")
SPREAD = 0.05
"""Standard deviation of what is added to a feature, of its own over the prompts."""


def reworded(prompts: Prompts, random: np.random.Generator) -> Prompts:
    """Return the prompts in other words, and their features a little moved."""
    features = {name: _moved(values, random) for name, values in prompts.features.items()}
    return Prompts([reword(text, random) for text in prompts], features)


def reword(text: str, random: np.random.Generator) -> str:
    """Return a text in other words."""
    frame, stop = FRAMES[random.integers(len(FRAMES))], STOPS[random.integers(len(STOPS))]
    inside = " ".join(text.split()).rstrip(".!")
    said = frame.replace("{name}", _name(random)).replace("{}", inside) + stop
    return said[:1].upper() + said[1:] if random.integers(2) else said


def _name(random: np.random.Generator) -> str:
    """Return two or three syllables."""
    pairs = zip(random.choice(list("bdfgklmnprstvz"), 3), random.choice(list("aeiou"), 3), strict=True)
    return "".join(consonant + vowel for consonant, vowel in pairs)[: 2 * int(random.integers(2, 4))]


def _moved(values: Scores, random: np.random.Generator) -> Scores:
    step = SPREAD * values.std(axis=0) * random.standard_normal(values.shape)
    return (values + step).astype(np.float32)
