"""A report as text in a terminal: the verdict, the facts behind it, the router against every candidate."""

from __future__ import annotations

from collections.abc import Sequence

from catbench.cli.behaviour_lines import Behaviour, behaviours, budget_lines, why_below
from catbench.cli.headline import details, facts, sentence, title
from catbench.cli.table_layout import say, say_facts, say_signature, say_table, tell
from catbench.report.figure import pareto_front
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.spelling import decimals_of, plain, spell, spell_cost
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
    that was scored on (and the suite trained on, where that is another), it prints where the prompts go,
    and why a router is below the mixture.
    """
    found = behaviours(report, matrix, train_on) if matrix is not None else {}
    for number, result in enumerate(report.whole.values()):
        if number:
            say("", "")
        _print_result(report, result, found.get(result.metric), linear=linear, every=every)
    say("")
    say_signature(report.signature)
    say(*(f"{suite} was fetched from {where}" for suite, where in report.fetched.items()), style="dim")


def _print_result(
    report: Report, result: Result, behaviour: Behaviour | None, *, linear: bool, every: bool
) -> None:
    area = "_linear" if linear else ""
    tell(title(report, result), style="bold")
    tell(sentence(result))
    say("")
    say_facts(facts(result, linear=linear))
    say("")
    if every:
        say_facts(details(result, linear=linear))
        say("")
    gain = result.estimate(f"gain{area}")
    if behaviour is not None and gain.value is not None and gain.value < 0:
        sure = "" if gain.sure < 0 else " (not certain)"
        say(f"Below the mixture{sure}. Why:")
        for reason in why_below(report, result, behaviour):
            tell(reason, bullet="  - ")
        say("")
    if report.private:
        tell("A private split says nothing of single candidates: their scores would be known.")
    else:
        _print_candidates(result, every=every)
    if behaviour is not None:
        say("", *budget_lines(behaviour))
    sliced = [one for one in report.results if one.metric == result.metric and one.slice != "all"]
    if sliced:
        say("")
        _print_slices([result, *sliced], area)


def _print_slices(results: Sequence[Result], area: str) -> None:
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
    say_table(heads, rows)


def _print_candidates(result: Result, *, every: bool) -> None:
    """Print the candidates that none beats at no greater cost, by rising cost; with `every` others follow."""
    front = pareto_front(result)
    cost = dict(zip(result.candidates, result.costs, strict=True))
    others = sorted((name for name in result.candidates if name not in front), key=lambda name: cost[name])
    shown = [*front, *others] if every else front
    heads = HEADS_WITH_WINS if "win_rate" in result.measures else HEADS
    places = _places(result, shown)
    rows = [_row(result, name, places) for name in shown]
    say_table(heads, rows, spared=heads.index("cost to\nmatch"))
    if hidden := len(result.candidates) - len(shown):
        others = f"{hidden} others are" if hidden > 1 else "1 other is"
        say(f"({others} no better than one that costs as much or less: --all)")


def _places(result: Result, shown: list[str]) -> int:
    """Return decimals for all qualities and gains: what gains need, at most one more than qualities."""
    gains = [decimals_of(result.estimate("gain_at", name)) for name in shown]
    qualities = [decimals_of(result.fixed[name].quality) for name in shown]
    return min(max(gains), 1 + max(qualities))


def _row(result: Result, name: str, places: int) -> list[str]:
    fixed, match = result.fixed[name], result.estimate("cost_to_match", name)
    share = 1 if match.value is not None and match.value < SMALL else 0
    to_match = spell(match, percent=True, missing="never", decimals=share)
    gain = spell(result.estimate("gain_at", name), decimals=places)
    quality = "-" if fixed.quality.value is None else plain(fixed.quality.value, places)
    cells = [name, spell_cost(fixed.cost), quality]
    if "win_rate" in result.measures:
        cells += [gain, to_match, spell(result.estimate("win_rate", name), percent=True)]
    else:
        at = result.estimate("quality_at", name).value
        cells += ["-" if at is None else plain(at, places), gain, to_match]
    return cells
