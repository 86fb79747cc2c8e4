"""What pages share of their layout: the selectors above every page, and words for what is wrong.

Every selector is bound to the address, so that a view can be shared; what an address names and the board
does not have falls back to the default.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from catbench.figure import cost_label
from catbench_leaderboard import live, views
from catbench_leaderboard.board import MEAN, Board
from catbench_leaderboard.style import THEMES, Theme
from catbench_leaderboard.text import in_markdown
from catbench_leaderboard.views import View

BY_MEAN = "mean over metrics"


def theme() -> Theme:
    """Return the theme that the visitor sees."""
    return THEMES["dark" if st.context.theme.type == "dark" else "light"]


def open_page(title: str, about: str) -> Board | None:
    """Write a page's heading and return the board, or say what to do where it is empty."""
    st.title(title, anchor=False)
    st.caption(about)
    board = live.board()
    if len(board.problems):
        return board
    places = ", ".join(in_markdown(str(folder)) for folder in live.folders())
    st.info(f"There is no report in {places} yet. Make one: `catbench submit new my-router`.")
    troubles(board)
    return None


def choose(board: Board, *, slice: bool = True, by: bool = False) -> View:
    """Show the selectors of a view, and return it."""
    # A row that wraps: six selectors side by side on a desk, two on a phone.
    row = st.container(horizontal=True)
    suite = _select(row, "Suite", views.options(board, "suite"))
    pool = _select(row, "Pool", views.options(board, "pool", suite=suite))
    cost = _select(row, "Cost", views.options(board, "cost", suite=suite, pool=pool))
    view = View(suite, pool, cost, "")
    found = views.problem(board, view)
    metric = _select(row, "Metric", list(found["metrics"]))
    part = _select(row, "Slice", list(found["slices"])) if slice else "all"
    ranked = _select(row, "Ranked by", [BY_MEAN, "metric"], key="by") if by else BY_MEAN
    if found["simulated"]:
        st.warning(
            "SIMULATED: these scores come from a formula, not from images. They rank nobody.", icon="⚠️"
        )
    if not found["here"]:
        st.info("This suite is not on this machine: reports are shown as they are, and nobody is ranked.")
    return View(suite, pool, cost, metric, part, MEAN if ranked == BY_MEAN else metric)


def has_results(board: Board, view: View) -> bool:
    """Return whether any report is about a view; say so where none is."""
    found = len(views.rows(board, "results", view)) > 0
    if not found:
        st.info("No report has this metric on this slice.")
    return found


def troubles(board: Board) -> None:
    """List the reports that cannot be shown, or not be ranked, with the reason."""
    if len(board.troubles):
        with st.expander(f"{len(board.troubles)} reports or parts of them with a problem", icon="🔧"):
            st.dataframe(
                board.troubles,
                hide_index=True,
                column_config={
                    "where": "Report",
                    "what": st.column_config.TextColumn("Problem", width="large"),
                },
            )


def budget(options: Sequence[float], key: str = "budget") -> float:
    """Show the budget slider, and return what is chosen on it: at first the middle."""
    shown = {f"{value:.4g}": value for value in options}
    names = list(shown)
    if len(names) == 1:
        return shown[names[0]]
    chosen = st.select_slider(
        "Budget: mean cost per image", names, value=names[len(names) // 2], key=key, bind="query-params"
    )
    return shown[chosen]


def unit(cost: str) -> str:
    """Return how a budget's unit is written: `TFLOPs per image`."""
    return in_markdown(cost_label(cost))


def suite_folder(digest: str) -> Path | None:
    """Return where a suite lies, if it is here."""
    from catbench_leaderboard.suites import suite_folders

    return suite_folders().get(digest)


def share(label: str, help: str | None = None, **more: Any) -> Any:
    """Return the column of a share, shown in percent."""
    return st.column_config.NumberColumn(label, format="%.1f%%", help=help, **more)


def pick(label: str, options: Sequence[str], key: str, first: int = 0, place: Any = st) -> str:
    """Show a selectbox bound to the address, and return what is chosen: at first the option at `first`."""
    return place.selectbox(label, options, first, key=key, bind="query-params")


def _select(place: Any, label: str, options: Sequence[str], key: str | None = None) -> str:
    return place.selectbox(label, options, key=key or label.casefold(), bind="query-params", width=165)
