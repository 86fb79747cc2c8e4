"""Reports as tables in a terminal."""

from __future__ import annotations

from math import floor, isnan, log10, nan

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from catbench.comparison import Difference
from catbench.costs import UNIT_LABELS
from catbench.measures import MEASURES
from catbench.report import Estimate, Report, Result

LEAST_WIDTH = 96
"""Columns that a table is laid out for where the output is no terminal."""


def print_report(report: Report) -> None:
    """Print what a newcomer needs of a report: a headline, then the router against every fixed candidate."""
    console = _console()
    for result in report.results:
        if result.slice == "all":
            console.print(_headline(report, result))
            console.print(_against_fixed(report, result))
            sliced = [r for r in report.results if r.metric == result.metric and r.slice != "all"]
            if sliced:
                console.print(_slices([result, *sliced]))
    console.print(Text(report.signature, style="dim"), soft_wrap=True)


def print_difference(difference: Difference) -> None:
    """Print the paired difference of two routers on one metric."""
    title = (
        f"{difference.first} - {difference.second} on {difference.suite}: {difference.metric}, "
        f"{difference.cost}, pool {difference.pool}"
    )
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("measure")
    table.add_column("candidate")
    table.add_column("difference [95% interval]", justify="right")
    table.add_column("", justify="left")
    for name, found in difference.measures.items():
        rows = found.items() if isinstance(found, dict) else [("", found)]
        for candidate, estimate in rows:
            table.add_row(MEASURES[name].label, candidate, spell(estimate), _certain(estimate))
    _console().print(table)


def spell(estimate: Estimate, *, percent: bool = False) -> str:
    """Return `value [low, high]`, with the decimals that the interval warrants.

    `never` stands for a quality that is not reached.
    """
    scale, unit = (100, "%") if percent else (1, "")
    if estimate.value is None and estimate.low is None:
        return "never"
    if (estimate.low is None and estimate.high is None) or _width(estimate) == 0:
        return f"{(estimate.value or 0) * scale:.4g}{unit}"
    width = _width(estimate) * scale
    decimals = 1 if isnan(width) else min(8, max(0, 1 - floor(log10(width))))
    value, low, high = (
        "never" if number is None else f"{number * scale:.{decimals}f}"
        for number in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value}{unit} [{low}, {high}]"


def _width(estimate: Estimate) -> float:
    """Return the interval's width, 0 where it is only rounding, nan where an end is missing."""
    if estimate.low is None or estimate.high is None:
        return nan
    size = max(abs(estimate.low), abs(estimate.high), 1e-3)
    width = estimate.high - estimate.low
    return width if width > 1e-9 * size else 0.0


def _certain(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None or estimate.low <= 0 <= estimate.high:
        return ""
    return "excludes 0"


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, LEAST_WIDTH)
    return console


def _one(result: Result, name: str, *, percent: bool = False) -> str:
    return spell(result.estimate(name), percent=percent)


def _headline(report: Report, result: Result) -> Panel:
    lower = ", lower is better" if result.direction == "lower" else ""
    simulated = "[SIMULATED] " if report.simulated else ""
    lines = Table.grid(padding=(0, 2))
    lines.add_row(
        "headroom captured",
        Text(_one(result, "headroom", percent=True), style="bold"),
        "0% = mixture, 100% = oracle",
    )
    references = result.references
    around = f"mixture {spell(references['mixture']['audc'])}, oracle {spell(references['oracle']['audc'])}"
    lines.add_row("AUDC", _one(result, "audc"), around)
    if "oracle_leave_one_out" in references:
        lines.add_row("", "", f"oracle on unseen samples {spell(references['oracle_leave_one_out']['audc'])}")
    lines.add_row("gain over mixture", _one(result, "gain"), "the area that reading the prompt adds")
    best = max(result.fixed, key=lambda name: (result.fixed[name].quality.value or 0) * (-1 if lower else 1))
    lines.add_row("peak", _one(result, "peak"), f"a maximum, so biased upwards; less best single, {best}:")
    lines.add_row("", _one(result, "peak_gain"), "")
    lines.add_row(
        "router overhead",
        f"{result.seconds_per_prompt * 1e3:.3g} ms a prompt",
        f"fitted in {result.fit_seconds:.1f} s",
    )
    title = (
        f"{simulated}{report.router.name} on {result.suite}: {result.metric_label}{lower}; "
        f"{UNIT_LABELS.get(result.cost, result.cost)}; pool {result.pool}; {result.prompts:,} test prompts"
    )
    return Panel(Group(lines), title=Text(title, style="bold"), title_align="left")


def _against_fixed(report: Report, result: Result) -> Table:
    table = Table()
    for name in ("candidate", "cost", "always it", "router at its cost", "router - it", "cost to match"):
        table.add_column(name, justify="left" if name == "candidate" else "right")
    with_wins = "win_rate" in result.measures
    if with_wins:
        table.add_column("win rate", justify="right")
    for name, fixed in result.fixed.items():
        row = [
            name,
            f"{fixed.cost:.4g}",
            spell(fixed.quality).partition(" ")[0],
            spell(result.estimate("quality_at", name)),
            spell(result.estimate("gain_at", name)),
            spell(result.estimate("cost_to_match", name), percent=True),
        ]
        if with_wins:
            row.append(spell(result.estimate("win_rate", name), percent=True))
        table.add_row(*row)
    return table


def _slices(results: list[Result]) -> Table:
    table = Table(title="by slice of the test prompts", title_justify="left")
    for name in ("slice", "prompts", "headroom captured", "gain over mixture", "peak - best single"):
        table.add_column(name, justify="left" if name == "slice" else "right")
    for result in results:
        table.add_row(
            result.slice,
            f"{result.prompts:,}",
            _one(result, "headroom", percent=True),
            _one(result, "gain"),
            _one(result, "peak_gain"),
        )
    return table
