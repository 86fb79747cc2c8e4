"""A suite (prompts, candidates, metrics, prices), and the score matrix, which is one with scores.

Everything that is evaluated is read from a score matrix: the scores of prompts x candidates x samples for
several quality metrics. It is complete: a missing value is refused when it is built, never filled in. What is
given and what is handed out is nobody else's: arrays and mappings are read-only, and `prompts` is a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import pandas as pd

from catbench.arrays import Floats, Ints, Scores, frozen, owned
from catbench.errors import SuiteError, UsageError, check_known, listed, shown, unknown_name
from catbench.suite.content import content_digest, stored_samples
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.pool import (
    PRICED,
    Candidate,
    Cost,
    Pool,
    check_costs,
    cost_keys,
    members_of,
    prices,
    select_costs,
)
from catbench.suite.prompts import SPLITS, Prompts, Split, check_columns, check_feature, check_prompts


@dataclass(frozen=True, eq=False, kw_only=True)
class Suite:
    """Prompts, candidates, metrics and costs, which need no scores yet.

    Raises SuiteError where there is no metric, a name appears twice, or a split has no number of samples.
    """

    suite: SuiteInfo
    """What the suite says of itself."""
    prompts: pd.DataFrame
    """One row a prompt: `prompt_id`, `text`, `source`, `group`, `split`, and any slice columns. A copy each
    time: changing it changes no suite."""
    candidates: tuple[Candidate, ...]
    metrics: tuple[Metric, ...]
    samples: Mapping[Split, int]
    """Samples of each prompt and candidate in each split."""
    costs: tuple[Cost, ...] = ()
    pools: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Pool name -> candidate ids. The pool `all` always exists."""
    features: Mapping[str, Scores] = field(default_factory=dict[str, Scores])
    """Name -> float32 array (prompt, d) of prompt embeddings, rows in the order of `prompts`."""
    root: Path | None = None
    """The suite's folder; a model given by a relative path is looked for there first."""
    _table: pd.DataFrame = field(init=False, repr=False)
    """The prompts themselves."""

    def __post_init__(self) -> None:
        self._keep("pools", {name: tuple(members) for name, members in self.pools.items()})
        self._keep("samples", self.samples)
        self._keep("features", {key: owned(array, np.float32) for key, array in self.features.items()})
        name = f"suite {self.suite.id!r}"
        if not self.metrics:
            raise SuiteError(f"{name}: its manifest lists no metrics, so there is nothing to score images by")
        check_columns(self._table, f"{name}, prompts")
        metrics = [metric.name for metric in self.metrics]
        for kind, names in (("candidate", self.candidate_ids), ("metric", metrics)):
            if twice := [one for place, one in enumerate(names) if one in names[:place]]:
                raise SuiteError(f"{name}: {kind} {twice[0]!r} appears twice")
        for split in SPLITS:
            if len(self.rows(split)) and self.samples.get(split, 0) < 1:
                raise SuiteError(f"{name}: no number of samples is given for the {split} split")

    def _keep(self, name: str, mapping: Mapping[Any, Any]) -> None:
        object.__setattr__(self, name, MappingProxyType(dict(mapping)))

    def given(self) -> dict[str, Any]:
        """Return what it was made of, by the names of its fields."""
        given = {part.name: getattr(self, part.name) for part in fields(self) if part.init}
        return {key: dict(value) if isinstance(value, Mapping) else value for key, value in given.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self.given()), ()

    def __repr__(self) -> str:
        size = f"{len(self._table)} prompts x {len(self.candidates)} candidates"
        names = ", ".join(metric.name for metric in self.metrics)
        return f"{type(self).__name__}({self.suite.id!r}: {size}, {names})"

    def _repr_html_(self) -> str:
        """Return what the suite holds as a small table for a notebook; everything is escaped."""
        splits = ", ".join(f"{len(self.rows(split)):,} {split}" for split in SPLITS)
        rows = {
            "suite": f"{self.suite.id}: {self.suite.title}",
            "prompts": f"{len(self._table):,}: {splits}",
            "candidates": listed(self.candidate_ids, 8),
            "metrics": ", ".join(f"{metric.name} ({metric.direction} is better)" for metric in self.metrics),
            "costs": ", ".join(self.cost_keys),
            "licence": self.suite.licence or "not stated",
        }
        cells = "".join(f"<tr><th>{name}</th><td>{escape(said)}</td></tr>" for name, said in rows.items())
        return f"<table>{cells}</table>"

    @property
    def candidate_ids(self) -> tuple[str, ...]:
        """Ids of all candidates, in the order of the candidate axis."""
        return tuple(candidate.id for candidate in self.candidates)

    @property
    def cost_keys(self) -> tuple[str, ...]:
        """Every cost key that `pool` accepts; the first is the default."""
        return cost_keys(self.costs)

    @property
    def slice_columns(self) -> tuple[str, ...]:
        """Columns of `prompts` by which results can be sliced."""
        fixed = {"prompt_id", "text", "group", "split"}
        return tuple(str(name) for name in self._table.columns if name not in fixed)

    def metric(self, name: str) -> Metric:
        """Return a metric by name, or raise UsageError with the near ones."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise unknown_name("metric", name, [metric.name for metric in self.metrics])

    def rows(self, split: Split) -> Ints:
        """Return the positions of a split's prompts, in stored order; read-only."""
        return self._rows[split]

    @cached_property
    def _rows(self) -> dict[Split, Ints]:
        found = self._table["split"].to_numpy()
        return {split: frozen(np.flatnonzero(found == split)) for split in SPLITS}

    def texts(self, rows: Ints) -> Prompts:
        """Return the prompts at these positions as a router sees them."""
        texts = self._table["text"].to_numpy(dtype=object)[rows]
        return Prompts(list(texts), {name: frozen(array[rows]) for name, array in self.features.items()})

    def take(self, rows: Ints) -> Self:
        """Return the same of the prompts at `rows` (positions), in that order."""
        return replace(self, **self._at(rows))

    def _at(self, rows: Ints) -> dict[str, Any]:
        """Return the fields that have a row a prompt, of some of them; a rule of a matrix refuses others."""
        count, features = len(self._table), self.features.items()
        return {
            "prompts": self._table.iloc[rows].reset_index(drop=True),
            "features": {key: values[rows] if len(values) == count else values for key, values in features},
        }

    def pool(
        self,
        name: str | None = None,
        *,
        candidates: Sequence[str] | None = None,
        cost: str | None = None,
        metric: str = "",
        seed: int = 0,
    ) -> Pool:
        """Return a named pool, or one of the given candidates, priced under a cost key.

        Beside the suite's own pools there are `all`, `heterogeneous` (the same), `homogeneous` (the suite's
        largest pool of one model, or else the most candidates that share one) and `priced:KEY` (those with a
        price under a cost key). Default: `all`, under the suite's first key that prices the whole pool, and
        `priced:KEY` under its own. Raises UsageError for an unknown name, or a candidate without a price.
        """
        if candidates is not None and name is not None:
            raise UsageError("give a pool or a list of candidates, not both")
        if candidates is None:
            name = name or "all"
            candidates = members_of(name, self.pools, self.candidates, self.costs, self.suite.id)
        known = {candidate.id: candidate for candidate in self.candidates}
        if len(set(candidates)) < len(candidates):
            raise UsageError(f"a candidate is named twice: {', '.join(candidates)}")
        check_known("candidate", known, *candidates)
        if not cost and name and name.startswith(PRICED) and name not in self.pools:
            cost = name.removeprefix(PRICED)
        covering = (key for key in self.cost_keys if set(candidates) <= prices(self.costs, key)[0].keys())
        key = cost or next(covering, self.cost_keys[0])
        values, _ = select_costs(self.costs, key, candidates)
        chosen = tuple(known[candidate] for candidate in candidates)
        return Pool(name or "custom", chosen, values, key, metric, seed)

    def cost_hardware(self, pool: Pool) -> str:
        """Return what a pool's costs were measured on, empty where they name nothing."""
        return select_costs(self.costs, pool.unit, pool.ids)[1]


