"""What pages share of their layout: the selectors above every page, and words for what is wrong.

Every selector is bound to the address, so that a view can be shared; what an address names and the board
does not have falls back to the default.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pandas as pd
import streamlit as st

from catbench.report.figure import cost_label
from catbench_leaderboard import curves, live
from catbench_leaderboard.board import MEAN, Board, View
from catbench_leaderboard.problems import AXES, Axis
from catbench_leaderboard.style import THEMES, PageTheme
from catbench_leaderboard.suites import is_here
from catbench_leaderboard.text import in_markdown

BY_MEAN = "mean over metrics"


def theme() -> PageTheme:
    """Return the theme that the visitor sees."""
    return THEMES["dark" if st.context.theme.type == "dark" else "light"]


def open_page(title: str, about: str) -> Board | None:
    """Write a page's heading and return the board, or say what to do where it is empty."""
    st.title(title, anchor=False)
    st.caption(about)
    place = st.empty()
    board = live.board(lambda what, done, total: place.progress(done / total, in_markdown(what)) and None)
    place.empty()
    if board.problems:
        return board
    places = ", ".join(in_markdown(str(folder)) for folder in live.folders())
    st.info(f"There is no ranked report in {places} yet. Make one: `catbench submit new my-router`.")
    unranked(board)
    return None


def choose(board: Board, *, slice: bool = True, by: bool = False, axis: bool = False) -> View:
    """Show the selectors of a view, and return it."""
    # A row that wraps: all selectors side by side on a desk, two on a phone.
    row = st.container(horizontal=True)
    suite = _select(row, "Suite", board.names("suite"))
    pool = _select(row, "Pool", board.names("pool", suite=suite))
    cost = _select(row, "Cost", board.names("cost", suite=suite, pool=pool))
    problem = board.problem(View(suite, pool, cost, ""))
    metric = _select(row, "Metric", problem.metrics)
    part = _select(row, "Slice", problem.slices) if slice else "all"
    ranked = _select(row, "Ranked by", [BY_MEAN, "metric"], key="by") if by else BY_MEAN
    chosen = cast("Axis", _select(row, "Cost axis", AXES, key="axis")) if axis else AXES[0]
    if problem.key.simulated:
        st.warning(
            "SIMULATED: these scores come from a formula, not from images. They rank nobody.", icon="⚠️"
        )
    return View(suite, pool, cost, metric, part, MEAN if ranked == BY_MEAN else metric, chosen)


def has_results(board: Board, view: View) -> bool:
    """Return whether any report is about a view; say so where none is."""
    found = len(board.rows(view)) > 0
    if not found:
        st.info("No report has this metric on this slice.")
    return found


def has_suite(board: Board, view: View) -> bool:
    """Return whether the suite of a view is here; say so where it is not."""
    key = board.problem(view).key
    if not is_here(key.digest):
        st.info(
            in_markdown(
                f"The suite {key.suite} with digest {key.digest[:12]} is not here, only reports on it."
            )
        )
    return is_here(key.digest)


def unranked(board: Board) -> None:
    """List the reports that are not on the board, with the reason."""
    if board.unranked:
        count = len(board.unranked)
        with st.expander(f"{count} report{'s are' if count > 1 else ' is'} not ranked", icon="🔧"):
            st.dataframe(
                pd.DataFrame([vars(one) for one in board.unranked]),
                hide_index=True,
                column_config={
                    "report": "Report",
                    "why": st.column_config.TextColumn("Not ranked because", width="large"),
                    "router": "Router",
                    "suite": "Suite",
                    "says": st.column_config.TextColumn("It says, unverified", width="large"),
                },
            )


def budget(board: Board, view: View) -> int:
    """Show the budget slider, and return the position of what is chosen on it: at first the middle."""
    shown = [f"{value:.4g}" for value in curves.budgets(board, view)]
    if len(shown) == 1:
        return 0
    chosen = st.select_slider(
        "Budget: mean cost per image", shown, value=shown[len(shown) // 2], key="budget", bind="query-params"
    )
    return shown.index(chosen)


def unit(cost: str) -> str:
    """Return how a budget's unit is written: `TFLOPs per image`."""
    return in_markdown(cost_label(cost))


def share(label: str, help: str | None = None, **more: Any) -> Any:
    """Return the column of a share, shown in percent."""
    return st.column_config.NumberColumn(label, format="%.1f%%", help=help, **more)


def pick(label: str, options: Sequence[str], key: str, first: int = 0, place: Any = st) -> str:
    """Show a selectbox bound to the address, and return what is chosen: at first the option at `first`."""
    return place.selectbox(label, options, first, key=key, bind="query-params")


def _select(place: Any, label: str, options: Sequence[str], key: str | None = None) -> str:
    return place.selectbox(label, options, key=key or label.casefold(), bind="query-params", width=165)
