"""What a score matrix holds, as its rules and its digest read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pandas as pd

from catbench.arrays import Ints, Scores
from catbench.suite.costs import Cost
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.pool import Candidate
from catbench.suite.prompts import Split


class Content(Protocol):
    """The fields of `catbench.suite.matrix.ScoreMatrix`, which says what each of them is."""

    @property
    def suite(self) -> SuiteInfo:
        """What the suite says of itself."""
        ...

    @property
    def prompts(self) -> pd.DataFrame:
        """One row a prompt."""
        ...

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates, in the order of the candidate axis."""
        ...

    @property
    def candidate_ids(self) -> tuple[str, ...]:
        """Their ids."""
        ...

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics."""
        ...

    @property
    def scores(self) -> Mapping[str, Scores]:
        """Metric -> (prompt, candidate, sample)."""
        ...

    @property
    def costs(self) -> tuple[Cost, ...]:
        """The prices."""
        ...

    @property
    def pools(self) -> Mapping[str, tuple[str, ...]]:
        """Pool -> candidate ids."""
        ...

    @property
    def samples(self) -> Mapping[Split, int]:
        """Split -> samples of each prompt and candidate."""
        ...

    @property
    def features(self) -> Mapping[str, Scores]:
        """Name -> (prompt, d)."""
        ...

    def rows(self, split: Split) -> Ints:
        """Return the positions of a split's prompts."""
        ...
