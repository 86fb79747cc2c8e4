"""Embeddings of prompts, each computed once: cached on disk by encoder, weights and text.

Texts of like length are run together. Each is padded to a length that its own tokens decide, and each batch
is filled up, so that every product has one shape and a text's vector the same bits whatever stands beside it:
what the filter keeps then depends on no batch.
"""

from __future__ import annotations

import hashlib
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from catbench.arrays import Scores
from catbench.download import Progress
from catbench.files import atomic_file
from catbench.home import cache_folder
from catbench_make.encoders import Encoder
from catbench_make.prompts.similarity import unit_vectors

PART = 4096
"""Texts that are encoded between two writes: what a stop can lose."""
KEY = 16
"""Bytes of SHA-256 by which a text is known."""
BATCH = 32
STEP = 8
"""Texts are padded to a multiple of so many tokens."""


def vectors_of(
    encoder: Encoder, texts: Sequence[str], report: Callable[[int], None] = lambda done: None
) -> Scores:
    """Return unit vectors, float32 (n, d); `report` is called with how many texts are done."""
    real = encoder.read(texts, encoder.window, False)["attention_mask"].sum(1)
    lengths = np.array([min(encoder.window, -(-tokens // STEP) * STEP) for tokens in real.tolist()])
    rows: list[Any] = [None] * len(texts)
    done = 0
    for length in np.unique(lengths).tolist():
        same = np.flatnonzero(lengths == length)
        for start in range(0, len(same), BATCH):
            chosen = same[start : start + BATCH]
            batch = [str(texts[row]) for row in chosen]
            batch += batch[-1:] * (BATCH - len(batch))  # kernels, and with them rounding, depend on its size
            vectors = unit_vectors(encoder.pooled(encoder.read(batch, length, True))[: len(chosen)])
            for row, vector in zip(chosen, vectors, strict=True):
                rows[row] = vector
            done += len(chosen)
            report(done)
    return np.stack(rows)


class Embeddings:
    """Unit vectors of texts by one encoder; what was embedded before, in this run or another, is read."""

    def __init__(self, encoder: Encoder) -> None:
        name = hashlib.sha256(f"{encoder.name}:{encoder.weights}".encode()).hexdigest()[:16]
        self._folder = cache_folder() / "embeddings" / name
        self.encoder = encoder
        self._vectors: dict[bytes, Scores] = {}
        self.encoded = 0
        """Texts that were not in the cache."""
        self.seconds = 0.0
        """Taken to encode them."""
        for path in sorted(self._folder.glob("*.npz")):
            self._read(path)

    def __call__(self, texts: Sequence[str], progress: Progress, total: int = 0, before: int = 0) -> Scores:
        """Return unit vectors, float32 (n, d).

        `progress` counts texts: `before` came earlier, `total` are due at most (default: these alone).
        """
        keys = [hashlib.sha256(text.encode()).digest()[:KEY] for text in texts]
        missing = list({key: row for row, key in enumerate(keys) if key not in self._vectors}.values())
        due = total or len(texts)
        for start in range(0, len(missing), PART):
            part = missing[start : start + PART]
            ready = before + len(texts) - len(missing) + start
            began = time.monotonic()

            def report(done: int, ready: int = ready, began: float = began) -> None:
                speed = done / max(time.monotonic() - began, 1e-9)
                progress(f"encoding, {speed:,.0f} prompts/s", ready + done, due)

            vectors = vectors_of(self.encoder, [texts[row] for row in part], report)
            self.seconds += time.monotonic() - began
            self.encoded += len(part)
            self._write([keys[row] for row in part], vectors)
        return np.stack([self._vectors[key] for key in keys])

    def _read(self, path: Path) -> None:
        """Take in a stored part; one that is damaged counts as absent, and is made again."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                keys, vectors = stored["keys"], stored["vectors"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
            return
        for key, vector in zip(map(bytes, keys), vectors, strict=True):
            self._vectors.setdefault(key, vector)

    def _write(self, keys: list[bytes], vectors: Scores) -> None:
        stored = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, KEY)
        name = hashlib.sha256(stored.tobytes()).hexdigest()[:16]
        self._folder.mkdir(parents=True, exist_ok=True)
        with atomic_file(self._folder / f"{name}.npz") as draft, draft.open("wb") as file:
            np.savez(file, keys=stored, vectors=vectors)
        self._vectors.update(zip(keys, vectors, strict=True))
