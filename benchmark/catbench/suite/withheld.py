"""Test prompts that stand in a suite without their scores, which a host keeps (`catbench split-private`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Scores
from catbench.errors import SuiteError


@dataclass(frozen=True, eq=False)
class Withheld:
    """W prompts of the test split, a row each, and their features, (W, size) by name."""

    prompts: pd.DataFrame
    features: Mapping[str, Scores]

    def joined_to(
        self, prompts: pd.DataFrame, features: Mapping[str, Scores]
    ) -> tuple[pd.DataFrame, Mapping[str, Scores]]:
        """Return the prompts and features of a suite with these after them."""
        both = {name: np.concatenate([rows, self.features[name]]) for name, rows in features.items()}
        return pd.concat([prompts, self.prompts], ignore_index=True), both


def scored_rows(prompts: pd.DataFrame, withheld: Iterable[str], manifest: str) -> npt.NDArray[np.bool_]:
    """Return which prompts (N,) are not withheld; raises SuiteError for an id that is no test prompt's."""
    ids = set(withheld)
    tests = prompts["prompt_id"][prompts["split"] == "test"]
    if unknown := ids - set(tests):
        raise SuiteError(f"{manifest}: withheld {min(unknown)!r} is no test prompt of the suite")
    return ~prompts["prompt_id"].isin(ids).to_numpy()
