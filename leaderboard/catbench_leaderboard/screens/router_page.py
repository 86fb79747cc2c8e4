"""A router: what it saves on every suite, its curve, what it picks, and how to run it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from catbench.errors import CatbenchError
from catbench.report.figure import cost_label
from catbench.report.numbers import Estimate
from catbench.report.spelling import short, spell
from catbench.route.router_loader import router_names
from catbench.score.measures.selection_rate import selection_rate
from catbench_leaderboard import board_answers as answers
from catbench_leaderboard import layout, markup
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.figures import Drawn, choices_figure, curve_figure
from catbench_leaderboard.markup import Column, Router
from catbench_leaderboard.problems import Row, on_axis
from catbench_leaderboard.ranking import ordered, ranking
from catbench_leaderboard.style import THEMES, PageTheme
from catbench_leaderboard.suite_words import about
from catbench_leaderboard.text import one_line, web_address


def labels_of(board: Board) -> list[str]:
    """Return every router's label: the best ranked first, then those of other suites."""
    views = [board.view(), *(board.view(suite) for suite in board.suites)]
    found = dict.fromkeys(row.label for view in views for row in ordered(board, view))
    every = (row.label for problem in board.problems for rows in problem.rows.values() for row in rows)
    return list(found | dict.fromkeys(every))


def suites_of(board: Board, label: str) -> list[str]:
    """Return the suites that a router has results on."""
    found = {
        p.suite for p in board.problems for rows in p.rows.values() for row in rows if row.label == label
    }
    return [suite for suite in board.suites if suite in found]


def view_of(board: Board, view: View, label: str) -> View:
    """Return a view in which a router has a result: the one given, or the first of its suite."""
    if any(row.label == label for row in board.rows(view)):
        return view
    for problem in board.problems:
        for (metric, slice), rows in problem.rows.items():
            if problem.suite == view.suite and any(row.label == label for row in rows):
                return View(problem.suite, problem.pool, problem.cost, metric, slice, axis=view.axis)
    return view


def router_parts(
    board: Board, views: Sequence[View], label: str, theme: PageTheme, to: Router
) -> Iterator[Markup | Drawn]:
    """Yield what stands on a router's page: on every suite in short, on those of `views` whole."""
    rows = [board.row(view, label) for view in views]
    yield who(rows[0])
    yield everywhere(board, label, to)
    for view, row in zip(views, rows, strict=True):
        result = row.result
        yield markup.heading(f"On {result.prompts:,} {about(view.suite).prompts}: {result.metric_label}")
        yield markup.paragraph(markup.name(f"{result.verdict[:1].upper()}{result.verdict[1:]}.", 400))
        if result.curve.cost:
            yield curve_figure(result, [row], view.axis, theme)
        yield from picks(row, view, theme)
        yield by_slice(board, view, label)
        yield measured(row)
        yield markup.code(commands(row))
        yield markup.folded("Signature: every convention behind these numbers", markup.code(result.signature))


def who(row: Row) -> Markup:
    """Return who made a router and what is proven of it."""
    said, entry = row.entry.report.submission, row.entry
    paper = web_address(said.paper) if said else None
    checks = (
        [f"{one_line(check.name, 40)} {'✓' if check.passed else '✗ failed'}" for check in said.checks]
        if said
        else []
    )
    return markup.facts(
        "About this router",
        {
            "Verified": f"✓ {entry.verified}" if entry.verified else f"No: {entry.unranked}",
            "By": one_line(", ".join(said.authors), 100)
            if said
            else "shipped with catbench"
            if entry.released
            else "",
            "Paper": markup.link(paper, paper) if paper else "",
            "Licence, date": f"{one_line(said.licence, 40)}, {one_line(said.date, 10)}" if said else "",
            "Checks": ", ".join(checks),
            "Report": markup.name(entry.id),
        },
    )


def everywhere(board: Board, label: str, to: Router) -> Markup:
    """Return what a router saves on each suite and metric."""
    found: list[tuple[View, Row]] = []
    for suite in suites_of(board, label):
        problem = board.main(suite)
        for metric in problem.metrics:
            rows = [row for row in problem.rows.get((metric, "all"), ()) if row.label == label]
            found += [(View(suite, problem.pool, problem.cost, metric), row) for row in rows]
    shares = markup.drawn([row.result.estimate("headroom") for _, row in found])
    lines: list[list[str | Markup]] = []
    for (view, row), share in zip(found, shares, strict=True):
        result, table = row.result, ranking(board, view).set_index("router")
        place = table.loc[label]
        rank = f"{place['rank']:.0f} of {table['rank'].notna().sum()}" if place["rank"] > 0 else "no rank"
        lines.append(
            [
                markup.link(to(label, view.suite), about(view.suite).tab),
                result.metric_label,
                spell(result.estimate("match_best"), percent=True, missing="never"),
                spell(result.estimate("gain_at_best")),
                share,
                rank,
            ]
        )
    columns = [
        Column("Suite"),
        Column("Metric"),
        Column("As good as the best single candidate at", "number"),
        Column("Better at its cost by", "number", wide=True),
        Column("Share of what an oracle gains", "drawn"),
        Column("Rank", "number"),
    ]
    return markup.heading("On every suite") + markup.table("What it saves on each suite", columns, lines)


