"""What is wrong or odd with a suite's prompts: duplicates across splits, lengths, vocabulary, windows."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats, Ints, Scores
from catbench.errors import UsageError
from catbench.suite.prompts import SPLITS, normalise
from catbench.suite.store import load_prompts, read_manifest, suite_folder
from catbench_make.packages import mend_torchvision
from catbench_make.prompts.leaks import Pairs, parted_pairs, split_ranks
from catbench_make.prompts.similarity import near_pairs, nearest
from catbench_make.prompts.source_tables import read_prompts

_WORD = re.compile(r"\w+(?:['’-]\w+)*")
QUANTILES = {"least": 0.0, "median": 0.5, "95%": 0.95, "most": 1.0}
WINDOW = 77
"""Tokens that CLIP reads, those of start and end included; what stands beyond no SDXL reads, no CLIPScore."""


@dataclass(frozen=True)
class Other:
    """Prompts that a suite is held against."""

    name: str
    texts: tuple[str, ...]
    vectors: Scores | None


@dataclass(frozen=True)
class PromptCheck:
    """The findings; positions are rows of `prompts`."""

    prompts: pd.DataFrame
    near: float
    """Similarity from which two prompts count as near-duplicates."""
    exact: Pairs
    """Across splits, equal after normalising; the first nearer to training."""
    similar: Pairs | None
    """Across splits, `near` or more and not equal; None where there are no vectors."""
    nearest_train: dict[str, Floats]
    """Validation and test -> each prompt's greatest similarity to a training prompt."""
    words: Ints
    """Words of each prompt."""
    beyond: Ints | None
    """Rows whose text is cut by CLIP's window, as `beyond_window` has it."""
    other: Other | None = None
    other_exact: Pairs | None = None
    """Of the suite and the other: positions in each."""
    other_similar: Pairs | None = None
    other_nearest: Floats | None = None
    """Each prompt's greatest similarity to one of the other."""

    @property
    def leaks(self) -> int:
        """What the check is failed for: test prompts in the other set; without one, pairs parted by a split.

        The suite's own pairs are there whatever the other set holds, so they say nothing about it.
        """
        return self.parted if self.other is None else self.tested_elsewhere

    @property
    def parted(self) -> int:
        """Pairs of equal or near prompts that a split has parted."""
        return len(self.exact) + (len(self.similar) if self.similar else 0)

    @property
    def tested_elsewhere(self) -> int:
        """Test prompts that are equal to one of the other set: who trains on it knows them."""
        if self.other_exact is None:
            return 0
        return int((self.prompts["split"].to_numpy()[self.other_exact.first] == "test").sum())

    def record(self) -> dict[str, Any]:
        """Return the findings as JSON takes them, every pair by the ids of its prompts."""
        record: dict[str, Any] = {
            "splits": self.prompts["split"].value_counts().reindex(list(SPLITS), fill_value=0).to_dict(),
            "near": self.near,
            "exact_across_splits": self._named(self.exact),
            "near_across_splits": None if self.similar is None else self._named(self.similar),
            "length": self.lengths(),
            "vocabulary": self.vocabulary(),
            "beyond_clip_window": None if self.beyond is None else self._ids(self.beyond),
        }
        if self.other is not None and self.other_exact is not None:
            record["against"] = {
                "name": self.other.name,
                "prompts": len(self.other.texts),
                "test_prompts": self.tested_elsewhere,
                "exact": self._with_other(self.other_exact),
                "near": None if self.other_similar is None else self._with_other(self.other_similar),
            }
        return record

    def lengths(self) -> dict[str, dict[str, float]]:
        """Return quantiles and mean of the number of words, by split."""
        found: dict[str, dict[str, float]] = {}
        for split in SPLITS:
            words = self.words[self.prompts["split"].to_numpy() == split]
            if len(words):
                shown = {name: float(np.quantile(words, share)) for name, share in QUANTILES.items()}
                found[split] = {**shown, "mean": float(words.mean())}
        return found

    def vocabulary(self) -> dict[str, dict[str, float]]:
        """Return by split how many words it has, distinct ones, and the share that training has not."""
        bags = {
            split: [word for text in texts for word in words_of(text)]
            for split, texts in self.prompts.groupby("split")["text"]
        }
        known = set(bags.get("train", []))
        return {
            split: {
                "words": len(bags[split]),
                "distinct": len(set(bags[split])),
                "unseen": sum(word not in known for word in bags[split]) / max(len(bags[split]), 1),
            }
            for split in SPLITS
            if split in bags
        }

    def _ids(self, rows: Ints) -> list[str]:
        return self.prompts["prompt_id"].iloc[rows].tolist()

    def _named(self, pairs: Pairs) -> list[dict[str, Any]]:
        split = self.prompts["split"].to_numpy()
        return [
            {
                "prompts": self._ids(np.array([a, b])),
                "splits": [split[a], split[b]],
                "similarity": float(value),
            }
            for a, b, value in zip(pairs.first, pairs.second, pairs.similarity, strict=True)
        ]

    def _with_other(self, pairs: Pairs) -> list[dict[str, Any]]:
        assert self.other is not None
        split = self.prompts["split"].to_numpy()
        ids = self._ids(pairs.first)
        return [
            {"prompt": name, "split": split[a], "text": self.other.texts[b], "similarity": float(value)}
            for name, a, b, value in zip(ids, pairs.first, pairs.second, pairs.similarity, strict=True)
        ]


