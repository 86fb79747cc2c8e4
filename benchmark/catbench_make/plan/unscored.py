"""What is to be generated: a suite's prompts, candidates, metrics and samples, with or without scores.

A suite folder without `scores.parquet` is a problem waiting for its matrix: its manifest is that of any
suite, and `files` names the tables that are there. `prompts.parquet` is needed; `costs.parquet` and
`features/` are taken over where they exist. A suite that has scores is regenerated from the same files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from catbench.arrays import Ints, Scores
from catbench.errors import SuiteError, UsageError
from catbench.files import atomic_folder
from catbench.suite.costs import Cost
from catbench.suite.description import write_descriptions
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.manifest import Manifest
from catbench.suite.pool import Candidate
from catbench.suite.prompts import SPLITS, Split
from catbench.suite.store import (
    file_digests,
    load_costs,
    load_features,
    load_prompts,
    read_manifest,
    suite_folder,
    write_costs_and_features,
)


@dataclass(frozen=True, eq=False)
class UnscoredSuite:
    """A suite before its scores."""

    suite: SuiteInfo
    prompts: pd.DataFrame
    """As in a suite: `prompt_id`, `text`, `source`, `group`, `split`, and any slice columns."""
    candidates: tuple[Candidate, ...]
    metrics: tuple[Metric, ...]
    samples: Mapping[Split, int]
    """Images to draw per prompt and candidate in each split."""
    pools: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    costs: tuple[Cost, ...] = ()
    features: Mapping[str, Scores] = field(default_factory=dict[str, Scores])
    root: Path | None = None
    """The suite's folder; a model given by a relative path is looked for there first."""
    order: Ints | None = None
    """Positions of the prompts in the order of drawing; None = as they stand."""

    def __post_init__(self) -> None:
        name = f"suite {self.suite.id!r}"
        if not self.metrics:
            raise SuiteError(f"{name}: its manifest lists no metrics, so there is nothing to score images by")
        ids = self.prompts["prompt_id"]
        if not ids.is_unique:
            raise SuiteError(f"{name}: prompt id {ids[ids.duplicated()].iloc[0]!r} stands twice")
        for split in self.prompts["split"].unique():
            if self.samples.get(split, 0) < 1:
                raise SuiteError(f"{name}: its manifest gives no number of samples for the {split} split")

    def take(self, rows: Ints) -> UnscoredSuite:
        """Return the problem of the prompts at `rows` (positions, to be drawn in that order).

        The prompts themselves stay in stored order, features along.
        """
        kept = np.sort(rows)
        return replace(
            self,
            prompts=self.prompts.iloc[kept].reset_index(drop=True),
            features={name: values[kept] for name, values in self.features.items()},
            order=np.searchsorted(kept, rows),
        )


def load_problem(suite: str | os.PathLike[str]) -> UnscoredSuite:
    """Return the problem of a suite, by name or folder.

    Raises UsageError for an unknown name, SuiteError for a folder that breaks a rule of the format.
    """
    folder = suite_folder(suite)
    manifest = read_manifest(folder)
    return UnscoredSuite(
        suite=manifest.suite,
        prompts=load_prompts(folder, manifest),
        candidates=manifest.candidates,
        metrics=manifest.metrics,
        samples=manifest.samples,
        pools=manifest.pools,
        costs=load_costs(folder, manifest),
        features=load_features(folder, manifest),
        root=folder,
    )


def save_problem(
    problem: UnscoredSuite,
    folder: str | os.PathLike[str],
    *,
    extra: Mapping[str, str] | None = None,
    force: bool = False,
) -> None:
    """Write a problem as a suite folder without scores, whole or not at all.

    `extra` holds further text files by name. Raises UsageError where it cannot be written.
    """
    with atomic_folder(Path(folder), force=force) as draft:
        problem.prompts.to_parquet(draft / "prompts.parquet", index=False)
        write_costs_and_features(draft, problem.costs, problem.features)
        for name, text in (extra or {}).items():
            (draft / name).write_text(text, encoding="utf-8")
        splits: dict[Split, int] = {split: int((problem.prompts["split"] == split).sum()) for split in SPLITS}
        manifest = Manifest(
            schema=1,
            suite=problem.suite,
            candidates=problem.candidates,
            pools=dict(problem.pools),
            metrics=problem.metrics,
            samples=dict(problem.samples),
            splits=splits,
            files=file_digests(draft),
        )
        text = manifest.model_dump_json(indent=2, by_alias=True)
        (draft / "manifest.json").write_text(text + "\n", encoding="utf-8")
        write_descriptions(draft, manifest, problem.costs)


def choose(
    problem: UnscoredSuite,
    candidates: tuple[Candidate, ...],
    *,
    limit: int | None = None,
    samples: int | None = None,
) -> UnscoredSuite:
    """Return the part of a problem that a run draws.

    `limit` takes that many prompts, every split in its proportion and at least one of each; a larger limit
    keeps the prompts of a smaller one, drawn in the same order. `samples` replaces the manifest's number in
    all splits. Raises UsageError where either is too small.
    """
    if samples is not None and samples < 1:
        raise UsageError(f"--samples {samples}: at least 1 is needed")
    splits = problem.prompts["split"].nunique()
    if limit is not None and limit < splits:
        raise UsageError(f"--limit {limit}: at least {splits} are needed, one of each split")
    rows = interleaved(problem.prompts["split"])[:limit]
    kept = {candidate.id for candidate in candidates}
    pools = {name: members for name, members in problem.pools.items() if members and kept.issuperset(members)}
    chosen = replace(problem, candidates=candidates, pools=pools).take(rows)
    return replace(chosen, samples=dict.fromkeys(SPLITS, samples)) if samples else chosen


def interleaved(splits: pd.Series[str]) -> Ints:
    """Return positions in an order whose every beginning holds the splits in their proportions."""
    rank = splits.groupby(splits).cumcount().to_numpy()
    size = splits.map(splits.value_counts()).to_numpy()
    return np.argsort(rank / size, kind="stable")
