"""Prompts: one prompt, its images, and what every router made of it."""

from pathlib import Path

import streamlit as st

from catbench.errors import CatbenchError
from catbench.matrix import ScoreMatrix
from catbench.store import read_manifest
from catbench_leaderboard import curves, layouts, live, prompts, views, widgets
from catbench_leaderboard.board import Board
from catbench_leaderboard.suites import matrix_of
from catbench_leaderboard.text import in_markdown
from catbench_leaderboard.views import View


def show() -> None:
    """Lay out one prompt."""
    board = widgets.open_page(
        "Prompts", "One test prompt: every candidate's image and quality, and what routers chose."
    )
    if board is None:
        return
    view = widgets.choose(board, slice=False)
    digest = str(views.problem(board, view)["digest"])
    folder = widgets.suite_folder(digest)
    if folder is None or not widgets.has_results(board, view):
        return
    matrix = matrix_of(digest)
    search = st.text_input("Search", key="words", bind="query-params", placeholder="words of a prompt …")
    listed = prompts.matching(matrix, search)
    if listed.empty:
        st.info("No test prompt holds these words.")
        return
    names = [prompts.title(*pair) for pair in zip(listed["prompt_id"], listed["text"], strict=True)]
    at = names.index(widgets.pick("Prompt", names, "prompt"))
    st.text(listed["text"].iloc[at])
    _one(board, view, matrix, folder, str(listed["prompt_id"].iloc[at]))


def _one(board: Board, view: View, matrix: ScoreMatrix, folder: Path, prompt: str) -> None:
    candidates = list(views.problem(board, view)["candidates"])
    try:
        layouts.tiles(prompts.images(folder, read_manifest(folder), prompt), candidates)
    except CatbenchError as error:
        st.warning(in_markdown(str(error), 400))
    st.subheader("Quality of each candidate", anchor=False)
    table = prompts.qualities(matrix, candidates, view.cost, prompt)
    layouts.quality_table(table, view)
    st.subheader("What routers choose", anchor=False)
    budgets = curves.budgets(board, view)
    budget = widgets.budget(budgets)
    labels, choices = live.choices(board, view)
    row = list(matrix.prompts["prompt_id"].iloc[matrix.rows("test")]).index(prompt)
    chosen = [int(one[budgets.index(budget), row]) for one in choices]
    layouts.choice_table(prompts.choices(labels, chosen, candidates, table, view.metric), view)
