"""Curves: quality against cost, and what a budget buys."""

import streamlit as st

from catbench_leaderboard import curves, layouts, views, widgets


def show() -> None:
    """Lay out the curves."""
    board = widgets.open_page(
        "Curves", "Mean quality against mean cost, as the trade-off between them falls."
    )
    if board is not None:
        view = widgets.choose(board)
        if widgets.has_results(board, view):
            labels = list(views.results(board, view)["label"])
            chosen = st.multiselect(
                "Routers",
                labels,
                default=curves.default_routers(board, view),
                key="routers",
                bind="query-params",
                max_selections=12,
            )
            linear = st.toggle("Linear cost axis", key="linear", bind="query-params")
            budget = widgets.budget(curves.budgets(board, view))
            drawn = curves.figure(board, view, chosen, widgets.theme(), log=not linear, budget=budget)
            st.plotly_chart(drawn, theme=None, config={"displaylogo": False})
            if chosen:
                st.subheader(f"At {budget:.4g} {view.cost} an image", anchor=False)
                layouts.budget_table(curves.at_budget(board, view, chosen, budget), view)
                router = st.selectbox("Against fixed candidates", chosen, key="router", bind="query-params")
                layouts.savings_table(curves.savings(board, view, router, budget), view)
