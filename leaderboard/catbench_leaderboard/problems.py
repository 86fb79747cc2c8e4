"""Which results stand in one table: those of one suite, pool and cost, under the same conventions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from catbench.report import Result

OWN = ("bootstrap:", "trials:", "catbench:", "metric:", "slice:", "suite:", "pool:", "cost:")
"""Parts of a signature that may differ within a table, or that a result has as fields."""


@dataclass(frozen=True)
class Problem:
    """One suite, pool and cost, under one set of conventions."""

    suite: str
    digest: str
    pool: str
    cost: str
    candidates: tuple[str, ...]
    conventions: str
    """The rest of the signature."""
    simulated: bool

    @property
    def id(self) -> str:
        """Return a short name that differs where anything above does."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


def problem_of(result: Result, simulated: bool) -> Problem:
    """Return the problem that a result is about."""
    rest = [part for part in result.signature.split("|") if not part.startswith(OWN)]
    return Problem(
        suite=result.suite,
        digest=result.suite_digest,
        pool=result.pool,
        cost=result.cost,
        candidates=tuple(result.fixed),
        conventions="|".join(rest),
        simulated=simulated,
    )
