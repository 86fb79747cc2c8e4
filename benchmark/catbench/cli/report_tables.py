"""A report as text in a terminal: the verdict, the facts behind it, the router against every candidate."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from catbench.cli.behaviour_lines import Behaviour, behaviours, budget_lines, why_below
from catbench.cli.headline import details, facts, sentence, title
from catbench.cli.table_layout import (
    below,
    console,
    fact_lines,
    first_that_fits,
    item_lines,
    say,
    signature_lines,
    table_lines,
)
from catbench.report.figure import pareto_front
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.spelling import decimals_of, plain, spell, spell_cost, spell_value, wrapped
from catbench.suite.matrix import ScoreMatrix

HEADS = ("candidate", "cost", "mean\nquality", "router at\nthat cost", "gain", "cost to\nmatch")
HEADS_WITH_WINS = ("candidate", "cost", "mean\nquality", "gain at\nthat cost", "cost to\nmatch", "win rate")
"""Six columns at most: the router's height is the candidate's quality and the gain."""
SMALL = 0.1
"""Below this a share of a cost is written with a decimal."""


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
            say(target, *item_lines(reason, width, indent="  "))
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
    rows = [
        [
            result.slice,
            f"{result.prompts:,}",
            spell(result.estimate("match_best"), percent=True, missing="never"),
            spell(result.estimate("gain_at_best")),
            spell(result.estimate(f"headroom{area}"), percent=True),
        ]
        for result in results
    ]
    narrow = [[row[0], *below(row[1:])] for row in rows]
    tables = [table_lines(heads, rows), table_lines(heads, narrow), table_lines(heads, rows, above=True)]
    return first_that_fits(tables, width)


def candidate_table(result: Result, width: int, *, every: bool) -> tuple[list[str], int]:
    """Return the table as lines of a width, and how many candidates it leaves out.

    Rows are the candidates that none beats at no greater cost, by rising cost; with `every` the others
    follow. Where a line is too long, fewer intervals are shown, and those that are stand below their values.
    """
    front = pareto_front(result)
    cost = dict(zip(result.candidates, result.costs, strict=True))
    others = sorted((name for name in result.candidates if name not in front), key=lambda name: cost[name])
    shown = [*front, *others] if every else front
    heads = HEADS_WITH_WINS if "win_rate" in result.measures else HEADS
    places = _places(result, shown)
    whole, fewer = ([_row(result, name, places, fewer=fewer) for name in shown] for fewer in (False, True))
    narrow = ([below(row) for row in rows] for rows in (whole, fewer))
    variants = [table_lines(heads, rows) for rows in (whole, fewer, *narrow)]
    variants.append(table_lines(heads, fewer, above=True))
    return first_that_fits(variants, width), len(result.candidates) - len(shown)


def _places(result: Result, shown: list[str]) -> int:
    """Return decimals for all qualities and gains: what gains need, at most one more than qualities."""
    gains = [decimals_of(result.estimate("gain_at", name)) for name in shown]
    qualities = [decimals_of(result.fixed[name].quality) for name in shown]
    return min(max(gains), 1 + max(qualities))


def _row(result: Result, name: str, places: int, *, fewer: bool) -> list[str]:
    fixed, match = result.fixed[name], result.estimate("cost_to_match", name)
    share = 1 if match.value is not None and match.value < SMALL else 0
    to_match = (spell_value if fewer else spell)(match, percent=True, missing="never", decimals=share)
    gain = spell(result.estimate("gain_at", name), decimals=places)
    quality = "-" if fixed.quality.value is None else plain(fixed.quality.value, places)
    cells = [name, spell_cost(fixed.cost), quality]
    if "win_rate" in result.measures:
        cells += [gain, to_match, spell(result.estimate("win_rate", name), percent=True)]
    else:
        at = result.estimate("quality_at", name).value
        cells += ["-" if at is None else plain(at, places), gain, to_match]
    return cells
