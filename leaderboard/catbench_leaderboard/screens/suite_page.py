"""Suite: what is drawn, at what cost, scored by what, and how to make it again."""

import streamlit as st

from catbench_leaderboard import prompt_layouts, suite, widgets
from catbench_leaderboard.suites import matrix_of


def show() -> None:
    """Lay out a suite."""
    board = widgets.open_page("Suite", "The frozen problem: prompts, candidates, metrics and prices.")
    if board is None:
        return
    view = widgets.choose(board, slice=False)
    if not widgets.has_suite(board, view):
        return
    key = board.problem(view).key
    matrix = matrix_of(key.digest)
    prompt_layouts.facts(suite.facts(matrix), suite.signature(board.problem(view)))
    st.subheader("Candidates", anchor=False)
    prompt_layouts.plain(suite.candidates(matrix), "candidate")
    st.subheader("Cost of one image", anchor=False)
    prompt_layouts.plain(suite.costs(matrix), "candidate")
    prompt_layouts.plain(suite.cost_sources(matrix), "unit")
    st.subheader("Quality metrics", anchor=False)
    prompt_layouts.plain(suite.metrics(matrix), "name")
    steps = suite.by_steps(matrix, view.metric, key.candidates)
    if len(steps):
        st.subheader("Quality by steps, for simple and complex prompts", anchor=False)
        drawn = suite.steps_figure(steps, matrix.metric(view.metric).title, widgets.theme())
        st.plotly_chart(drawn, theme=None, config={"displaylogo": False})
    st.subheader("Make it again", anchor=False)
    st.code(suite.recipe(matrix), language="bash")
