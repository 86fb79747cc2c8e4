"""A router: what it saves on every suite, its curve, what it picks, and how to run it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from markupsafe import Markup

from catbench.errors import CatbenchError
from catbench.report.figure import cost_label
from catbench.report.numbers import Estimate
from catbench.report.spelling import short
from catbench.report.stored import budgets
from catbench.route.router_loader import described, router_names
from catbench.score.measures import selection_rate
from catbench.submit.problems import Row, on_axis
from catbench.terminal import one_line
from catbench_leaderboard import markup
from catbench_leaderboard import page_layout as layout
from catbench_leaderboard.board import Board, View, chosen
from catbench_leaderboard.figures import Picture, choices_figure, curve_figure
from catbench_leaderboard.leaderboard_table import numbers, ranking
from catbench_leaderboard.markup import Column, Router
from catbench_leaderboard.style import THEMES, PageTheme
from catbench_leaderboard.suite_words import about
from catbench_leaderboard.text import MISSING, milliseconds, share, spelled, web_address


def view_of(board: Board, view: View, label: str) -> View:
    """Return a view in which a router has a result: the one given, or the first of its suite."""
    views = [
        replace(view, pool=problem.pool, cost=problem.cost, metric=metric, slice=slice, every=False)
        for problem in board.problems
        if problem.suite == view.suite
        for metric, slice in problem.rows
    ]
    return next(one for one in [view, *views] if any(row.label == label for row in board.rows(one)))


def router_parts(
    board: Board, views: Sequence[View], label: str, theme: PageTheme, to: Router
) -> Iterator[Markup | Picture]:
    """Yield what stands on a router's page: on every suite in short, on those of `views` whole."""
    rows = [board.row(view, label) for view in views]
    yield who(rows[0]) + everywhere(board, label, to)
    for view, row in zip(views, rows, strict=True):
        result = row.result
        yield markup.heading(f"On {result.prompts:,} {about(view.suite).prompts}: {result.metric_label}")
        yield markup.paragraph(markup.name(f"{result.verdict[:1].upper()}{result.verdict[1:]}.", 400))
        if result.curve.cost:
            yield curve_figure(result, [row], view.axis, theme, numbers(board))
        yield from picks(row, view, theme)
        yield by_slice(board, view, label) + measured(row) + markup.code(commands(row))
        yield markup.folded("Signature: every convention behind these numbers", markup.code(result.signature))


def who(row: Row) -> Markup:
    """Return who made a router and what is proven of it."""
    said, entry = row.entry.report.submission, row.entry
    paper = web_address(said.paper) if said else None
    checks = [
        f"{one_line(c.name, 40)} {'✓' if c.passed else '✗ failed'}" for c in (said.checks if said else ())
    ]
    shipped = "shipped with catbench" if entry.released else ""
    what, source = described(entry.report.router.name) if shipped else ("", "")
    return markup.facts(
        {
            "What": markup.name(what, 160),
            "Verified": f"✓ {entry.verified}" if entry.verified else f"No: {entry.unranked}",
            "By": markup.name(", ".join(said.authors), 100) if said else shipped,
            "Paper": markup.link(paper, paper) if paper else "",
            "Licence, date": f"{one_line(said.licence, 40)}, {one_line(said.date, 10)}" if said else "",
            "Checks": ", ".join(checks),
            "Source": source or (markup.name(f"submissions/{said.slug}") if said else ""),
            "Report": markup.name(entry.id),
        }
    )


def everywhere(board: Board, label: str, to: Router) -> Markup:
    """Return what a router saves on each suite and metric, in the problem that the suite is ranked by."""
    mains = [board.main(suite) for suite in board.suites_with(label)]
    found = [
        (View(problem.suite, problem.pool, problem.cost, metric), row)
        for problem in mains
        for metric in problem.metrics
        for row in problem.rows.get((metric, "all"), ())
        if row.label == label
    ]
    shares = markup.drawn([row.result.estimate("headroom") for _, row in found], percent=True)
    lines: list[list[str | Markup]] = []
    for (view, row), part in zip(found, shares, strict=True):
        table = ranking(board, view).set_index("router")["rank"]
        rank = f"{table[label]:.0f} of {table.notna().sum()}" if table[label] > 0 else "no rank"
        saves = share(row.result.estimate("match_best"), "never")
        (better,) = spelled([row.result.estimate("gain_at_best")])
        suite = markup.link(to(label, view.suite), about(view.suite).tab)
        lines.append([suite, row.result.metric_label, saves, better, part, rank])
    columns = [Column("Suite"), Column("Metric"), Column("Cost to match the best single candidate", "number")]
    columns += [Column("Better at its cost by", "number wide")]
    columns += [Column("Share of what an oracle gains", "drawn"), Column("Rank", "number wide")]
    return markup.table("On every suite", columns, lines)


