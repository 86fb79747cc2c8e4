"""A suite: its candidates, what there is to route, its prompts, its licence, and how to get it."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from catbench.errors import CatbenchError
from catbench.report.figure import cost_label
from catbench.report.numbers import Estimate
from catbench.report.result import Result
from catbench.report.spelling import spell_cost
from catbench.report.verdict import headroom_of
from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.prompts import SPLITS
from catbench.suite.recipes.making import find_recipe
from catbench_leaderboard import layout, markup
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.figures import curve_figure
from catbench_leaderboard.headline import best_validated
from catbench_leaderboard.markup import Column
from catbench_leaderboard.style import THEMES
from catbench_leaderboard.suite_words import about
from catbench_leaderboard.suites import is_here, matrix_of

REFERENCES = {
    "oracle": "knowing the test scores (oracle): nobody passes it",
    "oracle_shrunk": "knowing a prompt's other images: at least this much can be reached",
    "best_per_kind": "knowing each prompt's kind",
    "cascade": "seeing a first image (cascade)",
}
"""What can be gained by what is known; none of these is a router, and none is ranked."""


def info_of(problem_suite: str, matrix: ScoreMatrix | None) -> SuiteInfo | None:
    """Return what a suite says of itself, also where it is not here but can be fetched; None of a stranger's."""
    if matrix is not None:
        return matrix.suite
    try:
        return find_recipe(problem_suite).suite
    except CatbenchError:
        return None


def facts(view: View, result: Result, matrix: ScoreMatrix | None) -> Markup:
    """Return licence, source, sizes and digest of a suite."""
    info = info_of(view.suite, matrix)
    sizes = ""
    if matrix is not None:
        sizes = ", ".join(
            f"{len(matrix.rows(split)):,} {split} (x {matrix.samples[split]})" for split in SPLITS
        )
    found: dict[str, str | Markup] = {
        "Prompts": sizes or f"{result.prompts:,} tested",
        "Candidates": f"{len(result.candidates)}, priced in {cost_label(result.cost)}",
        "Licence": (info.licence or "none stated") if info else "",
        "Source": markup.name(info.source, 200) if info else "",
        "Digest": result.suite_digest,
    }
    return markup.facts("About this suite", found)


def how_to_get(suite: str) -> str:
    """Return the commands that bring a suite here and look at it."""
    get = f"catbench import {suite}" if about(suite).real else "pip install .   # it is shipped"
    return f"{get}\ncatbench inspect {suite}   # is there anything to route?\ncatbench verify {suite}"


def to_route(board: Board, view: View, result: Result) -> Markup:
    """Return what there is to route: what references gain over the mixture, and the best validated router."""
    found: dict[str, Estimate | None] = {
        words: headroom_of(result, name) for name, words in REFERENCES.items() if name != "oracle"
    }
    best = best_validated(board, view)
    if best is not None:
        found[f"the router {best.label[:40]}, chosen on validation prompts"] = best.result.estimate(
            "headroom"
        )
    shares = [Estimate(value=1.0), *(one or Estimate(value=None) for one in found.values())]
    rows = [
        [words, cell]
        for words, one, cell in zip([REFERENCES["oracle"], *found], shares, markup.drawn(shares), strict=True)
        if one.value is not None
    ]
    columns = [Column("Choosing by"), Column("Share of the oracle's gain", "drawn")]
    sure = best is not None and (best.result.estimate("gain").low or 0) > 0
    answer = (
        "Yes, surely: a router gains by reading the prompt."
        if sure
        else "Not shown by any router chosen on validation prompts."
    )
    return markup.paragraph(Markup("<strong>{}</strong>").format(answer)) + markup.table(
        "What can be gained over not reading the prompt", columns, rows
    )


def candidates(result: Result) -> Markup:
    """Return every candidate's cost and quality, the cheapest first, and who is on the Pareto front."""
    quality = [result.fixed_quality.at(k) for k in range(len(result.candidates))]
    sign = 1 if result.direction == "higher" else -1
    order = sorted(range(len(quality)), key=lambda k: (result.costs[k], -sign * (quality[k].value or 0)))
    highest = float("-inf")
    lines: list[list[str | Markup]] = []
    for k, cell in zip(order, markup.spelled([quality[k] for k in order]), strict=True):
        value = sign * (quality[k].value or 0.0)
        front, highest = value > highest, max(highest, value)
        lines.append(
            [markup.name(result.candidates[k]), spell_cost(result.costs[k]), cell, "yes" if front else ""]
        )
    columns = [
        Column("Candidate"),
        Column(cost_label(result.cost), "number"),
        Column(f"Mean {result.metric_label}", "number"),
        Column("Pareto front"),
    ]
    return markup.table("Candidates, the cheapest first", columns, lines)


def kinds(matrix: ScoreMatrix, result: Result) -> Markup:
    """Return how many prompts there are of each kind."""
    columns: list[str] = [
        name for name in (result.kind, "source", "complexity") if name in matrix.prompts.columns
    ]
    if not columns:
        return Markup("")
    counts: Any = matrix.prompts[columns[0]].astype(str).value_counts().head(20)
    bars = markup.bars(list(counts), 0, counts.max())
    lines = [
        [markup.name(kind), f"{count:,}", bar]
        for (kind, count), bar in zip(counts.items(), bars, strict=True)
    ]
    heads = [Column(columns[0].capitalize()), Column("Prompts", "number"), Column("")]
    return markup.heading("Prompts by kind") + markup.table(f"Prompts by {columns[0]}", heads, lines)


def show() -> None:
    """Lay out a suite."""
    about_it = "The frozen problem: prompts, candidates, scores and prices, the same for everybody."
    board = layout.opened(markup.titled("Suite", about_it))
    if board is None:
        return
    view = layout.choose(board)
    problem, result = board.problem(view), board.rows(view)[0].result
    matrix = matrix_of(problem.key.digest) if is_here(problem.key.digest) else None
    words = about(view.suite)
    kind = words.kind(simulated=problem.key.simulated)
    layout.html(
        markup.paragraph(Markup("<strong>{}.</strong> {}").format(kind, words.line), "headline"),
        facts(view, result, matrix),
        markup.heading(f"Is there anything to route? {result.metric_label}"),
        to_route(board, view, result),
        markup.heading("Candidates: quality against cost"),
    )
    if result.curve.cost:
        layout.html(curve_figure(result, [], view.axis, THEMES[layout.theme()]))
    layout.html(
        markup.folded(f"All {len(result.candidates)} candidates as a table", candidates(result)),
        kinds(matrix, result) if matrix is not None else Markup(""),
        markup.heading("Get it"),
        markup.code(how_to_get(problem.key.suite)),
    )
    layout.filters(board, view, "metric", "pool", "cost", "axis")
