"""Prompts as a router sees them, and the rules that group and split them.

A router is given a `Prompts`: texts, and the embeddings that the suite ships, nothing else. Prompts
whose texts are equal after Unicode NFC, case folding and collapsing white space form one group, and a
group is never parted by a split: its SHA-256 decides, so that added prompts move no old one.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Scores, frozen, owned
from catbench.errors import SuiteError

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
PROMPT_COLUMNS = ("prompt_id", "text", "source", "group", "split")
"""Columns that the prompts of every suite have, all text."""


class Prompts(Sequence[str]):
    """Prompt texts, with the embeddings that the suite ships.

    `features` maps a name to a float32 array of shape (n, d), rows in the order of the texts. A slice
    is a `Prompts` again, as is `take`, and both keep the features.
    """

    def __init__(self, texts: Sequence[str], features: Mapping[str, npt.ArrayLike] | None = None) -> None:
        self._texts = tuple(texts)
        arrays = {name: owned(values, np.float32) for name, values in (features or {}).items()}
        for name, array in arrays.items():
            check_feature(name, array, len(self._texts))
        self._features = MappingProxyType(arrays)

    @property
    def features(self) -> Mapping[str, Scores]:
        """Name -> float32 array (n, d), read-only."""
        return self._features

    def take(self, rows: npt.ArrayLike) -> Prompts:
        """Return the prompts at `rows` (integer positions, repeats allowed), with their features."""
        index = np.asarray(rows, dtype=np.int64)
        texts = [self._texts[i] for i in index]
        return Prompts(texts, {name: frozen(array[index]) for name, array in self._features.items()})

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Prompts: ...
    def __getitem__(self, index: int | slice) -> str | Prompts:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        return self._texts[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __reduce__(self) -> tuple[type[Prompts], tuple[Any, ...]]:
        return Prompts, (self._texts, dict(self._features))

    def __repr__(self) -> str:
        return f"Prompts({len(self)} texts, features: {', '.join(self._features) or 'none'})"


def check_feature(name: str, array: Scores, count: int, where: str = "") -> None:
    """Raise SuiteError for an array that has no row for each of so many prompts; `where` begins the line."""
    if array.ndim != 2 or len(array) != count:
        raise SuiteError(
            f"{where}feature {name!r} has shape {array.shape}; {count} prompts need ({count}, d)"
        )


def check_columns(prompts: pd.DataFrame, name: str) -> None:
    """Raise SuiteError where prompts lack a column, a text, an id of their own or a known split.

    `name` begins the line.
    """
    for column in PROMPT_COLUMNS:
        if column not in prompts:
            raise SuiteError(f"{name}: no column {column!r}; it has {', '.join(map(str, prompts.columns))}")
        if (empty := prompts[column].isna()).any():
            raise SuiteError(f"{name}, row {empty.to_numpy().argmax() + 1}: {column} is empty")
        if not pd.api.types.is_string_dtype(prompts[column]):
            raise SuiteError(f"{name}: column {column!r} holds {prompts[column].dtype}; it must be text")
    ids, splits = prompts["prompt_id"], prompts["split"]
    if not ids.is_unique:
        raise SuiteError(f"{name}: prompt id {ids[ids.duplicated()].iloc[0]!r} appears twice")
    if (odd := ~splits.isin(SPLITS).to_numpy()).any():
        raise SuiteError(
            f"{name}, row {odd.argmax() + 1}: unknown split {splits[odd].iloc[0]!r}; splits are "
            f"{', '.join(SPLITS)}"
        )


def check_prompts(prompts: pd.DataFrame, name: str) -> None:
    """Raise SuiteError where a split has no prompt, or a group or a text is in two; `name` is said first."""
    for split in SPLITS:
        if not (prompts["split"] == split).any():
            raise SuiteError(f"{name}: no prompt in the {split} split; all of {', '.join(SPLITS)} are needed")
    of_a_group, of_a_text = prompts.groupby("group"), prompts.groupby(prompts["text"].map(normalise))
    for rows, column, said, rule in (
        (of_a_group, "split", "equal or similar to", "are in two splits: keep a group in one"),
        (of_a_text, "group", "with the text", "are in two groups: equal texts share one"),
    ):
        several = (rows[column].transform("nunique") > 1).to_numpy()
        if several.any():
            raise SuiteError(f"{name}: prompts {said} {prompts['text'].iloc[several.argmax()]!r} {rule}")


_WORDS = re.compile(r"\w+")


def normalise(text: str) -> str:
    """Return the text under which equal prompts meet: NFC, case folded, white space collapsed."""
    return " ".join(_folded(text).split())


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a normalised text, in order."""
    return tuple(_WORDS.findall(_folded(text)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def group_of(key: str) -> str:
    """Return the id of the group with this key (a normalised text, a scene): 16 hex digits of SHA-256."""
    return _digest(key)[:16]


def split_of(key: str) -> Split:
    """Return the split of the group with this key: 80% train, 10% validation, 10% test, by SHA-256."""
    share = share_of(key)
    return "train" if share < 0.8 else "validation" if share < 0.9 else "test"


def share_of(key: str) -> float:
    """Return a number in [0, 1) that a key always has, evenly spread over keys: from its SHA-256."""
    return int(_digest(key)[:13], 16) / 16**13


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
