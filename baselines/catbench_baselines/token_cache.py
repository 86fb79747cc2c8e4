"""Token embeddings of many prompts, kept in the user's cache: an encoder reads a suite's prompts once.

They are known by the digest of the encoder's files and by the texts. Together they take at most LARGEST
bytes: those that were not used for the longest go first. `CATBENCH_HOME` moves it. The answers
to tested prompts, by which a router's own time is measured, are never read from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from joblib import Memory

from catbench import cache_folder
from catbench_baselines.token_encoders import TokenEncoder, Tokens

FEWEST = 1000
"""Fewer texts are encoded in a moment, and not kept."""
LARGEST = 4 * 2**30
"""Bytes of all that is kept."""


def encode_once(encoder: TokenEncoder, texts: Sequence[str]) -> Tokens:
    """Return the token embeddings of texts, read where they were encoded before."""
    if len(texts) < FEWEST:
        return encoder(texts)
    folder = cache_folder() / "tokens"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # nothing can be kept
        return encoder(texts)
    memory = Memory(folder, verbose=0)
    run: Any = memory.cache(_encoded, ignore=["encoder"])
    values, lengths = run(encoder, encoder.digest, tuple(texts))
    memory.reduce_size(bytes_limit=LARGEST)
    return Tokens(torch.from_numpy(values), torch.from_numpy(lengths))


def _encoded(encoder: TokenEncoder, digest: str, texts: tuple[str, ...]) -> tuple[Any, Any]:
    """Return values (total, d) and lengths (n,); `digest` tells one encoder from another."""
    tokens = encoder(texts)
    return tokens.values.numpy().astype(np.float16, copy=False), tokens.lengths.numpy()