def _prompts(suite: Suite) -> pd.DataFrame:
    return vars(suite)["_table"].copy()


def _keep_prompts(suite: Suite, prompts: pd.DataFrame) -> None:
    object.__setattr__(suite, "_table", prompts.copy())


# A frame cannot be made read-only. Set from outside, so that `prompts` stays a field that has no default.
setattr(Suite, "prompts", property(_prompts, _keep_prompts))  # noqa: B010


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
        self._check(f"suite {self.suite.id!r}")

    def _check(self, name: str) -> None:
        """Raise SuiteError where a rule is broken, naming prompt and candidate; `name` is said first."""
        prompts, ids, samples = self._table, self.candidate_ids, self.samples
        if {metric.name for metric in self.metrics} != set(self.scores):
            raise SuiteError(f"{name}: metrics {[m.name for m in self.metrics]}, scores {list(self.scores)}")
        check_prompts(prompts, name)
        for pool, members in self.pools.items():
            if not members:
                raise SuiteError(f"{name}: pool {pool!r} has no candidate")
            for member in set(members) - set(ids):
                raise SuiteError(f"{name}, pool {pool!r}: {unknown_name('candidate', member, ids)}")
        for metric, scores in self.scores.items():
            shape = scores.shape
            if len(shape) != 3 or shape[:2] != (len(prompts), len(ids)):
                raise SuiteError(
                    f"{name}: scores of {metric!r} have shape {shape}, not (prompt, candidate, sample)"
                )
            for split, depth in samples.items():
                if not 1 <= depth <= shape[2]:
                    raise SuiteError(f"{name}: {depth} samples in {split}, of {shape[2]} in the scores")
            missing = ~np.isfinite(scores) & stored_samples(prompts, samples, shape[2])
            if missing.any():
                row, column, sample = np.argwhere(missing)[0]
                raise SuiteError(
                    f"{name}: {metric} of prompt {shown(prompts['text'].iloc[row])} (id "
                    f"{prompts['prompt_id'].iloc[row]}), candidate {ids[column]!r}, sample {sample} is "
                    f"{scores[row, column, sample]}: every score must be a finite number"
                )
        check_costs(self.costs, ids, name)
        for feature, values in self.features.items():
            check_feature(feature, values, len(prompts), f"{name}: ")
            if not np.isfinite(values).all():
                raise SuiteError(f"{name}: feature {feature!r} has values that are not finite")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the numbers depend on (`catbench.suite.content`), whoever wrote the files."""
        return content_digest(
            self._table,
            {split: self.samples[split] for split in SPLITS},
            self.candidate_ids,
            [[cost.candidate, cost.unit, cost.hardware, f"{cost.value:.12g}"] for cost in self.costs],
            [[metric.name, metric.direction] for metric in self.metrics],
            self.scores,
        )

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
