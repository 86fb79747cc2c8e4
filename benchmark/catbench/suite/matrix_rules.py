"""What must hold of every score matrix: names agree, groups stay whole, nothing is missing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from catbench.arrays import Scores
from catbench.errors import SuiteError, shown, unknown_name
from catbench.suite.costs import check_costs
from catbench.suite.prompts import SPLITS, normalise
from catbench.suite.suite_record import Suite

PROMPT_COLUMNS = ("prompt_id", "text", "source", "group", "split")
"""Columns that the prompts of every suite have, all text."""


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
