"""The front page: is routing worth it, which router, on what, and how to get in."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.metadata import metadata
from typing import Any, NamedTuple

import streamlit as st
from markupsafe import Markup

from catbench.submit.paired_ranks import MEAN
from catbench.submit.problems import Row, on_axis
from catbench.terminal import one_line
from catbench_leaderboard import markup
from catbench_leaderboard import page_layout as layout
from catbench_leaderboard.board import Board, View, kept
from catbench_leaderboard.figures import Picture, curve_figure, gain_figure
from catbench_leaderboard.first_sentence import best_validated, sentence, what_it_is
from catbench_leaderboard.leaderboard_table import alike, leaderboard_table, numbers, ordered
from catbench_leaderboard.markup import Column, Router
from catbench_leaderboard.style import THEMES, PageTheme
from catbench_leaderboard.suite_words import about
from catbench_leaderboard.text import MISSING, milliseconds, share, web_address

DRAWN = 3
"""Routers that are drawn beside the one that the sentence names: more cannot be told apart."""
WHAT = "A router reads a prompt and picks the generator that draws it: as good an image, for less."
MOST = 30
"""Routers that stand in the table at first: a visitor who asks gets the others."""


def brand() -> Markup:
    """Return what this is in a sentence, and where the code is: a link where the build knew the address."""
    urls = metadata("catbench-t2i").get_all("Project-URL") or []
    known = (url.partition(", ")[2] for url in urls if url.startswith("Repository"))
    to = web_address(os.environ.get("CATBENCH_REPOSITORY") or next(known, None))
    code = markup.link(to, "Code") if to else Markup("Code: <code>catbench-t2i</code>")
    kind = "faint" if to else "faint wide"
    about = Markup('{} <span class="{}">{}, Apache-2.0.</span>').format(WHAT, kind, code)
    return markup.titled("catbench leaderboard", about)


class FrontParts(NamedTuple):
    """What stands on the front page."""

    sentence: Markup
    line: Markup
    """What the suite is."""
    table: Markup


@kept
def front_parts(board: Board, view: View, to: Router, most: int | None = None) -> FrontParts:
    """Return the front page of a view, made once, with at most so many routers in its table."""
    over = f"Ranked over {len(board.real)} suites of real images; numbers are of {about(view.suite).tab}."
    lead = over if view.every else ""
    line = Markup("{} {}").format(lead, what_it_is(board, view.suite))
    return FrontParts(sentence(board, view), line, ranking_markup(board, view, to, most))


def curves(board: Board, view: View, theme: PageTheme, *, quality: bool = False) -> list[Picture]:
    """Return gains over the mixture along the cost, or `quality`; nothing where nobody has a rank."""
    if not (rows := drawn_rows(board, view)):
        return []
    how = view.axis, theme, numbers(board)
    return [curve_figure(rows[0].result, rows, *how, 340) if quality else gain_figure(rows, *how)]


def drawn_rows(board: Board, view: View) -> list[Row]:
    """Return the routers that are drawn: that which the sentence names, and the best ranked."""
    whole = replace(view, slice="all")
    found = [best] if (best := best_validated(board, whole)) else []
    for row in ordered(board, whole):
        if not (row.entry.unranked or len(found) > DRAWN or any(alike(row, other) for other in found)):
            found.append(row)
    return found


def ranking_markup(board: Board, view: View, to: Router, most: int | None = None) -> Markup:
    """Return the one table: a row a router, certain tiers apart, those without a rank below."""
    table = leaderboard_table(board, view, most)
    rows = {row.label: row for row in board.rows(view)}
    results = [rows[label].result for label in table["router"]]
    ranked = int((table["unranked"] == "").sum())
    gains = [result.estimate(on_axis("gain", view.axis)) for result in results]
    saves = [share(result.estimate("match_best"), "never") for result in results]
    best = one_line(results[0].best_single.candidate, 24) if results else "one candidate"
    columns = [Column("Rank", "number"), Column("Router", "name")]
    columns += [Column(f"Cost to match {best}", "number")]
    columns += [Column("Gain over not reading the prompt", "drawn")]
    columns += [Column(f"{'Suites' if view.every else 'Metrics'} surely ahead", "number wide")]
    columns += [Column("Router's own ms a prompt", "number wide"), Column("Verified", "text wide")]
    lines: list[list[str | Markup]] = []
    marks: list[str] = []
    drawn = markup.drawn(gains, gains[:ranked])
    records: list[dict[str, Any]] = table.to_dict("records")  # pyright: ignore[reportAssignmentType]
    for place, one in enumerate(records):
        rank = "{rank:.0f} [{rank_low:.0f}, {rank_high:.0f}]".format(**one) if place < ranked else MISSING
        router = markup.link(to(one["router"], view.suite), markup.name(one["router"], 40))
        ahead = "{ahead} of {compared}".format(**one)
        overhead = milliseconds(one["overhead_ms"])
        verified = "✓ yes" if one["verified"] else f"no: {one['unranked']}"
        lines.append([rank, router, saves[place], drawn[place], ahead, overhead, verified])
        new = place == ranked or (0 < place < ranked and one["tier"] != table["tier"].iloc[place - 1])
        marks.append(f"{'tier' if new else ''} {'unranked' if place >= ranked else ''}".strip())
    label = results[0].metric_label if results else ""
    over = f"{len(board.real)} suites, all metrics" if view.every else ""
    over = over or ("all metrics" if view.by == MEAN else label)
    of = f"{label} on {about(view.suite).tab}"
    return markup.table(f"Rank: {over}; cost and gain: {of}", columns, lines, marks)


def notes() -> Markup:
    """Return how the table is read."""
    said = (
        "Ranked by the mean of paired ranks. Brackets hold 95% intervals. A line parts routers surely behind",
        "the first of those above it. Not reading the prompt (the best mixture of candidates) has gain 0.",
        "Verified: we ran the router again; others have no rank.",
    )
    phone = "A wider screen also shows: suites surely ahead, the router's own time, verified."
    return markup.paragraph(phone, "faint narrow") + markup.paragraph(" ".join(said), "faint")


def suites_markup(board: Board) -> Markup:
    """Return in a line each what the suites are."""
    said = {about(suite).tab: what_it_is(board, suite) for suite in board.suites}
    return markup.heading("What routers are tried on") + markup.facts(said)


def enter_markup(to: str) -> Markup:
    """Return in two lines how to get in."""
    how = "makes a router that works; it is scored in minutes, without a GPU."
    text = "<strong>Enter yours:</strong> <code>catbench submit new my-router</code> "
    text += '<span class="wide">{}</span> {}'
    return markup.paragraph(Markup(text).format(how, markup.link(to, "How to enter")))


def show() -> None:
    """Lay out the front page: on a phone the figure comes right below the sentence."""
    with st.container(key="top"):
        board = layout.opened(brand())
        place = st.container()
    view = layout.choose(board, every=True)
    everyone = st.session_state.get("everyone", st.query_params.get("everyone") == "true")
    parts = front_parts(board, view, layout.router_address(board), None if everyone else MOST)
    with place:
        layout.html(markup.paragraph(parts.sentence, "headline"))
    layout.html(markup.paragraph(parts.line), enter_markup("?page=Enter"))
    left, right = st.columns([9, 14], gap="small")
    with left:
        place = st.container()
        quality = layout.switch("Figure", ["Gain", "Quality"], "figure") == "Quality"
        with place:
            layout.html(*curves(board, view, THEMES[layout.theme()], quality=quality))
    with right:
        layout.html(Markup('<div class="front">{}</div>').format(parts.table), notes())
        if (count := len(board.rows(view))) > MOST:
            st.toggle(f"All {count} routers", key="everyone", bind="query-params")
    layout.filters(board, view)
    layout.html(suites_markup(board))
    layout.not_on_the_board(board)
