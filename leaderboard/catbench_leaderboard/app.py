"""The board as a Streamlit app: `catbench leaderboard`, or `streamlit run` on this file.

Pages only lay out what the modules beside this file make of the reports.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

PAGES = {
    "standing": ("Standing", ":material/leaderboard:"),
    "curves": ("Curves", ":material/show_chart:"),
    "compare": ("Compare two", ":material/compare_arrows:"),
    "prompts": ("Prompts", ":material/search:"),
    "suite": ("Suite", ":material/dataset:"),
    "submit": ("Submit", ":material/upload:"),
}
"""File of a page, which is its address too -> title and icon."""

st.set_page_config(page_title="catbench leaderboard", page_icon="🐈", layout="wide")
folder = Path(__file__).parent / "pages"
st.navigation(
    [
        st.Page(folder / f"{name}.py", title=title, icon=icon, url_path=name, default=name == "standing")
        for name, (title, icon) in PAGES.items()
    ],
    position="top",
).run()
