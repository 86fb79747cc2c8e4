"""The score matrix: a suite with the scores of prompts x candidates x samples for several quality metrics.

Everything that is evaluated is read from one of these. A matrix is complete: a missing value is
refused when it is built, never filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from catbench.arrays import Floats, Ints, Scores, owned
from catbench.suite.digest import content_digest
from catbench.suite.matrix_rules import check_matrix
from catbench.suite.pool import Pool
from catbench.suite.prompts import SPLITS, Split
from catbench.suite.suite_record import Suite


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
        """SHA-256 of what the suite holds (`catbench.suite.digest`); the same whoever wrote its files."""
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
