"""Complexity columns and the language rule, counted by hand."""

from __future__ import annotations

import pytest

from catbench.prompt_sets.language import is_off_language
from catbench.prompt_sets.slices import complexity


@pytest.mark.parametrize(
    ("text", "tokens", "numbers", "attributes", "relations", "styles", "step"),
    [
        ("a cat", 2, 0, 0, 0, 0, "0 to 1"),
        ("Two red  cats on a wooden bench.", 8, 1, 2, 1, 0, "4 to 6"),
        ("a dog in front of a house", 7, 0, 0, 1, 0, "0 to 1"),
        ("oil painting of a castle, trending on artstation, 8 k", 12, 0, 0, 0, 3, "2 to 3"),
        ("3 birds and 12 fish", 5, 2, 0, 0, 0, "2 to 3"),
        ("bored cattle, a reddish island", 6, 0, 0, 0, 0, "0 to 1"),  # red, on, big: not inside words
        ("a big old red green blue bus behind two tiny cars", 11, 1, 6, 1, 0, "7 or more"),
        ("", 0, 0, 0, 0, 0, "0 to 1"),
    ],
)
def test_details_are_counted(text, tokens, numbers, attributes, relations, styles, step):
    row = complexity([text]).iloc[0]
    assert row.tolist() == [tokens, numbers, attributes, relations, styles, step]


@pytest.mark.parametrize(
    ("text", "off"),
    [
        ("a cat on a chair", False),
        ("portrait by leonardo da vinci and juan de la cruz", False),
        ("concept art, 8 k, artstation", False),
        ("кот на крыше", True),
        ("東京の夜", True),
        ("un perro en la playa con una pelota", True),
        ("ein Haus und der Mond über dem See", True),
        ("12345 !!!", False),
    ],
)
def test_a_prompt_in_another_language_is_told(text, off):
    assert is_off_language(text) is off
