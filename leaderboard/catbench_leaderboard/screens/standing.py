"""Standing: who is ahead, by how much, and whether it is certain."""

import streamlit as st

from catbench_leaderboard import layouts, standing, widgets
from catbench_leaderboard.text import in_markdown


def show() -> None:
    """Lay out the ranking."""
    board = widgets.open_page(
        "Standing", "Which router gives the most quality for its cost, and whether the lead is certain."
    )
    if board is None:
        return
    view = widgets.choose(board, by=True)
    search = st.text_input("Search", key="search", bind="query-params", placeholder="router, author, date …")
    if widgets.has_results(board, view):
        everybody = standing.standing(board, view)
        st.markdown(in_markdown(standing.verdict(everybody), 400))
        table = standing.matching(everybody, search)
        layouts.standing_table(table, view)
        saved = table.to_csv(index=False)
        st.download_button("CSV", saved, "standing.csv", "text/csv", icon=":material/download:")
        st.caption(layouts.LEGEND)
        st.subheader("References, not ranked", anchor=False)
        layouts.reference_table(standing.references(board, view))
    widgets.troubles(board)
