"""Curves: quality against cost, and what a budget buys."""

import streamlit as st

from catbench_leaderboard import curves, layouts, views, widgets

MOST = 12
"""Curves at once; more cannot be told apart."""


def show() -> None:
    """Lay out the curves."""
    board = widgets.open_page(
        "Curves", "Mean quality against mean cost, as the trade-off between them falls."
    )
    if board is None:
        return
    view = widgets.choose(board)
    if not widgets.has_results(board, view):
        return
    chosen = st.multiselect(
        "Routers",
        list(views.results(board, view)["label"]),
        default=curves.default_routers(board, view),
        key="routers",
        bind="query-params",
        max_selections=MOST,
    )
    linear = st.toggle("Linear cost axis", key="linear", bind="query-params")
    budget = widgets.budget(curves.budgets(board, view))
    drawn = curves.figure(board, view, chosen, widgets.theme(), log=not linear, budget=budget)
    st.plotly_chart(drawn, theme=None, config={"displaylogo": False})
    if chosen:
        st.subheader(f"At {budget:.4g} {widgets.unit(view.cost)}", anchor=False)
        layouts.budget_table(curves.at_budget(board, view, chosen, budget), view)
        router = widgets.pick("Against fixed candidates", chosen, "router")
        layouts.savings_table(curves.savings(board, view, router, budget), view)