def picks(row: Row, view: View, theme: PageTheme) -> Iterator[Markup | Drawn]:
    """Yield what a router picks along the budget, where its predictions and its suite are here."""
    try:
        choices = answers.chosen(row).choices
    except CatbenchError:
        yield markup.paragraph("What it picks is shown where the suite's prompts are installed.", "faint")
        return
    rates = selection_rate(choices, len(row.result.candidates))
    yield markup.heading("What it picks at which budget", 3)
    yield choices_figure(answers.budgets(row), rates, row.result, view.axis, theme)


def by_slice(board: Board, view: View, label: str) -> Markup:
    """Return a router's gain on each slice of the prompts; nothing where its report has none."""
    rows = [
        row
        for (metric, slice), found in board.problem(view).rows.items()
        if metric == view.metric and slice != "all"
        for row in found
        if row.label == label
    ]
    if not rows:
        return Markup("")
    gains = markup.drawn([row.result.estimate(on_axis("gain", view.axis)) for row in rows])
    lines = [
        [markup.name(row.result.slice.replace("=", ": ")), f"{row.result.prompts:,}", gain]
        for row, gain in zip(rows, gains, strict=True)
    ]
    columns = [
        Column("Prompts of"),
        Column("Prompts", "number"),
        Column("Gain over not reading the prompt", "drawn"),
    ]
    return markup.heading("By kind of prompt", 3) + markup.table("Gain by kind of prompt", columns, lines)


def measured(row: Row) -> Markup:
    """Return how budgets are kept, and what the router itself costs."""
    result = row.result
    nothing = Estimate(value=None)

    def said(name: str, *, percent: bool = False) -> str:
        found = result.measures.get(name)
        return spell(found if isinstance(found, Estimate) else nothing, percent=percent)

    flops = result.flops_per_prompt
    return markup.heading("Budget and overhead", 3) + markup.facts(
        "Budget and overhead",
        {
            "Budget error": f"{said('budget_error', percent=True)} over {result.budgets.kept} budgets set on validation prompts",
            "Overspent": said("overspend", percent=True),
            "Gain at kept budgets": said("deployed_gain"),
            "Time a prompt": f"{short(result.seconds_per_prompt * 1e3, 2)} ms on {one_line(result.hardware, 40) or 'a machine that is not named'}",
            "MFLOPs a prompt": ""
            if flops is None
            else short((flops + (result.encoder_flops_per_prompt or 0)) / 1e6, 2),
            "Costs are": cost_label(result.cost),
        },
    )


def commands(row: Row) -> str:
    """Return the commands that run a router and derive its numbers again."""
    report, result = row.entry.report, row.result
    kind = report.router.name.removeprefix("guarded:")
    lines = [f"catbench verify {shlex.quote(row.entry.id)}   # every number follows from the predictions"]
    if report.submission:
        slug = shlex.quote(one_line(report.submission.slug, 60))
        lines = [
            f"catbench submit run submissions/{slug}",
            f"catbench verify submissions/{slug}/report.json --rerun",
        ]
    elif kind in router_names():
        elsewhere = f" --train-on {shlex.quote(report.train_on)}" if report.train_on else ""
        suite, cost = shlex.quote(result.suite), shlex.quote(result.cost)
        lines = [
            f"catbench evaluate {report.router.name} --suite {suite} --metric {shlex.quote(result.metric)} --cost {cost}{elsewhere}"
        ]
        lines = [f"catbench import {suite}", *lines] if about(result.suite).real else lines
    return "\n".join(one_line(line, 300) for line in lines)


def show() -> None:
    """Lay out a router's page."""
    board = layout.opened(
        markup.titled("Router", "What it saves, what it picks, what it costs, how to run it.")
    )
    if board is None:
        return
    label = layout.pick("Router", labels_of(board), "router")
    view = view_of(board, layout.choose(board, suites=suites_of(board, label)), label)
    layout.html(*router_parts(board, [view], label, THEMES[layout.theme()], markup.router_address))
    layout.filters(board, view, "metric", "pool", "cost", "axis")
