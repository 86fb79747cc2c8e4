"""The language rule, by hand."""

from __future__ import annotations

import pytest

from catbench_make.prompts.language import is_off_language


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
