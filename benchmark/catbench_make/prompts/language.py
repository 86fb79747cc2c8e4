"""Which prompts are not English, told by plain rules: what script they are in, and their function words.

Nothing is left out for its language; suites report how many there are. A list of tags has no function words
and counts as English, whatever the artists' names in it.
"""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W\d_]+")
LEAST = 3
"""Distinct function words of another language that tell of it; two may stand in a name (de la Cruz)."""

ENGLISH = """
a about after an and are as at be been behind being but by for from has have he her his in into is it its
of off on or over she some standing that the their them there these they this to under up was were which
while who will with without you your
"""
OTHERS = {
    "Dutch": "de een en het van op met voor naar zijn aan niet bij uit onder tussen",
    "French": "le la les un une des du de et dans sur avec pour au aux qui est en son sa ses sous",
    "German": "der die das ein eine einer eines und im auf mit von zu den dem am vom zum ist für bei unter",
    "Italian": "il lo gli un una di del della dei delle nel nella con su per che è sul alla in",
    "Polish": "w na z do i się jest nad pod przed przez dla jak przy oraz",
    "Portuguese": "o os um uma do da dos das no na nos nas com em para por que é ao pela pelo e de",
    "Spanish": "el la los las un una de del en con por para y que es al su sobre se como",
    "Swedish": "en ett och på med av för till som är den det från under över i",
    "Turkish": "bir ve bu için ile gibi çok üzerinde içinde olan",
}
_ENGLISH = frozenset(ENGLISH.split())
_OTHERS = {name: frozenset(words.split()) for name, words in OTHERS.items()}


def is_off_language(text: str) -> bool:
    """Return whether a prompt is mostly in another script than Latin, or in another language than English."""
    words = [word.casefold() for word in _WORD.findall(unicodedata.normalize("NFKC", text))]
    letters = "".join(words)
    if not letters:
        return False
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    if latin < len(letters) / 2:
        return True
    distinct = set(words)
    english = len(distinct & _ENGLISH)
    return any(len(found) >= LEAST and len(found - _ENGLISH) > english for found in _shared(distinct))


def _shared(words: set[str]) -> list[set[str]]:
    return [words & known for known in _OTHERS.values()]
