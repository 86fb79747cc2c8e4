"""The prompt side of a suite: from the rows of a dataset to prompts with groups, splits and slices."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from catbench.arrays import Ints, Scores
from catbench.download import Progress
from catbench.errors import SuiteError, UsageError
from catbench.suite.info import Diversity, PromptSource, Provenance, SuiteInfo
from catbench.suite.matrix import Suite
from catbench.suite.prompts import group_of, normalise, split_of
from catbench.suite.slices import complexity
from catbench_make.prompts import paper_suites as paper
from catbench_make.prompts.clean import Clean, clean
from catbench_make.prompts.diversity import PAPER_THRESHOLD, DiversityFilter
from catbench_make.prompts.embeddings import PART, Embeddings
from catbench_make.prompts.leaks import parted_pairs, without_leaks


@dataclass(frozen=True)
class Choice:
    """Which prompts of a dataset to keep."""

    threshold: float = PAPER_THRESHOLD
    seed: int = 0
    limit: int | None = None
    nsfw_ceiling: float | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"--limit {self.limit}: at least 1 is needed")
        if self.seed < 0:
            raise UsageError(f"--seed {self.seed} cannot be negative")


def build(
    suite: str,
    source: PromptSource,
    rows: pd.DataFrame,
    choice: Choice,
    embeddings: Embeddings,
    progress: Progress,
) -> Suite:
    """Return a suite of the diverse prompts among `rows`: filtered, split, without leaks, sliced.

    Prompts stand in the order in which they were taken, and the provenance counts what became of the others.
    The vectors that they were filtered by become the suite's prompt embedding, for routers. Encoding goes on
    only until `choice.limit` prompts are left once leaks are out. Raises SuiteError where none is left.
    """
    found = clean(rows, source.name, choice.seed, choice.nsfw_ceiling)
    wanted = choice.limit
    while True:
        kept, vectors, seen = _diverse(found.texts, choice.threshold, wanted, embeddings, progress)
        table = _table(found, kept, source.name)
        pairs = parted_pairs(vectors, table["split"].tolist(), PAPER_THRESHOLD)
        stays = without_leaks(pairs, table["split"].tolist())
        # A prompt more adds one at most to those that stay: the limit is met, never passed.
        if choice.limit is None or stays.sum() == choice.limit or seen == len(found.texts):
            break
        wanted = len(kept) + choice.limit - int(stays.sum())
    counts = {
        **found.counts,
        "similar": seen - len(kept),
        "not_reached": len(found.texts) - seen,
        "near_across_splits": int((~stays).sum()),
        "kept": int(stays.sum()),
    }
    encoder = embeddings.encoder
    diversity = Diversity(encoder=encoder.name, weights=encoder.weights, **asdict(choice))
    features = {feature_name(encoder.name): vectors[stays]}
    return _built(suite, source, table[stays], diversity, counts, features)


def feature_name(encoder: str) -> str:
    """Return what a suite calls the prompt embedding of an encoder: its name, as a file may be called."""
    return re.sub(r"[^a-z0-9]+", "-", encoder.lower()).strip("-") or "embedding"


def rebuild(
    suite: str, source: PromptSource, rows: pd.DataFrame, ids: Sequence[str], diversity: Diversity | None
) -> Suite:
    """Return a suite of the prompts with these ids, in this order; no encoder is needed, so none embeds them.

    Raises SuiteError where a prompt is not among `rows`.
    """
    found = clean(rows, source.name, diversity.seed if diversity else 0)
    place = {name: row for row, name in enumerate(found.ids)}
    if missing := [name for name in ids if name not in place]:
        raise SuiteError(
            f"{len(missing)} of {len(ids)} ids are of no prompt in {', '.join(f.name for f in source.files)} "
            f"({missing[0]}, ...): are they of another source?"
        )
    kept = np.array([place[name] for name in dict.fromkeys(ids)])
    counts = {**found.counts, "kept": len(kept)}
    return _built(suite, source, _table(found, kept, source.name), diversity, counts)


def _diverse(
    texts: Sequence[str], threshold: float, limit: int | None, embeddings: Embeddings, progress: Progress
) -> tuple[Ints, Scores, int]:
    """Return the positions of the kept texts, their vectors, and how many texts were looked at."""
    diverse = DiversityFilter(threshold)
    kept: list[Ints] = []
    vectors: list[Scores] = []
    seen = 0
    while seen < len(texts) and (limit is None or diverse.count < limit):
        due = _due(len(texts), limit, seen, diverse.count)
        part = embeddings(texts[seen : seen + PART], progress, total=due, before=seen)
        rows = np.flatnonzero(diverse.add(part))
        kept.append(rows + seen)
        vectors.append(part[rows])
        seen += len(part)
        progress(f"filtering, {diverse.count:,} kept", seen, max(seen, due))
    rows, found = np.concatenate(kept)[:limit], np.concatenate(vectors)[:limit]
    return rows, found, seen if limit is None or len(rows) < limit else int(rows[-1]) + 1


def _due(texts: int, limit: int | None, seen: int, kept: int) -> int:
    """Return how many texts will have been looked at in the end, if as many as so far are kept; in parts."""
    if limit is None:
        return texts
    share = kept / seen if kept else 1.0
    return min(texts, -(-math.ceil(limit / share) // PART) * PART)


def _table(found: Clean, kept: Ints, source: str) -> pd.DataFrame:
    """Return `prompts.parquet`: a row a kept prompt, in the order in which they were taken."""
    texts = [found.texts[row] for row in kept]
    keys = [normalise(text) for text in texts]
    table = pd.DataFrame(
        {
            "prompt_id": [found.ids[row] for row in kept],
            "text": texts,
            "source": source,
            "group": [group_of(key) for key in keys],
            "split": [split_of(key) for key in keys],
        }
    ).astype("str")
    return pd.concat([table, complexity(texts)], axis=1)


def _built(
    suite: str,
    source: PromptSource,
    table: pd.DataFrame,
    diversity: Diversity | None,
    counts: dict[str, int],
    features: Mapping[str, Scores] | None = None,
) -> Suite:
    version, by = "ids", ""
    if diversity is not None:
        version = f"{diversity.encoder}@{diversity.threshold:g}"
        by = f", all below {diversity.threshold:g} in the space of {diversity.encoder}"
    info = SuiteInfo(
        id=suite,
        version=version,
        title=f"{source.name}: {len(table):,} prompts{by}",
        licence=f"prompts: {source.licence}",
        source=source.url,
        provenance=Provenance(sources=(source,), diversity=diversity, counts=counts),
    )
    return paper.paper_suite(info, table.reset_index(drop=True), features)
