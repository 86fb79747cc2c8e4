"""An encoder that needs no weights, small tables of prompts, and a cache that is thrown away."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from catbench.suite.info import PromptSource
from catbench_make.prompts.embeddings import Embeddings

NOUNS = [
    "cat",
    "dog",
    "horse",
    "train",
    "kitchen",
    "bird",
    "boat",
    "clock",
    "pizza",
    "sheep",
    "truck",
    "kite",
]
PLACES = ["street", "field", "beach", "garden", "table", "river", "bridge", "forest", "window", "harbour"]
VERBS = ["sleeps", "waits", "shines", "falls", "turns", "burns", "stands", "floats"]
COLOURS = ["red", "green", "blue", "yellow", "white", "black", "brown", "grey"]


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CATBENCH_HOME", str(tmp_path / "cache"))


class Bag:
    """An encoder whose similarity is that of two bags of words; `texts` holds what it was given."""

    def __init__(self, weights="0" * 64):
        self.name, self.weights, self.window, self.texts = "bag", weights, 8, []

    def read(self, texts, length, fill):
        if not fill:  # a batch is filled up with its last text
            self.texts.extend(texts)
        return {"texts": texts, "attention_mask": np.ones((len(texts), length))}

    def pooled(self, read):
        vectors = np.zeros((len(read["texts"]), 512))
        for row, text in enumerate(read["texts"]):
            for word in text.lower().split():
                vectors[row, int(hashlib.sha256(word.encode()).hexdigest(), 16) % 512] += 1
        return vectors


@pytest.fixture
def bag():
    return Bag()


@pytest.fixture
def embeddings(bag):
    return Embeddings(bag)


@pytest.fixture
def texts():
    """800 distinct prompts, many of them alike: each differs from some others by a word or two."""
    random = np.random.default_rng(0)
    found = {}
    while len(found) < 800:
        words = [random.choice(part) for part in (COLOURS, NOUNS, PLACES, VERBS, COLOURS, NOUNS)]
        found["The {} {} near the {} {} by a {} {}".format(*words)] = None
    return list(found)


@pytest.fixture
def source():
    return PromptSource(name="Made", licence="CC0-1.0", url="nowhere")


@pytest.fixture
def rows(texts):
    return pd.DataFrame({"text": texts})


@pytest.fixture
def quiet():
    """A progress that tells nobody."""
    return lambda what, done, total: None
