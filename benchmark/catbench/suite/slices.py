"""Complexity columns: how much a prompt asks for, counted by plain word lists, so that results can be sliced.

    tokens       words and punctuation marks
    numbers      number words and numerals
    attributes   colours, materials, sizes, states
    relations    words that set one thing beside another: on, behind, holding, ...
    styles       words about the picture and not what is on it: oil painting, 8 k, artstation, ...
    complexity   numbers + attributes + relations + styles, in four steps

A phrase counts once, where it counts first: styles, then relations, numbers and attributes. The lists are
English. No router ever sees these columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from catbench.suite.prompts import normalise
from catbench.suite.words import ATTRIBUTES, COLOURS, NUMBERS, RELATIONS, STYLES

COUNTS = ("styles", "relations", "numbers", "attributes")
"""In the order in which phrases are taken."""
STEPS = ((1, "0 to 1"), (3, "2 to 3"), (6, "4 to 6"))
"""Most details of a step, and its name; above the last is `MOST`."""
MOST = "7 or more"
_TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")


def complexity(texts: Sequence[str]) -> pd.DataFrame:
    """Return the complexity columns of prompts, a row each."""
    counted = [_count(text) for text in texts]
    table = pd.DataFrame(counted, columns=["tokens", *COUNTS])[
        ["tokens", "numbers", "attributes", "relations", "styles"]
    ]
    details = table[list(COUNTS)].sum(axis=1)
    return table.assign(complexity=[_step(int(count)) for count in details])


def _count(text: str) -> list[int]:
    left = normalise(text)
    counts = [len(_TOKEN.findall(left))]
    for name in COUNTS:
        left, found = _PATTERNS[name].subn(" | ", left)
        counts.append(found)
    return counts


def _step(details: int) -> str:
    return next((name for most, name in STEPS if details <= most), MOST)


def _pattern(phrases: Sequence[str], more: str = "") -> re.Pattern[str]:
    """Return a pattern of whole phrases, the longest first."""
    known = sorted({" ".join(phrase.split()) for phrase in phrases} - {""}, key=len, reverse=True)
    ways = [r"\s+".join(map(re.escape, phrase.split())) for phrase in known]
    return re.compile(rf"(?<![\w-])(?:{'|'.join([*ways, *filter(None, [more])])})(?![\w-])")


_PATTERNS = {
    "styles": _pattern(STYLES.split("|")),
    "relations": _pattern(RELATIONS.split("|")),
    "numbers": _pattern(NUMBERS.split(), more=r"\d+(?:[.,]\d+)*"),
    "attributes": _pattern([*COLOURS.split(), *ATTRIBUTES.split()]),
}
