"""What a router chose, as lines or in a file, and what was to be expected of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from catbench.cli.table_layout import say, say_facts, tell
from catbench.errors import UsageError, shown
from catbench.files import atomic_file
from catbench.report.spelling import short, spell, spell_cost
from catbench.report.verdict import gain_in_words
from catbench.suite.pool import UNIT_LABELS
from catbench.use.calibration import Expected
from catbench.use.fitted import Choices, FittedRouter

Write = Callable[[list[str], Choices], None]
ROUNDING = 1e-9
"""Of a mean cost: where every prompt costs the same, its interval is one number."""


@contextmanager
def choice_writer(fitted: FittedRouter, out: Path | None) -> Generator[Write]:
    """Yield a function that writes prompts and choices: to a file that appears whole, or to the terminal."""
    if out is None:
        yield _printer(fitted)
        return
    if out.suffix not in (".csv", ".jsonl"):
        raise UsageError(f"cannot write {out}: choices are written as .csv or .jsonl")
    with atomic_file(out) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        yield _csv_writer(fitted, file) if out.suffix == ".csv" else _json_writer(fitted, file)


def _printer(fitted: FittedRouter) -> Write:
    ids = fitted.pool.ids
    wide = max(map(len, ids))
    title = fitted.calibration.metric.title
    head = [f"{'candidate':{wide}}  {_unit(fitted):>8}  {title}  prompt"]

    def write(prompts: list[str], found: Choices) -> None:
        lines = [
            f"{name:{wide}}  {spell_cost(cost):>8}  "
            f"{short(values[ids.index(name)]) if values else '-':>{len(title)}}  {shown(prompt)}"
            for prompt, name, cost, values in _rows(prompts, found)
        ]
        say(*head, *lines)
        head.clear()  # said once, and not where there is no prompt

    return write


def _unit(fitted: FittedRouter) -> str:
    """Return how the unit of costs is written."""
    return UNIT_LABELS.get(fitted.pool.unit, fitted.pool.unit)


def _rows(prompts: list[str], found: Choices) -> Iterable[tuple[str, str, float, list[float]]]:
    """Return prompt, candidate, its cost, and the predicted quality of every one, where there is any."""
    predicted = np.empty((len(found), 0)) if found.predicted is None else found.predicted
    return zip(prompts, found.candidates, found.cost.tolist(), predicted.tolist(), strict=True)


def _csv_writer(fitted: FittedRouter, file: TextIO) -> Write:
    writer = csv.writer(file)
    ids = fitted.pool.ids if fitted.calibration.answer.predicted is not None else ()
    writer.writerow(["prompt", "candidate", fitted.pool.unit, *(f"predicted:{name}" for name in ids)])

    def write(prompts: list[str], found: Choices) -> None:
        writer.writerows([*chosen, *values] for *chosen, values in _rows(prompts, found))

    return write


def _json_writer(fitted: FittedRouter, file: TextIO) -> Write:
    ids, unit = fitted.pool.ids, fitted.pool.unit

    def write(prompts: list[str], found: Choices) -> None:
        for prompt, name, cost, values in _rows(prompts, found):
            row: dict[str, Any] = {"prompt": prompt, "candidate": name, "cost": cost, "unit": unit}
            if values:
                row["predicted"] = dict(zip(ids, values, strict=True))
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    return write


def say_expected(fitted: FittedRouter, plan: Expected, spent: float) -> None:
    """Print what these prompts cost on average, and what was to be expected of them."""
    metric, unit = fitted.calibration.metric, _unit(fitted)
    always = f"always {plan.best_single}: {spell_cost(plan.best_single_cost)}"
    against = f"{gain_in_words(plan.gain)} than always {plan.best_single}"
    rows = [
        ("prompts", f"{plan.prompts:,}", f"that cost {spell_cost(spent)} {unit} on average"),
        ("expected cost", spell(plan.cost), always),
        (f"expected {metric.title}", spell(plan.quality), against),
    ]
    say("")
    say_facts(rows)
    low, high = plan.cost.low or 0.0, plan.cost.high or np.inf
    if not low * (1 - ROUNDING) <= spent <= high * (1 + ROUNDING):
        tell(
            "These prompts cost more or less than is usual: they are unlike the validation prompts, or a few "
            "of them are repeated often."
        )