def picks(row: Row, view: View, theme: PageTheme) -> Iterator[Markup | Picture]:
    """Yield what a router picks along the budget, where its predictions and its suite are here."""
    try:
        rates = selection_rate(chosen(row).choices, len(row.result.candidates))
    except CatbenchError:
        yield markup.paragraph("What it picks is shown where the suite's prompts are installed.", "faint")
        return
    yield markup.heading("What it picks at which budget", 3)
    yield choices_figure(budgets(row.result), rates, row.result, view.axis, theme)


def by_slice(board: Board, view: View, label: str) -> Markup:
    """Return a router's gain on each slice of the prompts; nothing where its report has none."""
    problem = board.problem(view)
    parts = [(view.metric, slice) for slice in problem.slices(view.metric) if slice != "all"]
    rows = [row for part in parts for row in problem.rows[part] if row.label == label]
    if not rows:
        return Markup("")
    gains = markup.drawn([row.result.estimate(on_axis("gain", view.axis)) for row in rows])
    names = [markup.name(row.result.slice.replace("=", ": ")) for row in rows]
    sizes = [f"{row.result.prompts:,}" for row in rows]
    lines = list(zip(names, sizes, gains, strict=True))
    columns = [Column("Prompts of"), Column("Number", "number")]
    columns += [Column("Gain over not reading the prompt", "drawn")]
    return markup.heading("By kind of prompt", 3) + markup.table("Gain by kind of prompt", columns, lines)


def measured(row: Row) -> Markup:
    """Return how budgets are kept, and what the router itself costs."""
    result = row.result

    def said(name: str, *, percent: bool = False) -> str:
        found = result.measures.get(name)
        if not isinstance(found, Estimate):
            return MISSING
        return share(found) if percent else spelled([found])[0]

    flops = result.flops_per_prompt
    all_flops = None if flops is None else flops + (result.encoder_flops_per_prompt or 0)
    kept = f"over {result.budgets.kept} budgets set on validation prompts"
    machine = one_line(result.hardware, 40) or "a machine that is not named"
    return markup.heading("Budget and overhead", 3) + markup.facts(
        {
            "Budget error": f"{said('budget_error', percent=True)} {kept}",
            "Overspent": said("overspend", percent=True),
            "Gain at kept budgets": said("deployed_gain"),
            "Router's own time": f"{milliseconds(result.seconds_per_prompt * 1e3)} ms on {machine}",
            "MFLOPs a prompt": "" if all_flops is None else short(all_flops / 1e6, 2),
            "Costs are": cost_label(result.cost),
        }
    )


def commands(row: Row) -> str:
    """Return the commands that run a router and derive its numbers again."""
    report, result = row.entry.report, row.result
    quoted = {one: shlex.quote(one_line(getattr(result, one), 60)) for one in ("suite", "metric", "cost")}
    if report.submission:
        folder = f"submissions/{shlex.quote(one_line(report.submission.slug, 60))}"
        return f"catbench submit run {folder}\ncatbench verify {folder}/report.json --rerun"
    if report.router.name.removeprefix("guarded:") in router_names():
        line = "catbench evaluate {} --suite {suite} --metric {metric} --cost {cost}".format(
            report.router.name, **quoted
        )
        line += f" --train-on {shlex.quote(report.train_on)}" if report.train_on else ""
        return f"catbench import {quoted['suite']}\n{line}" if about(result.suite).real else line
    return f"catbench verify {shlex.quote(one_line(row.entry.id))}.json   # its code is not known here"


def show() -> None:
    """Lay out a router's page."""
    what = "What it saves, what it picks, what it costs, how to run it."
    board = layout.opened(markup.titled("Router", what))
    label = layout.pick("Router", list(numbers(board)), "router")
    layout.tab(one_line(label, 40), "Router")
    view = view_of(board, layout.choose(board, suites=board.suites_with(label)), label)
    layout.filters(board, view, "metric", "pool", "cost", "axis")
    layout.html(*router_parts(board, [view], label, THEMES[layout.theme()], layout.router_address(board)))
