"""Prompts as vectors: an embedding that the suite ships, or TF-IDF where it ships none.

All routers that read a prompt as one vector read this one, so that they differ by their method alone. The
option after a router's colon names another: a feature of the suite (`knn:nano-clip`), a text encoder as in
`token_encoders` (`knn:minilm`, `knn:FOLDER`), whose token embeddings are averaged, or words (`knn:tfidf`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from catbench import CatbenchError, Pool, Prompts, deferral_curve

TFIDF = "tfidf"
"""The option that reads words, whatever the suite ships."""
COUNTED = 8
"""Training prompts on which an encoder's FLOPs are counted."""
Floats = npt.NDArray[np.float64]
Labelled = tuple[Prompts, Floats]
"""Prompts and their qualities (n, M)."""
Held = tuple[Any, Floats]
"""Vectors of validation prompts, and their qualities (n, M)."""
Model = TypeVar("Model")


class PromptVectors:
    """Unit vectors (n, d) of prompts: what `option` names, the suite's first feature, or sparse TF-IDF.

    TF-IDF counts words and pairs of words that at least two training prompts have (or one, where none has
    two); `words` keeps only the most frequent of them (Salton and Buckley 1988). With `columns` the vectors
    are dense and have at most so many: sparse or wider ones are brought down by a truncated singular value
    decomposition (Deerwester et al. 1990).
    """

    encoder_flops: float | None = None
    """FLOPs of the text encoder, where one is run here."""
    flops: float = 0.0
    """Of the reduction of a prompt's vector; its embedding or TF-IDF takes next to none."""

    def __init__(self, option: str = "", words: int | None = None, columns: int | None = None) -> None:
        self._option, self._words, self._columns = option, words, columns
        self._feature: str | None = None
        self._encoder: Any = None
        self._tfidf: Any = None
        self._reduce: Any = None

    def fit(self, prompts: Prompts) -> Any:
        """Learn what the vectors are made by; return the training prompts' vectors."""
        self._reduce, self.flops = None, 0.0
        vectors = self._learn(prompts)
        if not self._columns or (isinstance(vectors, np.ndarray) and vectors.shape[1] <= self._columns):
            return vectors
        from sklearn.decomposition import TruncatedSVD

        kept = min(self._columns, *vectors.shape)
        found: Any = TruncatedSVD(kept, random_state=0).fit(vectors)
        self._reduce, self.flops = found.components_.T, 2 * entries(vectors) * kept
        return vectors @ self._reduce

    def transform(self, prompts: Prompts) -> Any:
        """Return vectors of any prompts: an array (n, d), or a sparse matrix of that shape."""
        vectors = self._read(prompts)
        return vectors if self._reduce is None else vectors @ self._reduce

    def state(self) -> dict[str, Any]:
        """Return what `transform` needs, beside the text encoder that the option names."""
        found = {"feature": self._feature, "encoder": self._encoder is not None, "reduce": self._reduce}
        if self._tfidf is not None:
            found |= {"words": self._tfidf.get_feature_names_out().tolist(), "idf": self._tfidf.idf_}
        return found

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` returned."""
        self._feature, self._reduce = state["feature"], state.get("reduce")
        if state["encoder"]:
            self._find_encoder(Prompts([]))
        if "words" in state:
            self._tfidf = _tfidf(vocabulary=state["words"])
            self._tfidf.idf_ = state["idf"]

    def _learn(self, prompts: Prompts) -> Any:
        """Choose the feature, or learn the vocabulary; return the vectors before they are reduced."""
        if self._option not in ("", TFIDF, *prompts.features):
            self._find_encoder(prompts)
            from catbench_baselines.token_encoders import encode_once, means

            return _unit(means(encode_once(self._encoder, list(prompts))))
        chosen = self._option or next(iter(prompts.features), None)
        self._feature = chosen if chosen in prompts.features else None
        if self._feature is None:
            texts, self._tfidf = list(prompts), _tfidf(max_features=self._words)
            try:
                self._tfidf.fit(texts)
            except ValueError:  # no word stands in two prompts
                self._tfidf.set_params(min_df=1).fit(texts)
        return self._read(prompts)

    def _read(self, prompts: Prompts) -> Any:
        if self._encoder is not None:
            from catbench_baselines.token_encoders import encode, means

            return _unit(means(encode(self._encoder, list(prompts))))
        if self._feature is None:
            return self._tfidf.transform(list(prompts))
        return _unit(prompts.features[self._feature])

    def _find_encoder(self, prompts: Prompts) -> None:
        if self._option not in ("nano", "minilm") and not Path(self._option).is_dir():
            known = ", ".join(prompts.features) or "none"
            raise CatbenchError(
                f"the suite ships no prompt feature {self._option!r}; it ships {known} (a text encoder is "
                "nano, minilm or a folder, and words are read by `:tfidf`)"
            )
        from catbench_baselines.token_encoders import encoder_flops, find_encoder

        self._encoder = find_encoder(self._option, prompts)
        if len(prompts):
            self.encoder_flops = encoder_flops(self._encoder, prompts[:COUNTED])


class VectorRouter:
    """What the routers on prompt vectors share: the vectors, and what reading a prompt costs.

    A router sets `flops_per_prompt` when it is fitted: the FLOPs (2 x MAC) of its own arithmetic on one
    prompt, with the reduction of the vector where there is one. Its class is what its module calls
    `make_router`; the option names its vectors, as this module says.
    """

    words: int | None = None
    """Words kept where the vectors are TF-IDF; None = all."""
    columns: int | None = None
    """Most columns of a vector, for methods that need few and dense ones; None = as they are."""
    flops_per_prompt: float = 0.0
    answers_by: tuple[str, ...] = ()
    """The attributes that an answer needs beside the vectors: what is saved of the router."""

    def __init__(self, pool: Pool, option: str = "") -> None:
        self._pool, self._vectors = pool, PromptVectors(option, self.words, self.columns)

    @property
    def encoder_flops_per_prompt(self) -> float | None:
        """FLOPs of the text encoder that the router runs, None where the suite ships the embedding."""
        return self._vectors.encoder_flops

    def state(self) -> dict[str, Any]:
        """Return what an answer needs."""
        return {name: getattr(self, name) for name in self.answers_by} | {"vectors": self._vectors.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` returned: the router answers again, and cannot be refitted."""
        self._vectors.restore(state["vectors"])
        for name in self.answers_by:
            setattr(self, name, state[name])

    def _read(self, prompts: Prompts, validation: Labelled | None) -> tuple[Any, Held | None]:
        """Return the training prompts' vectors, and those of the validation split with its qualities."""
        vectors = self._vectors.fit(prompts)
        return vectors, validation and (self._vectors.transform(validation[0]), validation[1])

    def _best(
        self, models: Sequence[Model], predict: Callable[[Model, Any], Floats], held: Held | None
    ) -> Model:
        """Return the first of the models that route best on the validation split; without one, the first."""
        if held is None:
            return models[0]
        vectors, true = held
        tried = np.array([predict(model, vectors) for model in models])
        return models[int(np.argmax(routed_quality(tried, true, self._pool)))]


