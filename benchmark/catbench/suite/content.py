"""Which scores of a suite are stored, and a digest of what its numbers depend on, whoever wrote them.

The digest is a SHA-256 of the prompts (id, text, group, split), the samples of each split, the metrics with
their directions, the scores as little-endian float32 and the prices to 12 digits (a mean's last ones depend
on the machine); prompts, candidates and metrics in the order of their ids. Features, images, slice columns,
pools and descriptions are no part of it. So a suite that is imported on two machines has one digest, and one
that is given embeddings keeps it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Scores

PROMPTS_AT_ONCE = 4096
"""Prompts whose scores are copied into order at a time for the digest."""


def content_digest(
    prompts: pd.DataFrame,
    samples: Mapping[str, int],
    candidates: Sequence[str],
    costs: list[list[str]],
    metrics: list[list[str]],
    all_scores: Mapping[str, Scores],
) -> str:
    """Return the digest of a suite and its scores, as 64 hex digits."""
    digest = hashlib.sha256()
    order = np.argsort(prompts["prompt_id"].to_numpy(dtype=object), kind="stable")
    by_id = sorted(range(len(candidates)), key=lambda place: candidates[place])
    columns = [prompts[name].tolist() for name in ("prompt_id", "text", "group", "split")]
    head = {
        "prompts": [[column[row] for column in columns] for row in order.tolist()],
        "candidates": [candidates[place] for place in by_id],
        "costs": sorted(costs),
        "metrics": sorted(metrics),
        "samples": [[split, count] for split, count in samples.items()],
    }
    digest.update(json.dumps(head, sort_keys=True, separators=(",", ":")).encode())
    stored = stored_samples(prompts, samples)
    depth = stored.shape[2]
    for metric in sorted(all_scores):
        for start in range(0, len(order), PROMPTS_AT_ONCE):
            rows = order[start : start + PROMPTS_AT_ONCE]
            scores = np.where(stored[rows], all_scores[metric][rows][:, by_id, :depth], 0)
            digest.update((scores + np.float32(0)).astype("<f4").tobytes())
    return digest.hexdigest()


def stored_samples(
    prompts: pd.DataFrame, samples: Mapping[Any, int], depth: int | None = None
) -> npt.NDArray[np.bool_]:
    """Return which samples of each prompt are stored, shape (prompt, 1, `depth` or else the most)."""
    stored = prompts["split"].map(dict(samples)).to_numpy(dtype=np.int64)
    return np.arange(depth or stored.max()) < stored[:, None, None]
