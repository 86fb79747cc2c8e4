"""Compare two: is the one better than the other, where, and on which prompts."""

from dataclasses import replace

import streamlit as st

from catbench.errors import CatbenchError
from catbench_leaderboard import compare, layouts, prompt_layouts, widgets
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.text import in_markdown


def show() -> None:
    """Lay out a paired comparison."""
    board = widgets.open_page(
        "Compare two", "Paired differences: both routers are scored on the same draws of prompts."
    )
    if board is None:
        return
    view = widgets.choose(board, axis=True)
    if not widgets.has_results(board, view):
        return
    labels = [row.label for row in board.rows(view)]
    left, right = st.columns(2)
    pair = [labels.index(label) for label in compare.default_pair(board, view)]
    first = widgets.pick("First", labels, "first", pair[0], left)
    second = widgets.pick("Second", labels, "second", pair[1], right)
    st.subheader("Gain over the mixture, first less second", anchor=False)
    layouts.difference_table(compare.table(board, view, first, second))
    one, other = board.row(view, first), board.row(view, second)
    try:
        _along(board, replace(view, slice="all"), first, second)
        st.subheader("Prompts where they differ most", anchor=False)
        prompt_layouts.prompts_table(compare.prompts(one, other, widgets.budget(board, view)), view)
    except CatbenchError as error:
        st.info(in_markdown(str(error), 400))


def _along(board: Board, view: View, first: str, second: str) -> None:
    one, other = board.row(view, first), board.row(view, second)
    st.subheader(f"Along the budget, all prompts: {in_markdown(one.result.metric_label)}", anchor=False)
    along = compare.along_budget(one, other)
    drawn = compare.figure(along, view, first, second, widgets.theme())
    st.plotly_chart(drawn, theme=None, config={"displaylogo": False})
