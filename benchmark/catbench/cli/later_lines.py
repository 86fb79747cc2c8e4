"""What a fitted router would have scored on prompts that were scored later, in lines."""

from __future__ import annotations

from pathlib import Path

from catbench.cli.headline import sentence
from catbench.cli.table_layout import console, fact_lines, say
from catbench.report.figure import cost_label
from catbench.report.spelling import spell, wrapped
from catbench.use.fitted import FittedRouter
from catbench.use.later_scores import later_scores


def say_later(fitted: FittedRouter, scores: Path) -> None:
    """Print what a router would have scored on later scores, and how its budgets were kept."""
    target = console()
    found = later_scores(fitted, scores, tell=lambda line: say(target, line))
    result = found.report.result()
    say(
        target,
        f"{scores}: {fitted.name}, {result.metric_label} against {cost_label(result.cost)}, "
        f"{found.prompts:,} prompts",
        *wrapped(sentence(result), target.width),
    )
    rows = [
        (
            "headroom captured",
            spell(result.estimate("headroom"), percent=True, missing="none"),
            "0% = not reading the prompt, 100% = oracle",
        ),
        (
            "budget error",
            "-" if found.budget_error is None else f"{found.budget_error:.1%}",
            "on average over budgets that were set on validation prompts",
        ),
        (
            "unlike training",
            f"{found.unlike / found.prompts:.0%}",
            "of the prompts: more unknown words than 99% of the validation prompts",
        ),
    ]
    say(target, "", *fact_lines(rows, target.width))
