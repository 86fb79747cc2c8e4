"""Leaderboard: who is ahead, by how much, and how surely."""

import streamlit as st

from catbench.report.verdict import reachable
from catbench_leaderboard import layouts, leaderboard, ranking, widgets
from catbench_leaderboard.board import Board, View
from catbench_leaderboard.text import in_markdown

NOT_RANKED = (
    "That numbers follow from predictions does not tell where the predictions come from. A rank needs passed "
    "checks and a rerun: `catbench verify REPORT --rerun --record` for a submission. Reports that you ran "
    "yourself count by `catbench verify FOLDER --all --mine`."
)


def show() -> None:
    """Lay out the ranking."""
    board = widgets.open_page(
        "Leaderboard", "Which router gives the most quality for its cost, and how sure that is."
    )
    if board is None:
        return
    view = widgets.choose(board, by=True, axis=True)
    search = st.text_input("Search", key="search", bind="query-params", placeholder="router, author, date …")
    if widgets.has_results(board, view):
        everybody = leaderboard.leaderboard(board, view)
        st.markdown(in_markdown(leaderboard.lead(everybody), 400))
        if advice := leaderboard.advice(board, view):
            st.markdown(in_markdown(advice, 400))
        table = leaderboard.matching(everybody, search)
        ranked = table["unranked"] == ""
        layouts.leaderboard_table(table[ranked].reset_index(drop=True), view)
        saved = table.to_csv(index=False)
        st.download_button("CSV", saved, "leaderboard.csv", "text/csv", icon=":material/download:")
        st.caption(layouts.LEGEND)
        if not ranked.all():
            st.subheader("Not ranked", anchor=False)
            layouts.leaderboard_table(table[~ranked].reset_index(drop=True), view)
            st.caption(NOT_RANKED)
        st.subheader("References, not ranked", anchor=False)
        layouts.reference_table(leaderboard.references(board, view))
        if within := reachable(board.rows(view)[0].result):
            st.caption(f"Of 100% headroom, {in_markdown(within)}.")
    _over_suites(board, view)
    widgets.unranked(board)


def _over_suites(board: Board, view: View) -> None:
    """Lay out the ranking over suites, where there are several."""
    suites = board.names("suite")
    if len(suites) < 2:
        return
    st.subheader("Over suites", anchor=False)
    real = [problem.suite for problem in board.problems if not problem.key.simulated]
    chosen = st.multiselect(
        "Suites", suites, default=list(dict.fromkeys(real or suites)), key="suites", bind="query-params"
    )
    table, problems = ranking.suites_ranking(board, view.axis, chosen)
    layouts.suites_table(table)
    st.caption(in_markdown(f"Mean rank, each suite counting once: {', '.join(problems) or 'none'}.", 800))
