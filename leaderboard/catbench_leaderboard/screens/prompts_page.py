"""Prompts: one prompt, its images, and what routers made of it."""

import streamlit as st

from catbench.errors import CatbenchError
from catbench.suite.store import read_manifest
from catbench_leaderboard import prompt_layouts, widgets
from catbench_leaderboard import prompt_lists as prompts
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.board_answers import tested
from catbench_leaderboard.ranking import ordered
from catbench_leaderboard.suites import matrix_of, suite_folders
from catbench_leaderboard.text import in_markdown

MOST = 20
"""Routers whose choices are shown, the best ranked ones."""


def show() -> None:
    """Lay out one prompt."""
    board = widgets.open_page(
        "Prompts", "One test prompt: every candidate's image and quality, and what routers chose."
    )
    if board is None:
        return
    view = widgets.choose(board, slice=False)
    if not widgets.has_results(board, view) or not widgets.has_suite(board, view):
        return
    search = st.text_input("Search", key="words", bind="query-params", placeholder="words of a prompt …")
    listed = prompts.matching(tested(board.rows(view)[0]), search)
    if listed.empty:
        st.info("No test prompt holds these words.")
        return
    names = [prompts.title(*pair) for pair in zip(listed["prompt_id"], listed["text"], strict=True)]
    at = names.index(widgets.pick("Prompt", names, "prompt"))
    st.text(listed["text"].iloc[at])
    _one(board, view, str(listed["prompt_id"].iloc[at]))


def _one(board: Board, view: View, prompt: str) -> None:
    key = board.problem(view).key
    folder = suite_folders()[key.digest]
    try:
        prompt_layouts.tiles(prompts.images(folder, read_manifest(folder), prompt), key.candidates)
    except CatbenchError as error:
        st.warning(in_markdown(str(error), 400))
    st.subheader("Quality of each candidate", anchor=False)
    table = prompts.qualities(matrix_of(key.digest), key.candidates, view.cost, prompt)
    prompt_layouts.quality_table(table, view)
    st.subheader("What routers choose", anchor=False)
    place = widgets.budget(board, view)
    try:
        prompt_layouts.choice_table(prompts.choices(ordered(board, view)[:MOST], place, prompt, table), view)
    except CatbenchError as error:
        st.info(in_markdown(str(error), 400))
