"""Test prompts that stand in a submission's files: a hint at memory where there should be learning.

It reports and refuses nothing: prompts of one suite resemble each other, and what is packed or encrypted
is not found. Every file is read as text, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from catbench.prompts import Prompts, normalise
from catbench.submission.record import Duplicates

RUN = 3
"""Words in a row that are compared."""
SHARE = 0.8
"""Share of a prompt's runs of words that one line must hold."""
SHORTEST = 4
"""Words of the shortest prompt that is looked for: shorter ones stand anywhere."""
EXAMPLES = 5
WORD = re.compile(r"\w+")


def find_duplicates(files: Iterable[Path], prompts: Prompts) -> Duplicates:
    """Return the test prompts that stand in files, word for word or nearly, line by line."""
    wanted = {text: _words(text) for text in dict.fromkeys(prompts)}
    wanted = {text: words for text, words in wanted.items() if len(words) >= SHORTEST}
    by_run: dict[tuple[str, ...], list[str]] = {}
    for text, words in wanted.items():
        for run in _runs(words):
            by_run.setdefault(run, []).append(text)
    exact: dict[str, str] = {}
    near: dict[str, str] = {}
    for path in files:
        for line in path.read_bytes().decode("utf-8", "ignore").splitlines():
            words = _words(line)
            held: dict[str, int] = {}
            for run in _runs(words):
                for text in by_run.get(run, ()):
                    held[text] = held.get(text, 0) + 1
            for text, count in held.items():
                if count == len(_runs(wanted[text])) and _contains(words, wanted[text]):
                    exact.setdefault(text, path.name)
                elif count >= SHARE * len(_runs(wanted[text])):
                    near.setdefault(text, path.name)
    near = {text: name for text, name in near.items() if text not in exact}
    examples = [f"{name}: {text[:120]}" for text, name in [*exact.items(), *near.items()][:EXAMPLES]]
    return Duplicates(exact=len(exact), near=len(near), prompts=len(wanted), examples=tuple(examples))


def _words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(normalise(text)))


def _runs(words: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {words[i : i + RUN] for i in range(len(words) - RUN + 1)}


def _contains(words: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(words[i : i + len(part)] == part for i in range(len(words) - len(part) + 1))
