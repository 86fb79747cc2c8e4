"""The board as a Streamlit app: `catbench leaderboard`, or `streamlit run` on this file.

Pages only lay out what the modules beside this file make of the reports. They are distinguished by a query
parameter, not by a path: on a path Streamlit first asks for its own files below it, and the browser's
console fills with errors.
"""

from __future__ import annotations

from importlib import import_module

import streamlit as st

from catbench_leaderboard import page_layout as layout

# What a page is called, also in an address -> its file in `screens`.
PAGES = {
    "Leaderboard": "front",
    "Router": "router",
    "Two routers": "two_routers",
    "Suite": "suite",
    "Prompts": "prompts",
    "Enter": "enter",
}

st.set_page_config(page_icon="🐈", layout="wide")
layout.style()
page = layout.switch("Page", list(PAGES), "page")
layout.tab(page)
import_module(f"catbench_leaderboard.screens.{PAGES[page]}_page").show()
