"""Test prompts that stand in a submission's files: a hint at memory where there should be learning.

It reports and refuses nothing: prompts of one suite resemble each other, and what is packed or encrypted
is not found. Every file is read as text, whatever it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from pathlib import Path

from catbench.report.submission_record import Duplicates
from catbench.suite.prompts import Prompts, words_of

RUN = 3
"""Words in a row that are compared."""
SHARE = 0.8
"""Share of a prompt's runs of words that one line must hold."""
SHORTEST = 4
"""Words of the shortest prompt that is looked for: shorter ones stand anywhere."""
EXAMPLES = 5
PIECE = 50_000
"""Characters of a line that are looked at together; pieces of longer ones overlap by a prompt's length."""


def find_duplicates(files: Iterable[Path], prompts: Prompts) -> Duplicates:
    """Return the test prompts that stand in files, word for word or nearly, line by line."""
    wanted = {text: words_of(text) for text in dict.fromkeys(prompts)}
    wanted = {text: words for text, words in wanted.items() if len(words) >= SHORTEST}
    runs = {text: _runs(words) for text, words in wanted.items()}
    telling = _telling(runs)
    overlap = 2 * max(map(len, wanted), default=0)
    exact: dict[str, str] = {}
    near: dict[str, str] = {}
    for path in files:
        for piece in _pieces(path, overlap):
            words = words_of(piece)
            held, together = _runs(words), ""
            for text in {text for run in held & telling.keys() for text in telling[run]} - exact.keys():
                count = len(runs[text] & held)
                together = together or _together(words)
                if count == len(runs[text]) and _together(wanted[text]) in together:
                    exact[text] = path.name
                elif count >= SHARE * len(runs[text]):
                    near.setdefault(text, path.name)
    near = {text: name for text, name in near.items() if text not in exact}
    examples = [f"{name}: {text[:120]}" for text, name in [*exact.items(), *near.items()][:EXAMPLES]]
    return Duplicates(exact=len(exact), near=len(near), prompts=len(wanted), examples=tuple(examples))


def _telling(runs: Mapping[str, set[tuple[str, ...]]]) -> dict[tuple[str, ...], list[str]]:
    """Return run -> prompts, of each prompt its rarest runs only.

    So many of each that whoever holds the share of a prompt's runs holds one of these: then only prompts
    that may well be there are looked at closer, and what many prompts begin with costs nothing.
    """
    common = Counter(run for held in runs.values() for run in held)
    found: dict[tuple[str, ...], list[str]] = {}
    for text, held in runs.items():
        fewest = len(held) - ceil(SHARE * len(held)) + 1
        for run in sorted(held, key=lambda run: (common[run], run))[:fewest]:
            found.setdefault(run, []).append(text)
    return found


def _pieces(path: Path, overlap: int) -> Iterator[str]:
    """Yield a file's lines as text, long ones in overlapping pieces, without those too short for any."""
    with path.open(encoding="utf-8", errors="ignore") as lines:
        for line in lines:
            if len(line) >= 2 * SHORTEST - 1:
                for start in range(0, max(len(line) - overlap, 1), PIECE):
                    yield line[start : start + PIECE + overlap]


def _runs(words: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {words[i : i + RUN] for i in range(len(words) - RUN + 1)}


def _together(words: tuple[str, ...]) -> str:
    return f" {' '.join(words)} "
