"""Where the prompts go, a line a budget, and why a router is below the mixture, in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import numpy as np

from catbench.arrays import Floats
from catbench.cli.table_layout import console
from catbench.report.behaviour import Departures, Shares, departures, where_prompts_go
from catbench.report.figure import cost_label
from catbench.report.report import Report
from catbench.report.result import Result
from catbench.report.spelling import plain, short, spell_cost
from catbench.report.stored import pool_of_report, rounds_of_report, stored_answers
from catbench.route.router_loader import router_names
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.pool import Pool

BUDGETS = 4
"""Budgets that are shown, spread over all."""
NO_LIMIT = "no limit"
LOUD = 0.9
"""Where less than this part of the predicted departures is found, predictions say too much."""
BIASED = 0.5
"""A candidate is misjudged as a whole where its error is above this part of the predicted departures."""


UNTOLD = 0.005
"""A smaller share would be 0%."""


@dataclass(frozen=True, eq=False)
class Behaviour:
    """What a report's router did on one metric."""

    pool: Pool
    shares: Shares
    departures: Departures | None
    """None of a policy, which predicts nothing."""


def behaviours(
    report: Report, matrix: ScoreMatrix, train_on: ScoreMatrix | None = None
) -> dict[str, Behaviour]:
    """Return what a report's router did on the prompts tested, by metric; nothing without predictions."""
    if report.predictions.empty:
        return {}
    rounds = rounds_of_report(report, matrix, train_on)
    found: dict[str, Behaviour] = {}
    for metric, answer in stored_answers(report, rounds).items():
        pool = pool_of_report(report, rounds, metric)
        shares = where_prompts_go(answer, rounds.of_prompt, pool.cost)
        always = pool.ids.index(report.result(metric).best_single.candidate)
        departed = None
        if answer.predicted is not None:
            samples = rounds.test.qualities(pool)
            departed = departures(answer.predicted, samples, pool.cost, shares.used, always)
        found[metric] = Behaviour(pool, shares, departed)
    return found


def budget_lines(behaviour: Behaviour) -> list[str]:
    """Return a line a budget that fits the terminal, under one that says what they are."""
    pool, shares = behaviour.pool, behaviour.shares
    chosen = np.unique(np.linspace(0, len(shares.budgets) - 1, BUDGETS).round().astype(int))
    rows = (
        [(spell_cost(float(shares.budgets[b])), shares.at[b]) for b in chosen] if len(shares.budgets) else []
    )
    rows.append((NO_LIMIT, shares.unlimited))
    wide = max(len(label) for label, _ in rows)
    width = console().width - wide - 4
    lines = [f"  {label:>{wide}}  {_biggest(pool.ids, share, width)}" for label, share in rows]
    return [f"Where the prompts go, by budget ({cost_label(pool.unit)}):", *lines]


def why_below(report: Report, result: Result, behaviour: Behaviour) -> list[str]:
    """Return the usual reasons that the data show for a router below the mixture, and what helps."""
    found, ids = behaviour.departures, behaviour.pool.ids
    if found is None:
        return ["It picks candidates itself: there are no predictions that could tell why."]
    reasons = _reasons(found, ids, result.best_single.candidate)
    if isnan(found.found):
        return reasons
    return [*(reasons or ["Its predictions show neither of the two usual reasons."]), _remedy(report)]


def _reasons(found: Departures, ids: tuple[str, ...], always: str) -> list[str]:
    if isnan(found.found):
        return ["It does not read the prompt: it predicts the same of every one."]
    reasons: list[str] = []
    if found.found < LOUD:
        part = max(found.found, 0.0)
        said = (
            f"Its predictions promise more than comes true: from prompt to prompt they differ by "
            f"{short(found.predicted, 2)} between the candidates that it draws with (the truth by "
            f"{short(found.true, 2)}), and {plain(100 * part, 0)}% of such a difference comes true."
        )
        if found.expected > found.real:
            got = f"{'gains' if found.real > 0 else 'loses'} {short(abs(found.real), 2)}"
            said += f" With no limit on cost it expects to gain {short(found.expected, 2)} over {always}, "
            said += f"and {got}."
        reasons.append(said)
    if abs(found.level) > BIASED * found.predicted:
        how = "overrates" if found.level > 0 else "underrates"
        reasons.append(
            f"It misjudges a candidate as a whole: it {how} {ids[found.candidate]} by "
            f"{short(abs(found.level), 2)} on average, against the others."
        )
    return reasons


def _remedy(report: Report) -> str:
    name = report.router.name
    what = "shrinks the same predictions towards the candidates' means, as far as validation prompts advise"
    if name.startswith("guarded"):
        return "It is guarded already: more training prompts, or fewer candidates, may help."
    if name.partition(":")[0] in router_names():
        return f"Try `catbench evaluate guarded:{name}`, which {what}."
    return f"Try `catbench evaluate guarded:FILE.py` with your router's file, which {what}."


def _biggest(ids: tuple[str, ...], shares: Floats, width: int) -> str:
    """Return the largest shares in per cent, as many as have room but one at least, and all the others'."""
    order = np.argsort(-shares, kind="stable").tolist()
    line = ""
    for most in range(max(1, int((shares >= UNTOLD).sum())), 0, -1):
        named = [(ids[m], float(shares[m])) for m in order[:most]]
        named.append(("others", 1 - sum(share for _, share in named)))
        line = ", ".join(f"{name} {plain(100 * share, 0)}%" for name, share in named if share >= UNTOLD)
        if len(line) <= width:
            break
    return line
