"""Which prompts are unlike those of training: by how many of their words no training prompt has.

A prompt is unlike where that share is above the 99% quantile of the validation prompts. About one in a
hundred is so by chance; many are a sign that the router has to be fitted to other prompts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from catbench.suite.prompts import words_of

QUANTILE = 0.99
MANY = 0.05
"""Share of prompts unlike training from which on it is said."""


@dataclass(frozen=True)
class Familiar:
    """The words of the training prompts, and how large a share of unknown words is usual."""

    words: frozenset[str]
    limit: float
    """Largest usual share, in [0, 1]."""

    def unlike(self, texts: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Return which of n prompts have more unknown words than is usual, (n,)."""
        return np.fromiter((_unknown(text, self.words) > self.limit for text in texts), dtype=np.bool_)


def familiar(train: Sequence[str], validation: Sequence[str]) -> Familiar:
    """Return the words of training prompts, and the usual share of others by validation prompts."""
    words = frozenset(word for text in train for word in words_of(text))
    shares = [_unknown(text, words) for text in validation]
    return Familiar(words, float(np.quantile(shares, QUANTILE)))


def unlike_warning(unlike: int, prompts: int) -> str | None:
    """Return the warning where many of so many prompts are unlike training; None where few are."""
    if unlike <= MANY * prompts:
        return None
    return (
        f"{unlike:,} of {prompts:,} prompts ({unlike / prompts:.0%}) have more unknown words than 99% of the "
        "validation prompts: what is predicted and expected of them may not hold; fit on prompts like these"
    )


def _unknown(text: str, words: frozenset[str]) -> float:
    found = words_of(text)
    known = sum(map(words.__contains__, found))
    return (len(found) - known) / max(1, len(found))
