"""Curves: quality against cost, and what a budget buys."""

import streamlit as st

from catbench.arrays import Ints
from catbench.errors import CatbenchError
from catbench_leaderboard import curves, layouts, widgets
from catbench_leaderboard.board_answers import chosen
from catbench_leaderboard.problems import Row

MOST = 12
"""Curves at once; more cannot be told apart."""


def show() -> None:
    """Lay out the curves."""
    board = widgets.open_page(
        "Curves", "Mean quality against mean cost, as the trade-off between them falls."
    )
    if board is None:
        return
    view = widgets.choose(board, slice=False, axis=True)
    if not widgets.has_results(board, view):
        return
    picked = st.multiselect(
        "Routers",
        [row.label for row in board.rows(view)],
        default=curves.default_routers(board, view),
        key="routers",
        bind="query-params",
        max_selections=MOST,
    )
    place = widgets.budget(board, view)
    budget = curves.budgets(board, view)[place]
    drawn = curves.figure(board, view, picked, widgets.theme(), budget=budget)
    st.plotly_chart(drawn, theme=None, config={"displaylogo": False})
    if picked:
        st.subheader(f"At {budget:.4g} {widgets.unit(view.cost)}", anchor=False)
        rows = [board.row(view, label) for label in picked]
        layouts.budget_table(curves.at_budget(rows, place, [_choices(row, place) for row in rows]), view)
        router = widgets.pick("Against fixed candidates", picked, "router")
        layouts.savings_table(curves.savings(board.row(view, router), place), view)


def _choices(row: Row, place: int) -> Ints | None:
    try:
        return chosen(row).choices[place]
    except CatbenchError:  # its predictions are gone since the board was made
        return None
