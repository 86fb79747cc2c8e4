"""One router on one metric, cost, pool and slice: everything that was measured of it, and it in a line."""

from __future__ import annotations

from typing import Literal

import numpy as np

from catbench.arrays import Floats
from catbench.errors import check_known
from catbench.report.numbers import (
    BestSingle,
    Budgets,
    Curve,
    Estimate,
    Estimates,
    Fixed,
    Measures,
)
from catbench.report.spelling import spell


class Result(Measures):
    """One router on one metric, cost, pool and slice of a suite's tested prompts."""

    verdict: str
    """What the router saves, in a sentence (`catbench.report.verdict`)."""
    signature: str
    """Every convention behind these numbers: equal signatures can be compared."""
    suite: str
    suite_digest: str
    pool: str
    metric: str
    metric_label: str
    direction: Literal["higher", "lower"]
    cost: str
    slice: str
    """`all`, or `column=value`."""
    prompts: int
    groups: int
    """Groups of the prompts: what the intervals resample."""
    fit_seconds: float
    seconds_per_prompt: float
    """Measured running time of the router itself."""
    hardware: str = ""
    """What that was measured on."""
    flops_per_prompt: float | None = None
    """FLOPs (2 x MAC) of the router itself, where it knows them, without those of its text encoder."""
    encoder_flops_per_prompt: float | None = None
    """FLOPs of the text encoder that the router runs. Candidates that run the same one anyway make them free
    (CATImage §5.1)."""
    overhead_note: str = ""
    """Why there is no `audc_with_overhead`, where there is none."""
    best_single: BestSingle
    budgets: Budgets
    kind: str = ""
    """Column of the prompts behind the reference `best_per_kind`."""
    validation_gain: float | None = None
    """Gain over the mixture on the validation prompts: by it routers can be chosen without a test score."""
    costs: list[float]
    """Of the candidates, in the unit `cost`."""
    fixed_quality: Estimates
    """Mean quality of each candidate alone."""
    references: dict[str, dict[str, Estimate]]
    """`mixture`, `oracle`, `oracle_leave_one_out`, `oracle_shrunk`, `best_single`, `best_per_kind` and
    `cascade`: never ranked. Null where the suite does not allow one (a second image, kinds of prompts)."""
    curve: Curve
    """Empty in a slice's result, as are the reference curves."""
    reference_curves: dict[str, list[float]]
    """Heights at the costs of `curve`."""

    def __repr__(self) -> str:
        return f"Result({self.suite}, {self.slice}: {headline(self)})"

    __str__ = __repr__

    @property
    def sign(self) -> int:
        """1 where higher scores are better, else -1: score x sign is a quality."""
        return 1 if self.direction == "higher" else -1

    @property
    def gains(self) -> Floats:
        """Gain over the mixture at the costs of the curve, above 0 where the router is better."""
        return self.sign * (np.array(self.curve.quality) - self.reference_curve("mixture").quality) + 0.0

    @property
    def fixed(self) -> dict[str, Fixed]:
        """Cost and quality of each candidate alone, by id."""
        return {
            name: Fixed(cost=cost, quality=self.fixed_quality.at(position))
            for position, (name, cost) in enumerate(zip(self.candidates, self.costs, strict=True))
        }

    def reference_curve(self, name: str) -> Curve:
        """Return the curve of a reference; raises UsageError for one that has none."""
        check_known("reference with a curve", self.reference_curves, name)
        return Curve(cost=self.curve.cost, quality=self.reference_curves[name])


def headline(result: Result) -> str:
    """Return verdict, headroom and gain as a line."""
    lower = " (lower is better)" if result.direction == "lower" else ""
    return (
        f"{result.metric}{lower}: {result.verdict}; {spelled(result, 'headroom')} of the headroom, "
        f"gain over the mixture {spelled(result, 'gain')}"
    )


def spelled(result: Result, name: Literal["headroom", "gain"]) -> str:
    """Return a measure as text; `-` where a report of a stranger lacks it, for a summary never fails."""
    found = result.measures.get(name)
    return spell(found, percent=name == "headroom") if isinstance(found, Estimate) else "-"
