"""The front page: is routing worth it, which router, on what, and how to get in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import streamlit as st
from markupsafe import Markup

from catbench.report.spelling import short
from catbench.submit.problems import Row, on_axis
from catbench.terminal import one_line
from catbench_leaderboard import markup
from catbench_leaderboard import page_layout as layout
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.figures import Picture, curve_figure
from catbench_leaderboard.first_sentence import best_validated, sentence
from catbench_leaderboard.gain_chart import gain_chart
from catbench_leaderboard.leaderboard_table import leaderboard_table
from catbench_leaderboard.markup import Column, Router
from catbench_leaderboard.ranking import ordered
from catbench_leaderboard.remembered import kept
from catbench_leaderboard.style import THEMES, PageTheme
from catbench_leaderboard.suite_words import about

DRAWN = 3
"""Routers that are drawn beside the one that the sentence names: more cannot be told apart."""
WHAT = "A router reads a prompt and picks the generator that draws it: as good an image, for less."
CODE = Markup("{} Code: <code>catbench-t2i</code>, Apache-2.0.")
BRAND = markup.titled("catbench leaderboard", CODE.format(WHAT))
"""What this is in a sentence, and where the code is."""


class FrontParts(NamedTuple):
    """What stands on the front page."""

    sentence: Markup
    line: Markup
    """What the suite is."""
    gains: Markup
    """The gain over the mixture, drawn; nothing where nobody has a rank."""
    table: Markup
    notes: Markup


@kept
def front_parts(board: Board, view: View, to: Router) -> FrontParts:
    """Return the front page of a view, made once."""
    words = about(view.suite)
    kind = words.kind(simulated=board.problem(view).key.simulated)
    lead = (
        f"Ranked over {len(board.real)} suites of real images; numbers are of {words.tab}."
        if view.every
        else ""
    )
    line = Markup("{} <strong>{}.</strong> {}").format(lead, kind, words.line)
    rows = drawn_rows(board, view)
    gains = gain_chart(rows, view.axis) if rows else Markup("")
    return FrontParts(sentence(board, view), line, gains, ranking_markup(board, view, to), notes())


def curves(board: Board, view: View, theme: PageTheme) -> list[Picture]:
    """Return the curves themselves: quality against cost."""
    rows = drawn_rows(board, view)
    return [curve_figure(rows[0].result, rows, view.axis, theme, (430.0, 340.0))] if rows else []


def drawn_rows(board: Board, view: View) -> list[Row]:
    """Return the routers that are drawn: that which the sentence names, and the best ranked."""
    whole = replace(view, slice="all")
    found = [best] if (best := best_validated(board, whole)) else []
    for row in ordered(board, whole):
        alike = any(row.result.curve.quality == other.result.curve.quality for other in found)
        if not (row.entry.unranked or alike or len(found) > DRAWN):
            found.append(row)
    return found


def ranking_markup(board: Board, view: View, to: Router) -> Markup:
    """Return the one table: a row a router, certain tiers apart, those without a rank below."""
    table = leaderboard_table(board, view)
    rows = {row.label: row for row in board.rows(view)}
    results = [rows[label].result for label in table["router"]]
    ranked = int((table["unranked"] == "").sum())
    gains = [result.estimate(on_axis("gain", view.axis)) for result in results]
    saves = markup.spelled([r.estimate("match_best") for r in results], percent=True, missing="never")
    best = f"always {one_line(results[0].best_single.candidate, 24)}" if results else "one candidate"
    columns = [Column("Rank", "number"), Column("Router", "name"), Column(f"As good as {best} for", "number")]
    columns += [Column("Gain over not reading the prompt", "drawn")]
    columns += [Column(f"{'Suites' if view.every else 'Metrics'} surely ahead", "number", wide=True)]
    columns += [Column("ms a prompt", "number", wide=True), Column("Verified", wide=True)]
    lines: list[list[str | Markup]] = []
    marks: list[str] = []
    drawn = markup.drawn(gains, gains[:ranked])
    records: list[dict[str, Any]] = table.to_dict("records")  # pyright: ignore[reportAssignmentType]
    for place, one in enumerate(records):
        rank = "{rank:.0f} [{rank_low:.0f}, {rank_high:.0f}]".format(**one) if place < ranked else "–"
        router = markup.link(to(one["router"], view.suite), markup.name(one["router"], 40))
        ahead = "{ahead} of {compared}".format(**one)
        overhead = short(one["overhead_ms"], 2) if one["overhead_ms"] >= 0 else markup.MISSING
        verified = "✓ yes" if one["verified"] else f"no: {one['unranked']}"
        lines.append([rank, router, saves[place], drawn[place], ahead, overhead, verified])
        new = place == ranked or (0 < place < ranked and one["tier"] != table["tier"].iloc[place - 1])
        marks.append(f"{'tier' if new else ''} {'unranked' if place >= ranked else ''}".strip())
    over = f"{len(board.real)} suites of real images" if view.every else about(view.suite).tab
    words = f"Routers by mean rank over {over}, {results[0].metric_label if results else ''}"
    return markup.table(words, columns, lines, marks)


def notes() -> Markup:
    """Return how the table is read."""
    said = (
        "Ranked by the mean of paired ranks; [1, 3] is its 95% interval. A line parts routers surely behind",
        "the first of those above it. Not reading the prompt (the best mixture of candidates) has gain 0.",
        "Verified: we ran the router again; others have no rank.",
    )
    return markup.paragraph(" ".join(said), "faint")


def enter_markup(to: str) -> Markup:
    """Return in two lines how to get in."""
    how = "makes a router that works; it is scored in minutes, without a GPU."
    text = "<p><strong>Enter yours:</strong> <code>catbench submit new my-router</code> {} {}</p>"
    return Markup(text).format(how, markup.link(to, "How to enter"))


def show() -> None:
    """Lay out the front page."""
    board = layout.opened(BRAND)
    if board is None:
        return
    place = st.container()
    view = layout.choose(board, every=True)
    parts = front_parts(board, view, layout.router_address(board))
    with place:
        layout.html(markup.paragraph(parts.sentence, "headline"))
    layout.html(markup.paragraph(parts.line), enter_markup("?page=Enter"))
    left, right = st.columns([9, 14], gap="small")
    with left:
        if layout.switch("Figure", ["Gain", "Quality"], "figure") == "Gain":
            layout.html(parts.gains)
        else:
            layout.html(*curves(board, view, THEMES[layout.theme()]))
    with right:
        layout.html(Markup('<div class="front">{}</div>').format(parts.table), parts.notes)
    layout.filters(board, view)
    layout.not_on_the_board(board)
