"""A CLIP tokenizer with a vocabulary of this world's own.

Byte-pair encoding as CLIP's (Sennrich et al. 2016; Radford et al. 2021), learned on the words of the
grammar alone until each of them is one token. Every other text still has a spelling in single bytes, so
no prompt is refused. Some 800 tokens instead of 49,408: the embedding table is small.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from catbench_make.nano import phrases
from catbench_make.nano.nano_suite import MAX_TOKENS
from catbench_make.nano.shipped_models import untyped
from catbench_make.nano.world import BACKGROUNDS, COLOURS

START, END = "<|startoftext|>", "<|endoftext|>"
_WORD_END = "</w>"


@cache
def grammar_words() -> tuple[str, ...]:
    """Return every word that a prompt of the grammar can hold, sorted; punctuation included."""
    texts = [
        *phrases.FRAMES, *phrases.EMPTY_FRAMES, *phrases.PLURALS, *phrases.PLURALS.values(),
        *phrases.COUNTS.values(), *phrases.RELATIONS, *COLOURS, *BACKGROUNDS, "a an and with it",
    ]  # fmt: skip
    for table in (phrases.SIZE_WORDS, phrases.COLOUR_WORDS, phrases.CELL_PHRASES, phrases.PATTERN_PHRASES):
        texts += [" ".join(options) for options in table.values()]
    words = re.findall(r"[a-z]+|[,:]", re.sub(r"\{\w+\}", " ", " ".join(texts)))
    return tuple(sorted(set(words)))


def learn_merges(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return byte-pair merges, first one first, after which every word is one token."""
    spellings = [[*word[:-1], word[-1] + _WORD_END] for word in words]
    merges: list[tuple[str, str]] = []
    while any(len(symbols) > 1 for symbols in spellings):
        counts = Counter(pair for symbols in spellings for pair in pairwise(symbols))
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        spellings = [_merged(symbols, best) for symbols in spellings]
    return merges


def _merged(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return merged


@cache
def vocabulary() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Return (token -> id, merges): bytes, bytes that end a word, merges, start, end, in this order.

    Every word of the grammar is one token.
    """
    merges = learn_merges(grammar_words())
    table = untyped("transformers.convert_slow_tokenizer").bytes_to_unicode()  # printable, as GPT-2 has them
    symbols = [table[byte] for byte in range(256)]
    joined = dict.fromkeys(left + right for left, right in merges)
    tokens = [*symbols, *(symbol + _WORD_END for symbol in symbols), *joined, START, END]
    return {token: number for number, token in enumerate(tokens)}, merges


def build_tokenizer() -> Any:
    """Return the `transformers.CLIPTokenizer` of `vocabulary`; it pads with the end token, as CLIP's does."""
    vocab, merges = vocabulary()
    return untyped("transformers").CLIPTokenizer(
        vocab=vocab, merges=merges, bos_token=START, eos_token=END, unk_token=END, pad_token=END,
        model_max_length=MAX_TOKENS,
    )  # fmt: skip
