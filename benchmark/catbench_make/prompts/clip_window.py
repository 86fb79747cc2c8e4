"""Which prompts are longer than CLIP's window: what stands beyond it no SDXL reads, and no CLIPScore."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np

from catbench.arrays import Ints
from catbench_make.packages import mend_torchvision

WINDOW = 77
"""Tokens, those of start and end included."""


def beyond_window(texts: Sequence[str]) -> Ints | None:
    """Return the positions of the texts that are cut; None where open_clip's tokenizer is absent."""
    if find_spec("open_clip") is None or find_spec("torch") is None:
        return None
    mend_torchvision()
    tokenizer = importlib.import_module("open_clip.tokenizer").SimpleTokenizer()
    return np.flatnonzero([len(tokenizer.encode(text)) + 2 > WINDOW for text in texts])
