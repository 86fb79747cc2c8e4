"""Prompts as vectors: an embedding that the suite ships, or TF-IDF where it ships none."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from catbench import CatbenchError, Prompts


class PromptVectors:
    """Unit vectors (n, d) of prompts: feature `name` of the suite, its first feature, or sparse TF-IDF.

    TF-IDF counts words and pairs of words that at least two training prompts have (or one, where none has
    two); `words` keeps only the most frequent of them (Salton and Buckley 1988).
    """

    def __init__(self, name: str = "", words: int | None = None) -> None:
        self._name = name
        self._feature: str | None = None
        self._tfidf = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, max_features=words)

    def fit(self, prompts: Prompts) -> Any:
        """Choose the feature, or learn the vocabulary; return the training prompts' vectors."""
        if self._name and self._name not in prompts.features:
            known = ", ".join(prompts.features) or "none"
            raise CatbenchError(f"the suite ships no prompt feature {self._name!r}; it ships {known}")
        self._feature = self._name or next(iter(prompts.features), None)
        if self._feature is None:
            texts = list(prompts)
            try:
                self._tfidf.fit(texts)
            except ValueError:  # no word stands in two prompts
                self._tfidf.set_params(min_df=1).fit(texts)
        return self.transform(prompts)

    def transform(self, prompts: Prompts) -> Any:
        """Return vectors of any prompts: float32 (n, d), or a sparse matrix of that shape."""
        if self._feature is None:
            return self._tfidf.transform(list(prompts))
        return normalize(prompts.features[self._feature])


def contrast_error(predicted: npt.ArrayLike, quality: npt.ArrayLike) -> float:
    """Return the mean squared error of the differences between candidates, of two arrays (n, M).

    Each prompt's mean is taken off first: routing depends on nothing else. The baselines choose their
    hyperparameters by it.
    """
    error = np.asarray(predicted) - np.asarray(quality)
    return float(np.mean((error - error.mean(axis=1, keepdims=True)) ** 2))
