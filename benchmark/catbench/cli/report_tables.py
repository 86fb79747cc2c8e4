"""Reports and differences of reports, as text in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from catbench.cli.behaviour_lines import Behaviour, behaviours, budget_lines, why_below
from catbench.cli.candidate_table import candidate_table
from catbench.cli.headline import details, facts, sentence, title
from catbench.cli.table_layout import console, fact_lines, first_that_fits, say, signature_lines, table_lines
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.spelling import spell, wrapped
from catbench.suite.matrix import ScoreMatrix


def print_report(
    report: Report,
    *,
    linear: bool = False,
    every: bool = False,
    matrix: ScoreMatrix | None = None,
    train_on: ScoreMatrix | None = None,
) -> None:
    """Print what a newcomer needs: a verdict, the facts behind it, and the router against candidates.

    `linear` takes areas on the linear cost axis, `every` shows all candidates and measures. With the `matrix`
    that was scored on (and the suite trained on, where that is another), it is told where the prompts go,
    and of a router below the mixture why.
    """
    target = console()
    found = behaviours(report, matrix, train_on) if matrix is not None else {}
    for number, result in enumerate(report.whole.values()):
        if number:
            say(target, "", "")
        _print_result(target, report, result, found.get(result.metric), linear=linear, every=every)
    say(target, "", *signature_lines(report.signature, target.width))
    say(
        target,
        *(Text(f"{suite} was fetched from {where}", style="dim") for suite, where in report.fetched.items()),
    )


def _print_result(
    target: Console,
    report: Report,
    result: Result,
    behaviour: Behaviour | None,
    *,
    linear: bool,
    every: bool,
) -> None:
    area, width = "_linear" if linear else "", target.width
    say(target, *wrapped(title(report, result), width), style="bold")
    say(target, *wrapped(sentence(result), width), "")
    say(target, *fact_lines(facts(result, linear=linear), width), "")
    if every:
        say(target, *fact_lines(details(result, linear=linear), width), "")
    gain = result.estimate(f"gain{area}")
    if behaviour is not None and gain.value is not None and gain.value < 0:
        sure = "" if gain.high is not None and gain.high < 0 else " (not certain)"
        say(target, f"Below the mixture{sure}. Why:")
        for reason in why_below(report, result, behaviour):
            first, *more = wrapped(reason, width - 4)
            say(target, f"  - {first}", *(f"    {line}" for line in more))
        say(target, "")
    if report.private:
        why = "A private split says nothing of single candidates: their scores would be known."
        say(target, *wrapped(why, width))
    else:
        lines, hidden = candidate_table(result, width, every=every)
        say(target, *lines)
        if hidden:
            others = f"{hidden} others are" if hidden > 1 else "1 other is"
            say(target, f"({others} no better than one that costs as much or less: --all)")
    if behaviour is not None:
        say(target, "", *budget_lines(behaviour, width))
    sliced = [one for one in report.results if one.metric == result.metric and one.slice != "all"]
    if sliced:
        say(target, "", *_slices([result, *sliced], area, width))


def _slices(results: Sequence[Result], area: str, width: int) -> list[str]:
    """Return the results of slices below each other, as lines."""
    heads = ("slice", "prompts", "cost to\nmatch best", "gain at\nits cost", "headroom\ncaptured")

    def cells(result: Result, *, below: bool) -> list[str]:
        found = [
            spell(result.estimate("match_best"), percent=True, missing="never"),
            spell(result.estimate("gain_at_best")),
            spell(result.estimate(f"headroom{area}"), percent=True),
        ]
        return [
            result.slice,
            f"{result.prompts:,}",
            *(cell.replace(" [", "\n[") if below else cell for cell in found),
        ]

    tables = [
        table_lines(heads, [cells(one, below=below) for one in results], above=above)
        for below, above in ((False, False), (True, False), (False, True))
    ]
    return first_that_fits(tables, width)
