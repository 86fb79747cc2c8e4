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
from catbench_make.prompts.leaks import pair_table, parted_pairs, split_ranks
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
    exact: pd.DataFrame
    """Pairs across splits, as `pair_table` has them, equal after normalising; `a` is nearer to training."""
    similar: pd.DataFrame | None
    """Across splits, `near` or more and not equal; None where there are no vectors."""
    nearest_train: dict[str, Floats]
    """Validation and test -> each prompt's greatest similarity to a training prompt."""
    words: Ints
    """Words of each prompt."""
    beyond: Ints | None
    """Rows whose text is cut by CLIP's window, as `beyond_window` has it."""
    other: Other | None = None
    other_exact: pd.DataFrame | None = None
    """Of the suite and the other: positions in each."""
    other_similar: pd.DataFrame | None = None
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
        return len(self.exact) + (0 if self.similar is None else len(self.similar))

    @property
    def tested_elsewhere(self) -> int:
        """Test prompts that are equal to one of the other set: who trains on it knows them."""
        if self.other_exact is None:
            return 0
        return int((self.prompts["split"].iloc[self.other_exact["a"]] == "test").sum())

    def record(self) -> dict[str, Any]:
        """Return the findings as JSON takes them, every pair by the ids of its prompts."""
        record: dict[str, Any] = {
            "splits": self.prompts["split"].value_counts().reindex(list(SPLITS), fill_value=0).to_dict(),
            "near": self.near,
            "exact_across_splits": self._listed(self.exact),
            "near_across_splits": self._listed(self.similar),
            "length": self.lengths(),
            "vocabulary": self.vocabulary(),
            "beyond_clip_window": None
            if self.beyond is None
            else self.prompts["prompt_id"].iloc[self.beyond].tolist(),
        }
        if self.other is not None:
            record["against"] = {
                "name": self.other.name,
                "prompts": len(self.other.texts),
                "test_prompts": self.tested_elsewhere,
                "exact": self._listed(self.other_exact, self.other),
                "near": self._listed(self.other_similar, self.other),
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
            split: [word for text in texts for word in _words(text)]
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

    def _listed(self, pairs: pd.DataFrame | None, other: Other | None = None) -> list[dict[str, Any]] | None:
        """Return pairs among the prompts, or with those of `other`; None where they were not looked for."""
        if pairs is None:
            return None
        ids, split = self.prompts["prompt_id"].tolist(), self.prompts["split"].tolist()
        return [
            {"prompts": [ids[a], ids[b]], "splits": [split[a], split[b]], "similarity": value}
            if other is None
            else {"prompt": ids[a], "split": split[a], "text": other.texts[b], "similarity": value}
            for a, b, value in zip(*(pairs[name].tolist() for name in ("a", "b", "similarity")), strict=True)
        ]


def _words(text: str) -> list[str]:
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
        # Of equal ones in the other set the first.
        found = {"other": other, "other_exact": _equal(keys, others).drop_duplicates("a").sort_values("a")}
        if vectors is not None and other.vectors is not None:
            pairs = pair_table(*near_pairs(vectors, other.vectors, near))
            found["other_similar"] = _unequal(pairs, keys, others)
            found["other_nearest"] = nearest(vectors, other.vectors)[0]
    exact, rank = _equal(keys, keys), split_ranks(splits)
    return PromptCheck(
        prompts=prompts,
        near=near,
        exact=exact[rank[exact["a"]] < rank[exact["b"]]],
        similar=similar,
        nearest_train=nearest_train,
        words=np.array([len(_words(text)) for text in prompts["text"]]),
        beyond=beyond,
        **found,
    )


def _equal(keys: Sequence[str], others: Sequence[str]) -> pd.DataFrame:
    mine = pd.DataFrame({"key": keys, "a": range(len(keys))})
    theirs = pd.DataFrame({"key": others, "b": range(len(others))})
    return mine.merge(theirs, on="key")[["a", "b"]].assign(similarity=1.0)


def _unequal(pairs: pd.DataFrame, keys: Sequence[str], others: Sequence[str]) -> pd.DataFrame:
    return pairs[np.array(keys, object)[pairs["a"]] != np.array(others, object)[pairs["b"]]]


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