def _tfidf(**given: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, **given)


def _unit(vectors: Any) -> Any:
    from sklearn.preprocessing import normalize

    return normalize(vectors)


def entries(vectors: Any) -> float:
    """Return the mean number of entries of a vector that are multiplied: all d, or the non-zero ones."""
    return float(vectors.shape[1] if isinstance(vectors, np.ndarray) else vectors.nnz / vectors.shape[0])


def routed_quality(predicted: npt.ArrayLike, quality: npt.ArrayLike, pool: Pool) -> Any:
    """Return the area under the deferral curve of predictions (n, M) against qualities (n, M).

    Higher is better. Predictions (B, n, M) give their areas (B,).
    It is the headline's area, on the log-cost axis from the cheapest candidate to the most expensive one.
    Baselines choose one of a few models by it, on the validation split. A squared error would choose by the
    candidates whose quality varies most, and those are seldom the ones worth drawing with.
    """
    return deferral_curve(predicted, quality, pool.cost).area_log(pool.cost.min(), pool.cost.max())


def contrast_error(predicted: npt.ArrayLike, quality: npt.ArrayLike) -> float:
    """Return the mean squared error of the differences between candidates, of two arrays (n, M).

    Each prompt's mean is taken off first: routing depends on nothing else. Baselines stop training by it:
    it is smoother than the area, and the greatest of dozens of areas is mostly luck.
    """
    error = np.asarray(predicted) - np.asarray(quality)
    return float(np.mean((error - error.mean(axis=1, keepdims=True)) ** 2))
