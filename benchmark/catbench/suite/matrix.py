"""The score matrix: a suite with the scores of prompts x candidates x samples for several quality metrics.

Everything that is evaluated is read from one of these. A matrix is complete: a missing value is
refused when it is built, never filled in.

Its digest is a SHA-256 of what its numbers depend on, whoever wrote its files: the prompts (id, text, group,
split), the samples of each split, the metrics with their directions, the scores as little-endian float32 and
the prices of the candidates. Prompts, candidates and metrics stand in the order of their ids, prices are
rounded to 12 digits (a mean's last ones depend on the machine). Not in it: how the files were written,
features, images, slice columns, pools and descriptions. So a suite that is imported on two machines has one
digest, and one that is given embeddings keeps it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from catbench.arrays import Floats, Ints, Scores, owned
from catbench.errors import SuiteError, shown, unknown_name
from catbench.suite.costs import check_costs
from catbench.suite.pool import Pool
from catbench.suite.prompts import SPLITS, Split, normalise
from catbench.suite.suite_record import Suite

PROMPT_COLUMNS = ("prompt_id", "text", "source", "group", "split")
"""Columns that the prompts of every suite have, all text."""
PROMPTS_AT_ONCE = 4096
"""Prompts whose scores are copied into order at a time for the digest."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ScoreMatrix(Suite):
    """A suite in memory: prompts, candidates, scores and costs.

    Raises SuiteError where scores are missing or not finite, a split is empty, or names disagree.
    """

    scores: Mapping[str, Scores]
    """Metric name -> float32 array (prompt, candidate, sample), as measured (not negated). Where a
    split stores fewer samples than another, the rest of the sample axis is NaN."""
    samples: Mapping[Split, int] = field(default_factory=dict[Split, int])
    """Samples stored per prompt and candidate in each split; empty = the whole sample axis in all."""

    def __post_init__(self) -> None:
        if not self.samples:
            depth = next(iter(self.scores.values())).shape[2] if self.scores else 0
            self._keep("samples", dict.fromkeys(SPLITS, depth))
        self._keep("scores", {key: owned(array, np.float32) for key, array in self.scores.items()})
        super().__post_init__()
        check_matrix(self, self.scores)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the suite holds, as this module says; the same whoever wrote its files."""
        return content_digest(self, self.scores)

    def _at(self, rows: Ints) -> dict[str, Any]:
        return {**super()._at(rows), "scores": {key: values[rows] for key, values in self.scores.items()}}

    def qualities(self, metric: str, split: Split, pool: Pool) -> Floats:
        """Return qualities of a split, shape (n, M, S): higher is better, columns in the pool's order.

        A lower-is-better metric is negated in `qualities_at`, and nowhere else.
        """
        return self.qualities_at(metric, self.rows(split), self.samples[split], pool)

    def qualities_at(self, metric: str, rows: Ints, samples: int, pool: Pool) -> Floats:
        """Return qualities (n, M, S) of the prompts at `rows` (n,), of which so many samples are stored."""
        position = {candidate: i for i, candidate in enumerate(self.candidate_ids)}
        columns = [position[candidate] for candidate in pool.ids]
        stored = self.scores[metric][rows, :, :samples]
        return stored[:, columns, :].astype(np.float64) * self.metric(metric).sign


def check_matrix(matrix: Suite, all_scores: Mapping[str, Scores]) -> None:
    """Raise SuiteError where a suite and its scores break a rule, naming the prompt and the candidate."""
    prompts, ids = matrix.prompts, matrix.candidate_ids
    name = f"suite {matrix.suite.id!r}"
    if {metric.name for metric in matrix.metrics} != set(all_scores):
        raise SuiteError(f"{name}: metrics {[m.name for m in matrix.metrics]}, scores {list(all_scores)}")
    for column in PROMPT_COLUMNS:
        if column not in prompts:
            raise SuiteError(f"{name}: the prompts have no column {column!r}")
    if unknown := set(prompts["split"]) - set(SPLITS):
        raise SuiteError(f"{name}: unknown split {min(map(str, unknown))!r}; splits are {', '.join(SPLITS)}")
    for split in SPLITS:
        if not (prompts["split"] == split).any():
            raise SuiteError(f"{name}: no prompt in the {split} split; all of {', '.join(SPLITS)} are needed")
    splits_of_group = prompts.groupby("group", sort=False)["split"].nunique()
    if (splits_of_group > 1).any():
        group = splits_of_group.index[splits_of_group > 1][0]
        text = prompts.loc[prompts["group"] == group, "text"].iloc[0]
        raise SuiteError(
            f"{name}: prompts equal or similar to {text!r} are in two splits: keep a group in one"
        )
    group_of_text: dict[str, str] = {}
    for text, group in zip(prompts["text"], prompts["group"], strict=True):
        if group_of_text.setdefault(normalise(str(text)), group) != group:
            raise SuiteError(
                f"{name}: prompts with the text {text!r} are in two groups: equal texts share one"
            )
    for pool, members in matrix.pools.items():
        if not members:
            raise SuiteError(f"{name}: pool {pool!r} has no candidate")
        for member in members:
            if member not in ids:
                raise SuiteError(f"{name}, pool {pool!r}: {unknown_name('candidate', member, ids)}")
    for metric, scores in all_scores.items():
        if scores.ndim != 3 or scores.shape[:2] != (len(prompts), len(ids)):
            raise SuiteError(
                f"{name}: scores of {metric!r} have shape {scores.shape}, not (prompt, candidate, sample)"
            )
        _check_finite(matrix, metric, scores, name)
    check_costs(matrix.costs, ids, name)
    for feature, values in matrix.features.items():
        if values.ndim != 2 or len(values) != len(prompts):
            raise SuiteError(
                f"{name}: feature {feature!r} has shape {values.shape}; it needs {len(prompts)} rows"
            )
        if not np.isfinite(values).all():
            raise SuiteError(f"{name}: feature {feature!r} has values that are not finite")


def _check_finite(matrix: Suite, metric: str, scores: Scores, name: str) -> None:
    depths = set(matrix.samples.values())
    for split in SPLITS:
        if not 1 <= (depth := matrix.samples.get(split, 0)) <= scores.shape[2]:
            raise SuiteError(f"{name}: {depth} samples in {split}, of {scores.shape[2]} in the scores")
    everything = np.arange(len(scores))
    parts = (
        [(everything, depths.pop())]
        if len(depths) == 1
        else [(matrix.rows(s), d) for s, d in matrix.samples.items()]
    )
    for rows, depth in parts:
        good = np.isfinite(scores[:, :, :depth] if len(rows) == len(scores) else scores[rows, :, :depth])
        if not good.all():
            row, column, sample = np.argwhere(~good)[0]
            raise SuiteError(
                f"{name}: {metric} of prompt {shown(matrix.prompts['text'].iloc[rows[row]])} (id "
                f"{matrix.prompts['prompt_id'].iloc[rows[row]]}), candidate "
                f"{matrix.candidate_ids[column]!r}, sample {sample} is {scores[rows[row], column, sample]}: "
                "every score must be a finite number"
            )


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
