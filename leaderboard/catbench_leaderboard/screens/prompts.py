"""Prompts: one prompt, its images, and what every router made of it."""

import streamlit as st

from catbench.errors import CatbenchError
from catbench.store import read_manifest
from catbench_leaderboard import curves, layouts, live, prompts, views, widgets
from catbench_leaderboard.suites import matrix_of


def show() -> None:
    """Lay out one prompt."""
    board = widgets.open_page(
        "Prompts", "One test prompt: every candidate's image and quality, and what routers chose."
    )
    if board is not None:
        view = widgets.choose(board, slice=False)
        found = views.problem(board, view)
        folder = widgets.suite_folder(str(found["digest"]))
        if folder is not None and widgets.has_results(board, view):
            matrix = matrix_of(str(found["digest"]))
            search = st.text_input(
                "Search", key="words", bind="query-params", placeholder="words of a prompt …"
            )
            listed = prompts.matching(matrix, search)
            if listed.empty:
                st.info("No test prompt holds these words.")
            else:
                names = {prompts.title(row.prompt_id, row.text): row for row in listed.itertuples()}
                chosen = names[st.selectbox("Prompt", list(names), key="prompt", bind="query-params")]
                prompt = chosen.prompt_id
                st.text(chosen.text)
                try:
                    layouts.tiles(
                        prompts.images(folder, read_manifest(folder), prompt), list(found["candidates"])
                    )
                except CatbenchError as error:
                    st.warning(widgets.in_markdown(str(error)))
                st.subheader("Quality of each candidate", anchor=False)
                table = prompts.qualities(matrix, list(found["candidates"]), view.cost, prompt)
                layouts.quality_table(table, view)
                st.subheader("What routers choose", anchor=False)
                budgets = curves.budgets(board, view)
                budget = widgets.budget(budgets)
                labels, choices = live.choices(board, view)
                row = list(matrix.prompts["prompt_id"].iloc[matrix.rows("test")]).index(prompt)
                at = choices[:, budgets.index(budget), row] if labels else []
                layouts.choice_table(
                    prompts.choices(labels, at, list(found["candidates"]), table, view.metric), view
                )
