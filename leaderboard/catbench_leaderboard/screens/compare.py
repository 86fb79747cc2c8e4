"""Compare two: is the one better than the other, where, and on which prompts."""

import streamlit as st

from catbench.errors import CatbenchError
from catbench_leaderboard import compare, curves, layouts, live, views, widgets
from catbench_leaderboard.board import Board
from catbench_leaderboard.suites import matrix_of
from catbench_leaderboard.text import in_markdown
from catbench_leaderboard.views import View


def show() -> None:
    """Lay out a paired comparison."""
    board = widgets.open_page(
        "Compare two", "Paired differences: both routers are scored on the same draws of prompts."
    )
    if board is None:
        return
    view = widgets.choose(board)
    if not widgets.has_results(board, view):
        return
    labels = list(views.results(board, view)["label"])
    left, right = st.columns(2)
    pair = [labels.index(label) for label in compare.default_pair(board, view)]
    first = widgets.pick("First", labels, "first", pair[0], left)
    second = widgets.pick("Second", labels, "second", pair[1], right)
    st.subheader("Headroom captured, first less second", anchor=False)
    layouts.difference_table(compare.table(board, view, first, second, live.headrooms))
    try:
        _from_predictions(board, view, first, second)
    except CatbenchError as error:
        st.info(f"Nothing prompt by prompt: {in_markdown(str(error), 400)}")


def _from_predictions(board: Board, view: View, first: str, second: str) -> None:
    """Lay out what needs both routers' predictions. Raises CatbenchError where these are missing."""
    along = live.along_budget(board, view, first, second)
    found = views.one(board, view, first)
    st.subheader(f"Along the budget: {in_markdown(found['metric_label'])}", anchor=False)
    linear = st.toggle("Linear cost axis", key="linear", bind="query-params")
    lower = views.sign(found) < 0
    drawn = compare.figure(along, view, first, second, widgets.theme(), log=not linear, lower=lower)
    st.plotly_chart(drawn, theme=None, config={"displaylogo": False})
    st.subheader("Prompts where they differ most", anchor=False)
    budget = widgets.budget(curves.budgets(board, view))
    table = compare.prompts(
        live.answer_of(board, view, first),
        live.answer_of(board, view, second),
        live.ground(board, view),
        matrix_of(str(views.problem(board, view)["digest"])),
        budget,
        views.sign(found),
        view.slice,
    )
    layouts.prompts_table(table, view)
