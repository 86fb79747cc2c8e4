"""Compare two: is the one better than the other, where, and on which prompts."""

import streamlit as st

from catbench.errors import CatbenchError
from catbench_leaderboard import compare, curves, layouts, live, views, widgets
from catbench_leaderboard.suites import matrix_of


def show() -> None:
    """Lay out a paired comparison."""
    board = widgets.open_page(
        "Compare two", "Paired differences: both routers are scored on the same draws of prompts."
    )
    if board is not None:
        view = widgets.choose(board)
        if widgets.has_results(board, view):
            labels = list(views.results(board, view)["label"])
            pair = compare.default_pair(board, view)
            columns = st.columns(2)
            first, second = (
                column.selectbox(
                    name.capitalize(), labels, labels.index(label), key=name, bind="query-params"
                )
                for column, name, label in zip(columns, ("first", "second"), pair, strict=True)
            )
            st.subheader("Headroom captured, first less second", anchor=False)
            layouts.difference_table(compare.table(board, view, first, second, live.headrooms))
            try:
                along = live.along_budget(board, view, first, second)
                answers = [live.answer_of(board, view, label) for label in (first, second)]
                matrix = matrix_of(str(views.problem(board, view)["digest"]))
            except CatbenchError as error:
                st.info(f"No difference along the budget: {widgets.in_markdown(str(error))}")
            else:
                found = views.one(board, view, first)
                lower = views.sign(found) < 0
                st.subheader(f"Along the budget: {widgets.in_markdown(found['metric_label'])}", anchor=False)
                linear = st.toggle("Linear cost axis", key="linear", bind="query-params")
                drawn = compare.figure(
                    along, view, first, second, widgets.theme(), log=not linear, lower=lower
                )
                st.plotly_chart(drawn, theme=None, config={"displaylogo": False})
                st.subheader("Prompts where they differ most", anchor=False)
                budget = widgets.budget(curves.budgets(board, view))
                table = compare.prompts(*answers, live.ground(board, view), matrix, budget, views.sign(found))
                layouts.prompts_table(table, view)
