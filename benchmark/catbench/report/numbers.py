"""Numbers of a report: estimates with their intervals, alone, by candidate, or along the costs."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import Field

from catbench.errors import check_known, unknown_name
from catbench.suite.info import InfoRecord

ALONG = 2
"""Every so many of a curve's costs has a gain with a band of its own, in replicates too: 17 of 33."""


class Estimate(InfoRecord):
    """A number with the ends of its 95% interval."""

    value: float | None
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None
    """Standard deviation over bootstrap replicates."""

    @property
    def sure(self) -> int:
        """1 where the whole interval lies above 0, -1 where below, 0 where neither is certain."""
        if self.low is None or self.high is None:
            return 0
        return (self.low > 0) - (self.high < 0)


class Estimates(InfoRecord):
    """Estimates of all candidates, or along all costs, as columns (K,)."""

    value: list[float | None]
    low: list[float | None]
    high: list[float | None]
    standard_error: list[float | None] = Field(default_factory=list)
    """Empty in a slice's result."""

    def at(self, position: int) -> Estimate:
        """Return one of them."""
        columns = {name: getattr(self, name) for name in Estimate.model_fields}
        return Estimate(**{name: column[position] for name, column in columns.items() if column})


class WinRates(Estimates):
    """Win rates over trials, with intervals over prompts and refits; null at the cheapest candidate."""

    deviation: list[float | None]
    """Standard deviation over trials of the router's quality at the candidate's cost."""


Measured: TypeAlias = Estimate | WinRates | Estimates
"""A measure's estimate, or one a candidate."""


class Fixed(InfoRecord):
    """Always drawing with one candidate."""

    cost: float
    quality: Estimate


class BestSingle(InfoRecord):
    """The best single candidate by training means."""

    candidate: str
    """Of folds that differ, the commonest."""
    cost: float
    quality: Estimate


class Budgets(InfoRecord):
    """Distinct candidates' costs as budgets (`catbench.score.deployment`)."""

    kept: int
    """Budgets that `budget_error` and `overspend` are means over."""
    beyond: int
    """Budgets beyond the end of the validation curve, which the router does not spend: it stays at that end.
    `deployed_gain` and `consistency` count them too."""


class Curve(InfoRecord):
    """A curve read off at fixed costs, with its band where it has one."""

    cost: list[float]
    quality: list[float]
    low: list[float | None] = Field(default_factory=list)
    high: list[float | None] = Field(default_factory=list)


class Measures(InfoRecord):
    """Measures of a result, or differences of two."""

    candidates: list[str]
    """Ids, in the order of every column of estimates."""
    measures: dict[str, Measured]

    def estimate(self, measure: str, candidate: str | None = None) -> Estimate:
        """Return one estimate; raises UsageError for an unknown measure or candidate."""
        check_known("measure", self.measures, measure)
        found = self.measures[measure]
        if isinstance(found, Estimate):
            return found
        if candidate is None or candidate not in self.candidates:
            raise unknown_name(f"candidate of {measure}", str(candidate), self.candidates)
        return found.at(self.candidates.index(candidate))
