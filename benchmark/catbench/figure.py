"""Deferral curves as a description of a figure; `catbench.plot` draws it, the leaderboard too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from catbench.costs import UNIT_LABELS
from catbench.report import Curve, Report, Result

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7A5195", "#333333")
"""Colours that colour-blind readers tell apart (Okabe and Ito 2008)."""
REFERENCE = "#767676"


@dataclass(frozen=True)
class Series:
    """One curve: a router's, with its band, or a reference's."""

    name: str
    curve: Curve
    role: Literal["router", "mixture", "oracle"]
    colour: str


@dataclass(frozen=True)
class FixedPoint:
    """Always using one candidate."""

    name: str
    cost: float
    quality: float


@dataclass(frozen=True)
class Panel:
    """Quality against cost on one metric."""

    title: str
    cost_label: str
    quality_label: str
    series: tuple[Series, ...]
    points: tuple[FixedPoint, ...]


def panels(reports: Sequence[Report]) -> tuple[Panel, ...]:
    """Return one panel a metric of the first report, with the curves of every report that has it."""
    return tuple(_panel(result, reports) for result in reports[0].results if result.slice == "all")


def cost_label(key: str) -> str:
    """Return how a cost key is written on an axis: `seconds per image (H200)`."""
    unit, _, hardware = key.partition("@")
    return f"{UNIT_LABELS.get(unit, unit)} per image" + (f" ({hardware})" if hardware else "")


def _panel(first: Result, reports: Sequence[Report]) -> Panel:
    curves = [
        Series(report.router.name, result.curve, "router", PALETTE[number % len(PALETTE)])
        for number, report in enumerate(reports)
        for result in report.results
        if (result.metric, result.slice) == (first.metric, "all")
    ]
    better = " (lower is better)" if first.direction == "lower" else ""
    simulated = "SIMULATED: " if reports[0].simulated else ""
    return Panel(
        title=f"{simulated}{first.suite}, pool {first.pool}, {first.prompts:,} test prompts",
        cost_label=cost_label(first.cost),
        quality_label=f"mean {first.metric_label}{better}",
        series=(
            Series(
                "mixture (does not read the prompt)", first.reference_curves["mixture"], "mixture", REFERENCE
            ),
            Series("oracle", first.reference_curves["oracle"], "oracle", REFERENCE),
            *curves,
        ),
        points=tuple(
            FixedPoint(name, fixed.cost, fixed.quality.value)
            for name, fixed in first.fixed.items()
            if fixed.quality.value is not None
        ),
    )
