"""Reports as tables in a terminal."""

from __future__ import annotations

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from catbench.comparison import Difference
from catbench.costs import UNIT_LABELS
from catbench.measures import MEASURES, Measure
from catbench.report import Estimate, Report, Result
from catbench.spelling import spell

LEAST_WIDTH = 96
"""Columns that a table is laid out for where the output is no terminal."""


def print_report(report: Report, *, linear: bool = False, every: bool = False) -> None:
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
    lower = " (lower is better)" if difference.direction == "lower" else ""
    title = (
        f"{difference.first} - {difference.second} on {difference.suite}: {difference.metric}{lower}, "
        f"{difference.cost}, pool {difference.pool}, {difference.prompts:,} test prompts"
    )
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("measure")
    table.add_column("candidate")
    table.add_column("difference [95% interval]", justify="right")
    table.add_column(difference.first)
    for name, found in difference.measures.items():
        rows = (
            [("", found)]
            if isinstance(found, Estimate)
            else [(candidate, found.at(m)) for m, candidate in enumerate(difference.candidates)]
        )
        for candidate, estimate in rows:
            verdict = _verdict(estimate, MEASURES[name], lower=bool(lower))
            table.add_row(MEASURES[name].label, candidate, spell(estimate), verdict)
    _console().print(table)


def _value(estimate: Estimate) -> str:
    """Return the value alone, with the decimals that its interval warrants."""
    return spell(estimate).partition(" ")[0]


def _verdict(estimate: Estimate, measure: Measure, *, lower: bool) -> str:
    """Return whether the first router is surely better or worse, empty where the interval holds 0."""
    if estimate.low is None or estimate.high is None or estimate.low <= 0 <= estimate.high:
        return ""
    downwards = lower if measure.kind == "quality" else measure.better == "lower"
    return "better" if (estimate.low > 0) != downwards else "worse"


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, LEAST_WIDTH)
    return console


def _one(result: Result, name: str, *, percent: bool = False) -> str:
    return spell(result.estimate(name), percent=percent)


def _headline(report: Report, result: Result) -> Group:
    lower = result.direction == "lower"
    references = {name: _value(found["audc"]) for name, found in result.references.items() if "audc" in found}
    around = f"mixture {references['mixture']}, oracle {references['oracle']}"
    if "oracle_leave_one_out" in references:
        around += f" (on unseen samples {references['oracle_leave_one_out']})"
    best = (min if lower else max)(result.fixed, key=lambda name: result.fixed[name].quality.value or 0.0)
    headroom = Text(_one(result, "headroom", percent=True), style="bold")
    lines = Table.grid(padding=(0, 2))
    lines.add_row("headroom captured", headroom, "0% = not reading the prompt, 100% = oracle")
    lines.add_row("AUDC", _one(result, "audc"), around)
    if "cascade" in references:
        cascade = f"a cascade that sees a cheap image first: {references['cascade']}; not ranked"
        lines.add_row("", "", cascade)
    lines.add_row("gain over mixture", _one(result, "gain"), "")
    lines.add_row("peak", _one(result, "peak"), "a maximum over the curve, so biased upwards")
    lines.add_row("peak - best single", _one(result, "peak_gain"), f"biased likewise; best single: {best}")
    seconds = f"{result.seconds_per_prompt * 1e3:.3g} ms a prompt"
    if result.flops_per_prompt is not None:
        flops = result.flops_per_prompt + (result.encoder_flops_per_prompt or 0)
        seconds += f", {flops / 1e12:.2g} TFLOPs"
    lines.add_row("router overhead", seconds, f"fitted in {result.fit_seconds:.1f} s")
    title = (
        f"{'SIMULATED ' if report.simulated else ''}{result.suite}: {report.router.name}, "
        f"{result.metric_label}{' (lower is better)' if lower else ''} against "
        f"{UNIT_LABELS.get(result.cost, result.cost)}, pool {result.pool}, {result.prompts:,} test prompts"
    )
    return Group(Text(title, style="bold"), Panel(lines, expand=False))


def _against_fixed(report: Report, result: Result) -> Table:
    table = Table()
    shown = [MEASURES[name].label for name in ("quality_at", "gain_at", "cost_to_match")]
    for name in ("candidate", "cost", "always it", *shown):
        table.add_column(name, justify="left" if name == "candidate" else "right")
    with_wins = "win_rate" in result.measures
    if with_wins:
        table.add_column("win rate", justify="right")
    for name, fixed in result.fixed.items():
        row = [
            name,
            f"{fixed.cost:.4g}",
            _value(fixed.quality),
            spell(result.estimate("quality_at", name)),
            spell(result.estimate("gain_at", name)),
            spell(result.estimate("cost_to_match", name), percent=True, missing="never"),
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
