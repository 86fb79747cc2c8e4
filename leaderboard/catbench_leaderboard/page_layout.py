"""What pages share of their layout in Streamlit: selectors, markup and figures, words for an empty board.

Every selector is bound to the address, so that a view can be shared; what an address names and the board
does not have falls back to the default. Streamlit replaces the address where a selector changes; `history.js`
makes a new entry of it, so that the browser's back button goes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import cast
from urllib.parse import urlencode

import streamlit as st
from markupsafe import Markup

from catbench.report.spelling import spell_cost
from catbench.submit.paired_ranks import MEAN
from catbench.submit.problems import AXES
from catbench.suite.here import is_here
from catbench_leaderboard import markup, running_board
from catbench_leaderboard.board import EVERY, Board, View, kept
from catbench_leaderboard.figures import Picture
from catbench_leaderboard.markup import Column, Router
from catbench_leaderboard.style import CSS
from catbench_leaderboard.suite_words import about
from catbench_leaderboard.text import in_markdown

FILTERS = {
    "metric": "Metric", "pool": "Pool", "cost": "Cost", "slice": "Slice", "axis": "Cost axis",
    "by": "Ranked by",
}  # fmt: skip
"""Name of a filter in an address -> what it is called."""


def theme() -> str:
    """Return the name of the theme that the visitor sees."""
    return "dark" if st.context.theme.type == "dark" else "light"


def html(*parts: Markup | Picture) -> None:
    """Show markup and figures, one below the other."""
    for drawn, some in groupby(parts, lambda part: isinstance(part, Picture)):
        if not drawn:
            inside = Markup("").join(cast("Iterable[Markup]", some))
            st.html(Markup('<div class="cb">{}</div>').format(inside))
        for figure, alt in cast("Iterable[Picture]", some) if drawn else ():
            st.plotly_chart(figure, theme=None, config={"displayModeBar": False}, alt=alt)


def style() -> None:
    """Give the page its style, and its history."""
    st.html(f"<style>{CSS.read_text(encoding='utf-8')}</style>")
    script = CSS.with_name("history.js").read_text(encoding="utf-8")
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def tab(*names: str) -> None:
    """Name the browser's tab after what is shown."""
    st.set_page_config(page_title=" · ".join([*names, "catbench"]))


def opened(heading: Markup) -> Board:
    """Write a page's heading and return the board; an empty one says what to do, and the page ends there.

    While reports are verified a bar tells how far.
    """
    html(heading)
    place = st.empty()
    board = running_board.board(lambda what, done, of: place.progress(done / of, in_markdown(what)) and None)
    place.empty()
    if not board.problems:
        places = ", ".join(in_markdown(str(folder)) for folder in running_board.folders())
        st.info(f"There is no report that holds in {places} yet. Make one: `catbench submit new my-router`.")
        not_on_the_board(board)
        st.stop()
    return board


def choose(board: Board, *, every: bool = False, suites: Sequence[str] = ()) -> View:
    """Show the suites, and return the view that the address and the filters (`filters`) name."""
    names = [EVERY] * (every and len(board.real) > 1) + list(suites or board.suites)
    suite = st.pills(
        "Suite", names, default=names[0], required=True, key="suite", bind="query-params",
        format_func=lambda name: name if name == EVERY else about(name).tab, label_visibility="collapsed",
    ) or names[0]  # fmt: skip
    view = board.view(suite)
    for name in ("pool", "cost", "metric", "slice", "axis", "by"):  # each depends on those before it
        given = st.session_state.get(name, st.query_params.get(name))
        if options := _options(board, view, name):
            view = replace(view, **{name: given if given in options else options[0]})
    if board.problem(view).key.simulated:
        st.warning("SIMULATED: these scores come from a formula, not from images.", icon="⚠️")
    return replace(view, by=view.metric) if view.by == "metric" else view


def _options(board: Board, view: View, name: str) -> Sequence[str]:
    """Return what a filter offers in a view whose filters before it are chosen, the default first."""
    if view.every and name not in ("metric", "axis"):
        return ()
    if name == "pool":
        return board.names("pool", suite=view.suite)
    if name == "cost":
        return board.names("cost", suite=view.suite, pool=view.pool)
    problem = board.problem(view)
    by = (MEAN, "metric") if len(problem.metrics) > 1 else ()
    found = {"metric": problem.metrics, "slice": problem.slices(view.metric), "axis": AXES, "by": by}
    return found[name]


def filters(board: Board, view: View, *names: str) -> None:
    """Show the filters in one foldable row: those with a choice, by what reports hold."""
    options = {name: _options(board, view, name) for name in names or FILTERS}
    shown = [name for name in options if len(options[name]) > 1]
    for name in FILTERS.keys() - shown:  # else Streamlit brings it back where it is not offered
        st.session_state.pop(name, None)
        st.query_params.pop(name, None)
    named = ", ".join(FILTERS[name].lower() for name in shown)
    with st.expander(f"Filters: {named}", icon=":material/tune:"):
        row = st.container(horizontal=True)
        for name in shown:
            row.selectbox(FILTERS[name], list(options[name]), key=name, bind="query-params", width=175)


def switch(label: str, options: Sequence[str], key: str) -> str:
    """Show a small switch, and return what is chosen."""
    chosen = st.segmented_control(
        label, options, default=options[0], required=True, key=key, label_visibility="collapsed",
        bind="query-params",
    )  # fmt: skip
    return chosen or options[0]


@kept
def router_address(board: Board) -> Router:
    """Return what gives a router's page in a suite its address.

    It is spelled as that page spells it, so that opening it is one step of the browser's history.
    """

    def address(label: str, suite: str) -> str:
        other = {"suite": about(suite).tab} if suite not in board.suites_with(label)[:1] else {}
        return f"?{urlencode({'page': 'Router', 'router': label, **other})}"

    return address


def pick(label: str, options: Sequence[str], key: str, first: int = 0) -> str:
    """Show a selectbox bound to the address, and return what is chosen: at first the option at `first`.

    The address names that one too: a default would be left out of it, and be another one when ranks change.
    """
    given = st.session_state.get(key, st.query_params.get(key))
    st.session_state[key] = given if given in options else options[first]
    return st.selectbox(label, options, None, key=key, bind="query-params") or options[first]


def budget(budgets: Sequence[float], unit: str) -> int:
    """Show the budget slider, and return the position of what is chosen on it: at first the middle."""
    shown = [spell_cost(value) for value in budgets]
    if len(set(shown)) < 2:
        return 0
    label = f"Budget: {in_markdown(unit)} on average"
    chosen = st.select_slider(label, shown, value=shown[len(shown) // 2], key="budget", bind="query-params")
    return shown.index(chosen)


def has_suite(digest: str, suite: str) -> bool:
    """Return whether a suite is here; say how to get it where it is not."""
    if not is_here(digest):
        how = "`catbench suites` says how to get it." if about(suite).real else ""
        st.info(f"The prompts of {in_markdown(about(suite).tab)} are not on this machine. {how}")
    return is_here(digest)


def not_on_the_board(board: Board) -> None:
    """List the reports that are not on the board, with the reason."""
    if board.unranked:
        heads = ("Report", "Not on the board because", "Router", "Suite", "It says, unverified")
        rows = [[markup.name(text, 300) for text in vars(one).values()] for one in board.unranked]
        made = markup.table("Reports that do not hold", [Column(head) for head in heads], rows, scrolls=True)
        html(markup.folded(f"Not on the board: {len(rows)} of the reports found", made))
