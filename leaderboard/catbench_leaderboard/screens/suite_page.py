"""A suite: its candidates, what there is to route, its prompts, its licence, and how to get it."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from catbench.errors import CatbenchError, counted
from catbench.report.figure import cost_label, pareto_front
from catbench.report.numbers import Estimate
from catbench.report.result import Result
from catbench.report.spelling import spell_cost
from catbench.report.verdict import headroom_of
from catbench.suite.here import is_here, matrix_of
from catbench.suite.info import SuiteInfo
from catbench.suite.matrix import ScoreMatrix
from catbench.suite.prompts import SPLITS
from catbench.suite.recipes.making import find_recipe
from catbench_leaderboard import markup
from catbench_leaderboard import page_layout as layout
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.figures import curve_figure
from catbench_leaderboard.first_sentence import best_validated, what_it_is
from catbench_leaderboard.markup import Column
from catbench_leaderboard.style import THEMES
from catbench_leaderboard.suite_words import about
from catbench_leaderboard.text import spelled as spelled_alike
from catbench_leaderboard.text import web_address

REFERENCES = {
    "oracle": "knowing the test scores (oracle): nobody passes it",
    "oracle_shrunk": "knowing a prompt's other images: at least this much can be reached",
    "best_per_kind": "knowing each prompt's kind",
    "cascade": "seeing a first image (cascade)",
}
"""What can be gained by what is known; none of these is a router, and none is ranked."""


def info_of(suite: str, matrix: ScoreMatrix | None) -> SuiteInfo | None:
    """Return what a suite says of itself, also of one that only can be fetched; None of a stranger's."""
    try:
        return matrix.suite if matrix else find_recipe(suite).suite
    except CatbenchError:
        return None


def facts(view: View, result: Result, matrix: ScoreMatrix | None) -> Markup:
    """Return licence, source, sizes and digest of a suite."""
    info = info_of(view.suite, matrix)
    sizes = ""
    if matrix:
        each = [(split, len(matrix.rows(split)), matrix.samples[split]) for split in SPLITS]
        sizes = ", ".join(f"{rows:,} {split} ({counted(drawn, 'image')} each)" for split, rows, drawn in each)
    return markup.facts(
        {
            "Prompts": sizes or f"{result.prompts:,} tested",
            "Candidates": f"{len(result.candidates)}, priced in {cost_label(result.cost)}",
            "Licence": (info.licence or "none stated") if info else "",
            "Source": source(info.source) if info else "",
            "Digest": result.suite_digest,
        }
    )


def source(text: str) -> Markup:
    """Return where a suite comes from: its address is a link, what is said after it is not."""
    address, _, rest = text.partition(", ")
    if not (to := web_address(address)):
        return markup.name(text, 200)
    return markup.link(to, to) + (Markup(", {}").format(markup.name(rest, 200)) if rest else "")


def how_to_get(suite: str) -> str:
    """Return the commands that bring a suite here and look at it."""
    get = f"catbench import {suite}" if about(suite).real else "pip install .   # it is shipped"
    return f"{get}\ncatbench inspect {suite}   # is there anything to route?\ncatbench verify {suite}"


def to_route(board: Board, view: View, result: Result) -> Markup:
    """Return what there is to route: what references gain, and the router chosen on validation prompts."""
    found = {words: headroom_of(result, name) for name, words in REFERENCES.items()}
    found[REFERENCES["oracle"]] = Estimate(value=1.0)
    best = best_validated(board, view)
    if best is not None:
        chosen = f"the router {best.label[:40]}, chosen on validation prompts"
        found[chosen] = best.result.estimate("headroom")
    known = {words: one for words, one in found.items() if one is not None and one.value is not None}
    rows = list(zip(known, markup.drawn(list(known.values()), percent=True), strict=True))
    sure = best is not None and (best.result.estimate("gain").low or 0) > 0
    yes = "Yes, surely: averaged over budgets, a router gains by reading the prompt."
    answer = yes if sure else "Not shown by any router so far."
    columns = [Column("Choosing by"), Column("Share of the oracle's gain", "drawn")]
    made = markup.table("What can be gained over not reading the prompt", columns, rows)
    return markup.paragraph(markup.bold(answer)) + made


def candidates(result: Result) -> Markup:
    """Return every candidate's cost and quality, the cheapest first, and who is on the Pareto front."""
    order = sorted(range(len(result.candidates)), key=lambda k: result.costs[k])
    spelled = spelled_alike([result.fixed_quality.at(k) for k in range(len(order))])
    front = pareto_front(result)
    lines: list[list[str | Markup]] = []
    for k in order:
        cells = (spell_cost(result.costs[k]), spelled[k], "yes" if result.candidates[k] in front else "")
        lines.append([markup.name(result.candidates[k]), *cells])
    heads = [Column("Candidate", "name"), Column(cost_label(result.cost), "number")]
    heads += [Column(f"Mean {result.metric_label}", "number"), Column("Pareto front")]
    return markup.table("Candidates, the cheapest first", heads, lines)


def kinds(matrix: ScoreMatrix, kind: str) -> Markup:
    """Return how many prompts there are of each kind; nothing where the suite tells none."""
    column = next((name for name in (kind, "source", "complexity") if name in matrix.prompts.columns), "")
    if not column:
        return Markup("")
    counts: Any = matrix.prompts[column].astype(str).value_counts().head(20)
    pairs = zip(counts.items(), markup.bars(list(counts), 0, counts.max()), strict=True)
    lines = [[markup.name(name), f"{count:,}", bar] for (name, count), bar in pairs]
    heads = [Column(column.capitalize(), "name"), Column("Prompts", "number"), Column("Number as a bar")]
    return markup.heading("Prompts by kind") + markup.table(f"Prompts by {column}", heads, lines)


def show() -> None:
    """Lay out a suite."""
    what = "The frozen problem: prompts, candidates, scores and prices, the same for everybody."
    board = layout.opened(markup.titled("Suite", what))
    view = layout.choose(board)
    layout.filters(board, view, "metric", "pool", "cost", "axis")
    problem, result = board.problem(view), board.rows(view)[0].result
    matrix = matrix_of(problem.key.digest) if is_here(problem.key.digest) else None
    drawn = [curve_figure(result, [], view.axis, THEMES[layout.theme()], {})] if result.curve.cost else []
    layout.html(
        markup.paragraph(what_it_is(board, view.suite), "headline"),
        facts(view, result, matrix),
        markup.heading(f"Is there anything to route? {result.metric_label}"),
        to_route(board, view, result),
        markup.heading("Candidates: quality against cost"),
        *drawn,
        markup.folded(f"All {len(result.candidates)} candidates as a table", candidates(result)),
        kinds(matrix, result.kind) if matrix else Markup(""),
        markup.heading("Get it") + markup.code(how_to_get(problem.key.suite)),
    )
