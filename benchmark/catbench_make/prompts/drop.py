"""A suite without the prompts that leak from a split into another, with or without scores."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catbench.errors import SuiteError
from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import Suite
from catbench.suite.store import load, load_suite, read_manifest, save
from catbench_make.prompts.ids import FILE, read_ids, spell_ids
from catbench_make.prompts.leaks import without_leaks
from catbench_make.prompts.prompt_check import PromptCheck


def write_without(folder: Path, found: PromptCheck, out: Path) -> int:
    """Write a copy of the suite without its leaks to `out`, and return how many prompts were dropped.

    Of a pair that a split has parted the training prompt goes, else the validation one; a test prompt
    stays where it is. Raises UsageError where `out` is there already, SuiteError where a split loses all.
    """
    stays = without_leaks(pd.concat([found.exact, found.similar]), found.prompts["split"].tolist())
    rows = np.flatnonzero(stays)
    before, after = (set(found.prompts["split"].iloc[part]) for part in (slice(None), rows))
    if before > after:
        raise SuiteError(
            f"--drop would leave no {' and no '.join(sorted(before - after))} prompt: at {found.near:g} all "
            "of them leak; is --near too low?"
        )
    whole = load(folder) if "scores.parquet" in read_manifest(folder).files else load_suite(folder)
    kept = replace(whole.take(rows), suite=_marked(whole.suite, len(stays), len(rows)))
    sheets = ((path.stem, path.read_bytes()) for path in sorted((folder / "images").glob("*.webp")))
    save(kept, out, images=sheets, extra=_ids(folder, kept))  # sheets are of test prompts, which all stay
    return int((~stays).sum())


def _marked(suite: SuiteInfo, before: int, after: int) -> SuiteInfo:
    """Return a suite's record with its version marked, and the number of prompts wherever it stands."""
    changes: dict[str, Any] = {
        "version": f"{suite.version}-without-leaks",
        "title": re.sub(rf"(?<![\d,])({before}|{before:,}) prompts", f"{after:,} prompts", suite.title),
    }
    if suite.provenance:
        counts = suite.provenance.counts
        parted = counts.get("near_across_splits", 0) + before - after
        counts = {**counts, "near_across_splits": parted, "kept": after}
        changes["provenance"] = suite.provenance.model_copy(update={"counts": counts})
    return suite.model_copy(update=changes)


def _ids(folder: Path, kept: Suite) -> dict[str, str]:
    """Return the list of ids, where the suite has one, of those that are kept."""
    if not (folder / FILE).is_file():
        return {}
    stay = set(kept.prompts["prompt_id"])
    ids, diversity = read_ids(folder)
    return {FILE: spell_ids([name for name in ids if name in stay], diversity)}
