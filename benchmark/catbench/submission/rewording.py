"""Prompts in other words: a frame around them, a slip of the pen, another dress of letters and full stops.

They mean what they meant, to a person and to a router that reads, and equal none that stood in a list: two
letters of a word change places, so that no list of words helps either. Numbers (`Prompts.features`) move by
a share of their spread. What is said here is drawn anew each time and known to nobody beforehand.
"""

from __future__ import annotations

import numpy as np

from catbench.arrays import Scores
from catbench.prompts import Prompts

FRAMES = (
    "a picture of {}",
    "an image of {}",
    "draw {}",
    "picture: {}",
    "{}, please",
    "{} in one image",
    "{}, thanks",
)
STOPS = ("", ".", "!")
LONG = 5
"""Letters of a word that two of them may change places in."""
SPREAD = 0.05
"""Standard deviation of what is added to a feature, of its own over the prompts."""


def reworded(prompts: Prompts, random: np.random.Generator) -> Prompts:
    """Return the prompts in other words, and their features a little moved."""
    features = {name: _moved(values, random) for name, values in prompts.features.items()}
    return Prompts([reword(text, random) for text in prompts], features)


def reword(text: str, random: np.random.Generator) -> str:
    """Return a text in other words."""
    words = text.split()
    long = [place for place, word in enumerate(words) if len(word) >= LONG and word.isalpha()]
    if long:
        place = int(random.choice(long))
        words[place] = _slipped(words[place], random)
    frame, stop = FRAMES[random.integers(len(FRAMES))], STOPS[random.integers(len(STOPS))]
    said = frame.replace("{}", " ".join(words).rstrip(".!")) + stop
    return said[:1].upper() + said[1:] if random.integers(2) else said


def _slipped(word: str, random: np.random.Generator) -> str:
    """Return a word whose letters at one place inside, where two differ, have changed places."""
    places = [at for at in range(1, len(word) - 2) if word[at] != word[at + 1]]
    if not places:
        return word
    at = int(random.choice(places))
    return f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}"


def _moved(values: Scores, random: np.random.Generator) -> Scores:
    step = SPREAD * values.std(axis=0) * random.standard_normal(values.shape)
    return (values + step).astype(np.float32)
