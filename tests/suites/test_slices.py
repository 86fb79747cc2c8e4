"""Complexity columns, counted by hand."""

from __future__ import annotations

import pytest

from catbench.suite.slices import complexity


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
