"""Paired differences of two routers, and one router beside others, as text in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from catbench.cli.headline import PERCENT, axes, sentence
from catbench.cli.table_layout import say, say_table, tell
from catbench.errors import counted
from catbench.report.comparison import Difference
from catbench.report.numbers import Estimate
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.side_by_side import Beside
from catbench.report.spelling import decimals_of, spell, spell_value
from catbench.report.verdict import compared
from catbench.score.measures import MEASURES

HEADLINE = (
    "match_best", "gain_at_best", "unlimited_gain", "headroom", "gain", "deployed_gain", "budget_error",
)  # fmt: skip
AREAS = ("headroom", "gain")
SAME_AS_A_GAIN = ("audc", "audc_linear", "peak", "quality_at")
"""Two routers differ in these by what they differ in a gain: what is taken off is the same for both."""
LONG = 12
"""Longer names of routers are no heads of columns."""


def print_differences(
    differences: Sequence[Difference],
    first: Report,
    second: Report,
    *,
    linear: bool = False,
    every: bool = False,
) -> None:
    """Print a verdict and a short table a metric; with `every` all measures, and all candidates.

    `linear` takes the areas of verdict and table on the linear cost axis.
    """
    for number, difference in enumerate(differences):
        results = first.result(difference.metric), second.result(difference.metric)
        gain = difference.estimate("gain_linear" if linear else "gain")
        said = compared(difference.first, difference.second, gain)
        axis = ", on the linear cost axis" if linear else ""
        if number:
            say("", "")
        tell(
            f"{difference.suite}: {difference.first} compared with {difference.second}, "
            f"{axes(results[0])}, {difference.prompts:,} test prompts",
            style="bold",
        )
        tell(f"{said}{axis}.")
        say("")
        shown = (
            list(difference.measures)
            if every
            else [f"{name}_linear" if linear and name in AREAS else name for name in HEADLINE]
        )
        _print_measures(difference, results, shown)
        if every:
            say("", f"{_heads(difference)[2]}, at each candidate's cost:")
            _print_candidates(difference)


def _heads(difference: Difference) -> tuple[str, str, str]:
    first, second = difference.first, difference.second
    if max(len(first), len(second)) > LONG or first == second:
        first, second = "first", "second"
    return first, second, f"{first} - {second}"


def _print_measures(difference: Difference, results: tuple[Result, Result], shown: Sequence[str]) -> None:
    heads = _heads(difference)
    rows: list[tuple[str, ...]] = []
    for name, found in difference.measures.items():
        if not isinstance(found, Estimate) or name not in shown or name in SAME_AS_A_GAIN:
            continue
        if all(result.estimate(name).value is None for result in results) and name not in HEADLINE:
            continue  # neither has it
        measure = MEASURES[name]
        percent = measure.kind in PERCENT
        places = max(0, decimals_of(found) - 2 * percent)
        missing = "never" if measure.kind == "ratio" else "-"
        own = (
            spell_value(result.estimate(name), percent=percent, missing=missing, decimals=places)
            for result in results
        )
        downwards = (difference.direction if measure.kind == "quality" else measure.better) == "lower"
        better = {1: heads[0], -1: heads[1]}.get(-found.sure if downwards else found.sure, "")
        less = "-" if found.value is None else spell(found, percent=percent)
        rows.append((measure.label, *own, less, better))
    say_table(("measure", *heads, "surely\nbetter"), rows, (0, 4))


def _print_candidates(difference: Difference) -> None:
    """Print tables of two measures each."""
    columns = [
        (MEASURES[name], found)
        for name, found in difference.measures.items()
        if not isinstance(found, Estimate) and name not in SAME_AS_A_GAIN
    ]
    for start in range(0, len(columns), 2):
        some = columns[start : start + 2]
        rows = [
            (candidate, *(spell(found.at(m), percent=one.kind in PERCENT) for one, found in some))
            for m, candidate in enumerate(difference.candidates)
        ]
        say("")
        say_table(("candidate", *(one.label for one, _ in some)), rows)


def print_side_by_side(found: dict[str, tuple[Beside, ...]]) -> None:
    """Print the verdict on the first report's router, and a table a metric, the greatest gain first."""
    for number, rows in enumerate(found.values()):
        mine = next(row for row in rows if row.against is None)
        result = mine.result
        if number:
            say("")
        tell(
            f"{result.suite}: {mine.name} beside {counted(len(rows) - 1, 'other')}, {axes(result)}, "
            f"{result.prompts:,} prompts",
            style="bold",
        )
        tell(f"{mine.name}: {sentence(result)}")
        say("")
        of_mine = "less that of\n" + mine.name.replace(" (", "\n(")
        cells = [
            (
                row.name,
                spell(row.result.estimate("match_best"), percent=True, missing="never"),
                spell(row.result.estimate("gain")),
                "-" if row.against is None else spell(row.against),
                "" if row.against is None else {1: "better", -1: "worse"}.get(row.against.sure, ""),
            )
            for row in rows
        ]
        heads = ("router", "cost to match\nthe best one", "gain", of_mine, "surely")
        say_table(heads, cells, (0, 4), spared=1)
