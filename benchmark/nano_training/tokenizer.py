"""The CLIP tokenizer of this world: byte-pair merges learned until each word of its grammar is one token."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from catbench_make.nano import phrases as shared
from catbench_make.nano import tokenizer as first
from catbench_make.nano.tokenizer import MAX_TOKENS
from catbench_make.nano.world import BACKGROUNDS
from nano_training import phrases, world


@cache
def grammar_words() -> tuple[str, ...]:
    """Return every word that a prompt of the grammar can hold, sorted; punctuation included."""
    texts = [
        *shared.FRAMES, *shared.EMPTY_FRAMES, *phrases.PLURALS, *phrases.PLURALS.values(),
        *phrases.COUNTS.values(), *shared.RELATIONS, *world.COLOURS, *BACKGROUNDS, "a an and with it",
    ]  # fmt: skip
    for table in (shared.SIZE_WORDS, phrases.COLOUR_WORDS, shared.CELL_PHRASES, shared.PATTERN_PHRASES):
        texts += [" ".join(options) for options in table.values()]
    words = re.findall(r"[a-z]+|[,:]", re.sub(r"\{\w+\}", " ", " ".join(texts)))
    return tuple(sorted(set(words)))


def vocabulary() -> dict[str, int]:
    """Return token -> id."""
    return first.vocabulary(grammar_words())[0]


def build_tokenizer() -> Any:
    """Return the `transformers.CLIPTokenizer`; it pads with the end token, as CLIP's does."""
    return first.build_tokenizer(grammar_words())


__all__ = ["MAX_TOKENS", "build_tokenizer", "grammar_words", "vocabulary"]
