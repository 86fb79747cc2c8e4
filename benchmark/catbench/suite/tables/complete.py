"""A matrix is complete: blank prompts and missing scores are refused, or left out where that is asked for.

Nothing is filled in. A message counts what is missing, names the first three, and tells what each way out
takes: leaving out the prompts concerned (`--drop-prompts`), or the candidates (`--drop-candidates`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from catbench.arrays import Ints, Scores
from catbench.errors import SuiteError, counted, listed, shown
from catbench.suite.tables.columns import Tell

Flags = npt.NDArray[np.bool_]
_UNEVEN = 0.1
"""Where more cells than this part lack a sample, and none lacks all, their numbers differ by design."""


@dataclass(frozen=True)
class Drops:
    """What may be left out of a table for what is missing in it."""

    prompts: bool = False
    """Blank prompts, and prompts that lack a score."""
    candidates: bool = False
    """Candidates that lack a score; they go before prompts do."""


def without_blank_prompts(table: pd.DataFrame, drops: Drops, where: str, tell: Tell) -> pd.DataFrame:
    """Return the rows that have a prompt; raises SuiteError where others may not be left out.

    The index of `table` holds the number of each row, counted from 0.
    """
    without = blank(table["prompt"])
    if not without.any():
        return table
    rows = [f"row {row + 1}" for row in table.index[without]]
    said = f"{where}: the prompt of {counted(len(rows), 'row')} of {len(table):,} is blank: {listed(rows)}"
    if without.all() or not drops.prompts:
        raise SuiteError(f"{said}; {'no row is left' if without.all() else '--drop-prompts leaves them out'}")
    tell(f"{said}; left out")
    return table[~without]


def blank(column: pd.Series[Any]) -> Flags:
    """Return which cells of a column hold nothing, or white space alone."""
    return (column.isna() | (column.astype(str).str.strip() == "")).to_numpy()


def whole_part(
    scores: Mapping[str, Scores],
    depth: Ints,
    texts: Sequence[str],
    candidates: Sequence[str],
    drops: Drops,
    where: str,
    tell: Tell,
) -> tuple[Flags, Flags]:
    """Return which prompts and which candidates to keep, so that no score is missing.

    `scores` are arrays (prompt, candidate, sample) by metric, NaN where nothing stands; `depth` is the number
    of samples due for each prompt. Raises SuiteError where something is missing and may not be left out, or
    nothing worth routing would be left.
    """
    keep_prompts, keep_candidates = np.ones(len(texts), bool), np.ones(len(candidates), bool)
    due = np.arange(max(depth)) < depth[:, None, None]
    lacking = due & np.any([np.isnan(values) for values in scores.values()], axis=0)
    cells = lacking.any(axis=2)
    if not cells.any():
        return keep_prompts, keep_candidates
    total = int(depth.sum()) * len(candidates)
    said = f"{where}: {_missing(lacking, total, scores, texts, candidates)}"
    if not (drops.prompts or drops.candidates):
        sizes = np.unique((due & ~lacking).sum(axis=2))
        if sizes[0] and cells.mean() > _UNEVEN:
            said += f" (there are {sizes[0]} to {sizes[-1]} samples: average them, or keep as many of each)"
        raise SuiteError(
            f"{said}. A matrix is complete: --drop-prompts leaves out {_part(cells.any(axis=1), 'prompt')}, "
            f"--drop-candidates {_part(cells.any(axis=0), 'candidate')}"
        )
    if drops.candidates:
        keep_candidates = ~cells.any(axis=0)
        gone, kind = list(compress(candidates, ~keep_candidates)), "candidate"
    else:
        keep_prompts = ~cells.any(axis=1)
        gone, kind = [shown(text, 40) for text in compress(texts, ~keep_prompts)], "prompt"
    prompts, models = int(keep_prompts.sum()), int(keep_candidates.sum())
    left = f"{counted(prompts, 'prompt')} x {counted(models, 'candidate')}"
    if not prompts or models < min(2, len(candidates)):
        raise SuiteError(f"{said}. Without what lacks one, {left} would be left")
    tell(f"{said}. Left out: {counted(len(gone), kind)}, {listed(gone)}; left are {left}")
    return keep_prompts, keep_candidates


def _missing(
    lacking: Flags, total: int, scores: Mapping[str, Scores], texts: Sequence[str], candidates: Sequence[str]
) -> str:
    """Return how many scores are missing, and the first three by prompt and candidate."""
    squeezed = pd.Series([" ".join(text.split()) for text in texts])
    twin = squeezed.duplicated(keep=False).to_numpy()
    named: list[str] = []
    places: list[list[int]] = np.argwhere(lacking)[:3].tolist()
    for prompt, candidate, sample in places:
        metrics = [name for name, values in scores.items() if np.isnan(values[prompt, candidate, sample])]
        which = [f"sample {sample}"] if lacking.shape[2] > 1 else []
        which += metrics if len(metrics) < len(scores) else []
        text = repr(texts[prompt][:40]) if twin[prompt] else shown(texts[prompt], 40)
        named.append(f"{text} by {candidates[candidate]}" + (f" ({', '.join(which)})" if which else ""))
    more = int(lacking.sum()) - len(named)
    twins = twin[lacking.any(axis=(1, 2))].any()
    return (
        f"{int(lacking.sum()):,} of {counted(total, 'score')} missing: {'; '.join(named)}"
        + (f"; and {more:,} more" if more else "")
        + (" (texts that differ in white space alone are two prompts: write them alike)" if twins else "")
    )


def _part(which: Flags, noun: str) -> str:
    return f"{int(which.sum()):,} of {counted(len(which), noun)}"
