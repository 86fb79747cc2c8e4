"""The digest of a suite's content: what its numbers depend on, whoever wrote its files.

A SHA-256 over the prompts (id, text, group, split), the samples of each split, the metrics with their
directions, the scores as little-endian float32 and the prices of the candidates. Prompts, candidates and
metrics stand in the order of their ids, prices are rounded to 12 digits (a mean's last ones depend on the
machine). Not in it: how the files were written, features, images, slice columns, pools and descriptions. So a
suite that is imported on two machines has one digest, and one that is given embeddings keeps it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np

from catbench.arrays import Scores
from catbench.suite.prompts import SPLITS
from catbench.suite.suite_record import Suite

PROMPTS_AT_ONCE = 4096
"""Prompts whose scores are copied into order at a time."""


def content_digest(matrix: Suite, all_scores: Mapping[str, Scores]) -> str:
    """Return the SHA-256 of what a suite and its scores hold, as 64 hex digits."""
    digest = hashlib.sha256()
    prompts = matrix.prompts
    order = np.argsort(prompts["prompt_id"].to_numpy(dtype=object), kind="stable")
    columns = [prompts[name].tolist() for name in ("prompt_id", "text", "group", "split")]
    candidates = sorted(range(len(matrix.candidates)), key=lambda place: matrix.candidate_ids[place])
    head = {
        "prompts": [[column[row] for column in columns] for row in order.tolist()],
        "candidates": [matrix.candidate_ids[place] for place in candidates],
        "costs": sorted([c.candidate, c.unit, c.hardware, f"{c.value:.12g}"] for c in matrix.costs),
        "metrics": sorted([metric.name, metric.direction] for metric in matrix.metrics),
        "samples": [[split, matrix.samples.get(split, 0)] for split in SPLITS],
    }
    digest.update(json.dumps(head, sort_keys=True, separators=(",", ":")).encode())
    depth = prompts["split"].map(dict(matrix.samples)).to_numpy(dtype=np.int64)
    for metric in sorted(all_scores):
        for start in range(0, len(order), PROMPTS_AT_ONCE):
            rows = order[start : start + PROMPTS_AT_ONCE]
            scores = all_scores[metric][rows][:, candidates, : depth.max()]
            stored = np.arange(scores.shape[2]) < depth[rows, None, None]
            digest.update((np.where(stored, scores, 0) + np.float32(0)).astype("<f4").tobytes())
    return digest.hexdigest()
