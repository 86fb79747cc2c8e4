"""A suite without the prompts that leak from a split into another, with or without scores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from catbench.arrays import Ints
from catbench.generate.problem import load_problem, save_problem
from catbench.matrix import ScoreMatrix, SuiteInfo
from catbench.prompt_sets.check import Check
from catbench.prompt_sets.leaks import Pairs, without_leaks
from catbench.store import load, read_manifest, save


def write_without(folder: Path, found: Check, out: Path) -> int:
    """Write a copy of the suite without its leaks to `out`, and return how many prompts were dropped.

    Of a pair that a split has parted the training prompt goes, else the validation one; a test prompt
    stays where it is. Raises UsageError where `out` is there already, SuiteError where a split loses all.
    """
    parted = [pairs for pairs in (found.exact, found.similar) if pairs is not None]
    pairs = Pairs(*(np.concatenate([getattr(p, name) for p in parted]) for name in _FIELDS))
    stays = without_leaks(pairs, found.prompts["split"].tolist())
    rows = np.flatnonzero(stays)
    if "scores.parquet" in read_manifest(folder).files:
        save(_take(load(folder), rows), out, images=_images(folder))
    else:
        problem = load_problem(folder)
        kept = problem.take(rows)
        save_problem(replace(kept, suite=_marked(kept.suite), root=None, order=None), out)
    return int((~stays).sum())


_FIELDS = ("first", "second", "similarity")


def _take(matrix: ScoreMatrix, rows: Ints) -> ScoreMatrix:
    return replace(
        matrix,
        suite=_marked(matrix.suite),
        prompts=matrix.prompts.iloc[rows].reset_index(drop=True),
        scores={name: values[rows] for name, values in matrix.scores.items()},
        features={name: values[rows] for name, values in matrix.features.items()},
        digest="",
    )


def _marked(suite: SuiteInfo) -> SuiteInfo:
    return suite.model_copy(update={"version": f"{suite.version}-without-leaks"})


def _images(folder: Path) -> Iterable[tuple[str, bytes]]:
    """Yield the sheets of the suite; they are of test prompts, which all stay."""
    for path in sorted((folder / "images").glob("*.webp")):
        yield path.stem, path.read_bytes()
