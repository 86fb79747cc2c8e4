"""The score matrix: prompts x candidates x samples for several quality metrics, with costs.

Everything that is evaluated is read from one of these. A matrix is complete: a missing value is
refused when it is built, never filled in. What is given and what is handed out is nobody else's: arrays
and mappings are read-only, and `prompts` is a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from html import escape
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from catbench.arrays import Floats, Ints, Scores, frozen, owned
from catbench.errors import UsageError, listed, unknown_name
from catbench.suite.costs import PRICED, Cost, cost_keys, prices, select_costs
from catbench.suite.digest import content_digest
from catbench.suite.info import Metric, SuiteInfo
from catbench.suite.matrix_rules import check_matrix
from catbench.suite.pool import Candidate, Pool
from catbench.suite.prompts import SPLITS, Prompts, Split


@dataclass(frozen=True, eq=False)
class ScoreMatrix:
    """A suite in memory: prompts, candidates, scores and costs.

    Raises SuiteError where scores are missing or not finite, a split is empty, or names disagree.
    """

    suite: SuiteInfo
    prompts: pd.DataFrame
    """One row a prompt: `prompt_id`, `text`, `source`, `group`, `split`, and any slice columns. A copy each
    time: changing it changes no matrix."""
    candidates: tuple[Candidate, ...]
    metrics: tuple[Metric, ...]
    scores: Mapping[str, Scores]
    """Metric name -> float32 array (prompt, candidate, sample), as measured (not negated). Where a
    split stores fewer samples than another, the rest of the sample axis is NaN."""
    costs: tuple[Cost, ...]
    pools: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Pool name -> candidate ids. The pool `all` always exists."""
    samples: Mapping[Split, int] = field(default_factory=dict[Split, int])
    """Samples stored per prompt and candidate in each split; empty = the whole sample axis in all."""
    features: Mapping[str, Scores] = field(default_factory=dict[str, Scores])
    """Name -> float32 array (prompt, d) of prompt embeddings, rows in the order of `prompts`."""
    _table: pd.DataFrame = field(init=False, repr=False)
    """The prompts themselves."""

    def __post_init__(self) -> None:
        samples = self.samples
        if not samples:
            depth = next(iter(self.scores.values())).shape[2] if self.scores else 0
            samples = dict.fromkeys(SPLITS, depth)
        kept: dict[str, Mapping[Any, Any]] = {
            "pools": {name: tuple(members) for name, members in self.pools.items()},
            "samples": dict(samples),
        }
        for name, arrays in (("scores", self.scores), ("features", self.features)):
            kept[name] = {key: owned(array, np.float32) for key, array in arrays.items()}
        for name, mapping in kept.items():
            object.__setattr__(self, name, MappingProxyType(mapping))
        check_matrix(self)

    def __reduce__(self) -> tuple[Any, ...]:
        given = {part.name: getattr(self, part.name) for part in fields(self) if part.init}
        plain = {name: dict(value) for name, value in given.items() if isinstance(value, MappingProxyType)}
        return partial(ScoreMatrix, **given | plain), ()

    def __repr__(self) -> str:
        size = f"{len(self._table)} prompts x {len(self.candidates)} candidates"
        return f"ScoreMatrix({self.suite.id!r}: {size}, {', '.join(self.scores)})"

    def _repr_html_(self) -> str:
        """Return what the matrix holds as a small table for a notebook; everything is escaped."""
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

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the suite holds (`catbench.suite.digest`); the same whoever wrote its files."""
        return content_digest(self)

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
            candidates = self._pool_candidates(name)
        known = {candidate.id: candidate for candidate in self.candidates}
        if len(set(candidates)) < len(candidates):
            raise UsageError(f"a candidate is named twice: {', '.join(candidates)}")
        for candidate in candidates:
            if candidate not in known:
                raise unknown_name("candidate", candidate, known)
        key = cost or self._default_cost(name or "", candidates)
        values, _ = select_costs(self.costs, key, candidates)
        chosen = tuple(known[candidate] for candidate in candidates)
        return Pool(name or "custom", chosen, values, key, metric, seed)

    def _default_cost(self, pool: str, candidates: Sequence[str]) -> str:
        if pool.startswith(PRICED) and pool not in self.pools:
            return pool.removeprefix(PRICED)
        keys, needed = self.cost_keys, set(candidates)
        return next((key for key in keys if needed <= prices(self.costs, key)[0].keys()), keys[0])

    def cost_hardware(self, pool: Pool) -> str:
        """Return what a pool's costs were measured on, empty where they name nothing."""
        return select_costs(self.costs, pool.unit, pool.ids)[1]

    def _pool_candidates(self, name: str) -> tuple[str, ...]:
        if name in self.pools:
            return tuple(self.pools[name])
        if name in ("all", "heterogeneous"):
            return self.candidate_ids
        if name.startswith(PRICED):
            priced, _ = prices(self.costs, name.removeprefix(PRICED))
            return tuple(candidate for candidate in self.candidate_ids if candidate in priced)
        if name == "homogeneous":
            model_of = {candidate.id: candidate.model or candidate.id for candidate in self.candidates}
            models: dict[str, list[str]] = {}
            for candidate, model in model_of.items():
                models.setdefault(model, []).append(candidate)
            named = [
                ids for ids in self.pools.values() if len(ids) > 1 and len({model_of[c] for c in ids}) == 1
            ]
            largest = max(named or models.values(), key=len)
            if len(largest) == 1:
                raise UsageError(f"suite {self.suite.id!r} has no two candidates of one model")
            return tuple(largest)
        raise unknown_name("pool", name, [*self.pools, "all", "homogeneous", "heterogeneous"])


def _prompts(matrix: ScoreMatrix) -> pd.DataFrame:
    return vars(matrix)["_table"].copy()


def _keep_prompts(matrix: ScoreMatrix, prompts: pd.DataFrame) -> None:
    object.__setattr__(matrix, "_table", prompts.copy())


# A frame cannot be made read-only. Set from outside, so that `prompts` stays a field that has no default.
setattr(ScoreMatrix, "prompts", property(_prompts, _keep_prompts))  # noqa: B010
