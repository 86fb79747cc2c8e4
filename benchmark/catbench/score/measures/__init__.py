"""Measures of a router: pure functions of curves and arrays, one file each, with their source.

Conventions: quality is higher-is-better by the time it is here; arrays per candidate are in the pool's
order; a target that is never reached is infinity, a value that does not exist is nan. What is read off one
curve is a number or (M,), off the curves of B resamples (B,) or (B, M).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["quality", "gain", "share", "ratio", "error", "correlation"]


@dataclass(frozen=True)
class Measure:
    """What a table needs to know of a measure."""

    name: str
    """Its name in reports."""
    label: str
    kind: Kind
    """`quality`: on the metric's own scale and with its own sign. `gain`: a difference of qualities,
    positive is better. `share`, `ratio` and `correlation`: without unit. `error`: on the metric's scale,
    lower is better."""
    per_candidate: bool = False
    better: Literal["higher", "lower"] = "higher"


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("match_best", "cost to match the best single", "ratio", better="lower"),
        Measure("gain_at_best", "gain at the best single's cost", "gain"),
        Measure("unlimited_gain", "gain with no limit on cost", "gain"),
        Measure("headroom", "headroom captured", "share"),
        Measure("gain", "gain over the mixture", "gain"),
        Measure("gain_binding", "gain where the budget binds", "gain"),
        Measure("audc", "AUDC", "quality"),
        Measure("audc_mixed", "AUDC with mixing", "quality"),
        Measure("audc_with_overhead", "AUDC with overhead", "quality"),
        Measure("headroom_linear", "headroom captured (linear cost)", "share"),
        Measure("gain_linear", "gain over the mixture (linear cost)", "gain"),
        Measure("audc_linear", "AUDC (linear cost)", "quality"),
        Measure("budget_error", "budget error", "ratio", better="lower"),
        Measure("overspend", "overspend", "ratio", better="lower"),
        Measure("deployed_gain", "gain at kept budgets", "gain"),
        Measure("consistency", "rewordings drawn alike", "share"),
        Measure("peak", "peak", "quality"),
        Measure("peak_gain", "peak over the best single on test", "gain"),
        Measure("quality_at", "router at that cost", "quality", per_candidate=True),
        Measure("gain_at", "gain", "gain", per_candidate=True),
        Measure("cost_to_match", "cost to match", "ratio", per_candidate=True, better="lower"),
        Measure("win_rate", "win rate", "share", per_candidate=True),
        Measure("rmse", "RMSE of the estimate", "error", per_candidate=True, better="lower"),
        Measure("rank_correlation", "rank correlation of the estimate", "correlation", per_candidate=True),
    )
}
"""Every measure by name, in the order of tables. Areas are on the log-cost axis unless named linear."""