def words_of(text: str) -> list[str]:
    """Return the words of a text, lower case, without punctuation."""
    return _WORD.findall(normalise(text))


def check(
    prompts: pd.DataFrame,
    vectors: Scores | None,
    near: float,
    *,
    beyond: Ints | None = None,
    other: Other | None = None,
) -> PromptCheck:
    """Return the findings on the prompts of a suite, and against another's.

    `vectors` are their unit vectors, float32 (n, d); None leaves out all that needs them.
    """
    keys = [normalise(text) for text in prompts["text"]]
    splits = prompts["split"].tolist()
    similar, nearest_train = None, {}
    if vectors is not None:
        similar = _unequal(parted_pairs(vectors, splits, near), keys, keys)
        nearest_train = _nearest_train(vectors, prompts["split"].to_numpy())
    found: dict[str, Any] = {}
    if other is not None:
        others = [normalise(text) for text in other.texts]
        equal = _equal(keys, others)
        once = np.unique(equal.first, return_index=True)[1]  # of equal ones in the other set the first
        found = {"other": other, "other_exact": equal.only(once)}
        if vectors is not None and other.vectors is not None:
            pairs = Pairs(*near_pairs(vectors, other.vectors, near))
            found["other_similar"] = _unequal(pairs, keys, others)
            found["other_nearest"] = nearest(vectors, other.vectors)[0]
    exact, rank = _equal(keys, keys), split_ranks(splits)
    return PromptCheck(
        prompts=prompts,
        near=near,
        exact=exact.only(rank[exact.first] < rank[exact.second]),
        similar=similar,
        nearest_train=nearest_train,
        words=np.array([len(words_of(text)) for text in prompts["text"]]),
        beyond=beyond,
        **found,
    )


def _equal(keys: Sequence[str], others: Sequence[str]) -> Pairs:
    mine = pd.DataFrame({"key": keys, "first": range(len(keys))})
    theirs = pd.DataFrame({"key": others, "second": range(len(others))})
    pairs = mine.merge(theirs, on="key")
    return Pairs(pairs["first"].to_numpy(), pairs["second"].to_numpy(), np.ones(len(pairs)))


def _unequal(pairs: Pairs, keys: Sequence[str], others: Sequence[str]) -> Pairs:
    return pairs.only(np.array(keys, object)[pairs.first] != np.array(others, object)[pairs.second])


def _nearest_train(vectors: Scores, splits: Any) -> dict[str, Floats]:
    train = vectors[splits == "train"]
    held_out = [split for split in SPLITS[1:] if (splits == split).any()]
    return {split: nearest(vectors[splits == split], train)[0] for split in held_out if len(train)}


def beyond_window(texts: Sequence[str]) -> Ints | None:
    """Return the positions of the texts that are cut; None where open_clip's tokenizer is absent."""
    if find_spec("open_clip") is None or find_spec("torch") is None:
        return None
    mend_torchvision()
    tokenizer = importlib.import_module("open_clip.tokenizer").SimpleTokenizer()
    return np.flatnonzero([len(tokenizer.encode(text)) + 2 > WINDOW for text in texts])


def read_other(name: str, column: str | None = None) -> Other:
    """Return the prompts of a file, or else of the suite with this name or folder, without vectors.

    `column` names the file's column of prompts (default: as `read_prompts` has it). Empty prompts are left
    out. Raises UsageError for a name of neither or a column of a suite, SuiteError for a broken one.
    """
    path = Path(name)
    if path.is_file():
        texts = read_prompts(path, column)["text"]
    elif column:
        raise UsageError(f"--column {column}: {name} is no file, and a suite needs no column")
    else:
        folder = suite_folder(name)
        texts = load_prompts(folder, read_manifest(folder))["text"]
    return Other(path.name, tuple(text for text in texts.str.strip() if text), None)
