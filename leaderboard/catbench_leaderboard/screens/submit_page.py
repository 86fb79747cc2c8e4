"""Submit: how a router comes onto the board."""

import streamlit as st

from catbench_leaderboard import submit


def show() -> None:
    """Lay out how to submit."""
    st.title("Submit", anchor=False)
    st.caption("A folder with a router, checked and run in a sandbox: minutes, not hours.")
    st.markdown("\n".join(f"{number}. {step}" for number, step in enumerate(submit.STEPS, 1)))
    st.subheader("The template", anchor=False)
    for name, text in submit.template().items():
        st.caption(f"`{name}`")
        st.code(text, language="python" if name.endswith(".py") else "toml")
